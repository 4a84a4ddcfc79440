"""Days cut out of what is recorded: nothing is lost or doubled at midnight."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from assets.metrics.rules.timeline import AssetFacts, Calendar, day_rows, without_overlaps

ZONE = ZoneInfo("Asia/Tashkent")
FIRST = date(2026, 3, 1)
CALENDAR = Calendar.of(FIRST, FIRST + timedelta(days=10), ZONE)
START, END = CALENDAR.bounds[0], CALENDAR.bounds[-1]
HOUR = 3600
moments = st.integers(START - 5 * 86_400, END + 5 * 86_400)


def facts(**changes: object) -> AssetFacts:
    values: dict[str, object] = {
        "is_vehicle": False, "records_use": True, "subject_to_calibration": True, "units": [(0, 1)],
        "lives": [(0, "in_service")],
        "first_day": FIRST,
    }  # fmt: skip
    return AssetFacts(**(values | changes))  # type: ignore[arg-type]  # keywords of the dataclass


def test_day_begins_at_local_midnight() -> None:
    assert START == 1772305200  # 2026-02-28T19:00:00Z
    assert CALENDAR.index(START) == 0
    assert CALENDAR.index(START - 1) is None
    assert CALENDAR.index(END) is None


def test_there_are_no_days_before_the_item_was_registered() -> None:
    found = [day for day, _ in day_rows(facts(first_day=FIRST + timedelta(days=7)), CALENDAR)]
    assert found == [FIRST + timedelta(days=n) for n in (7, 8, 9)]


def test_day_of_a_move_belongs_to_the_unit_that_had_it_longer() -> None:
    rows = dict(day_rows(facts(units=[(0, 1), (START + 86_400 + 11 * HOUR, 2)]), CALENDAR))
    assert [rows[FIRST + timedelta(days=n)].unit_id for n in (0, 1, 2)] == [1, 2, 2]


def test_standstill_over_midnight_counts_on_both_days() -> None:
    rows = dict(day_rows(facts(downtimes=[(START + 20 * HOUR, START + 30 * HOUR, "failure")]), CALENDAR))
    assert rows[FIRST].down_s == 4 * HOUR
    assert rows[FIRST + timedelta(days=1)].down_by_cause == {"failure": 6 * HOUR}


def test_two_orders_do_not_double_a_standstill() -> None:
    day = [(START, START + 86_400, "failure"), (START + HOUR, START + 86_400 + HOUR, "waiting_parts")]
    rows = dict(day_rows(facts(downtimes=day), CALENDAR))
    assert rows[FIRST].down_by_cause == {"failure": 86_400}
    assert rows[FIRST + timedelta(days=1)].down_by_cause == {"waiting_parts": HOUR}


def test_calibration_that_ends_within_the_day_does_not_count_for_it() -> None:
    rows = dict(day_rows(facts(calibrated=[(START, START + 2 * 86_400 - HOUR)]), CALENDAR))
    assert rows[FIRST].in_calibration
    assert not rows[FIRST + timedelta(days=1)].in_calibration


def test_silence_of_a_month_begins_with_the_last_event_before_the_calendar() -> None:
    rows = dict(day_rows(facts(events=[START - 26 * 86_400]), CALENDAR))
    assert [rows[FIRST + timedelta(days=n)].attended for n in (0, 4, 5)] == [True, True, False]


def test_lost_item_leaves_the_register_on_the_day_it_was_lost() -> None:
    rows = dict(day_rows(facts(lives=[(0, "in_service"), (START + 86_400 + 5, "lost")]), CALENDAR))
    assert rows[FIRST].on_register
    assert not rows[FIRST + timedelta(days=1)].on_register


@given(st.lists(st.tuples(moments, moments, st.sampled_from(["failure", "other"])), max_size=8))
def test_downtime_of_the_days_is_the_time_covered(stretches: list[tuple[int, int, str]]) -> None:
    rows = [row for _, row in day_rows(facts(downtimes=stretches), CALENDAR)]
    covered = (
        {hour for start, end, _ in stretches for hour in range(max(start, START), min(end, END))}
        if all(end - start < 20_000 for start, end, _ in stretches)
        else None
    )
    total = sum(row.down_s for row in rows)
    assert all(0 <= row.down_s <= 86_400 for row in rows)
    if covered is not None:
        assert total == len(covered)


@given(st.lists(st.tuples(moments, moments, st.just("x")), max_size=10))
def test_stretches_without_overlaps_stand_in_order(stretches: list[tuple[int, int, str]]) -> None:
    ends = START - 10 * 86_400
    for start, end, _ in without_overlaps(stretches):
        assert ends <= start < end
        ends = end


@given(st.lists(moments, max_size=30))
def test_each_use_counts_on_one_day(uses: list[int]) -> None:
    rows = [row for _, row in day_rows(facts(uses=[(moment, 60) for moment in uses]), CALENDAR)]
    assert sum(row.uses for row in rows) == sum(START <= moment < END for moment in uses)
