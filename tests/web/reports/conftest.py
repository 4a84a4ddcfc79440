"""A draft of the coordinator's, and what its page was made from."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest

from assets.core.app import App
from assets.reports import release
from tests.db.metrics.days import FIRST
from tests.db.reports.given import AFTER, UNTIL, give
from tests.support.world import Clock, World

QUARTER = (FIRST, UNTIL)


def drafted(app: App, world: World, now: datetime = AFTER, period: tuple[date, date] = QUARTER) -> int:
    """The coordinator's draft of Japan's summary of a period; its number."""
    drafter = world.actors["coordinator"]
    with app.transaction(drafter, now) as session:
        made = release.draft_summary(session, drafter, donor_code="JPN", first=period[0], until=period[1], now=now)
    return made.id


@pytest.fixture
def draft(app: App, world: World, clock: Clock) -> str:
    """The address of a draft of the coordinator's; the clock stands on its day."""
    clock.now = AFTER
    give(app, world)
    return f"/summaries/{drafted(app, world)}"


def shown_in(text: str) -> str:
    """The hash of the draft that a page was made from."""
    found = re.search(r'name="shown" value="([0-9a-f]{64})"', text)
    assert found
    return found.group(1)
