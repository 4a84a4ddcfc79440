"""What people say of flagged samples counts, is kept, and reaches the figures even when something breaks off."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from assets.core.errors import InvalidInput, NotFound, RuleViolation
from assets.registry.models import MeterIncrement
from assets.telemetry import queries
from assets.telemetry.models import DayRevision, FlagDecision, SampleDoubt, TrackerDay
from assets.telemetry.rebuild.decisions import Decided, decide_flag, mark_decisions
from tests.db.telemetry.conftest import LIFE, Field
from tests.support.world import SETUP

METRE = 1 / 111_319.5


def _drive(place: Field, hours_ago: float = 30.0, *, stray_at: int | None = None, **more: Any) -> None:
    """Twenty minutes to the east at 12 m/s, 10 s apart; one position may be far off."""
    start = place.clock.now.timestamp() - hours_ago * 3600
    samples = [
        {"up": 50 + n * 10, "t": start + n * 10, "lat": 0.1 if n == stray_at else 0.0, "lon": 60 + n * 120 * METRE,
         "ign": True, **more}
        for n in range(121)
    ]  # fmt: skip
    place.send(*(place.report(seq, samples[seq : seq + 12]) for seq in range(0, len(samples), 12)))


def _decide(place: Field, seq: int, flag: str = "jump", *, genuine: bool = True, reason: str = "A ferry.") -> Decided:
    with place.app.telemetry.reading() as telemetry, place.app.transaction(SETUP, place.clock.now) as main:
        return decide_flag(
            main, telemetry, SETUP, place.tracker, (LIFE, 1, seq), flag,
            genuine=genuine, reason=reason, now=place.clock.now, zone=place.app.settings.zone,
        )  # fmt: skip


def _day_m(place: Field) -> float:
    with place.app.reading() as session:
        return sum(session.scalars(select(TrackerDay.distance_m)))


def _doubts(place: Field) -> list[tuple[int, str]]:
    with place.app.telemetry.reading() as session:
        return [(row.seq, row.flag) for row in session.scalars(select(SampleDoubt).order_by(SampleDoubt.seq))]


def test_jump_is_told_by_its_neighbours_and_left_out_of_distance(place: Field) -> None:
    _drive(place, stray_at=60)
    place.rebuild()
    assert _doubts(place) == [(60, "jump")]
    assert _day_m(place) == pytest.approx(14_400, rel=0.01)
    place.rebuild()
    start = place.clock.now.replace(day=1, month=1)
    with place.app.telemetry.reading() as session:
        (found,) = queries.flagged(session, place.tracker, start, place.clock.now)
    assert (found.key, found.flags) == ((LIFE, 1, 60), ("jump",))


def test_genuine_sample_counts_again_and_can_be_taken_back(place: Field) -> None:
    _drive(place, stray_at=60)
    place.rebuild()
    decided = _decide(place, 60)
    assert decided.before_m == pytest.approx(_day_m(place))
    place.rebuild()
    assert decided.after_m == pytest.approx(_day_m(place))
    assert _day_m(place) > 30_000
    assert _doubts(place) == []
    back = _decide(place, 60, genuine=False, reason="No ferry there.")
    place.rebuild()
    assert (back.before_m, back.after_m) == (decided.after_m, decided.before_m)
    assert _day_m(place) == pytest.approx(decided.before_m)
    with place.app.reading() as session:
        reasons = session.scalars(select(DayRevision.reason)).all()
        assert sorted(reasons) == ["flag_decided", "late_data"]
        km = sum(session.scalars(select(MeterIncrement.amount).where(MeterIncrement.source == "gps")))
    assert float(km) == pytest.approx(_day_m(place) / 1000, abs=0.01)


def test_flag_that_ingest_wrote_can_be_lifted(place: Field) -> None:
    _drive(place, sat=2)
    place.rebuild()
    assert _day_m(place) == 0
    for seq in range(121):
        _decide(place, seq, "low_satellites", reason="A canyon; the road fits.")
    place.rebuild()
    assert _day_m(place) == pytest.approx(14_400, rel=0.01)


def test_decision_needs_a_flag_a_reason_and_a_sample(place: Field) -> None:
    _drive(place, stray_at=60)
    place.rebuild()
    with pytest.raises(NotFound):
        _decide(place, 999)
    with pytest.raises(InvalidInput):
        _decide(place, 59)
    with pytest.raises(InvalidInput):
        _decide(place, 60, "no_fix")
    with pytest.raises(InvalidInput):
        _decide(place, 60, reason=" ")
    with pytest.raises(RuleViolation):
        _decide(place, 60, genuine=False)
    _decide(place, 60)
    with pytest.raises(RuleViolation):
        _decide(place, 60)


def test_decision_whose_mark_was_lost_reaches_the_figures_with_the_next_rebuild(place: Field) -> None:
    _drive(place, stray_at=60)
    place.rebuild()
    _decide(place, 60)
    with place.app.reading() as session:
        assert [row.marked for row in session.scalars(select(FlagDecision))] == [False]
    assert mark_decisions(place.app, place.clock.now) == 1
    assert mark_decisions(place.app, place.clock.now) == 0
    with place.app.telemetry.reading() as session:
        assert len(queries.dirty_stretches(session)) == 1
    place.rebuild()
    assert _day_m(place) > 30_000
