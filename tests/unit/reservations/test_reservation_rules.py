"""When something can be reserved, which hours a time keeps, and how days of the calendar are filled."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.errors import Conflict, InvalidInput, RuleViolation
from assets.reservations import rules
from assets.reservations.ical import CalendarEntry, calendar_text
from assets.reservations.rules import State, Taken

ZONE = ZoneInfo("Asia/Tashkent")
NOW = datetime(2026, 11, 2, 6, 30, tzinfo=UTC)  # 11:30 in Tashkent
HOUR = timedelta(hours=1)
HOURS = st.integers(0, 24 * 40)
ZONES = st.sampled_from([ZONE, ZoneInfo("Asia/Kolkata"), ZoneInfo("Asia/Kathmandu")])


def local(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=ZONE)


@given(first=HOURS, length=st.integers(1, 60), second=HOURS, other=st.integers(1, 60), zone=ZONES)
def test_two_times_keep_a_common_hour_exactly_when_they_overlap(
    first: int, length: int, second: int, other: int, zone: ZoneInfo
) -> None:
    midnight = datetime(2026, 11, 2, tzinfo=zone)
    start, end = midnight + first * HOUR, midnight + (first + length) * HOUR
    start2, end2 = midnight + second * HOUR, midnight + (second + other) * HOUR
    common = set(rules.hours(start, end, zone)) & set(rules.hours(start2, end2, zone))
    assert bool(common) == (start < end2 and start2 < end)
    assert len(rules.hours(start, end, zone)) == length


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (local(3, 9) + timedelta(minutes=30), local(3, 12), "not_a_full_hour"),
        (local(3, 12), local(3, 12), "invalid"),
        (local(1), local(2), "passed"),
        (local(1, 20), local(4), "passed"),
        (local(3), local(3) + timedelta(days=32), "too_long"),
        (local(2) + timedelta(days=500), local(2) + timedelta(days=501), "too_far"),
    ],
)
def test_a_time_that_cannot_be_reserved_is_refused_with_its_reason(start: datetime, end: datetime, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rules.check_time(start, end, NOW, ZONE)
    assert caught.value.fields[0].code == code


def test_a_time_that_began_today_and_goes_on_can_be_reserved() -> None:
    rules.check_time(local(2, 8), local(2, 18), NOW, ZONE)
    rules.check_time(local(2), local(2) + timedelta(days=31), NOW, ZONE)


@pytest.mark.parametrize("life", ["expected", "withdrawn", "disposed", "lost"])
def test_what_is_not_in_use_cannot_be_reserved_even_by_its_own_unit(life: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        rules.check_asset(life, is_own=True, is_shared=True)
    assert caught.value.code == "not_reservable"


def test_only_what_is_shared_is_reserved_by_another_unit() -> None:
    rules.check_asset("in_service", is_own=True, is_shared=False)
    with pytest.raises(RuleViolation) as caught:
        rules.check_asset("in_service", is_own=False, is_shared=False)
    assert caught.value.code == "not_shared"


def test_the_forensic_van_is_shared_until_its_owner_says_otherwise() -> None:
    assert rules.shared(None, "vehicle.forensic_van")
    assert not rules.shared(False, "vehicle.forensic_van")
    assert not rules.shared(None, "vehicle.patrol")
    assert rules.shared(True, "vehicle.patrol")


@pytest.mark.parametrize("state", [State.APPROVED, State.DECLINED, State.CANCELLED])
def test_what_was_answered_is_not_answered_again(state: State) -> None:
    with pytest.raises(Conflict) as caught:
        rules.check_answer(state, NOW + HOUR, NOW)
    assert caught.value.code == "answered"


def test_what_has_passed_is_neither_answered_nor_cancelled() -> None:
    with pytest.raises(RuleViolation):
        rules.check_answer(State.ASKED, NOW, NOW)
    with pytest.raises(Conflict):
        rules.check_open(State.APPROVED, NOW, NOW)
    rules.check_open(State.APPROVED, NOW + HOUR, NOW)


def test_a_day_of_the_calendar_shows_the_strongest_of_what_takes_it_clipped_to_the_day() -> None:
    days = [date(2026, 11, day) for day in (1, 2, 3, 4)]
    taken = [
        Taken(local(2, 9), local(2, 12), "asked"),
        Taken(local(2, 14), local(3, 10), "reserved"),
        Taken(local(4, 6), None, "lent"),
    ]
    cells = rules.day_cells(days, taken, date(2026, 11, 2), ZONE)
    assert [cell.kind for cell in cells] == ["passed", "reserved", "reserved", "lent"]
    assert [(each.start, each.end) for each in cells[2].taken] == [(local(3), local(3, 10))]
    assert cells[3].taken[0].end == local(5)
    assert [cell.kind for cell in rules.day_cells(days[1:2], [], date(2026, 11, 2), ZONE)] == ["free"]


@given(name=st.text(), summary=st.text())
def test_no_text_breaks_the_lines_of_a_calendar_file(name: str, summary: str) -> None:
    entry = CalendarEntry("R-000001@x", local(2), local(3), summary, is_certain=True)
    text = calendar_text(name.replace("\x00", ""), [entry], NOW)
    lines = text.split("\r\n")
    assert lines[-1] == ""
    assert all(len(line.encode("utf-8", "replace")) <= 75 for line in lines)
    whole = text.replace("\r\n ", "")
    assert "\n" not in whole.replace("\r\n", "")
    assert [line for line in whole.split("\r\n") if line.startswith(("BEGIN", "END"))] == [
        "BEGIN:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    assert "DTSTART:20261101T190000Z" in whole
