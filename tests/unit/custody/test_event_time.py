"""When something happened by a clock that may be wrong (attack 50: off by days, an hour of zone, set in between)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.custody.rules import event_time
from assets.custody.rules.device_time import WORTH_NOTING

RECEIVED = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
DELAYS = st.timedeltas(timedelta(0), WORTH_NOTING - timedelta(milliseconds=1))


@given(st.timedeltas(-3 * DAY, 3 * DAY), st.timedeltas(timedelta(0), 30 * DAY))
def test_a_clock_that_is_off_moves_no_event(off: timedelta, age: timedelta) -> None:
    sent = RECEIVED + off
    moved = event_time(sent - age, sent, RECEIVED).at - (RECEIVED - age)
    assert abs(moved) < WORTH_NOTING if abs(off) < WORTH_NOTING else not moved


@given(st.lists(st.tuples(st.timedeltas(timedelta(0), 10 * DAY), DELAYS), min_size=2))
def test_what_one_phone_did_keeps_its_order_however_long_each_request_is_on_its_way(
    sent_apart: list[tuple[timedelta, timedelta]],
) -> None:
    did = sorted((RECEIVED - age, delay) for age, delay in sent_apart)
    told = [event_time(at, RECEIVED, RECEIVED + delay).at for at, delay in did]
    assert told == sorted(told)


@given(st.lists(st.timedeltas(timedelta(0), 10 * DAY), min_size=2), st.timedeltas(-3 * DAY, 3 * DAY))
def test_the_order_of_events_is_that_of_the_phone(ages: list[timedelta], off: timedelta) -> None:
    sent = RECEIVED + off
    moments = sorted(sent - age for age in ages)
    corrected = [event_time(moment, sent, RECEIVED).at for moment in moments]
    assert corrected == sorted(corrected)


def test_the_measured_offset_and_the_devices_time_are_kept() -> None:
    sent = RECEIVED - 3 * DAY
    time = event_time(sent - MINUTE, sent, RECEIVED)
    assert time.noted == {"device_time": (sent - MINUTE).isoformat(), "clock_offset_s": 3 * 86400.0}
    assert event_time(RECEIVED - MINUTE, RECEIVED - timedelta(seconds=1), RECEIVED).noted == {}


@pytest.mark.parametrize("occurred", [RECEIVED + HOUR, RECEIVED - 401 * DAY, datetime(1970, 1, 1, tzinfo=UTC)])
def test_what_cannot_be_is_put_at_the_receipt_and_says_so(occurred: datetime) -> None:
    time = event_time(occurred, RECEIVED, RECEIVED)
    assert time.at == RECEIVED
    assert time.noted == {"device_time": occurred.isoformat(), "clock_clamped": True}


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_no_event_lies_in_the_future_whatever_a_device_claims(occurred: datetime, sent: datetime) -> None:
    assert event_time(occurred, sent, RECEIVED).at <= RECEIVED
