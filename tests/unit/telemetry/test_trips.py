"""Trips, distance and stops: real drives, parked drift, gaps, counters; the same answer in any order and in parts."""

from __future__ import annotations

import json
import random
import re
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.telemetry.geodesy import distance_m, haversine_m
from assets.telemetry.trips import DEFAULT_LIMITS, Point, Segments, cuts, in_order, segment, stops

TRACES = Path(__file__).parents[4] / "shared" / "data" / "traces"
DAY_MS = 86_400_000
METRE = 1 / 111_195


def _day_bounds(moment_ms: int) -> tuple[int, int]:
    start = moment_ms // DAY_MS * DAY_MS
    return start, start + DAY_MS


def _munich(name: str) -> list[Point]:
    points = []
    for seq, row in enumerate(json.loads((TRACES / name).read_text())):
        lon, lat = (float(number) for number in re.findall(r"-?[\d.]+", row["point"]))
        moment = datetime.strptime(row["time"], "%Y-%m-%d %H:%M:%S%z")
        points.append(Point(round(moment.timestamp() * 1000), "aaaaaaaa", 1, seq, lat=lat, lon=lon))
    return points


def _bus() -> list[Point]:
    text = (TRACES / "bus-304.gpx").read_text()
    found = re.findall(r'<trkpt lat="([^"]+)" lon="([^"]+)">.*?<time>([^<]+)</time>', text, re.DOTALL)
    return [
        Point(
            round(datetime.fromisoformat(moment).timestamp() * 1000),
            "aaaaaaaa",
            1,
            seq,
            lat=float(lat),
            lon=float(lon),
        )
        for seq, (lat, lon, moment) in enumerate(found)
    ]


def _driven_m(segments: Segments) -> float:
    return sum(trip.totals.distance_mm for trip in segments.trips) / 1000


def _drive(
    start_s: int, seconds: int, every_s: int, *, east_m: float = 0.0, speed_ms: float = 10.0, first_seq: int = 0
) -> list[Point]:
    """A drive to the east with the ignition on."""
    return [
        Point(
            (start_s + at) * 1000,
            "aaaaaaaa",
            1,
            first_seq + number,
            lat=0.5,
            lon=60 + (east_m + speed_ms * at) * METRE,
            ignition=True,
        )
        for number, at in enumerate(range(0, seconds + 1, every_s))
    ]


def test_munich_drive_is_within_half_a_percent_of_its_reference() -> None:
    assert _driven_m(segment(_munich("munich-x0001-001.json"))) == pytest.approx(13_673.5, rel=0.005)


def test_thinned_drive_loses_no_more_than_the_thinning_costs() -> None:
    assert _driven_m(segment(_munich("munich-x0001-015.json"))) == pytest.approx(13_397.2, rel=0.005)


def test_bus_drive_is_measured_without_its_noise_at_stops() -> None:
    segments = segment(_bus())
    assert 13_870 <= _driven_m(segments) <= 14_290
    assert len(segments.trips) == 1
    assert segments.trips[0].source == "gps"


@pytest.mark.parametrize(("min_s", "least", "most"), [(60, 20, 24), (120, 7, 9), (300, 0, 0)])
def test_bus_stops_are_found_where_the_reference_has_them(min_s: int, least: int, most: int) -> None:
    assert least <= len(stops(in_order(_bus()), 100, min_s)) <= most


@pytest.mark.parametrize("ignition", [False, None, True])
def test_parked_drift_is_no_distance(ignition: bool | None) -> None:
    noise = random.Random(7)
    parked = [
        Point(
            at * 10_000,
            "aaaaaaaa",
            1,
            at,
            lat=41.3 + noise.gauss(0, 3) * METRE,
            lon=69.2 + noise.gauss(0, 3) * METRE / 0.75,
            ignition=ignition,
        )
        for at in range(8641)
    ]
    segments = segment(parked, day_bounds=_day_bounds)
    assert segments.trips == []
    assert sum(day.totals.distance_mm for day in segments.days) < 100_000
    idle_ms = sum(day.totals.idle_ms for day in segments.days)
    assert idle_ms == (DAY_MS if ignition is True else 0)


def test_stray_position_is_no_distance() -> None:
    drive = _drive(0, 600, 10)
    stray = drive[30]._replace(lat=0.7)
    assert segment([*drive[:30], stray, *drive[31:]]).trips[0].totals.distance_mm == pytest.approx(
        segment(drive).trips[0].totals.distance_mm, rel=0.001
    )


def test_gap_is_estimated_distance_and_unknown_time() -> None:
    before = _drive(0, 600, 10)
    after = _drive(1800, 600, 10, east_m=18_000, first_seq=100)
    (trip,) = segment([*before, *after]).trips
    assert trip.totals.distance_mm / 1000 == pytest.approx(12_000, rel=0.01)
    assert trip.totals.estimated_mm / 1000 == pytest.approx(12_000, rel=0.01)
    assert trip.totals.unknown_ms == 1_200_000
    assert trip.totals.moving_ms == 1_200_000


def test_device_odometer_measures_across_a_gap() -> None:
    before = [p._replace(odometer_m=10.0 * p.event_ms / 1000) for p in _drive(0, 600, 10)]
    after = [
        p._replace(odometer_m=10.0 * p.event_ms / 1000) for p in _drive(1800, 600, 10, east_m=18_000, first_seq=100)
    ]
    (trip,) = segment([*before, *after]).trips
    assert trip.totals.distance_mm == 24_000_000
    assert trip.totals.estimated_mm == 0
    assert trip.source == "device"


def test_counters_count_where_coordinates_are_silent() -> None:
    silent = [
        p._replace(lat=None, lon=None, odometer_m=10.0 * p.event_ms / 1000, engine_s=p.event_ms / 1000)
        for p in _drive(0, 600, 10)
    ]
    (trip,) = segment(silent).trips
    assert trip.totals.distance_mm == 6_000_000
    assert (trip.totals.engine_ms, trip.totals.moving_ms) == (600_000, 600_000)


def test_odometer_of_a_new_boot_counts_from_its_start() -> None:
    first = [p._replace(odometer_m=10.0 * p.event_ms / 1000) for p in _drive(0, 600, 10)]
    second = [
        p._replace(boot=2, odometer_m=10.0 * (p.event_ms / 1000 - 600), up_s=p.event_ms / 1000 - 600)
        for p in _drive(610, 590, 10, east_m=6_100)
    ]
    assert segment([*first, *second]).trips[0].totals.distance_mm == 12_000_000


def test_falling_odometer_is_not_believed() -> None:
    drive = [p._replace(odometer_m=10.0 * p.event_ms / 1000) for p in _drive(0, 600, 10)]
    drive[30] = drive[30]._replace(odometer_m=1e9)
    assert segment(drive).trips[0].totals.distance_mm / 1000 == pytest.approx(6000, rel=0.02)


def test_ignition_off_for_two_minutes_ends_a_trip() -> None:
    first = _drive(0, 600, 10)
    parked = [
        Point((610 + at) * 1000, "aaaaaaaa", 1, 1000 + at, lat=0.5, lon=first[-1].lon, ignition=False)
        for at in range(0, 290, 10)
    ]
    second = _drive(900, 600, 10, east_m=6000, first_seq=5000)
    long = segment([*first, *parked, *second])
    short = segment([*first, *parked[:2], *_drive(630, 600, 10, east_m=6000, first_seq=5000)])
    assert (len(long.trips), len(short.trips)) == (2, 1)


def test_idle_is_engine_time_without_movement() -> None:
    drive = _drive(0, 600, 10)
    idle = [
        Point((610 + at) * 1000, "aaaaaaaa", 1, 1000 + at, lat=0.5, lon=drive[-1].lon, ignition=True)
        for at in range(0, 1200, 10)
    ]
    totals = segment([*drive, *idle]).trips[0].totals
    assert totals.idle_ms == pytest.approx(1_200_000, abs=20_000)
    assert totals.engine_ms == totals.idle_ms + totals.moving_ms


def test_rarely_heard_parked_tracker_is_known_to_be_parked() -> None:
    parked = [Point(at * 900_000, "aaaaaaaa", 1, at, lat=0.5, lon=60.0, ignition=False) for at in range(96)]
    (day,) = segment(parked, day_bounds=_day_bounds).days
    assert (day.totals.unknown_ms, day.totals.distance_mm, day.trips) == (0, 0, 0)


def test_midnight_divides_a_trip_among_its_days_without_remainder() -> None:
    drive = _drive(86_400 - 305, 600, 10)
    segments = segment(drive, day_bounds=_day_bounds)
    assert [day.trips for day in segments.days] == [1, 0]
    assert sum(day.totals.distance_mm for day in segments.days) == segments.trips[0].totals.distance_mm
    assert segments.days[0].totals.moving_ms == 305_000


def test_short_distances_follow_the_ellipsoid_and_long_ones_the_sphere() -> None:
    # One degree of latitude at the equator is 110,574 m and at 45 degrees 111,132 m (WGS 84).
    assert distance_m(-0.1, 60, 0.1, 60) == pytest.approx(0.2 * 110_574.3, rel=1e-5)
    assert distance_m(44.9, 60, 45.1, 60) == pytest.approx(0.2 * 111_131.8, rel=1e-5)
    assert distance_m(0, 179.9, 0, -179.9) == pytest.approx(0.2 * 111_319.5, rel=1e-5)
    assert distance_m(41, 60, 41, 70) == haversine_m(41, 60, 41, 70)


@st.composite
def _histories(draw: st.DrawFn) -> list[Point]:
    """Days in the life of a vehicle: drives, rests, silence, lost fixes, strays, restarts."""
    noise = random.Random(draw(st.integers(0, 2**32)))
    moment_ms, east_m, boot, seq, up_s, odometer = 1_000_000, 0.0, 1, 0, 0.0, 0.0
    knows_ignition = draw(st.booleans())
    has_odometer = draw(st.booleans())
    dashboard_km = draw(st.sampled_from([None, 0.005, 0.1, 1.0]))
    often = draw(st.sampled_from([1.0, 0.6, 0.05]))
    points: list[Point] = []
    for kind in draw(st.lists(st.sampled_from("ddrrigsnb"), min_size=2, max_size=14)):
        if kind == "b":
            boot, seq, up_s, odometer = boot + 1, 0, 0.0, 0.0
        length_s = draw(st.sampled_from([60, 400, 1300, 5000]))
        every_s = 30 if kind != "r" else draw(st.sampled_from([10, 120, 900]))
        if kind == "g":
            moment_ms += length_s * 3000
            continue
        for _ in range(length_s // every_s):
            moment_ms += every_s * 1000
            up_s += every_s
            moved = 12.0 * every_s if kind in "dn" else 0.0
            east_m += moved
            odometer += moved
            if has_odometer and noise.random() < 0.01:
                odometer = draw(st.sampled_from([0.0, odometer, odometer + 9000.0]))
            stray = 5000.0 if kind == "s" and noise.random() < 0.2 else 0.0
            points.append(
                Point(
                    moment_ms,
                    "aaaaaaaa",
                    boot,
                    seq,
                    up_s=up_s,
                    lat=None if kind == "n" else 0.5 + noise.gauss(0, 3) * METRE,
                    lon=None if kind == "n" else 60 + (east_m + stray + noise.gauss(0, 3)) * METRE,
                    ignition=(kind in "dni") if knows_ignition and noise.random() < often else None,
                    engine_s=up_s if has_odometer and noise.random() < 0.9 else None,
                    odometer_m=odometer if has_odometer and noise.random() < 0.9 else None,
                    can_km=dashboard_km and 500 + east_m / 1000 // dashboard_km * dashboard_km,
                    events="power_cut" if noise.random() < 0.01 else None,
                    genuine=frozenset({"jump", "replayed_counter"}) if noise.random() < 0.01 else None,
                )
            )
            seq += 1
    return points


@settings(max_examples=60, deadline=None)
@given(_histories(), st.randoms(use_true_random=False))
def test_order_and_doubles_change_nothing(points: list[Point], chance: random.Random) -> None:
    shuffled = points + [point for point in points if chance.random() < 0.3]
    chance.shuffle(shuffled)
    assert segment(shuffled, day_bounds=_day_bounds) == segment(points, day_bounds=_day_bounds)


@settings(max_examples=100, deadline=None)
@given(_histories(), st.data())
def test_stretch_rebuilt_alone_equals_the_whole_rebuilt(points: list[Point], data: st.DataObject) -> None:
    marks = sorted({p.event_ms for p, cut in zip(points, cuts(points, DEFAULT_LIMITS), strict=True) if cut})
    if len(marks) < 2:
        return
    first, last = sorted(data.draw(st.tuples(st.sampled_from(marks), st.sampled_from(marks))))
    whole = segment(points, day_bounds=_day_bounds)
    lead_in = [p for p in points if first - 3 * 7_200_000 <= p.event_ms <= last]
    alone = segment(lead_in, day_bounds=_day_bounds, first_ms=first, last_ms=last)
    assert alone.trips == [trip for trip in whole.trips if first <= trip.start_ms < last]
    assert alone.doubts == [each for each in whole.doubts if first < each.event_ms <= last]
    for day in alone.days:
        if first <= day.start_ms and day.start_ms + DAY_MS <= last:
            assert day in whole.days


@settings(max_examples=60, deadline=None)
@given(_histories())
def test_parts_add_up_to_the_whole(points: list[Point]) -> None:
    """Cut everywhere that it can be cut, all days of the parts together are the days of the whole."""
    marks = sorted({p.event_ms for p, cut in zip(points, cuts(points, DEFAULT_LIMITS), strict=True) if cut})
    if not marks:
        return
    ends = [*marks[1:], None]
    parts = [
        segment(points, day_bounds=_day_bounds, first_ms=first, last_ms=last)
        for first, last in zip(marks, ends, strict=True)
    ]
    whole = segment(points, day_bounds=_day_bounds)
    assert [trip for part in parts for trip in part.trips] == whole.trips
    for name in (
        "distance_mm",
        "can_mm",
        "device_mm",
        "estimated_mm",
        "moving_ms",
        "idle_ms",
        "engine_ms",
        "unknown_ms",
    ):
        in_parts = sum(getattr(day.totals, name) for part in parts for day in part.days)
        assert in_parts == sum(getattr(day.totals, name) for day in whole.days)


@settings(max_examples=60, deadline=None)
@given(_histories())
def test_every_moment_is_counted_once(points: list[Point]) -> None:
    segments = segment(points, day_bounds=_day_bounds)
    for trip in segments.trips:
        spent = trip.totals.moving_ms + trip.totals.unknown_ms + trip.totals.idle_ms
        assert spent <= trip.end_ms - trip.start_ms
    for earlier, later in pairwise(segments.trips):
        assert earlier.end_ms <= later.start_ms
