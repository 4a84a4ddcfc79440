"""Lots of consumables for people: the list, one lot with its movements, and what is done with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.errors import Conflict, DomainError, InvalidInput, RuleViolation
from assets.core.i18n import Message, msg
from assets.people.rules import Permission, may
from assets.registry.models import StockLot
from assets.registry.queries.catalogue import batches_page
from assets.registry.queries.stock import LotFilters, LotRow, lot_by_id, lots_expiring, lots_page, movements
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.stock import STANDING_NAMES, Standing, parse_lot, plain, read_quantity
from assets.registry.rules.values import Reader, read_fields, text_field
from assets.registry.scope import reaches_unit
from assets.registry.service.stock import count_lot, recall_lot, receive_lot, write_off
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, typed
from assets.web.parsing import encode_cursor, page
from assets.web.views.imports import table_file

pages = Blueprint("lots", __name__)

EXPORT_COLUMNS = (
    "item", "lot_number", "class", "model", "unit", "batch", "on_hand", "counted_in", "expires_on", "received_on",
    "opened_on", "standing", "recalled_on", "recall_reason",
)  # fmt: skip
STATES = {
    Standing.RECALLED: "blocked", Standing.EXPIRED: "blocked", Standing.WITHIN_30: "due", Standing.WITHIN_90: "due",
    Standing.GOOD: "ready",
}  # fmt: skip
SHOWS: tuple[tuple[str, Message], ...] = (
    ("", msg("all")),
    ("expires_30", STANDING_NAMES[Standing.WITHIN_30]),
    ("expires_90", STANDING_NAMES[Standing.WITHIN_90]),
    ("expired", STANDING_NAMES[Standing.EXPIRED]),
    ("recalled", STANDING_NAMES[Standing.RECALLED]),
)
MOVES: dict[str, Message] = {
    "received": msg("Received into stock"),
    "counted": msg("Counted"),
    "written_off": msg("Written off"),
    "annulled": msg("Entered by mistake"),
}
_REASON = text_field(300)
_COUNT = {"quantity": Reader(read_quantity, required=True), "reason": _REASON}


def _today() -> date:
    return local_date(now(), the_app().settings.zone)


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
        found = lots_page(session, actor(), filters, _today(), limit=wanted.limit + 1, after=wanted.after)
        counts = lots_expiring(session, actor(), _today())
        options = care.choices(session, Permission.STOCK_READ)
    rows = found[: wanted.limit]
    following = encode_cursor(rows[-1].key) if len(found) > wanted.limit else ""
    return render_template(
        "lots/list.html", rows=[_line(row) for row in rows], filters=filters, counts=counts,
        after=care.address_without("cursor", cursor=following) if following else "", **options,
        shows=[
            {"label": words(title), "href": care.address_without("show", "cursor", **({"show": name} if name else {})),
             "current": filters.show == name}
            for name, title in SHOWS
        ],
        active=care.chosen(options, {"unit": "units", "class": "classes"}), export=care.address_without("cursor"),
        may_write=may(actor(), Permission.STOCK_WRITE),
    )  # fmt: skip


def _line(row: LotRow) -> dict[str, Any]:
    code = row.lot.equipment_class.code
    return {
        "lot": row.lot, "on_hand": plain(row.on_hand), "kind": STATES[row.standing],
        "standing": words(STANDING_NAMES[row.standing]),
        "class_name": words(CLASSES[code].title) if code in CLASSES else code,
    }  # fmt: skip


@pages.get("/lots/export")
@needs(Permission.STOCK_READ)
def export() -> Any:
    """The whole filtered list as CSV or XLSX."""
    lines: list[list[Any]] = []
    after: tuple[object, ...] | None = None
    with reading() as session:
        while rows := lots_page(session, actor(), filters_of(), _today(), limit=500, after=after):
            lines += [_export_line(row) for row in rows]
            after = rows[-1].key
    return table_file(f"lots-{_today().isoformat()}", EXPORT_COLUMNS, lines)


def _export_line(row: LotRow) -> list[Any]:
    lot = row.lot
    return [
        lot.item, lot.lot_number, lot.equipment_class.code, lot.model.full_name if lot.model else "", lot.unit.code,
        lot.batch.number if lot.batch else "", plain(row.on_hand), lot.counted_in, lot.expires_on, lot.received_on,
        lot.opened_on, row.standing.value, lot.recalled_on, lot.recall_reason,
    ]  # fmt: skip


@pages.get("/lots/new")
@needs(Permission.STOCK_WRITE)
def new() -> Any:
    return _form({"counted_in": "pieces", "received_on": _today().isoformat()}, None)


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
    return _item(lot_id, {}, {}, 200)


def _item(lot_id: int, values: dict[str, str], errors: dict[str, str], status: int) -> Any:
    with reading() as session:
        row = lot_by_id(session, actor(), lot_id, _today())
        moves = movements(session, row.lot)
        may_write = reaches_unit(actor(), Permission.STOCK_WRITE, row.lot.unit)
    entries = [
        {
            "move": move, "title": words(MOVES[move.kind]),
            "quantity": f"{'+' if move.quantity > 0 else '−'}{plain(abs(move.quantity))}",
        }
        for move in moves
    ]  # fmt: skip
    answer = render_template(
        "lots/item.html", row=_line(row), lot=row.lot, entries=entries, may_write=may_write, values=values,
        errors=errors,
    )  # fmt: skip
    return answer, status


@pages.post("/lots/<int:lot_id>/count")
@needs(Permission.STOCK_WRITE)
def count(lot_id: int) -> Any:
    """Enter what was counted."""

    def do(session: Session, lot: StockLot, read: dict[str, Any]) -> Message:
        if count_lot(session, actor(), lot, read["quantity"], read["reason"], now()) is None:
            return msg("The register says the same.")
        return msg("The count is saved.")

    return _act(lot_id, "", _COUNT, do)


@pages.post("/lots/<int:lot_id>/write-off")
@needs(Permission.STOCK_WRITE)
def take_out(lot_id: int) -> Any:
    """Write so much off."""

    def do(session: Session, lot: StockLot, read: dict[str, Any]) -> Message:
        write_off(session, actor(), lot, read["quantity"], read["reason"], now())
        return msg("The amount is written off.")

    return _act(lot_id, "off_", _COUNT, do)


@pages.post("/lots/<int:lot_id>/recall")
@needs(Permission.STOCK_WRITE)
def recall(lot_id: int) -> Any:
    """Say that the lot may not be used any more."""

    def do(session: Session, lot: StockLot, read: dict[str, Any]) -> Message:
        recall_lot(session, actor(), lot, read["reason"], now())
        return msg("The lot is recalled. Write off what is left once it is destroyed or sent back.")

    return _act(lot_id, "recall_", {"reason": _REASON}, do)


def _act(
    lot_id: int, prefix: str, fields: dict[str, Reader], do: Callable[[Session, StockLot, dict[str, Any]], Message]
) -> Any:
    """Do something with the lot; the fields of each form on its page bear a prefix of their own."""
    values = typed()
    given: dict[str, object] = {name: values.get(f"{prefix}{name}", "") for name in fields}
    try:
        with writing() as session:
            row = lot_by_id(session, actor(), lot_id, _today())
            said = do(session, row.lot, read_fields(fields, given))
    except (InvalidInput, RuleViolation) as error:
        errors = {f"{prefix}{name}" if name else "": text for name, text in field_errors(error).items()}
        return _item(lot_id, values, errors, status_of(error))
    flash_words(said, "success")
    return redirect(url_for("lots.show", lot_id=lot_id), 303)
