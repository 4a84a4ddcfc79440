"""The formulas: numerator, denominator and coverage agree with the value, and nothing is made up from nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.metrics.rules.kpi import (
    CODES,
    DaySums,
    ItemCounts,
    WorkSums,
    by_code,
    days_in_month,
    frequency_grade,
    item_kpis,
    use_kpis,
    work_kpis,
)

SUMS = DaySums(
    asset_days=300, attended_days=240, down_s=30 * 86_400, vehicle_days=100, vehicle_off_road_days=10,
    vehicle_attended_days=90, vehicle_known_days=80, vehicle_used_days=60, vehicle_tracked_days=95,
    vehicle_heard_days=76, measured_m=3_800_000, estimated_m=200_000, engine_s=360_000, idle_s=36_000, item_days=200,
    item_known_days=150, item_uses=12, vehicle_months=100 / 31, vehicle_heard_months=76 / 31, item_months=200 / 31,
    item_known_months=150 / 31,
)  # fmt: skip


def test_use_is_measured_on_days_with_data_and_says_how_many_those_are() -> None:
    kpi = by_code(use_kpis(SUMS))["utilisation_days_rate"]
    assert (kpi.value, kpi.numerator, kpi.denominator) == (0.75, 60, 80)
    assert kpi.coverage == pytest.approx(80 / 90, abs=1e-6)


def test_distance_is_measured_kilometres_per_month_heard() -> None:
    kpi = by_code(use_kpis(SUMS))["distance_per_vehicle_month"]
    assert kpi.numerator == 3800
    assert kpi.value == pytest.approx(3800 * 31 / 76, rel=1e-6)
    assert kpi.coverage == 0.76


def test_availability_takes_days_off_road_from_fleet_days() -> None:
    kpi = by_code(use_kpis(SUMS))["availability_rate"]
    assert (kpi.value, kpi.numerator, kpi.denominator) == (0.9, 90, 100)


def test_rate_of_uses_carries_an_exact_interval() -> None:
    kpi = by_code(use_kpis(SUMS))["uses_per_asset_month"]
    assert kpi.low is not None
    assert kpi.high is not None
    assert kpi.value is not None
    assert kpi.low < kpi.value < kpi.high


def test_share_of_days_carries_no_interval() -> None:
    kpi = by_code(use_kpis(SUMS))["availability_rate"]
    assert kpi.low is None


def test_without_a_denominator_there_is_no_value() -> None:
    for kpi in (*use_kpis(DaySums()), *item_kpis(ItemCounts()), *work_kpis(WorkSums())):
        assert kpi.value is None, kpi.code
        assert kpi.low is None


def test_nothing_overdue_is_zero_and_not_unknown() -> None:
    kpi = by_code(item_kpis(ItemCounts(subject_at_end=4, in_calibration_at_end=4)))["overdue_calibrations"]
    assert kpi.value == 0


@pytest.mark.parametrize(
    ("used", "observed", "grade"),
    [(4, 7, "A"), (40, 70, "A"), (3, 7, "B"), (1, 7, "B"), (1, 8, "C"), (0, 90, "D"), (0, 0, None)],
)
def test_frequency_grades_follow_use_days_a_week(used: int, observed: int, grade: str | None) -> None:
    assert frequency_grade(used, observed) == grade


def test_waiting_for_parts_is_a_share_of_downtime() -> None:
    kpis = by_code(work_kpis(WorkSums(8, 6, 3, 5 * 3600, 4, 40 * 3600, 10 * 3600)))
    assert kpis["waiting_parts_share"].value == 0.25
    assert kpis["pm_compliance"].value == 0.75
    assert kpis["mean_downtime"].value == 10
    assert kpis["mttr"].value == pytest.approx(5 / 3, abs=1e-6)


def test_each_code_stands_once() -> None:
    assert len(CODES) == len(set(CODES))


def test_months_know_their_days() -> None:
    assert (days_in_month(202602), days_in_month(202402), days_in_month(202612)) == (28, 29, 31)


@given(*(st.integers(0, 10_000) for _ in range(4)))
def test_sums_of_parts_give_the_figure_of_the_whole(a: int, b: int, c: int, d: int) -> None:
    parts = DaySums(vehicle_days=a + b, vehicle_off_road_days=b), DaySums(vehicle_days=c + d, vehicle_off_road_days=d)
    whole = DaySums(vehicle_days=a + b + c + d, vehicle_off_road_days=b + d)
    assert use_kpis(parts[0] + parts[1]) == use_kpis(whole)
