"""Drift of tracker against dashboard: both numbers, and when somebody should look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from assets.vehicles.rules.drift import Drift, Shown, drifts

START = datetime(2026, 9, 1, tzinfo=UTC)


def _day(number: int) -> datetime:
    return START + timedelta(days=number)


def _drift(dashboard: int, tracker: int, estimated: int = 0) -> Drift:
    return Drift(START, _day(1), Decimal(dashboard), Decimal(tracker), Decimal(estimated))


def test_each_pair_of_readings_has_both_numbers() -> None:
    readings = [Shown(_day(0), Decimal(1000)), Shown(_day(5), Decimal(1400)), Shown(_day(9), Decimal(1500))]
    measured = {(_day(0), _day(5)): Decimal(392)}
    first, second = drifts(readings, measured, {})
    assert (first.dashboard_km, first.tracker_km) == (Decimal(400), Decimal(392))
    assert first.share == pytest.approx(-0.02)
    assert (second.dashboard_km, second.tracker_km) == (Decimal(100), Decimal(0))
    assert second.share == -1.0


def test_replaced_meter_is_a_new_beginning() -> None:
    readings = [
        Shown(_day(0), Decimal(90_000)), Shown(_day(2), Decimal(5), begins=True), Shown(_day(4), Decimal(105)),
    ]  # fmt: skip
    (only,) = drifts(readings, {}, {})
    assert (only.start, only.dashboard_km) == (_day(2), Decimal(100))


def test_few_kilometres_tell_nothing() -> None:
    assert _drift(49, 0).share is None
    assert not _drift(49, 0).is_doubtful


@pytest.mark.parametrize(
    ("tracker", "estimated", "doubtful"), [(970, 0, False), (1060, 0, True), (900, 0, True), (900, 60, False)]
)
def test_what_was_estimated_excuses_a_tracker_that_measured_less(tracker: int, estimated: int, doubtful: bool) -> None:
    assert _drift(1000, tracker, estimated).is_doubtful is doubtful
