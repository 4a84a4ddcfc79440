"""Clocks: what is dated anew moves its results, and into a silent window without its place."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from assets.telemetry.clock import CLOCK_FIXES
from assets.telemetry.days import to_ms
from assets.telemetry.models import Boot, Dirty
from assets.telemetry.pipeline import RECEIPT, UP_TIME
from tests.db.telemetry.conftest import Field
from tests.db.telemetry.test_silence import _open


def _fix(place: Field, up: float, **more: Any) -> dict[str, Any]:
    return {"up": up, "t": place.clock.now.timestamp() - 86_400 + up, "lat": 41.3, "lon": 69.2, **more}


def test_what_is_dated_anew_is_derived_anew_at_both_moments(place: Field) -> None:
    place.send(place.report(0, [{"up": 10, "lat": 41.3, "lon": 69.2}]))
    place.rebuild()
    place.send(place.report(1, [_fix(place, 20)]))
    place.rebuild()
    assert place.settle() == 1
    with place.app.telemetry.reading() as session:
        marked = session.scalars(select(Dirty.day).order_by(Dirty.day)).all()
    assert marked[0] < marked[-1]
    moved, _ = place.samples()
    assert (moved.dated, moved.event_ms) == (UP_TIME, to_ms(place.clock.now) - 86_400_000 + 10_000)


def test_sample_that_moves_into_a_silent_window_loses_its_place(place: Field) -> None:
    now = place.clock.now
    _open(place, now - timedelta(hours=2), now - timedelta(hours=1), may_erase=True)
    place.send(place.report(0, [{"up": 10, "lat": 41.3, "lon": 69.2}]))
    assert place.samples()[0].lat == 41.3
    place.send(place.report(1, [_fix(place, 4000, t=now.timestamp() - 5400 + 4000)]))
    place.settle()
    moved, after = place.samples()
    assert (moved.dated, moved.lat, moved.flags) == (UP_TIME, None, "silent")
    assert after.lat == 41.3


def test_fixes_after_the_first_three_hundred_cannot_move_a_boot(place: Field) -> None:
    place.send(place.report(0, [{"up": 1}]))
    for first in range(0, CLOCK_FIXES, 43):
        place.send(place.report(1 + first, [_fix(place, 2 + first + n) for n in range(43)]))
    assert place.settle() == 1
    with place.app.telemetry.reading() as session:
        boot = session.scalars(select(Boot)).one()
        assert boot.settled_seq == CLOCK_FIXES
    wrong = _fix(place, 400, t=place.clock.now.timestamp() - 200_000)
    place.send(place.report(350, [wrong]))
    assert place.settle() == 0


def test_boot_whose_up_time_leads_to_the_future_is_dated_by_receipt(place: Field) -> None:
    place.send(place.report(0, [_fix(place, 10), {"up": 1e6}]))
    place.settle()
    assert place.samples()[1].dated == RECEIPT
    assert place.samples()[1].event_ms <= to_ms(place.clock.now)
