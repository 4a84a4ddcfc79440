"""Shifts in tests: one night of two items, told step by step in any order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from assets.custody.service import handover
from assets.people.models import Person
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import Occurrence
from assets.shifts.service import note_issue, start_shift
from tests.support.custody import ZONE, Custody

EIGHT_HOURS = timedelta(hours=8)


@dataclass
class Night:
    """A shift that began `ago` before the clock's time and lasts eight hours, with the entries that belong to it."""

    custody: Custody
    ago: timedelta = timedelta(hours=10)
    id: str = field(default_factory=lambda: str(uuid4()))
    base: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.base = self.custody.clock.now - self.ago

    def at(self, after: timedelta = timedelta(0), n: int = 0) -> Occurrence:
        return Occurrence(self.base + after, self.custody.clock.now, n=n)

    def begin(self, code: str, *, login: str = "logistics_officer", **options: Any) -> None:
        told = {"crew": ["P-001"], "ends_at": self.base + EIGHT_HOURS, **options}
        vehicle = told.pop("vehicle", None)
        with self.custody.by(login) as (session, actor):
            start_shift(
                session, actor, asset_by_code(session, actor, code), self.at(n=1), ZONE, shift_id=self.id,
                vehicle=asset_by_code(session, actor, vehicle) if vehicle else None, **told,
            )  # fmt: skip

    def take(self, code: str, person: str = "P-001", n: int = 2, *, login: str = "logistics_officer") -> str:
        """Issue with this shift; answers the event's id."""
        with self.custody.by(login) as (session, actor):
            asset = asset_by_code(session, actor, code)
            to = session.get_one(Person, self.custody.world.persons[person].id)
            event = handover.issue(session, actor, asset, to, self.at(n=n), ZONE, shift_id=self.id)
            note_issue(session, actor, event, self.id)
            return event.id

    def bring(self, code: str, after: timedelta, n: int = 9, *, login: str = "logistics_officer") -> str:
        return self.custody.give_back(code, occurrence=self.at(after, n), shift_id=self.id, login=login)
