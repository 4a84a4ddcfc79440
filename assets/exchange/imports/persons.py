"""Imports persons, recognised by their service number."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from assets.exchange.imports.work import Outcome, Work, differences, required
from assets.exchange.tables import SheetRow
from assets.people.models import Person
from assets.people.rules import Permission
from assets.people.service import add_person
from assets.registry.scope import persons_for

COLUMNS = ("number", "name", "unit", "organisation", "email", "phone")
REQUIRED = ("number", "unit")
_TEXTS = ("name", "email", "phone")


class Persons:
    """Takes one row after the other."""

    def __init__(self, work: Work) -> None:
        self.work = work
        numbers = [row.text("number") for row in work.rows]
        # Whoever is out of the actor's reach is not compared: the number is simply taken.
        known = work.session.scalars(
            select(Person)
            .options(joinedload(Person.unit), joinedload(Person.organisation))
            .where(Person.number.in_(numbers), persons_for(work.actor, Permission.PERSON_WRITE))
        )
        self.known = {person.number: person for person in known}

    def __call__(self, row: SheetRow) -> Outcome:
        work = self.work
        required(row, *REQUIRED)
        number = row.text("number")
        work.first_of("number", row.number, number)
        unit = work.unit(row.text("unit"))
        organisation = work.organisation(row.text("organisation")) if row.text("organisation") else None
        person = self.known.get(number)
        if person is None:
            add_person(
                work.session, work.actor, number=number, unit=unit, organisation=organisation,
                name=row.text("name"), email=row.text("email"), phone=row.text("phone"),
            )  # fmt: skip
            return Outcome("new", number)
        pairs: list[tuple[str, object, object]] = [("unit", unit.code, person.unit.code)]
        if organisation is not None:
            recorded = person.organisation.code if person.organisation else ""
            pairs.append(("organisation", organisation.code, recorded))
        pairs += [(key, row.text(key), getattr(person, key)) for key in _TEXTS if row.text(key)]
        differences(pairs)
        return Outcome("known", number)
