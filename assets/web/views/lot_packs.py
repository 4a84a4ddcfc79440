"""What is done with opened packs of a lot from its page, and its label."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, url_for
from sqlalchemy.orm import Session

from assets.core.i18n import Message, msg
from assets.people.rules import Permission
from assets.registry.models import StockLot
from assets.registry.queries.stock import lot_by_id
from assets.registry.rules.issuing import CONTROLS
from assets.registry.rules.stock import MAX_TESTS, whole_number
from assets.registry.rules.values import Reader, read_choice, text_field
from assets.registry.service.lot_labels import give_label
from assets.registry.service.packs import close_pack, count_tests, open_pack, use_tests
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, writing
from assets.web.forms import typed
from assets.web.lot_page import act_on_lot, occurrence_of, today
from assets.web.operation_choice import named_operation

pages = Blueprint("lot_packs", __name__)

_TESTS = Reader(whole_number(MAX_TESTS), required=True)
_REASON = text_field(300)


@pages.post("/lots/<int:lot_id>/open")
@needs(Permission.OPERATION_WRITE)
def open_one(lot_id: int) -> Any:
    """Open a sealed pack, with its positive control where the class has one."""
    happening = occurrence_of(typed())

    def do(session: Session, lot: StockLot, read: dict[str, Any]) -> Message:
        opened = open_pack(
            session, actor(), lot, happening, control=read.get("control"), note=read.get("note") or ""
        )  # fmt: skip
        return opened.notice or msg("The pack is open.")

    fields = {"control": Reader(lambda value: read_choice(value, CONTROLS)), "note": _REASON}
    return act_on_lot(lot_id, "open_", fields, do)


@pages.post("/lots/<int:lot_id>/packs/<int:pack_id>/use")
@needs(Permission.OPERATION_WRITE)
def use(lot_id: int, pack_id: int) -> Any:
    """Count tests off a pack."""
    happening = occurrence_of(typed())

    def do(session: Session, lot: StockLot, read: dict[str, Any]) -> Message:
        operation = named_operation(session, read.get("operation") or "")
        left = use_tests(session, actor(), lot, pack_id, read["tests"], happening, operation)
        return msg("Counted off: %(n)s tests are left.", n=left) if left else msg("The pack is used up and closed.")

    return act_on_lot(lot_id, f"use{pack_id}_", {"tests": _TESTS, "operation": text_field(64)}, do)


@pages.post("/lots/<int:lot_id>/packs/<int:pack_id>/count")
@needs(Permission.STOCK_WRITE)
def count(lot_id: int, pack_id: int) -> Any:
    """Say how many tests are really left."""
    happening = occurrence_of(typed())

    def do(session: Session, lot: StockLot, read: dict[str, Any]) -> Message:
        count_tests(session, actor(), lot, pack_id, read["left"], read.get("reason") or "", happening)
        return msg("The count is saved.")

    return act_on_lot(lot_id, f"left{pack_id}_", {"left": _TESTS, "reason": _REASON}, do)


@pages.post("/lots/<int:lot_id>/packs/<int:pack_id>/close")
@needs(Permission.STOCK_WRITE)
def close(lot_id: int, pack_id: int) -> Any:
    """Write a pack off."""
    happening = occurrence_of(typed())

    def do(session: Session, lot: StockLot, read: dict[str, Any]) -> Message:
        close_pack(session, actor(), lot, pack_id, read.get("reason") or "", happening)
        return msg("The pack is written off.")

    return act_on_lot(lot_id, f"close{pack_id}_", {"reason": _REASON}, do)


@pages.post("/lots/<int:lot_id>/label")
@needs(Permission.STOCK_WRITE)
def label(lot_id: int) -> Any:
    """Give a label code to a lot that was entered before lots had them."""
    with writing() as session:
        give_label(session, actor(), lot_by_id(session, actor(), lot_id, today()).lot, now())
    flash_words(msg("The lot has a label code: print it, and put it on the box."), "success")
    return redirect(url_for("lots.show", lot_id=lot_id), 303)
