"""When care is due: whichever trigger comes first, with grace, and never cleared by time or use."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.errors import InvalidInput
from assets.maintenance.rules.due import (
    DailyUse,
    LastDone,
    Standing,
    Terms,
    Trigger,
    check_terms,
    grace_days,
    mean_use,
    next_due,
    was_on_time,
)

days = st.dates(date(2018, 1, 1), date(2035, 12, 31))
intervals = st.integers(1, 4000)
km = st.decimals(0, 500_000, places=3)
meter_intervals = st.decimals("0.001", 50_000, places=3)
uses = st.floats(0, 800) | st.none()


def _use(per_day: float | None, today: date) -> DailyUse | None:
    return None if per_day is None else DailyUse(per_day, 90, today)


@given(days, intervals, km, meter_intervals, km, uses, days)
def test_forecast_is_the_earlier_of_both_triggers(
    done: date, interval: int, start: Decimal, every: Decimal, shown: Decimal, per_day: float | None, today: date
) -> None:
    last, use = LastDone(done, start), _use(per_day, today)
    both = next_due(Terms(interval, "odometer_km", every), last, shown, use, today)
    calendar = next_due(Terms(interval), last, None, None, today)
    meter = next_due(Terms(None, "odometer_km", every), last, shown, use, today)
    forecasts = [day for day in (calendar.forecast_on, meter.forecast_on) if day is not None]
    assert both.forecast_on == min(forecasts)
    assert both.due_on == done + timedelta(days=interval)
    assert both.due_at_meter == start + every


@given(days, intervals, km, meter_intervals, km, st.integers(0, 3000), st.decimals(0, 90_000, places=3))
def test_time_and_use_only_make_it_later(
    done: date, interval: int, start: Decimal, every: Decimal, shown: Decimal, more_days: int, more_km: Decimal
) -> None:
    order = list(Standing)
    terms, last, today = Terms(interval, "odometer_km", every), LastDone(done, start), done + timedelta(days=10)
    before = next_due(terms, last, shown, None, today).standing
    after = next_due(terms, last, shown + more_km, None, today + timedelta(days=more_days)).standing
    assert order.index(after) >= order.index(before)


@given(st.integers(1, 36_000))
def test_grace_is_a_fifth_and_at_most_28_days(interval: int) -> None:
    assert grace_days(interval) == min(28, interval // 5)


@pytest.mark.parametrize(("interval", "grace"), [(365, 28), (91, 18), (30, 6), (4, 0)])
def test_grace_as_smrp_gives_it(interval: int, grace: int) -> None:
    assert grace_days(interval) == grace


@pytest.mark.parametrize(
    ("done", "interval", "due"),
    [
        (date(2024, 2, 29), 365, date(2025, 2, 28)),
        (date(2024, 1, 31), 30, date(2024, 3, 1)),
        (date(2025, 12, 31), 1, date(2026, 1, 1)),
        (date(2023, 2, 28), 366, date(2024, 2, 29)),
    ],
)
def test_interval_counts_days_over_month_and_year_ends(done: date, interval: int, due: date) -> None:
    assert next_due(Terms(interval), LastDone(done), None, None, done).due_on == due


@pytest.mark.parametrize(
    ("past", "standing"),
    [(-31, "fine"), (-30, "soon"), (-1, "soon"), (0, "due"), (28, "due"), (29, "overdue"), (900, "overdue")],
)
def test_calendar_standing_by_days_past_due(past: int, standing: str) -> None:
    done = date(2026, 1, 1)
    today = done + timedelta(days=365 + past)
    assert next_due(Terms(365), LastDone(done), None, None, today).standing == standing


@pytest.mark.parametrize(
    ("shown", "standing"),
    [("44999.999", "fine"), ("45000", "due"), ("46000", "due"), ("46000.001", "overdue")],
)
def test_meter_standing_by_reading(shown: str, standing: str) -> None:
    terms, last = Terms(None, "odometer_km", Decimal(5000)), LastDone(date(2026, 1, 1), Decimal(40_000))
    assert next_due(terms, last, Decimal(shown), None, date(2026, 2, 1)).standing == standing


def test_meter_forecast_rounds_up_to_the_day_that_gets_there() -> None:
    today = date(2026, 11, 21)
    terms, last = Terms(365, "odometer_km", Decimal(5000)), LastDone(date(2026, 11, 1), Decimal(0))
    due = next_due(terms, last, Decimal(4000), DailyUse(300.0, 90, today), today)
    assert (due.forecast_on, due.trigger, due.days_left) == (date(2026, 11, 25), Trigger.METER, 4)
    assert "300.0 a day" in str(due.assumption)


def test_unknown_meter_is_said_and_only_the_calendar_counts() -> None:
    due = next_due(Terms(10, "odometer_km", Decimal(5)), LastDone(date(2026, 1, 1)), None, None, date(2026, 1, 5))
    assert due.meter_unknown
    assert (due.trigger, due.forecast_on) == (Trigger.CALENDAR, date(2026, 1, 11))
    assert "not known" in str(due.assumption)


@given(days, intervals, km, meter_intervals, st.integers(-400, 400), st.decimals(-9000, 9000, places=3))
def test_on_time_means_within_the_grace_of_every_trigger(
    done: date, interval: int, start: Decimal, every: Decimal, late_days: int, late_km: Decimal
) -> None:
    terms = Terms(interval, "odometer_km", every)
    due_on, due_at = done + timedelta(days=interval), start + every
    on_time = was_on_time(due_on, due_at, terms, due_on + timedelta(days=late_days), due_at + late_km)
    assert on_time == (late_days <= grace_days(interval) and late_km <= (every / 5).quantize(Decimal("0.001")))


def test_mean_use_needs_a_week_and_a_meter_that_did_not_fall() -> None:
    today = date(2026, 11, 21)
    assert mean_use(Decimal(0), today - timedelta(days=6), Decimal(100), today) is None
    assert mean_use(Decimal(100), today - timedelta(days=30), Decimal(50), today) is None
    assert mean_use(Decimal(100), today - timedelta(days=90), Decimal(1000), today) == DailyUse(10.0, 90, today)


@pytest.mark.parametrize(
    "terms",
    [
        Terms(), Terms(0), Terms(-5), Terms(36_501), Terms(None, "odometer_km", None), Terms(5, "", Decimal(5)),
        Terms(None, "odometer_km", Decimal(0)),
    ],
)  # fmt: skip
def test_plan_without_meaning_is_refused(terms: Terms) -> None:
    with pytest.raises(InvalidInput):
        check_terms(terms)
