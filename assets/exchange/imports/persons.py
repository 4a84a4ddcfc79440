"""Imports persons, recognised by their service number."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from assets.exchange.imports.work import Outcome, Thing, Work, differences, required
from assets.exchange.models import ImportedThing
from assets.exchange.tables import SheetRow
from assets.people.models import Person
from assets.people.rules import Permission
from assets.people.service import add_person, come_back
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
            person = add_person(
                work.session, work.actor, number=number, unit=unit, organisation=organisation,
                name=row.text("name"), email=row.text("email"), phone=row.text("phone"),
            )  # fmt: skip
            return Outcome("new", number, things=(Thing("person", str(person.id)),))
        pairs: list[tuple[str, object, object]] = [("unit", unit.code, person.unit.code)]
        if organisation is not None:
            recorded = person.organisation.code if person.organisation else ""
            pairs.append(("organisation", organisation.code, recorded))
        pairs += [(key, row.text(key), getattr(person, key)) for key in _TEXTS if row.text(key)]
        differences(pairs)
        if self._was_undone(person):
            come_back(work.session, work.actor, person)
            return Outcome("new", number, things=(Thing("person", str(person.id)),))
        return Outcome("known", number)

    def _was_undone(self, person: Person) -> bool:
        """Whether the person left only because the import that brought him in was undone."""
        if person.left_on is None:
            return False
        return self.work.session.scalar(
            select(ImportedThing.id)
            .where(
                ImportedThing.subject_kind == "person", ImportedThing.subject_id == str(person.id),
                ImportedThing.undone,
            )
            .limit(1)
        ) is not None  # fmt: skip
