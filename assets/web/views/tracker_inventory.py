"""The inventory of trackers for people: SIM cards, firmware, what was never heard; and one tracker's boxes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, redirect, render_template, request

from assets.core.errors import Conflict, DomainError, InvalidInput, invalid
from assets.core.i18n import Message, msg
from assets.labels.token import format_code
from assets.people.rules import Permission
from assets.telemetry import access, provisioning, stock
from assets.telemetry.inventory import INVENTORY_FIELDS
from assets.telemetry.stock import STOCK_ORDERS, STOCK_STATES, Stock, Wanted
from assets.web.auth import needs
from assets.web.context import actor, flash_words, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.exports import export_csv, wants_csv
from assets.web.forms import field_errors, typed
from assets.web.parsing import encode_cursor, page

pages = Blueprint("tracker_inventory", __name__)

FILTER_KEYS = ("query", "firmware", "vendor", "sim_operator", "state")
COLUMNS = ("id", "asset", "plate", "unit", *INVENTORY_FIELDS, "firmware", "heard_at", "state", "added_at")
STATE_WORDS: dict[str, tuple[str, Message]] = {
    "used": ("ready", msg("in use")),
    "never": ("unknown", msg("never heard")),
    "unmounted": ("unknown", msg("on no vehicle")),
    "untrusted": ("blocked", msg("not believed")),
    "revoked": ("blocked", msg("revoked")),
}


def stock_wanted(args: dict[str, str]) -> tuple[Wanted, str]:
    """Filters and order of an address; `InvalidInput` for a state or an order that is none."""
    wanted = Wanted(**{key: args.get(key, "").strip()[:80] for key in FILTER_KEYS})
    order = args.get("sort", "").strip() or "id"
    if wanted.state and wanted.state not in STOCK_STATES:
        raise invalid("state", msg("Known are: %(known)s.", known=", ".join(STOCK_STATES)), code="unknown_word")
    if order.removeprefix("-") not in STOCK_ORDERS:
        raise invalid("sort", msg("Known are: %(known)s.", known=", ".join(STOCK_ORDERS)), code="unknown_word")
    return wanted, order


@pages.get("/trackers/inventory")
@needs(Permission.TRACKER_MANAGE)
def list_inventory() -> Any:
    wanted, order = stock_wanted(request.args)
    cursor = page(request.args)
    start = cursor.after[0] if cursor.after and isinstance(cursor.after[0], int) and cursor.after[0] > 0 else 0
    with reading() as session, the_app().telemetry.reading() as telemetry:
        everything = stock.stock(session, telemetry, actor(), Wanted(), order, Permission.TRACKER_MANAGE)
    rows = [row for row in everything if stock.is_wanted(row, wanted)]
    if wants_csv():
        with writing() as session:
            return export_csv(session, "trackers_list", COLUMNS, _cells(rows), FILTER_KEYS)
    following = encode_cursor((start + cursor.limit,)) if len(rows) > start + cursor.limit else ""
    return render_template(
        "trackers/inventory.html", rows=rows[start : start + cursor.limit], total=len(rows), wanted=wanted, sort=order,
        choices=_choices(everything), states=[(key, words(text)) for key, (_, text) in STATE_WORDS.items()],
        state_of=_state_of, following=following, format_code=format_code,
    )  # fmt: skip


def _state_of(row: Stock) -> tuple[str, str]:
    kind, text = STATE_WORDS[row.state]
    return kind, words(text)


def _choices(rows: Iterable[Stock]) -> dict[str, list[tuple[str, str]]]:
    """What there is to choose from, of all trackers in reach."""
    kept = list(rows)
    found = {
        "firmware": sorted({row.firmware for row in kept}, key=stock.natural),
        "vendor": sorted({row.tracker.vendor for row in kept}),
        "sim_operator": sorted({row.tracker.sim_operator for row in kept}),
    }
    return {name: [(text, text) for text in texts if text] for name, texts in found.items()}


def _cells(rows: Iterable[Stock]) -> Iterable[tuple[object, ...]]:
    for row in rows:
        yield (
            row.tracker.id, format_code(row.asset_code) if row.asset_code else "", row.plate, row.unit,
            *(getattr(row.tracker, name) for name in INVENTORY_FIELDS), row.firmware, row.heard_at, row.state,
            row.tracker.added_at,
        )  # fmt: skip


@pages.get("/trackers/<tracker_id>/inventory")
@needs(Permission.TRACKER_MANAGE)
def edit_inventory(tracker_id: str) -> Any:
    with reading() as session:
        mounted = access.tracker_for(session, actor(), tracker_id, Permission.TRACKER_MANAGE)
        values = {name: getattr(mounted.tracker, name) for name in INVENTORY_FIELDS}
    return _form(tracker_id, values)


@pages.post("/trackers/<tracker_id>/inventory")
@needs(Permission.TRACKER_MANAGE)
def save_inventory(tracker_id: str) -> Any:
    values = typed()
    try:
        with writing() as session:
            access.tracker_for(session, actor(), tracker_id, Permission.TRACKER_MANAGE)
            provisioning.describe_tracker(session, tracker_id, values)
    except (InvalidInput, Conflict) as error:
        return _form(tracker_id, values, error)
    flash_words(msg("Saved."), "success")
    return redirect(f"/trackers/{tracker_id}", 303)


def _form(tracker_id: str, values: dict[str, str], error: DomainError | None = None) -> Any:
    answer = render_template(
        "trackers/inventory_form.html", tracker_id=tracker_id, values=values, fields=INVENTORY_FIELDS, words=words,
        errors=field_errors(error) if error else {},
    )  # fmt: skip
    return answer if error is None else (answer, status_of(error))
