"""The paper list against the register, for people: upload the list, read what differs, take the result away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from assets.core.clock import local_date
from assets.core.errors import InvalidInput, NotFound, invalid
from assets.core.i18n import Message, msg
from assets.exchange.reconciliation import (
    RESULT_COLUMNS,
    STATUSES,
    KeptResult,
    Line,
    keep_result,
    kept_result,
    reconcile,
)
from assets.exchange.tables import read_table
from assets.people.rules import Permission
from assets.registry.rules.asset_fields import ASSET_FIELDS
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, locale, now, reading, the_app, words
from assets.web.forms import field_errors
from assets.web.views.imports import table_file

pages = Blueprint("reconcile", __name__)

SHOWN = 50
STATUS_NAMES: dict[str, tuple[Message, str]] = {
    "differs": (msg("says otherwise"), "due"),
    "paper_only": (msg("on paper only"), "blocked"),
    "register_only": (msg("in the register only"), "blocked"),
    "twice": (msg("twice on paper"), "due"),
    "unreadable": (msg("cannot be read"), "unknown"),
    "same": (msg("same"), "ready"),
}


@pages.get("/reconcile")
@needs(Permission.IMPORT_RUN)
def choose() -> Any:
    return _form({}, {})


def _form(values: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        options = care.choices(session, Permission.IMPORT_RUN)
    return render_template("reconcile/choose.html", values=values, errors=errors, units=options["units"])


@pages.post("/reconcile")
@needs(Permission.IMPORT_RUN)
def compare() -> Any:
    """Compare the list with the register; the result is kept for a month, the list is not."""
    sent, unit = request.files.get("table"), request.form.get("unit", "").strip()
    try:
        if sent is None or not sent.filename:
            raise invalid("table", msg("Choose a file."), code="required")
        table = read_table(sent.filename, sent.read())
        with reading() as session:
            found = reconcile(session, actor(), table, unit=unit)
    except InvalidInput as error:
        errors = field_errors(error)
        named = {name: text for name, text in errors.items() if name in {"table", "unit"}}
        return _form({"unit": unit}, named or {"table": words(error.message)}), 400
    key = keep_result(the_app().settings.data_dir, g.account.id, sent.filename, found, now())
    return redirect(url_for("reconcile.show", key=UUID(hex=key)), 303)


def _kept(key: UUID) -> KeptResult:
    account = g.get("account")
    if account is None:
        raise NotFound
    return kept_result(the_app().settings.data_dir, key, account.id)


@pages.get("/reconcile/<uuid:key>")
@needs(Permission.IMPORT_RUN)
def show(key: UUID) -> Any:
    """The lines that are not the same on both sides, or those of one state; the rest by a tap."""
    kept = _kept(key)
    status = request.args.get("status", "")
    if status and status not in STATUSES:
        raise invalid("status", msg("This is one of: %(known)s.", known=", ".join(STATUSES)), code="unknown_word")
    lines = [line for line in kept.result.lines if (line.status == status if status else line.status != "same")]
    first = _first(len(lines))
    return render_template(
        "reconcile/result.html", kept=kept, counts=kept.result.counts, status=status, total=len(lines), first=first,
        lines=[_shown(line) for line in lines[first : first + SHOWN]], shown=SHOWN, address=f"/reconcile/{key}",
        choices=_choices(kept, status, f"/reconcile/{key}"),
    )  # fmt: skip


def _first(total: int) -> int:
    text = request.args.get("from", "0")
    first = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
    return first if first < total else 0


def _choices(kept: KeptResult, status: str, address: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [
        {
            "label": words(msg("all that differ")),
            "href": address,
            "current": not status,
            "count": kept.result.to_look_at,
        }
    ]
    for name, (title, _) in STATUS_NAMES.items():
        found.append(
            {
                "label": words(title), "href": f"{address}?status={name}", "current": status == name,
                "count": kept.result.counts[name],
            }
        )  # fmt: skip
    return found


def _shown(line: Line) -> dict[str, Any]:
    title, kind = STATUS_NAMES[line.status]
    return {
        "line": line, "title": words(title), "kind": kind, "note": words(line.note) if line.note else "",
        "differences": [
            (words(ASSET_FIELDS[d.name].title) if d.name in ASSET_FIELDS else d.name, d.on_paper, d.in_register)
            for d in line.differences
        ],
    }  # fmt: skip


@pages.get("/reconcile/<uuid:key>/export")
@needs(Permission.IMPORT_RUN)
def export(key: UUID) -> Response:
    """The whole result, with the day in its name."""
    kept = _kept(key)
    day = local_date(kept.at, the_app().settings.zone).isoformat()
    return table_file(f"reconciliation-{day}", RESULT_COLUMNS, kept.result.table(locale()))
