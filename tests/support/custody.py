"""Custody in tests: assets of the small world, and short ways to issue and take them back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.app import App
from assets.custody import queries
from assets.custody.models import CustodyConfirmation
from assets.custody.service import handover
from assets.custody.service.correction import correct_entry
from assets.people.models import Person
from assets.registry.models import Asset, AssetEvent
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.scope import asset_by_code
from assets.registry.service.assets import register_asset
from assets.registry.service.timeline import Occurrence
from tests.support.world import SETUP, Clock, World

ZONE = ZoneInfo("Asia/Tashkent")


@dataclass
class Custody:
    """Custody acts of a login, each in a transaction of its own, at the clock's time or `ago` before it."""

    app: App
    world: World
    clock: Clock

    @contextmanager
    def by(self, login: str) -> Iterator[tuple[Session, Actor]]:
        actor = self.world.actors[login]
        with self.app.transaction(actor, self.clock.now) as session:
            yield session, actor

    def occurrence(self, ago: timedelta = timedelta(0), n: int = 0) -> Occurrence:
        return Occurrence(self.clock.now - ago, self.clock.now, n=n)

    def issue(self, code: str, person: str, *, login: str = "logistics_officer", **options: Any) -> str:
        """Answers the event's id."""
        happening = options.pop("occurrence", None) or self.occurrence()
        with self.by(login) as (session, actor):
            asset = asset_by_code(session, actor, code)
            to = session.get_one(Person, self.world.persons[person].id)
            return handover.issue(session, actor, asset, to, happening, ZONE, **options).id

    def give_back(self, code: str, *, login: str = "logistics_officer", **options: Any) -> str:
        """Answers the event's id."""
        happening = options.pop("occurrence", None) or self.occurrence()
        options.setdefault("condition", "A")
        with self.by(login) as (session, actor):
            asset = asset_by_code(session, actor, code)
            return handover.return_asset(session, actor, asset, happening, **options).id

    def correct(self, code: str, event_id: str, *, login: str = "logistics_officer", **options: Any) -> str:
        """Answers the correcting event's id; `to` is who really got it."""
        with self.by(login) as (session, actor):
            asset = asset_by_code(session, actor, code)
            number = options.pop("to", None)
            person = queries.person_to_hold(session, actor, number) if number else None
            return correct_entry(session, actor, asset, event_id, self.occurrence(), person=person, **options).id

    def asset(self, code: str) -> Asset:
        with self.app.reading() as session:
            return asset_by_code(session, SETUP, code)

    def event(self, event_id: str) -> AssetEvent:
        with self.app.reading() as session:
            return session.get_one(AssetEvent, event_id)

    def holder(self, code: str) -> int | None:
        return self.asset(code).custodian_person_id


def confirmations(app: App) -> list[tuple[str, bool]]:
    """How each confirmation was given, and whether he has it, as they came in."""
    with app.reading() as session:
        rows = session.scalars(select(CustodyConfirmation).order_by(CustodyConfirmation.received_at)).all()
        return [(row.method, row.has_it) for row in rows]


def new_asset(
    app: App, now: datetime, class_code: str = "search.mirror_uvss", unit: str = "IMT-TK", life: str = "in_service"
) -> str:
    """Registers an asset a month before `now`; answers its code."""
    registered = now - timedelta(days=30)
    with app.transaction(SETUP, registered) as session:
        draft = parse_asset({"class": class_code, "unit": unit, "life": life})
        return register_asset(session, SETUP, draft, registered).code
