"""What a day was: the rules of use, of days off road, and of what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from assets.metrics.rules.day import DayFacts, TrackerFigures, day_row

DAY_S = 86_400
TRIP = TrackerFigures(42_000, 1_000, 5_400, 600, 0, 3, heard=True, revision=2)
VEHICLE = DayFacts(
    day=date(2026, 3, 4), is_vehicle=True, records_use=False, subject_to_calibration=False, life="in_service",
    at_unit_s={7: DAY_S},
    down_s={}, uses=0, use_s=0, tracked=True, silent=False, tracker=TRIP, in_calibration=False, seen=False, recorded=0,
    days_since_recorded=None,
)  # fmt: skip
METER = replace(
    VEHICLE,
    is_vehicle=False,
    records_use=True,
    subject_to_calibration=True,
    tracked=False,
    tracker=None,
    days_since_recorded=3,
)


def test_a_trip_of_five_kilometres_is_a_day_of_use() -> None:
    assert day_row(VEHICLE).used
    assert day_row(replace(VEHICLE, tracker=replace(TRIP, measured_m=4_000, estimated_m=1_000))).used


def test_moving_in_the_yard_is_no_day_of_use() -> None:
    row = day_row(replace(VEHICLE, tracker=replace(TRIP, measured_m=4_999, estimated_m=0)))
    assert not row.used
    assert row.known


def test_silent_tracker_makes_the_day_unknown_and_not_unused() -> None:
    row = day_row(replace(VEHICLE, tracker=None))
    assert not row.known
    assert row.measured_m is None
    assert row.tracked
    assert not row.heard


def test_a_day_under_orders_to_be_silent_counts_what_the_counters_say() -> None:
    row = day_row(replace(VEHICLE, silent=True))
    assert (row.silent, row.heard, row.used, row.measured_m) == (True, True, True, TRIP.measured_m)
    assert not day_row(replace(VEHICLE, silent=True, tracked=False, tracker=None)).silent, "nothing to silence"


def test_recorded_use_counts_without_a_tracker() -> None:
    row = day_row(replace(VEHICLE, tracker=None, tracked=False, uses=1, use_s=3600))
    assert row.used
    assert row.known


@pytest.mark.parametrize(("hours", "off_road"), [(11.99, False), (12, True)])
def test_day_is_off_road_from_twelve_hours_down(hours: float, off_road: bool) -> None:
    row = day_row(replace(VEHICLE, down_s={"repair": 3600, "waiting_parts": int(hours * 3600) - 3600}))
    assert row.off_road is off_road
    assert row.down_s == int(hours * 3600)


@pytest.mark.parametrize(("since", "known"), [(30, True), (31, False), (None, False)])
def test_item_nobody_recorded_anything_about_for_a_month_is_unknown(since: int | None, known: bool) -> None:
    assert day_row(replace(METER, days_since_recorded=since)).known is known


def test_day_belongs_to_the_unit_that_held_it_longest() -> None:
    assert day_row(replace(METER, at_unit_s={9: 50_000, 3: 36_400})).unit_id == 9
    assert day_row(replace(METER, at_unit_s={9: 43_200, 3: 43_200})).unit_id == 3


@pytest.mark.parametrize(
    ("life", "counts"), [("received", True), ("in_service", True), ("expected", False), ("lost", False)]
)
def test_only_operable_lives_are_on_the_register(life: str, counts: bool) -> None:
    assert day_row(replace(METER, life=life)).on_register is counts


def test_what_is_not_subject_to_calibration_is_never_in_calibration() -> None:
    assert not day_row(replace(VEHICLE, in_calibration=True)).in_calibration
    assert day_row(replace(METER, in_calibration=True)).in_calibration


def test_item_whose_use_nobody_records_is_unknown_and_not_unused() -> None:
    assert not day_row(replace(METER, records_use=False)).known
    assert day_row(replace(METER, records_use=False, uses=1)).known
