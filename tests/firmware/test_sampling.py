"""When a sample is due: by time, by distance, at a turn, at once on an event; rarely while parked and under silent."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_stubs.tracker.sampling import LIMITS, Sampling, defaults, fault, known
from tests.firmware.bench import Bench, fix_at


def sampling(**changes: int) -> Sampling:
    """One whose last sample was taken at 0, heading north at 40 km/h."""
    one = Sampling(defaults() | changes)
    assert one.due(0, 0, True, True, (0.0, 40.0))
    return one


@pytest.mark.parametrize(
    ("moving", "ignition", "wait_s"), [(True, True, 10), (False, True, 60), (False, False, 900), (False, None, 900)]
)
def test_a_sample_is_due_by_time(moving: bool, ignition: bool | None, wait_s: int) -> None:
    assert not sampling().due(wait_s * 1000 - 1, 0, moving, ignition)
    assert sampling().due(wait_s * 1000, 0, moving, ignition)


def test_a_sample_is_due_by_distance_where_it_is_asked_for() -> None:
    assert not sampling().due(5000, 500_000, True, True)
    one = sampling(distance_m=100)
    assert not one.due(3000, 99_999, True, True)
    assert one.due(4000, 100_000, True, True)
    assert not one.due(5000, 199_999, True, True)


@pytest.mark.parametrize(
    ("heading", "kmh", "due"),
    [(29.9, 40, False), (30.0, 40, True), (330.0, 40, True), (331.0, 40, False), (180.0, 40, True), (90.0, 9, False)],
)
def test_a_sample_is_due_at_a_turn_of_a_vehicle_that_knows_its_course(heading: float, kmh: float, due: bool) -> None:
    assert sampling().due(3000, 0, True, True, (heading, kmh)) is due
    assert not sampling(turn_deg=0).due(3000, 0, True, True, (heading, kmh))
    assert not sampling().due(3000, 0, False, True, (heading, kmh))


def test_a_long_bend_gives_a_sample_every_thirty_degrees_and_no_more_than_one_in_two_seconds() -> None:
    one = sampling(moving_s=3600)
    due = [second for second in range(1, 31) if one.due(second * 1000, 0, True, True, (second * 6.0, 40.0))]
    assert due == [5, 10, 15, 20, 25, 30]
    one = sampling(moving_s=3600)
    due = [second for second in range(1, 11) if one.due(second * 1000, 0, True, True, (second * 90.0 % 360, 40.0))]
    assert min(b - a for a, b in itertools.pairwise(due)) >= 2


def test_a_turn_by_little_and_little_after_a_stop_is_seen() -> None:
    one = Sampling(defaults() | {"moving_s": 3600})
    assert one.due(0, 0, False, True, (None, 0.0))
    assert not one.due(5000, 0, True, True, (10.0, 40.0))
    assert not one.due(6000, 0, True, True, (39.0, 40.0))
    assert one.due(7000, 0, True, True, (40.0, 40.0))


def test_under_silent_neither_turn_nor_distance_is_sampled_and_events_are() -> None:
    one = sampling(distance_m=10)
    assert not one.due(899_999, 10**9, True, True, (180.0, 80.0), False, True)
    assert one.due(899_999, 10**9, True, True, (180.0, 80.0), True, True)


def test_a_drive_round_a_block_samples_its_corners() -> None:
    bench = Bench(moving_s=60)
    north = east = 0.0
    corners = []
    for second in range(160):
        heading = (second // 40) * 90
        north += {0: 11.0, 180: -11.0}.get(heading, 0.0)
        east += {90: 11.0, 270: -11.0}.get(heading, 0.0)
        fix = fix_at(second, north, east, kmh=40.0)
        fix.hdg = float(heading)
        bench.board.ms += 1000
        before = bench.client.store.next_seq
        bench.client.observe(fix)
        if bench.client.store.next_seq > before:
            corners.append(second)
    assert {40, 80, 120} <= set(corners)
    assert len(corners) <= 8


@given(
    st.dictionaries(st.sampled_from([*LIMITS, "other"]), st.one_of(st.integers(-5, 10**6), st.booleans(), st.text()))
)
def test_settings_are_taken_whole_or_not_at_all(changes: dict[str, object]) -> None:
    good = bool(changes) and all(
        key in LIMITS and type(value) is int and LIMITS[key][1] <= value <= LIMITS[key][2]
        for key, value in changes.items()
    )
    assert (fault(changes) is None) is good


def test_kept_settings_of_another_version_leave_the_known_ones() -> None:
    assert known({"moving_s": 5, "was_once": 3, "parked_s": -1}) == defaults() | {"moving_s": 5}
    assert known(None) == defaults()
