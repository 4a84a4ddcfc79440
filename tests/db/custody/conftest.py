"""A few assets of the small world, and short ways to do custody with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.app import App
from assets.custody.service import handover
from assets.people.models import Person
from assets.registry.models import Asset, AssetEvent
from assets.registry.rules.asset_fields import read_draft
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

    def asset(self, code: str) -> Asset:
        with self.app.reading() as session:
            return asset_by_code(session, SETUP, code)

    def event(self, event_id: str) -> AssetEvent:
        with self.app.reading() as session:
            return session.get_one(AssetEvent, event_id)

    def holder(self, code: str) -> int | None:
        return self.asset(code).custodian_person_id


@pytest.fixture
def custody(app: App, world: World, clock: Clock) -> Custody:
    return Custody(app, world, clock)


@pytest.fixture
def new_asset(app: App, world: World, clock: Clock) -> Callable[..., str]:
    """Registers an asset in service and answers its code."""

    def make(class_code: str = "search.mirror_uvss", unit: str = "IMT-TK", life: str = "in_service") -> str:
        registered: datetime = clock.now - timedelta(days=30)
        with app.transaction(SETUP, registered) as session:
            draft = read_draft({"class": class_code, "unit": unit, "life": life})
            return register_asset(session, SETUP, draft, registered).code

    return make
