"""Cuts: the samples at which the segmenter forgets all that was before, so that a stretch can be derived alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import cos, hypot, radians

from assets.telemetry.trips.points import Limits, Track

METRES_PER_DEGREE = 111_195.08

Box = tuple[float, float, float, float]
"""South, north, west and east, in degrees."""
NOWHERE: Box = (400.0, -400.0, 400.0, -400.0)


def cuts(track: Track, limits: Limits) -> bytearray:
    """For each point, whether the segmenter forgets there all that was before (its only memory is the point itself).

    Two things make a cut, both seen from the samples just before it: a position after a gap longer than any trip, and a
    position with the ignition not on that ends `quiet_s` in one place: all positions of that time, and the one before
    them, lie in a box that is no longer than `still_m` from corner to corner.
    """
    flags = bytearray(len(track))
    if not flags:
        return flags
    flags[0] = 1
    long_ms, quiet_ms, away_ms = (1000 * s for s in (limits.trip_gap_s, limits.quiet_s, limits.parked_gap_s))
    times, placed, marks = track.event_ms, list[int](), list[int]()
    first, seen_ms = 0, times[0]
    (south, north, west, east), is_small, has_grown = NOWHERE, False, False
    for index, (at_ms, lat, lon, ignition) in enumerate(zip(times, track.lat, track.lon, track.ignition, strict=True)):
        if lat is None or lon is None:
            continue
        if at_ms - seen_ms > away_ms:
            first, (south, north, west, east), is_small = len(placed), NOWHERE, False
        seen_ms = at_ms
        placed.append(index)
        marks.append(at_ms)
        # The box may hold older positions too: if it is small, the one without them is no larger.
        if not (south <= lat <= north and west <= lon <= east):
            south, north, west, east = min(south, lat), max(north, lat), min(west, lon), max(east, lon)
            has_grown = True
        floor_ms = at_ms - quiet_ms
        first = bisect_right(marks, floor_ms, first) - 1 if marks[first] <= floor_ms else first
        if at_ms - times[index - 1] > long_ms and index > 0:
            flags[index] = 1
        elif not ignition and marks[first] <= floor_ms:
            if has_grown:
                is_small = _diagonal_m((south, north, west, east), lat) <= 0.999 * limits.still_m
                has_grown = False
            if not is_small and _diagonal_m(_box(track, (placed[first], index)), lat) <= limits.still_m:
                south, north, west, east = box = _box(track, placed[first:])
                is_small = _diagonal_m(box, lat) <= 0.999 * limits.still_m
                flags[index] = _diagonal_m(box, lat) <= limits.still_m
            else:
                flags[index] = is_small
    return flags


def _box(track: Track, indices: Sequence[int]) -> Box:
    """The box around these points, which have positions."""
    lats = [lat for i in indices if (lat := track.lat[i]) is not None]
    lons = [lon for i in indices if (lon := track.lon[i]) is not None]
    return (min(lats), max(lats), min(lons), max(lons))


def _diagonal_m(box: Box, lat: float) -> float:
    south, north, west, east = box
    return hypot((north - south) * METRES_PER_DEGREE, (east - west) * METRES_PER_DEGREE * cos(radians(lat)))
