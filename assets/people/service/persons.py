"""Persons of units: who comes, changes and leaves."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, NotAllowed
from assets.core.i18n import msg
from assets.people.models import Organisation, Person, Unit
from assets.people.rules import Permission, Reach, reach
from assets.people.service.texts import filled, limited, person_texts


def add_person(
    session: Session,
    actor: Actor,
    *,
    number: str,
    unit: Unit,
    name: str = "",
    organisation: Organisation | None = None,
    email: str = "",
    phone: str = "",
) -> Person:
    """A new person of a unit within the actor's scope; the service number is unique."""
    _check_unit(reach(actor, Permission.PERSON_WRITE), unit)
    number = limited("number", filled("number", number), 32)
    texts = {"name": name, "email": email, "phone": phone}
    if session.scalar(select(Person.id).where(Person.number == number)):
        raise Conflict(msg("The number %(number)s is taken.", number=number), code="number_taken")
    person = Person(number=number, unit=unit, organisation=organisation, **person_texts(texts))
    session.add(person)
    session.flush()
    return person


def change_person(
    session: Session,
    actor: Actor,
    person: Person,
    *,
    unit: Unit | None = None,
    organisation: Organisation | None = None,
    **words: str,
) -> Person:
    """Change a person's unit, agency or names; the scope is checked on the old and the new unit."""
    within = reach(actor, Permission.PERSON_WRITE)
    _check_unit(within, person.unit)
    if unit is not None:
        _check_unit(within, unit)
        person.unit = unit
    if organisation is not None:
        person.organisation = organisation
    for key, text in person_texts(words).items():
        setattr(person, key, text)
    session.flush()
    return person


def mark_left(session: Session, actor: Actor, person: Person, left_on: date) -> None:
    """Set the day on which a person leaves. Whether he may, with what he holds, is for `clearance.service.leave`."""
    _check_unit(reach(actor, Permission.PERSON_WRITE), person.unit)
    person.left_on = left_on
    session.flush()


def come_back(session: Session, actor: Actor, person: Person) -> None:
    """Let a person who had left be of his unit again."""
    _check_unit(reach(actor, Permission.PERSON_WRITE), person.unit)
    person.left_on = None
    session.flush()


def _check_unit(within: Reach, unit: Unit) -> None:
    if not (within.everything or unit.id in within.unit_ids or unit.region_id in within.region_ids):
        raise NotAllowed
