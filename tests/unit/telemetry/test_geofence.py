"""Inside and outside: depths, the margin, moments of crossing, and that order of arrival changes nothing."""

from __future__ import annotations

import random
from itertools import pairwise
from math import cos, radians

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.telemetry.geofence import (
    CROSSING_MS,
    MEMORY_MS,
    METRES_PER_DEGREE,
    Circle,
    Fix,
    Polygon,
    Shape,
    Stay,
    reach_of,
    renewed,
    stays,
)

LAT, LON = 41.3, 69.2
EAST_M = METRES_PER_DEGREE * cos(radians(LAT))
MINUTE_MS = 60_000


def spot(east_m: float, north_m: float = 0.0) -> tuple[float, float]:
    return LAT + north_m / METRES_PER_DEGREE, LON + east_m / EAST_M


def ring(*corners: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    points = [spot(*corner) for corner in corners]
    return (*points, points[0])


def square(side_m: float, east_m: float = 0.0) -> tuple[tuple[float, float], ...]:
    half = side_m / 2
    return ring(
        (east_m - half, -half), (east_m + half, -half), (east_m + half, half), (east_m - half, half)
    )  # fmt: skip


CIRCLE = Circle(*spot(0), 500)
YARD = Polygon(((square(1000), square(200)),))
TWO = Polygon(((square(1000),), (square(400, 5000),)))


def drive(*places: tuple[float, float]) -> list[Fix]:
    """Fixes of (minute, metres to the east)."""
    return [Fix(round(minute * MINUTE_MS), *spot(east_m)) for minute, east_m in places]


@pytest.mark.parametrize(
    ("shape", "east_m", "depth_m"),
    [
        (CIRCLE, 0, 500), (CIRCLE, 400, 100), (CIRCLE, 900, -400),
        (YARD, 300, 200), (YARD, 450, 50), (YARD, 600, -100), (YARD, 0, -100), (YARD, 80, -20),
        (TWO, 5000, 200), (TWO, 2500, -2000), (TWO, 0, 500),
    ],
)  # fmt: skip
def test_depth_is_metres_to_the_edge_and_negative_outside_and_in_holes(
    shape: Shape, east_m: float, depth_m: float
) -> None:
    assert shape.depth_m(*spot(east_m)) == pytest.approx(depth_m, abs=max(3.0, abs(depth_m) * 0.007))


def test_crossings_are_dated_between_the_samples_on_both_sides() -> None:
    (stay,) = stays(drive((0, -1000), (1, -600), (2, -400), (3, 0), (4, 400), (5, 800)), CIRCLE, 50)
    assert stay.entered_ms == pytest.approx(1.5 * MINUTE_MS, abs=700)
    assert stay.left_ms == pytest.approx(4.25 * MINUTE_MS, abs=700)


def test_crossing_across_a_long_gap_is_dated_by_the_sample_inside() -> None:
    (stay,) = stays(drive((0, -1000), (20, 0), (25, 100), (60, 2000)), CIRCLE, 50)
    assert (stay.entered_ms, stay.left_ms) == (20 * MINUTE_MS, 25 * MINUTE_MS)


def test_receiver_that_wanders_over_the_edge_enters_once() -> None:
    noise = random.Random(7)
    wandering = [(minute, 500 + noise.uniform(-45, 45)) for minute in range(1, 600)]
    (stay,) = stays(drive((0, 0), *wandering, (601, 700)), CIRCLE, 50)
    assert stay.entered_ms == 0
    assert len(stays(drive((0, 0), *wandering, (601, 700)), CIRCLE, 0)) > 20


def test_one_that_only_comes_near_has_not_been_there() -> None:
    assert stays(drive((0, 900), (1, 540), (2, 520), (3, 900)), CIRCLE, 50) == []


def test_a_stay_without_an_end_is_open() -> None:
    (stay,) = stays(drive((0, 900), (2, 0), (3, 10)), CIRCLE, 50)
    assert stay.left_ms is None
    assert stay.seen_ms == 3 * MINUTE_MS


def test_silence_ends_a_stay_and_nobody_saw_it_leave() -> None:
    silence = MEMORY_MS / MINUTE_MS
    first, second = stays(drive((0, 0), (60, 0), (61 + silence, 0)), CIRCLE, 50)
    assert (first.left_ms, first.seen_ms, second.left_ms) == (None, 60 * MINUTE_MS, None)


steps = st.lists(
    st.tuples(st.sampled_from([10, 60, 290, 310, 900, 3600, 7100, 7300]), st.floats(-700, 700)), min_size=1, max_size=60
)


def walk(moves: list[tuple[int, float]]) -> list[Fix]:
    """Fixes that come and go over the edges, some after long silence."""
    at_s, east_m, fixes = 0, 0.0, []
    for rest_s, move_m in moves:
        at_s += rest_s
        east_m = max(-1500.0, min(1500.0, east_m + move_m))
        fixes.append(Fix(at_s * 1000, *spot(east_m)))
    return fixes


@given(steps, st.sampled_from([CIRCLE, YARD]), st.sampled_from([0.0, 50.0, 200.0]))
def test_what_is_not_measured_is_judged_as_if_it_were(
    moves: list[tuple[int, float]], shape: Shape, margin_m: float
) -> None:
    fixes = walk(moves)
    found = stays(fixes, shape, margin_m)
    for fix in fixes:
        depth_m = shape.depth_m(fix.lat, fix.lon)
        is_in = any(stay.first_ms <= fix.at_ms <= stay.seen_ms for stay in found)
        if depth_m >= 0 or depth_m < -margin_m:
            assert is_in == (depth_m >= 0)
    for one, other in pairwise(found):
        assert one.entered_ms <= one.first_ms <= one.seen_ms <= (one.left_ms or one.seen_ms) <= other.entered_ms
        between = [fix for fix in fixes if one.seen_ms < fix.at_ms < other.first_ms]
        went_out = any(shape.depth_m(fix.lat, fix.lon) < -margin_m for fix in between)
        assert went_out or other.first_ms - one.seen_ms > MEMORY_MS


@settings(max_examples=300)
@given(steps, st.randoms(use_true_random=False), st.sampled_from([CIRCLE, YARD]), st.sampled_from([0.0, 50.0, 200.0]))
def test_batches_in_any_order_end_in_the_stays_of_the_whole(
    moves: list[tuple[int, float]], chance: random.Random, shape: Shape, margin_m: float
) -> None:
    fixes = walk(moves)
    left, known = list(fixes), set[Fix]()
    stored: list[Stay] = []
    chance.shuffle(left)
    while left:
        size = chance.randint(1, 8)
        batch, left = left[:size], left[size:]
        known.update(batch)
        # A rebuild may take what changed in one stretch or in two, and the later one first.
        for part in chance.choice([[batch], [batch[::2], batch[1::2]]]):
            if part:
                first_ms, last_ms = min(part).at_ms, max(part).at_ms
                start_ms, end_ms = reach_of(first_ms, last_ms)
                near = sorted(fix for fix in known if start_ms <= fix.at_ms < end_ms)
                gone, new = renewed(stored, stays(near, shape, margin_m), first_ms, last_ms)
                stored = sorted([stay for stay in stored if stay not in gone] + new, key=lambda stay: stay.entered_ms)
    assert stored == stays(fixes, shape, margin_m)


def test_moments_of_crossing_are_no_farther_than_the_samples() -> None:
    assert CROSSING_MS < MEMORY_MS
