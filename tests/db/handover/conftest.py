"""A round that is entered, and counting in it, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import joinedload

from assets.core.actor import Actor
from assets.core.app import App
from assets.handover.models import HandoverItem
from assets.handover.queries import round_by_id
from assets.handover.rules import Count
from assets.handover.service.counting import CountResult, count_items
from assets.handover.service.rounds import close_count
from assets.registry.models import Asset, HandoverBatch
from tests.support.rounds import found, items_in, put_round
from tests.support.world import SETUP, Clock, World


@dataclass
class Entered:
    """A round of the tests."""

    app: App
    clock: Clock
    id: int
    items: list[int]

    def count(self, *counts: Count, actor: Actor = SETUP) -> list[CountResult]:
        """Count a minute later, in one go."""
        now = self.clock.advance(timedelta(minutes=1))
        with self.app.transaction(actor, now) as session:
            return count_items(session, actor, round_by_id(session, self.id), counts, now)

    def say(self, place: int, outcome: str = "received", **more: Any) -> CountResult:
        """One count of the item at this place; what is refused is raised."""
        actor = more.pop("actor", SETUP)
        (result,) = self.count(found(self.items[place], outcome, **more), actor=actor)
        if result.error is not None:
            raise result.error
        return result

    def close(self, actor: Actor = SETUP) -> HandoverBatch:
        now = self.clock.advance(timedelta(minutes=1))
        with self.app.transaction(actor, now) as session:
            return close_count(session, actor, round_by_id(session, self.id), now)

    def asset(self, place: int) -> Asset:
        with self.app.reading() as session:
            item = session.get_one(HandoverItem, self.items[place])
            return session.get_one(Asset, item.asset_id, options=[joinedload(Asset.equipment_class)])

    def item(self, place: int) -> HandoverItem:
        with self.app.reading() as session:
            return session.get_one(HandoverItem, self.items[place])


@pytest.fixture
def enter(app: App, world: World, clock: Clock) -> Callable[..., Entered]:
    """Enters a round with the given lines."""

    def put(*lines: dict[str, object], **more: Any) -> Entered:
        now = clock.advance(timedelta(minutes=1))
        with app.transaction(more.get("actor", SETUP), now) as session:
            batch = put_round(session, world, now, *lines, **more)
            return Entered(app, clock, batch.id, [item.id for item in items_in(session, batch)])

    return put
