"""Issue of consumables first expired first out, return of what was not used, and what was issued to whom."""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from typing import Any
from uuid import uuid4

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from assets.core.errors import Conflict, InvalidInput, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.people.models import Person, Unit
from assets.people.rules import Permission
from assets.registry.models import StockLot
from assets.registry.queries.stock import lot_by_id
from assets.registry.queries.stock_issues import IssueFilters, IssueRow, ItemRow, issues_page, item_of, items_page
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.issuing import Candidate
from assets.registry.rules.stock import plain, read_quantity
from assets.registry.rules.values import Reader, read_fields, text_field
from assets.registry.scope import persons_for, reaches_unit, require_unit, units_for
from assets.registry.service.issuing import is_done, issue_stock, lots_in_order, recipient_named, return_stock
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, flash_words, reading, words, writing
from assets.web.errors import status_of
from assets.web.exports import note_export, whole_list
from assets.web.filters import show_date
from assets.web.forms import field_errors, typed
from assets.web.lot_page import MOVES, act_on_lot, cover_words, occurrence_of, reason_words, today, whose
from assets.web.parsing import encode_cursor, page
from assets.web.views.custody import SENT_BEFORE
from assets.web.views.imports import table_file

pages = Blueprint("lot_issues", __name__)

HISTORY_COLUMNS = (
    "at", "what", "item", "lot_number", "class", "quantity", "counted_in", "from_unit", "person", "to_unit", "by",
    "out_of_order", "reason",
)  # fmt: skip
ITEM_COLUMNS = (
    "item", "class", "unit", "usable", "unusable", "counted_in", "expires_on", "issued_90_days", "stock_cover_days"
)  # fmt: skip
HISTORY_FILTERS = ("query", "unit", "class", "person", "lot")
MAX_PERSONS = 500
_ISSUE = {"quantity": Reader(read_quantity, required=True), "to": text_field(32, required=True)}
_BACK = {"quantity": Reader(read_quantity, required=True), "reason": text_field(300)}


@pages.get("/lots/<int:lot_id>/issue")
@needs(Permission.STOCK_WRITE)
def issue_form(lot_id: int) -> Any:
    return _form(lot_id, {}, {}, 200)


@pages.post("/lots/<int:lot_id>/issue")
@needs(Permission.STOCK_WRITE)
def issue(lot_id: int) -> Any:
    """Issue from the lot that was chosen among those of the item; another than the first needs a reason."""
    values = typed()
    happening = occurrence_of(values)
    try:
        with writing() as session:
            row = lot_by_id(session, actor(), _chosen(values, lot_id), today())
            is_repeated = is_done(session, happening.id)
            if not is_repeated:
                read = read_fields(_ISSUE, {name: values.get(name, "") for name in _ISSUE})
                to = recipient_named(session, actor(), read["to"])
                issue_stock(
                    session, actor(), row.lot, read["quantity"], to, happening, reason=values.get("reason", "")
                )  # fmt: skip
    except (InvalidInput, RuleViolation, Conflict) as error:
        return _form(lot_id, values, field_errors(error), status_of(error))
    flash_words(SENT_BEFORE if is_repeated else msg("Issued."), "warning" if is_repeated else "success")
    return redirect(url_for("lots.show", lot_id=row.lot.id), 303)


def _chosen(values: dict[str, str], lot_id: int) -> int:
    text = values.get("lot", "")
    if not text:
        return lot_id
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise invalid("lot", msg("Choose a lot."))
    return int(text)


def _form(lot_id: int, values: dict[str, str], errors: dict[str, str], status: int) -> Any:
    with reading() as session:
        row = lot_by_id(session, actor(), lot_id, today())
        require_unit(actor(), Permission.STOCK_WRITE, row.lot.unit)
        order = list(lots_in_order(session, row.lot, today()))
        item = item_of(session, row.lot, today())
        recipients = _recipients(session, row.lot)
    # What goes first is chosen; who holds another box in hand chooses that, and says why.
    chosen = values.get("lot") or (str(order[0][0].id) if order else "")
    answer = render_template(
        "lots/issue.html", lot=row.lot, usable=plain(item.usable),
        options=[_option(*each, place) for place, each in enumerate(order)],
        values={**values, "lot": chosen, "event_id": values.get("event_id") or str(uuid4())}, errors=errors,
        recipients=recipients, cover=cover_words(item.cover, item.issued, item.counted_in),
    )  # fmt: skip
    return answer, status


def _option(lot: StockLot, candidate: Candidate, place: int) -> tuple[str, str]:
    opened = candidate.open_packs(today())
    there = candidate.sealed + len(opened)
    said = [
        words(msg("lot %(number)s", number=lot.lot_number)),
        words(msg("expires %(day)s", day=show_date(lot.expires_on)) if lot.expires_on else msg("does not expire")),
        f"{plain(there)} {lot.counted_in}",
    ]
    if opened:
        left = opened[0].tests_left
        said.append(words(msg("one open, %(n)s tests left", n=left) if left else msg("one open")))
    if place == 0:
        said.append(words(msg("goes first")))
    return str(lot.id), " · ".join(said)


def _recipients(session: Session, lot: StockLot) -> list[tuple[str, str]]:
    """Units and persons to whom he may issue; the lot's own unit and its people first."""
    units = session.scalars(
        select(Unit).where(units_for(actor(), Permission.STOCK_WRITE)).order_by(Unit.id != lot.unit_id, Unit.name)
    )
    persons = session.scalars(
        select(Person)
        .options(joinedload(Person.unit))
        .where(
            persons_for(actor(), Permission.STOCK_WRITE), or_(Person.left_on.is_(None), Person.left_on > today())
        )
        .order_by(Person.unit_id != lot.unit_id, Person.name, Person.number)
        .limit(MAX_PERSONS)
    )  # fmt: skip
    return [
        *((person.number, f"{person.name} · {person.number}" if person.name else person.number) for person in persons),
        *((unit.code, words(msg("for the use of %(unit)s", unit=unit.name))) for unit in units),
    ]


@pages.post("/lots/<int:lot_id>/issues/<int:issue_id>/return")
@needs(Permission.STOCK_WRITE)
def take_back(lot_id: int, issue_id: int) -> Any:
    """Take back what was not used."""
    happening = occurrence_of(typed())

    def do(session: Session, lot: StockLot, read: dict[str, Any]) -> Message:
        if is_done(session, happening.id):
            return SENT_BEFORE
        return_stock(session, actor(), lot, issue_id, read["quantity"], happening, read.get("reason") or "")
        return msg("Taken back into stock.")

    return act_on_lot(lot_id, f"back{issue_id}_", _BACK, do)


def _filters() -> IssueFilters:
    args = request.args
    lot = args.get("lot", "")
    if lot and not (lot.isascii() and lot.isdigit() and len(lot) <= 9):
        raise invalid("lot", msg("There is no such lot."))
    return IssueFilters(
        args.get("query", ""), args.get("unit", ""), args.get("class", ""), args.get("person", ""),
        int(lot) if lot else None,
    )  # fmt: skip


@pages.get("/lots/issues")
@needs(Permission.STOCK_READ)
def history() -> Any:
    """What was issued and came back, newest first."""
    wanted, filters = page(request.args), _filters()
    with reading() as session:
        found = issues_page(session, actor(), filters, limit=wanted.limit + 1, after=wanted.after)
        options = care.choices(session, Permission.STOCK_READ)
    rows = found[: wanted.limit]
    following = encode_cursor(rows[-1].key) if len(found) > wanted.limit else ""
    return render_template(
        "lots/issues.html", rows=[_told(row) for row in rows], filters=filters, **options,
        after=care.address_without("cursor", cursor=following) if following else "",
        active=care.chosen(options, {"unit": "units", "class": "classes"}), export=care.address_without("cursor"),
    )  # fmt: skip


def _told(row: IssueRow) -> dict[str, Any]:
    lot = row.lot
    return {
        "row": row, "lot": lot, "what": words(MOVES[row.movement.kind]),
        "quantity": f"{plain(abs(row.movement.quantity))} {lot.counted_in}",
        "who": whose(row.issue.person, row.issue.unit, lot.unit), "why": reason_words(row.movement.reason),
    }  # fmt: skip


@pages.get("/lots/issues/export")
@needs(Permission.STOCK_READ)
def export_history() -> Any:
    """The whole filtered list of issues as CSV or XLSX."""
    with writing() as session:
        note_export(session, "stock_issues_list", HISTORY_FILTERS)
        found = partial(issues_page, session, actor(), _filters(), limit=500)
        lines = [_history_line(row) for row in whole_list(found, attrgetter("key"))]
    return table_file(f"issues-{today().isoformat()}", HISTORY_COLUMNS, lines)


def _history_line(row: IssueRow) -> list[Any]:
    lot, movement, issue = row.lot, row.movement, row.issue
    who = whose(issue.person, issue.unit, lot.unit) if issue.person is not None else ""
    return [
        movement.at, movement.kind, lot.item, lot.lot_number, lot.equipment_class.code, plain(abs(movement.quantity)),
        lot.counted_in, lot.unit.code, who, issue.unit.code, movement.actor_name,
        "yes" if issue.out_of_order else "", movement.reason,
    ]  # fmt: skip


@pages.get("/lots/items")
@needs(Permission.STOCK_READ)
def items() -> Any:
    """Each item of each unit: what is usable, what is not, and how long it lasts."""
    wanted, unit, query = page(request.args), request.args.get("unit", ""), request.args.get("query", "")
    with reading() as session:
        found = items_page(
            session, actor(), today(), unit=unit, query=query, limit=wanted.limit + 1, after=wanted.after
        )  # fmt: skip
        options = care.choices(session, Permission.STOCK_READ)
    rows = found[: wanted.limit]
    following = encode_cursor(rows[-1].key) if len(found) > wanted.limit else ""
    return render_template(
        "lots/items.html", rows=[_shown(row) for row in rows], query=query, unit=unit, **options,
        after=care.address_without("cursor", cursor=following) if following else "",
        active=care.chosen(options, {"unit": "units"}), export=care.address_without("cursor"),
    )  # fmt: skip


def _shown(row: ItemRow) -> dict[str, Any]:
    return {
        "row": row, "usable": plain(row.usable), "unusable": plain(row.unusable) if row.unusable else "",
        "cover": plain(row.cover) if row.cover is not None else "", "issued": plain(row.issued),
        "may_issue": reaches_unit(actor(), Permission.STOCK_WRITE, row.unit),
        "class_name": words(CLASSES[row.class_code].title) if row.class_code in CLASSES else row.class_code,
    }  # fmt: skip


@pages.get("/lots/items/export")
@needs(Permission.STOCK_READ)
def export_items() -> Any:
    """The whole filtered list of items as CSV or XLSX."""
    with writing() as session:
        note_export(session, "stock_items_list", ("query", "unit"))
        found = partial(
            items_page, session, actor(), today(), unit=request.args.get("unit", ""),
            query=request.args.get("query", ""), limit=500,
        )  # fmt: skip
        lines = [
            [
                row.item, row.class_code, row.unit.code, plain(row.usable), plain(row.unusable), row.counted_in,
                row.expires_on, plain(row.issued), plain(row.cover) if row.cover is not None else "",
            ]
            for row in whole_list(found, attrgetter("key"))
        ]  # fmt: skip
    return table_file(f"items-{today().isoformat()}", ITEM_COLUMNS, lines)
