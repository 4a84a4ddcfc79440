"""What the register knows that a text for a donor must not hold: numbers, names of persons, names of units."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.operations.models import Operation
from assets.people.models import Person, Unit
from assets.registry.models import Asset
from assets.registry.rules.folding import fold_identifier
from assets.reports.disclosure.texts import Finding, Known, findings
from assets.telemetry.inventory import IDENTIFYING
from assets.telemetry.models import Tracker


def known(session: Session) -> Known:
    """Everything to look for, whatever became of the item, tracker or person since."""
    numbers = session.execute(
        select(Asset.code, Asset.serial_number, Asset.vin, Asset.plate, Asset.inventory_number)
    ).all()
    persons = session.execute(select(Person.name, Person.number, Person.phone)).all()
    devices = session.execute(select(*(getattr(Tracker, name) for name in IDENTIFYING))).all()
    units = session.execute(select(Unit.code, Unit.name, Unit.kind)).all()
    texts: Iterable[str] = (
        *(text for row in numbers for text in row),
        *(text for row in persons for text in (row.number, row.phone)),
        *session.scalars(select(Tracker.id)),
        *(text for row in devices for text in row),
        *session.scalars(select(Operation.code)),
        *(row.code for row in units if row.kind != "oct"),
    )
    return Known(
        identifiers=frozenset(fold_identifier(text) for text in texts if text),
        names=tuple(row.name for row in persons if row.name),
        # The coordination team is the sender, and of the whole country.
        units=tuple(row.name for row in units if row.kind != "oct"),
    )


def found_in(session: Session, words: Iterable[tuple[str, str]]) -> tuple[tuple[str, Finding], ...]:
    """What in these texts must not leave the house, as pairs of box and finding."""
    texts = list(words)
    if not texts:
        return ()
    everything = known(session)
    return tuple((box, finding) for box, text in texts for finding in findings(text, everything))
