"""What is in kits, for people: putting in, taking out, using up, and the check of completeness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.errors import DomainError, invalid
from assets.core.i18n import Message, msg
from assets.kits.models import Kit
from assets.kits.queries import contents, lots_for_kit
from assets.kits.rules.completeness import Contents
from assets.kits.service import check_kit, put_counted, put_part, take_counted, take_part, use_counted
from assets.kits.service.checking import missing_words
from assets.labels.token import format_code
from assets.people.rules import Permission
from assets.registry.models import StockLot
from assets.registry.queries.stock import lot_by_id
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, words
from assets.web.errors import status_of
from assets.web.forms import field_errors
from assets.web.kit_cells import contents_cells
from assets.web.kit_forms import back_to, done, kit_for, occurrence_of, part_for
from assets.web.label_codes import read_code
from assets.web.parsing import parse_decimal

pages = Blueprint("kit_content", __name__)

MOVES: dict[str, Message] = {"used": msg("used"), "take": msg("taken out, back into store")}


@pages.get("/kits/<code>/put")
@needs(Permission.CUSTODY_ACT)
def put_form(code: str) -> Any:
    return _put_form(code, {}, None)


@pages.post("/kits/<code>/put")
@needs(Permission.CUSTODY_ACT)
def put(code: str) -> Any:
    """Put a part into the kit; out of another it is moved."""

    def act(session: Session, values: dict[str, str]) -> Message:
        kit, part = kit_for(session, code, Permission.CUSTODY_ACT), part_for(session, values.get("part", ""))
        moved = put_part(session, actor(), kit, part, occurrence_of(values))
        if moved.from_kit is not None:
            return msg("It is in this kit now, and no longer in %(code)s.", code=format_code(moved.from_kit.code))
        return msg("It is in this kit now.")

    return done(code, act, _put_form)


@pages.post("/kits/<code>/put-lot")
@needs(Permission.STOCK_WRITE)
def put_lot(code: str) -> Any:
    """Put so much of a lot into the kit; it leaves the store."""

    def act(session: Session, values: dict[str, str]) -> Message:
        kit = kit_for(session, code, Permission.CUSTODY_ACT)
        quantity = parse_decimal(values.get("quantity", ""), "quantity")
        lot = lot_by_id(session, actor(), _lot_id(values), local_date(now(), the_app().settings.zone)).lot
        notice = put_counted(
            session, actor(), kit, lot, quantity, occurrence_of(values), reason=values.get("reason", "")
        )  # fmt: skip
        return notice or msg("It is in the kit, and out of the store.")

    return done(code, act, _put_form)


def _lot_id(values: Mapping[str, str]) -> int:
    text = values.get("lot", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise invalid("lot", msg("Choose a lot."), code="required")
    return int(text)


def _put_form(code: str, values: dict[str, str], error: DomainError | None) -> Any:
    with reading() as session:
        kit = kit_for(session, code, Permission.CUSTODY_ACT)
        lots = [
            (lot.id, f"{lot.item}, {lot.lot_number}" + (f" ({lot.expires_on:%d.%m.%Y})" if lot.expires_on else ""))
            for lot in lots_for_kit(session, actor(), kit)
            if lot.recalled_on is None
        ]
        answer = render_template(
            "kits/put.html", kit=kit, title=care.asset_title(kit), printed=format_code(kit.code), values=values,
            errors=field_errors(error) if error is not None else {}, lots=lots, event_id=str(uuid4()),
            back=back_to(kit.code),
        )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


@pages.post("/kits/<code>/take")
@needs(Permission.CUSTODY_ACT)
def take(code: str) -> Any:
    """Take a part out of the kit."""

    def act(session: Session, values: dict[str, str]) -> Message:
        kit, part = kit_for(session, code, Permission.CUSTODY_ACT), part_for(session, values.get("part", ""))
        take_part(session, actor(), kit, part, occurrence_of(values))
        return msg("It is out of the kit.")

    return done(code, act)


@pages.get("/kits/<code>/counted")
@needs(Permission.KIT_USE)
def counted_form(code: str) -> Any:
    return _counted_form(code, {"lot": request.args.get("lot", "")[:10]}, None)


@pages.post("/kits/<code>/counted")
@needs(Permission.KIT_USE)
def counted(code: str) -> Any:
    """Say that something counted was used, or taken out and put back into store."""

    def act(session: Session, values: dict[str, str]) -> Message:
        kit = kit_for(session, code, Permission.KIT_USE)
        quantity = parse_decimal(values.get("quantity", ""), "quantity")
        lot_id = _lot_id(values)
        held = contents(session, Kit.asset_id == kit.id, local_date(now(), the_app().settings.zone)).get(kit.id)
        if held is None or all(each.lot_id != lot_id for each in held.counted):
            raise invalid("lot", msg("Choose a lot."), code="required")
        what, note = values.get("what", ""), values.get("note", "")
        if what not in MOVES:
            raise invalid("what", msg("Say what became of it."), code="required")
        lot = session.get_one(StockLot, lot_id)
        do = use_counted if what == "used" else take_counted
        do(session, actor(), kit, lot, quantity, occurrence_of(values), note=note)
        return msg("It is entered.")

    return done(code, act, _counted_form)


def _counted_form(code: str, values: dict[str, str], error: DomainError | None) -> Any:
    with reading() as session:
        kit = kit_for(session, code, Permission.KIT_USE)
        held = contents(session, Kit.asset_id == kit.id, local_date(now(), the_app().settings.zone)).get(kit.id)
        answer = render_template(
            "kits/counted.html", kit=kit, title=care.asset_title(kit), printed=format_code(kit.code), values=values,
            errors=field_errors(error) if error is not None else {}, event_id=str(uuid4()), back=back_to(kit.code),
            lots=[
                (each.lot_id, f"{each.item}, {each.lot_number}") for each in (held.counted if held is not None else ())
            ],
            moves=[(key, words(name)) for key, name in MOVES.items()],
        )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


@pages.get("/kits/<code>/check")
@needs(Permission.FIELD_REPORT)
def check_form(code: str) -> Any:
    return _check_form(code, {}, None)


@pages.post("/kits/<code>/check")
@needs(Permission.FIELD_REPORT)
def check(code: str) -> Any:
    """Enter which parts are there, and how much of what is counted."""

    def act(session: Session, values: dict[str, str]) -> Message:
        kit = kit_for(session, code, Permission.FIELD_REPORT)
        parts = {
            read_code(key.removeprefix("part_")): values.get(key) == "yes" for key in values if key.startswith("part_")
        }
        amounts = {
            int(key.removeprefix("lot_")): parse_decimal(text, key)
            for key, text in values.items()
            if key.startswith("lot_") and key.removeprefix("lot_").isdigit() and len(key) < 14 and text.strip()
        }
        checked = check_kit(
            session, actor(), kit, occurrence_of(values), parts=parts, counted=amounts, note=values.get("note", "")
        )
        if checked.skipped:
            return msg("The check is entered, and is not one of the whole kit: %(what)s was not looked for.",
                       what=", ".join(checked.skipped))  # fmt: skip
        if checked.missing:
            return msg("The check is entered. Not found: %(codes)s.", codes=missing_words(checked))
        return msg("The check is entered: all of its parts are there.")

    return done(code, act, _check_form)


def _check_form(code: str, values: dict[str, str], error: DomainError | None) -> Any:
    with reading() as session:
        kit = kit_for(session, code, Permission.FIELD_REPORT)
        zone = the_app().settings.zone
        held = contents(session, Kit.asset_id == kit.id, local_date(now(), zone)).get(kit.id, Contents())
        cells = contents_cells(held)
        answer = render_template(
            "kits/check.html", kit=kit, title=care.asset_title(kit), printed=format_code(kit.code), values=values,
            errors=field_errors(error) if error is not None else {}, event_id=str(uuid4()), back=back_to(kit.code),
            cells=cells, parts=held.parts, counted=held.counted, words=words, format_code=format_code,
        )  # fmt: skip
    return answer, status_of(error) if error is not None else 200
