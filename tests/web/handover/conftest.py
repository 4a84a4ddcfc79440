"""A grant, and rounds entered through the service, for the tests of pages and calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from assets.core.app import App
from tests.support.rounds import items_in, put_grant, put_round
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Browser


class Given:
    """A round: its id, and the ids and label codes of its items in order."""

    def __init__(self, batch_id: int, items: list[int], codes: list[str]) -> None:
        self.id, self.items, self.codes = batch_id, items, codes


Enter = Callable[..., Given]
ClientFor = Callable[[str], Browser]


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


@pytest.fixture
def grant_id(app: App, world: World, clock: Clock) -> int:
    with app.transaction(SETUP, clock.now) as session:
        return put_grant(session, world).id


@pytest.fixture
def enter(app: App, world: World, clock: Clock) -> Enter:
    """Enters a round with the given lines."""

    def put(*lines: dict[str, object], **more: Any) -> Given:
        now = clock.advance(timedelta(minutes=1))
        with app.transaction(SETUP, now) as session:
            batch = put_round(session, world, now, *lines, **more)
            items = items_in(session, batch)
            return Given(batch.id, [item.id for item in items], [item.asset.code for item in items])

    return put
