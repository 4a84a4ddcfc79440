"""Standing sets for people: what a unit usually takes along together; made, changed, retired."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, redirect, render_template, request
from sqlalchemy.orm import Session

from assets.core.errors import DomainError, InvalidInput, invalid
from assets.core.i18n import msg
from assets.labels.token import format_code
from assets.people.queries import unit_by_code
from assets.people.rules import Permission, may
from assets.registry.rules.classes import CLASSES
from assets.registry.scope import reaches_unit
from assets.shifts.models import StandingSet
from assets.shifts.queries import set_by_id, sets_page
from assets.shifts.service import NewItem, create_set, retire_set, revise_set
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, flash_words, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, typed
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page
from assets.web.shift_words import set_line

pages = Blueprint("standing_sets", __name__)

OF_A_CLASS = re.compile(r"(\d{1,3})\s*[x×*]\s*(\S+)", re.IGNORECASE)


@pages.get("/standing-sets")
@needs(Permission.CUSTODY_SEE)
def list_sets() -> Any:
    """The sets within reach by unit and name."""
    wanted, retired = page(request.args), request.args.get("show", "") == "retired"
    with reading() as session:
        found = sets_page(
            session, actor(), unit_id=care.unit_id(session, request.args), retired=retired, limit=wanted.limit + 1,
            after=wanted.after,
        )  # fmt: skip
        rows = [{"set": each, "items": [set_line(item) for item in each.items]} for each in found[: wanted.limit]]
        units = care.choices(session, Permission.CUSTODY_SEE)["units"]
    last = found[wanted.limit - 1] if len(found) > wanted.limit else None
    following = encode_cursor((last.unit.name, last.name, last.id)) if last is not None else ""
    return render_template(
        "shifts/sets.html", rows=rows, units=units, retired=retired, may_act=may(actor(), Permission.CUSTODY_ACT),
        shows=[
            {"label": words(title), "href": care.address_without("show", "cursor", **put), "current": retired is is_old}
            for title, put, is_old in ((msg("In use"), {}, False), (msg("Retired"), {"show": "retired"}, True))
        ],
        active=care.chosen({"units": units}, {"unit": "units"}),
        after=care.address_without("cursor", cursor=following) if following else "",
    )  # fmt: skip


@pages.get("/standing-sets/new")
@needs(Permission.CUSTODY_ACT)
def new() -> Any:
    return _form({}, None, None)


@pages.post("/standing-sets/new")
@needs(Permission.CUSTODY_ACT)
def create() -> Any:
    values = typed()
    try:
        with writing() as session:
            unit = unit_by_code(session, values.get("unit", ""), "unit")
            create_set(session, actor(), unit, values.get("name", ""), items_of(values))
    except InvalidInput as error:
        return _form(values, None, error)
    flash_words(msg("The set is kept."), "success")
    return redirect("/standing-sets", 303)


@pages.get("/standing-sets/<int:set_id>")
@needs(Permission.CUSTODY_ACT)
def edit(set_id: int) -> Any:
    with reading() as session:
        standing = set_by_id(session, actor(), set_id)
        return _form({"name": standing.name, "unit": standing.unit.code, **_listed(standing)}, standing, None)


@pages.post("/standing-sets/<int:set_id>")
@needs(Permission.CUSTODY_ACT)
def change(set_id: int) -> Any:
    values = typed()
    try:
        with writing() as session:
            revise_set(session, actor(), set_by_id(session, actor(), set_id), values.get("name", ""), items_of(values))
    except InvalidInput as error:
        with reading() as session:
            return _form(values, set_by_id(session, actor(), set_id), error)
    flash_words(msg("The set is kept."), "success")
    return redirect("/standing-sets", 303)


@pages.post("/standing-sets/<int:set_id>/retire")
@needs(Permission.CUSTODY_ACT)
def retire(set_id: int) -> Any:
    return _put_in_use(set_id, active=False)


@pages.post("/standing-sets/<int:set_id>/restore")
@needs(Permission.CUSTODY_ACT)
def restore(set_id: int) -> Any:
    return _put_in_use(set_id, active=True)


def _put_in_use(set_id: int, *, active: bool) -> Any:
    try:
        with writing() as session:
            retire_set(session, actor(), set_by_id(session, actor(), set_id), active=active)
    except InvalidInput as error:
        flash_words(error.fields[0].message, "error")
    else:
        flash_words(msg("The set is offered again.") if active else msg("The set is not offered any more."), "success")
    return redirect("/standing-sets", 303)


def items_of(values: dict[str, str]) -> list[NewItem]:
    """The things of a form: one on each line, a label code or a number of a class as '2 x comms.radio'."""
    found = [_item(line.strip()) for line in values.get("items", "").splitlines() if line.strip()]
    chosen, number = values.get("class", "").strip(), values.get("number", "").strip()
    if chosen:
        if number and not (number.isascii() and number.isdigit() and len(number) <= 3):
            raise invalid("number", msg("How many is a whole number."))
        found.append(NewItem(class_code=chosen, number=int(number or "1")))
    return found


def _item(line: str) -> NewItem:
    counted = OF_A_CLASS.fullmatch(line)
    if counted:
        return NewItem(class_code=counted[2], number=int(counted[1]))
    if line in CLASSES:
        return NewItem(class_code=line)
    return NewItem(code=read_code(line, the_app().settings.own_label_bases, "items"))


def _listed(standing: StandingSet) -> dict[str, str]:
    lines = [
        format_code(item.asset.code)
        if item.asset is not None
        else f"{item.number} x {item.equipment_class.code if item.equipment_class is not None else ''}"
        for item in standing.items
    ]
    return {"items": "\n".join(lines)}


def _form(values: dict[str, str], standing: StandingSet | None, error: DomainError | None) -> Any:
    with reading() as session:
        options = _options(session)
    errors: dict[str, str] = field_errors(error) if error is not None else {}
    if isinstance(error, InvalidInput) and len(error.fields) > 1:
        said = dict.fromkeys(words(each.message) for each in error.fields if each.field == "items")
        errors |= {"items": " ".join(said)} if said else {}
    answer = render_template(
        "shifts/set_form.html", values=values, standing=standing, errors=errors, **options,
        may_change=standing is None or reaches_unit(actor(), Permission.CUSTODY_ACT, standing.unit),
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


def _options(session: Session) -> dict[str, list[tuple[str, str]]]:
    return care.choices(session, Permission.CUSTODY_ACT)
