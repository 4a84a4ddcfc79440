"""Persons: the list, one person with what he holds now, and the forms to add and change one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.clearance.service import leave
from assets.core.errors import DomainError, NotAllowed
from assets.core.i18n import msg
from assets.people import queries, service
from assets.people.models import Organisation, Person, Unit
from assets.people.rules import Permission, may
from assets.registry.models import Asset
from assets.registry.rules.folding import fold_text
from assets.registry.scope import assets_for, persons_for, reaches_unit
from assets.web.auth import needs
from assets.web.care import asset_title
from assets.web.context import actor, flash_words, now, reading, words, writing
from assets.web.forms import field_errors, typed
from assets.web.parsing import encode_cursor, page, parse_date

pages = Blueprint("people", __name__)

HELD_SHOWN = 200


@pages.get("/people")
@needs(Permission.PERSON_READ)
def list_people() -> str:
    wanted = page(request.args)
    query, unit = request.args.get("query", ""), request.args.get("unit", "")
    folded = fold_text(query)
    with reading() as session:
        found = queries.person_page(
            session,
            persons_for(actor(), Permission.PERSON_READ),
            matches=(lambda text: folded in fold_text(text)) if folded else None,
            unit=unit,
            after=str(wanted.after[0]) if wanted.after else "",
            limit=wanted.limit + 1,
        )
        shown = found[: wanted.limit]
        reachable = [row for row in queries.units(session) if reaches_unit(actor(), Permission.PERSON_READ, row)]
    following = encode_cursor((shown[-1].number,)) if len(found) > wanted.limit else None
    return render_template(
        "people/list.html", people=shown, query=query, unit=unit, units=reachable, following=following,
        first_page=wanted.after is None, may_write=may(actor(), Permission.PERSON_WRITE),
    )  # fmt: skip


@pages.get("/people/<int:person_id>")
@needs(Permission.PERSON_READ)
def show(person_id: int) -> str:
    with reading() as session:
        person = queries.person_within(session, person_id, persons_for(actor(), Permission.PERSON_READ))
        held = list(
            session.scalars(
                select(Asset)
                .options(joinedload(Asset.equipment_class), joinedload(Asset.model), joinedload(Asset.unit))
                .where(Asset.custodian_person_id == person.id, assets_for(actor(), Permission.CUSTODY_SEE))
                .order_by(Asset.custody_since.desc(), Asset.id)
                .limit(HELD_SHOWN)
            )
        )
        may_write = reaches_unit(actor(), Permission.PERSON_WRITE, person.unit)
    return render_template(
        "people/item.html", person=person, held=held, may_write=may_write, now=now(), title_of=asset_title
    )


@pages.get("/people/new")
@needs(Permission.PERSON_WRITE)
def new() -> str:
    return _form(None, {}, {})


@pages.post("/people/new")
@needs(Permission.PERSON_WRITE)
def add() -> Any:
    values = typed()
    try:
        with writing() as session:
            person = service.add_person(
                session, actor(), number=values.get("number", ""), unit=_unit(session, values),
                organisation=_organisation(session, values), **_texts(values),
            )  # fmt: skip
    except DomainError as error:
        return _form(None, values, _errors(error)), _status(error)
    flash_words(msg("%(number)s is added.", number=person.number))
    return redirect(url_for("people.show", person_id=person.id), 303)


@pages.get("/people/<int:person_id>/edit")
@needs(Permission.PERSON_WRITE)
def edit(person_id: int) -> str:
    with reading() as session:
        person = _writable(session, person_id)
    return _form(person, _values(person), {})


@pages.post("/people/<int:person_id>/edit")
@needs(Permission.PERSON_WRITE)
def change(person_id: int) -> Any:
    values = typed()
    with reading() as session:
        shown = _writable(session, person_id)
    try:
        with writing() as session:
            person = _writable(session, person_id)
            left = values.get("left_on", "").strip()
            if left:
                leave(
                    session, actor(), person, parse_date(left, "left_on"), now(),
                    override_reason=values.get("override_reason", ""),
                )  # fmt: skip
            service.change_person(
                session, actor(), person, unit=_unit(session, values), organisation=_organisation(session, values),
                **_texts(values),
            )  # fmt: skip
    except DomainError as error:
        return _form(shown, values, _errors(error)), _status(error)
    flash_words(msg("The change is saved."))
    return redirect(url_for("people.show", person_id=person_id), 303)


def _writable(session: Session, person_id: int) -> Person:
    person = queries.person_within(session, person_id, persons_for(actor(), Permission.PERSON_READ))
    if not reaches_unit(actor(), Permission.PERSON_WRITE, person.unit):
        raise NotAllowed
    return person


def _unit(session: Session, values: dict[str, str]) -> Unit:
    return queries.unit_by_code(session, values.get("unit", ""))


def _organisation(session: Session, values: dict[str, str]) -> Organisation | None:
    code = values.get("organisation", "").strip()
    return queries.organisation_by_code(session, code) if code else None


def _texts(values: dict[str, str]) -> dict[str, str]:
    return {key: values.get(key, "") for key in ("name", "email", "phone")}


def _values(person: Person) -> dict[str, str]:
    return {
        "number": person.number, "name": person.name, "email": person.email, "phone": person.phone,
        "unit": person.unit.code, "organisation": person.organisation.code if person.organisation else "",
        "left_on": person.left_on.isoformat() if person.left_on else "",
    }  # fmt: skip


def _errors(error: DomainError) -> dict[str, str]:
    if isinstance(error, NotAllowed):
        return {"unit": words(msg("You may not enter anybody for this unit."))}
    if error.code == "number_taken":
        return {"number": words(error.message)}
    return field_errors(error)


def _status(error: DomainError) -> int:
    return 403 if isinstance(error, NotAllowed) else 400


def _form(person: Person | None, values: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        reachable = [row for row in queries.units(session) if reaches_unit(actor(), Permission.PERSON_WRITE, row)]
        agencies = queries.organisations(session)
    return render_template(
        "people/form.html", person=person, values=values, errors=errors, units=reachable, organisations=agencies
    )  # fmt: skip
