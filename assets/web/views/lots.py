"""Lots of consumables for people: the list, one lot with its movements, and what is done with it."""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, DomainError, InvalidInput, RuleViolation
from assets.core.i18n import Message, msg
from assets.people.rules import Permission, may
from assets.registry.models import StockLot
from assets.registry.queries.catalogue import batches_page
from assets.registry.queries.stock import LotFilters, LotRow, lots_expiring, lots_page
from assets.registry.rules.stock import STANDING_NAMES, Standing, parse_lot, plain, read_quantity
from assets.registry.rules.values import Reader, text_field
from assets.registry.service.stock import count_lot, recall_lot, receive_lot, write_off
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, words, writing
from assets.web.errors import status_of
from assets.web.exports import note_export, whole_list
from assets.web.forms import field_errors, typed
from assets.web.lot_page import act_on_lot, line, lot_page, today
from assets.web.parsing import encode_cursor, page
from assets.web.views.imports import table_file

pages = Blueprint("lots", __name__)

EXPORT_COLUMNS = (
    "item", "lot_number", "class", "model", "unit", "batch", "on_hand", "counted_in", "expires_on", "received_on",
    "opened_on", "tests_per_pack", "use_within_days", "standing", "recalled_on", "recall_reason",
)  # fmt: skip
FILTER_KEYS = ("query", "unit", "class", "show", "empty")
SHOWS: tuple[tuple[str, Message], ...] = (
    ("", msg("all")),
    ("expires_30", STANDING_NAMES[Standing.WITHIN_30]),
    ("expires_90", STANDING_NAMES[Standing.WITHIN_90]),
    ("expired", STANDING_NAMES[Standing.EXPIRED]),
    ("recalled", STANDING_NAMES[Standing.RECALLED]),
    ("suspect", STANDING_NAMES[Standing.SUSPECT]),
)
_REASON = text_field(300)
_COUNT = {"quantity": Reader(read_quantity, required=True), "reason": _REASON}


def filters_of() -> LotFilters:
    """The filters in the address."""
    args = request.args
    return LotFilters(
        args.get("query", ""), args.get("unit", ""), args.get("class", ""), args.get("show", ""),
        args.get("empty", "") == "1",
    )  # fmt: skip


@pages.get("/lots")
@needs(Permission.STOCK_READ)
def list_lots() -> Any:
    """Lots within reach, the first to expire first."""
    wanted, filters = page(request.args), filters_of()
    with reading() as session:
        found = lots_page(session, actor(), filters, today(), limit=wanted.limit + 1, after=wanted.after)
        counts = lots_expiring(session, actor(), today())
        options = care.choices(session, Permission.STOCK_READ)
    rows = found[: wanted.limit]
    following = encode_cursor(rows[-1].key) if len(found) > wanted.limit else ""
    return render_template(
        "lots/list.html", rows=[line(row) for row in rows], filters=filters, counts=counts,
        after=care.address_without("cursor", cursor=following) if following else "", **options,
        shows=[
            {"label": words(title), "href": care.address_without("show", "cursor", **({"show": name} if name else {})),
             "current": filters.show == name}
            for name, title in SHOWS
        ],
        active=care.chosen(options, {"unit": "units", "class": "classes"}), export=care.address_without("cursor"),
        may_write=may(actor(), Permission.STOCK_WRITE),
    )  # fmt: skip


@pages.get("/lots/export")
@needs(Permission.STOCK_READ)
def export() -> Any:
    """The whole filtered list as CSV or XLSX."""
    with writing() as session:
        note_export(session, "lots_list", FILTER_KEYS)
        found = partial(lots_page, session, actor(), filters_of(), today(), limit=500)
        lines = [_export_line(row) for row in whole_list(found, attrgetter("key"))]
    return table_file(f"lots-{today().isoformat()}", EXPORT_COLUMNS, lines)


def _export_line(row: LotRow) -> list[Any]:
    lot = row.lot
    return [
        lot.item, lot.lot_number, lot.equipment_class.code, lot.model.full_name if lot.model else "", lot.unit.code,
        lot.batch.number if lot.batch else "", plain(row.on_hand), lot.counted_in, lot.expires_on, lot.received_on,
        lot.opened_on, lot.tests_per_pack, lot.use_within_days, row.standing.value, lot.recalled_on, lot.recall_reason,
    ]  # fmt: skip


@pages.get("/lots/new")
@needs(Permission.STOCK_WRITE)
def new() -> Any:
    return _form({"counted_in": "pieces", "received_on": today().isoformat()}, None)


def _form(values: dict[str, str], error: DomainError | None) -> Any:
    with reading() as session:
        options = care.choices(session, Permission.STOCK_WRITE)
        batches = [(batch.number, batch.number) for batch in batches_page(session, limit=500)]
    answer = render_template(
        "lots/form.html", values=values, errors=field_errors(error) if error is not None else {}, batches=batches,
        **options,
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


@pages.post("/lots/new")
@needs(Permission.STOCK_WRITE)
def create() -> Any:
    """A new lot with what came of it."""
    values = typed()
    try:
        with writing() as session:
            lot = receive_lot(session, actor(), parse_lot(values), now())
            lot_id = lot.id
    except (InvalidInput, Conflict, RuleViolation) as error:
        return _form(values, error)
    flash_words(msg("The lot is saved."), "success")
    return redirect(url_for("lots.show", lot_id=lot_id), 303)


@pages.get("/lots/<int:lot_id>")
@needs(Permission.STOCK_READ)
def show(lot_id: int) -> Any:
    return lot_page(lot_id, {}, {}, 200)


@pages.post("/lots/<int:lot_id>/count")
@needs(Permission.STOCK_WRITE)
def count(lot_id: int) -> Any:
    """Enter what was counted."""

    def do(session: Session, lot: StockLot, read: dict[str, Any]) -> Message:
        if count_lot(session, actor(), lot, read["quantity"], read["reason"], now()) is None:
            return msg("The register says the same.")
        return msg("The count is saved.")

    return act_on_lot(lot_id, "", _COUNT, do)


@pages.post("/lots/<int:lot_id>/write-off")
@needs(Permission.STOCK_WRITE)
def take_out(lot_id: int) -> Any:
    """Write so much off."""

    def do(session: Session, lot: StockLot, read: dict[str, Any]) -> Message:
        write_off(session, actor(), lot, read["quantity"], read["reason"], now())
        return msg("The amount is written off.")

    return act_on_lot(lot_id, "off_", _COUNT, do)


@pages.post("/lots/<int:lot_id>/recall")
@needs(Permission.STOCK_WRITE)
def recall(lot_id: int) -> Any:
    """Say that the lot may not be used any more."""

    def do(session: Session, lot: StockLot, read: dict[str, Any]) -> Message:
        recall_lot(session, actor(), lot, read["reason"], now())
        return msg("The lot is recalled. Write off what is left once it is destroyed or sent back.")

    return act_on_lot(lot_id, "recall_", {"reason": _REASON}, do)
