"""Presence tells apart what silence can mean."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.telemetry.presence import REASONS, Outage, Presence, Signs, Trouble, presence, unheard_ms

MINUTE, HOUR = 60_000, 3_600_000
NOW = 100 * 24 * HOUR


def ago(hours: float) -> int:
    return NOW - round(hours * HOUR)


FRESH = Signs(heard_ms=ago(0.01), event_ms=ago(0.02), expected_ms=24 * HOUR, ignition=True, speed_kmh=60.0)
QUIET = replace(FRESH, heard_ms=ago(3), event_ms=ago(3))
PARKED = replace(QUIET, ignition=False, speed_kmh=0.0)


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (replace(FRESH, heard_ms=None), ("never", "never")),
        (FRESH, ("online", "moving")),
        (replace(FRESH, speed_kmh=0.0), ("online", "standing")),
        (replace(FRESH, ignition=False, speed_kmh=0.0), ("online", "parked")),
        (replace(FRESH, ignition=None, speed_kmh=None), ("online", "unknown")),
        (replace(FRESH, online=False), ("offline", "no_coverage")),
        (QUIET, ("offline", "no_coverage")),
        (PARKED, ("offline", "asleep")),
        (replace(PARKED, online=False), ("offline", "no_coverage")),
        (replace(PARKED, heard_ms=ago(25)), ("offline", "unknown")),
        (replace(QUIET, heard_ms=ago(25)), ("offline", "unknown")),
        (replace(PARKED, heard_ms=ago(25), expected_ms=72 * HOUR), ("offline", "asleep")),
        (replace(QUIET, ignition=None, speed_kmh=None), ("offline", "unknown")),
    ],
)
def test_silence_is_read_from_what_it_was_doing(signs: Signs, expected: tuple[str, str]) -> None:
    found = presence(signs, NOW)
    assert (found.state, found.reason) == expected


@pytest.mark.parametrize("kind", ["power_cut", "tamper", "low_battery"])
def test_what_it_said_last_explains_its_silence(kind: str) -> None:
    said = Trouble(kind, ago(3.1))
    assert presence(replace(QUIET, troubles=(said,)), NOW) == Presence("offline", kind, said.at_ms)


def test_power_that_came_back_with_a_new_start_explains_nothing() -> None:
    signs = replace(QUIET, troubles=(Trouble("power_cut", ago(3.2)),), hello_ms=ago(3.05), reset="power_on")
    assert presence(signs, NOW).reason == "no_coverage"


def test_tracker_that_runs_on_its_own_battery_is_there_without_power() -> None:
    found = presence(replace(FRESH, ignition=False, troubles=(Trouble("power_cut", ago(0.1)),)), NOW)
    assert (found.state, found.reason) == ("online", "power_cut")


def test_tracker_without_power_says_so_until_its_power_is_back() -> None:
    cut = replace(FRESH, ignition=False, speed_kmh=0.0, troubles=(Trouble("power_cut", ago(5)),))
    assert presence(cut, NOW).reason == "power_cut"
    assert presence(replace(cut, ignition=True), NOW).reason == "standing"


def test_tamper_of_long_ago_does_not_explain_a_silence_of_today() -> None:
    assert presence(replace(PARKED, troubles=(Trouble("tamper", ago(40)),)), NOW).reason == "asleep"


def test_our_own_outage_is_named_before_any_fault_of_the_tracker() -> None:
    outage = Outage(ago(2.9), None)
    signs = replace(QUIET, outages=(outage,), online=False, troubles=(Trouble("power_cut", ago(3)),))
    assert presence(signs, NOW) == Presence("offline", "outage", outage.from_ms)


def test_tracker_has_ten_minutes_to_come_back_after_our_outage() -> None:
    for minutes, reason in ((9, "outage"), (11, "no_coverage")):
        signs = replace(QUIET, outages=(Outage(ago(2.9), NOW - minutes * MINUTE),))
        assert presence(signs, NOW).reason == reason


def test_silence_older_than_our_outage_is_its_own() -> None:
    assert presence(replace(QUIET, outages=(Outage(ago(0.5), None),)), NOW).reason == "no_coverage"


def test_parked_tracker_that_slept_when_our_outage_began_is_not_called_silent() -> None:
    signs = replace(PARKED, heard_ms=ago(30), outages=(Outage(ago(28), NOW - 20 * MINUTE),))
    assert presence(signs, NOW).reason == "asleep"


def test_silent_mode_is_no_fault_whatever_was_said() -> None:
    signs = replace(QUIET, silent_since_ms=ago(4), troubles=(Trouble("tamper", ago(3)),))
    assert presence(signs, NOW) == Presence("offline", "silent_mode", ago(4))


def test_time_in_which_we_did_not_listen_does_not_count() -> None:
    outages = (Outage(ago(30), ago(20)), Outage(ago(10), ago(8)), Outage(ago(1), None))
    assert unheard_ms(ago(25), outages, NOW) == (25 - 5 - 2 - 1) * HOUR


moments = st.integers(NOW - 100 * HOUR, NOW + 10 * MINUTE)


@given(
    st.builds(
        Signs,
        heard_ms=st.none() | moments,
        event_ms=st.none() | moments,
        expected_ms=st.integers(HOUR, 100 * HOUR),
        online=st.none() | st.booleans(),
        ignition=st.none() | st.booleans(),
        speed_kmh=st.none() | st.floats(0, 200),
        hello_ms=st.none() | moments,
        reset=st.sampled_from([None, "power_on", "watchdog", "brownout"]),
        troubles=st.lists(
            st.builds(Trouble, st.sampled_from(["power_cut", "tamper", "low_battery"]), moments), max_size=3
        ).map(tuple),
        outages=st.lists(
            st.tuples(moments, moments).map(lambda pair: Outage(min(pair), max(pair))), max_size=3
        ).map(tuple),
        silent_since_ms=st.none() | moments,
    )
)  # fmt: skip
def test_something_is_said_of_every_tracker(signs: Signs) -> None:
    found = presence(signs, NOW)
    assert found.state in {"online", "offline", "never"}
    assert found.reason in REASONS
    assert (found.reason == "never") == (signs.heard_ms is None)
    if found.state == "online":
        assert found.reason not in {"asleep", "no_coverage", "outage"}
