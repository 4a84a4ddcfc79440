"""Conflicts of custody for people: the list, one case with both entries side by side, and how it is settled."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, DomainError, InvalidInput, RuleViolation
from assets.core.i18n import msg
from assets.custody.models import ConflictCase
from assets.custody.queries import conflicts as queries
from assets.custody.queries.transfers import TransferFilter, countings, transfers_page
from assets.custody.rules.conflicts import CASE_STATES, KIND_NAMES
from assets.custody.service.conflict_settling import Settlement
from assets.people.rules import Permission
from assets.registry.scope import asset_by_code, reaches_asset
from assets.shifts.service import settle as settle_in_shift
from assets.web import care, conflict_words
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, words, writing
from assets.web.errors import status_of
from assets.web.exports import note_export, whole_list
from assets.web.forms import field_errors, typed
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page
from assets.web.transfer_words import transfer_cells
from assets.web.views.imports import table_file

pages = Blueprint("conflicts", __name__)

EXPORT_COLUMNS = (
    "conflict", "asset", "unit", "kind", "state", "opened_at", "outcome", "settled_at", "settled_by", "note",
)  # fmt: skip
FILTER_KEYS = ("state", "kind", "unit", "asset")
QUESTIONS_SHOWN = 5


def filter_of(session: Session, args: Any) -> queries.ConflictFilter:
    """What the address narrows the list to."""
    code = args.get("asset", "").strip()
    asset = asset_by_code(session, actor(), read_code(code)) if code else None
    return queries.ConflictFilter(
        args.get("state", ""), args.get("kind", ""), care.unit_id(session, args), asset.id if asset else None
    )


@pages.get("/conflicts")
@needs(Permission.CONFLICT_READ)
def list_conflicts() -> Any:
    """Entries that contradict each other, the open ones first; below them the transfers that need an answer."""
    wanted = page(request.args)
    with reading() as session:
        narrowed = filter_of(session, request.args)
        found = queries.conflicts_page(session, actor(), narrowed, limit=wanted.limit + 1, after=wanted.after)
        counted = [*queries.conflict_countings(actor()), *countings(actor(), now())]
        counts = session.execute(select(*(count.scalar_subquery().label(name) for name, count in counted))).one()
        questions = transfers_page(session, actor(), TransferFilter("questions"), now(), limit=QUESTIONS_SHOWN)
        options = {**care.choices(session, Permission.CONFLICT_READ), "kinds": _kinds()}
        rows = [conflict_words.case_cells(case) for case in found[: wanted.limit]]
        asked = [transfer_cells(each) for each in questions]
    following = encode_cursor(queries.conflict_key(found[wanted.limit - 1])) if len(found) > wanted.limit else ""
    return render_template(
        "conflicts/list.html", rows=rows, counts=counts._mapping, options=options, asked=asked,
        shows=[_show("", msg("all"), narrowed.state)]
        + [_show(state, conflict_words.STATE_NAMES[state][1], narrowed.state) for state in CASE_STATES],
        active=care.chosen(options, {"kind": "kinds", "unit": "units"}), state=narrowed.state,
        after=care.address_without("cursor", cursor=following) if following else "",
        export=care.address_without("cursor"),
    )  # fmt: skip


def _kinds() -> list[tuple[str, str]]:
    return [(kind, words(name)) for kind, name in KIND_NAMES.items()]


def _show(state: str, title: Any, chosen: str) -> dict[str, object]:
    href = care.address_without("state", "cursor", **({"state": state} if state else {}))
    return {"label": words(title), "href": href, "current": chosen == state}


@pages.get("/conflicts/export")
@needs(Permission.CONFLICT_READ)
def export() -> Any:
    """The whole filtered list as CSV or XLSX."""
    with writing() as session:
        narrowed = filter_of(session, request.args)
        note_export(session, "conflicts_list", FILTER_KEYS)
        found = partial(queries.conflicts_page, session, actor(), narrowed, limit=500)
        lines = [_export_line(row) for row in whole_list(found, queries.conflict_key)]
    return table_file("conflicts", EXPORT_COLUMNS, lines)


def _export_line(case: ConflictCase) -> list[Any]:
    return [
        case.id, case.asset.code, case.asset.unit.code, case.kind, case.state, case.opened_at, case.outcome,
        case.settled_at, case.settled_by.login if case.settled_by is not None else "", case.note,
    ]  # fmt: skip


@pages.get("/conflicts/<case_id>")
@needs(Permission.CONFLICT_READ)
def show(case_id: str) -> Any:
    return _page(case_id, {}, None)


@pages.post("/conflicts/<case_id>/settle")
@needs(Permission.CONFLICT_SETTLE)
def settle(case_id: str) -> Any:
    """Say what was; what follows of it is written into the chain of custody."""
    values = typed()
    try:
        outcome, _, right = values.get("outcome", "").partition(":")
        settlement = Settlement(outcome, values.get("note", ""), right, care.optional_moment(values, "at"))
        with writing() as session:
            case = queries.conflict_by_id(session, actor(), case_id, Permission.CONFLICT_READ)
            settle_in_shift(session, actor(), case, settlement, now())
    except (InvalidInput, RuleViolation, Conflict) as error:
        return _page(case_id, values, error)
    flash_words(msg("Settled, with the reason. Both entries are kept as they were told."), "success")
    return redirect(f"/conflicts/{case_id}", 303)


def _page(case_id: str, values: dict[str, str], error: DomainError | None) -> Any:
    with reading() as session:
        case = queries.conflict_by_id(session, actor(), case_id, Permission.CONFLICT_READ)
        sides = conflict_words.side_cells(
            session, queries.sides(session, case),
            sees_papers=reaches_asset(actor(), Permission.ASSET_IDENTITY, case.asset),
        )  # fmt: skip
        may_settle, is_own = conflict_words.may_settle(session, case)
        answer = render_template(
            "conflicts/item.html", case=conflict_words.case_cells(case), sides=sides, may_settle=may_settle,
            is_own=is_own, is_open=case.state == "open", is_moot=case.state == "moot",
            story=conflict_words.story_cells(case), values=values, choices_of=conflict_words.choices_of(case, sides),
            errors=field_errors(error) if error is not None else {},
        )  # fmt: skip
    return answer, status_of(error) if error is not None else 200
