"""Released summaries, kept as they were made: one with all its words, and two of quarters that follow each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from assets.core.app import App
from assets.registry.models import Asset
from assets.reports import release
from tests.db.metrics.days import SETUP, local, roll_up
from tests.db.reports.given import AFTER, DAYS, UNTIL, give
from tests.support.snapshots import Snapshot, snapshot_of
from tests.support.world import Clock, World
from tests.web.reports.conftest import QUARTER, drafted

LATER = local(DAYS + 91 + 91, 9)
LATER_UNTIL = UNTIL + timedelta(days=90)
WORDS = {
    "problems": "Spare batteries are missing; eight analysers wait.",
    "requests": "Batteries, and two seats in the operators' course.",
    "lessons": '=HYPERLINK("http//x","click")\n<script>alert(1)</script> {{7*7}} #sys.inputs.data $x$ #panic("no")',
    "results": "Videoscopes contributed to finds on the road.",
}


@pytest.fixture
def app(sqlite_app: App) -> App:
    """What is read does not depend on the engine: the figures are frozen."""
    return sqlite_app


_KEPT: dict[str, tuple[Snapshot, tuple[int, ...]]] = {}


def _kept(name: str, app: App, make: Callable[[], tuple[int, ...]]) -> tuple[int, ...]:
    """The numbers of released summaries, made once and then put back: each takes seconds of typesetting."""
    if name not in _KEPT:
        numbers = make()
        _KEPT[name] = snapshot_of(app), numbers
    else:
        _KEPT[name][0].put_into(app)
    return _KEPT[name][1]


@pytest.fixture
def released(app: App, world: World, clock: Clock) -> int:
    """A released summary with words; the clock stands on its day."""

    def make() -> tuple[int, ...]:
        give(app, world)
        return (_released(app, world, AFTER, QUARTER, WORDS),)

    clock.now = AFTER
    return _kept("released", app, make)[0]


@pytest.fixture
def two(app: App, world: World, clock: Clock) -> tuple[int, ...]:
    """Two released summaries of quarters that follow each other; in the second much is lost and little is known."""

    def make() -> tuple[int, ...]:
        give(app, world)
        first = _released(app, world, AFTER, QUARTER)
        with app.transaction(SETUP, LATER) as session:
            for asset in session.query(Asset).order_by(Asset.id).limit(20):
                asset.life = "lost"
        roll_up(app, LATER)
        return first, _released(app, world, LATER, (UNTIL, LATER_UNTIL))

    clock.now = LATER
    return _kept("two", app, make)


def _released(
    app: App, world: World, now: datetime, period: tuple[date, date], words: dict[str, str] | None = None
) -> int:
    drafter, approver = world.actors["coordinator"], world.actors["approver"]
    number = drafted(app, world, now, period)
    with app.transaction(drafter, now) as session:
        made = release.summary_by_id(session, drafter, number)
        if words:
            made = release.write_words(session, drafter, number, words, shown_sha256=made.sha256)
    with app.transaction(approver, now) as session:
        release.approve_summary(session, approver, number, now, shown_sha256=made.sha256)
    return number
