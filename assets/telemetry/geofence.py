"""Geofences: how deep a point lies in a shape, and when a vehicle was inside, with the moments of crossing. Pure.

A sample tells nothing of what was more than `MEMORY_MS` before or after it, so that a stretch judged alone gives what
the whole would give, in whatever order its samples came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import cos, hypot, inf, pi, radians
from typing import NamedTuple

from assets.telemetry.geodesy import EARTH_RADIUS_M, distance_m

MEMORY_MS = 2 * 3_600_000
"""Nothing seen inside for longer than this ends a stay."""
CROSSING_MS = 300_000
"""Between samples farther apart the moment of crossing is not known: the stay begins and ends with its samples."""
METRES_PER_DEGREE = EARTH_RADIUS_M * pi / 180
CAUTION = 0.9
"""Distances to far edges are taken on a plane: only so much of one is trusted not to reach the edge."""

EDGES_IN_A_RUN = 16
INSIDE, MARGIN, OUTSIDE = 1, 0, -1

LatLon = tuple[float, float]
Ring = tuple[LatLon, ...]


class Fix(NamedTuple):
    """Where a vehicle was at a moment (UNIX milliseconds)."""

    at_ms: int
    lat: float
    lon: float


class Box(NamedTuple):
    """The least and greatest latitude and longitude of something."""

    south: float
    west: float
    north: float
    east: float

    def grown(self, metres: float) -> Box:
        """The box with so many metres more on each side."""
        lat = metres / METRES_PER_DEGREE
        narrowest = max(0.01, cos(radians(min(89.0, max(abs(self.south), abs(self.north))))))
        return Box(self.south - lat, self.west - lat / narrowest, self.north + lat, self.east + lat / narrowest)

    def touches(self, other: Box) -> bool:
        """Whether the two have a point in common."""
        return (
            self.south <= other.north
            and other.south <= self.north
            and self.west <= other.east
            and other.west <= self.east
        )


@dataclass(frozen=True)
class Circle:
    """Everything within a radius of a point."""

    lat: float
    lon: float
    radius_m: float

    def depth_m(self, lat: float, lon: float) -> float:
        """Metres to the edge: positive inside, negative outside."""
        return self.radius_m - distance_m(self.lat, self.lon, lat, lon)

    @cached_property
    def box(self) -> Box:
        return Box(self.lat, self.lon, self.lat, self.lon).grown(self.radius_m)


@dataclass(frozen=True)
class Polygon:
    """Areas, each a closed outer ring with the rings of its holes (first and last point are the same)."""

    parts: tuple[tuple[Ring, ...], ...]

    def depth_m(self, lat: float, lon: float) -> float:
        """Metres to the nearest edge: positive inside, negative outside (in a hole is outside)."""
        east_m = METRES_PER_DEGREE * cos(radians(lat))
        inside, nearest = False, inf
        for bound, box, points in sorted((_bound(box, lat, lon, east_m), box, points) for box, points in self._runs):
            is_beside = box.south <= lat <= box.north and lon <= box.east
            if bound >= nearest and not is_beside:
                continue
            ay, ax = (points[0][0] - lat) * METRES_PER_DEGREE, (points[0][1] - lon) * east_m
            for point in points[1:]:
                by, bx = (point[0] - lat) * METRES_PER_DEGREE, (point[1] - lon) * east_m
                if (ay > 0) != (by > 0) and ax + (bx - ax) * ay / (ay - by) > 0:
                    inside = not inside
                if bound < nearest:
                    nearest = min(nearest, _to_edge(ax, ay, bx, by))
                ax, ay = bx, by
        return nearest if inside else -nearest

    @cached_property
    def _rings(self) -> tuple[Ring, ...]:
        return tuple(ring for part in self.parts for ring in part)

    @cached_property
    def _runs(self) -> tuple[tuple[Box, Ring], ...]:
        """The edges in short runs, each with its box: most of a long outline is far from any one point."""
        runs = [
            ring[start : start + EDGES_IN_A_RUN + 1]
            for ring in self._rings
            for start in range(0, len(ring) - 1, EDGES_IN_A_RUN)
        ]
        return tuple((_box(run), run) for run in runs)

    @cached_property
    def box(self) -> Box:
        return _box([point for ring in self._rings for point in ring])


Shape = Circle | Polygon


def _box(points: Sequence[LatLon]) -> Box:
    lats, lons = [lat for lat, _ in points], [lon for _, lon in points]
    return Box(min(lats), min(lons), max(lats), max(lons))


def _bound(box: Box, lat: float, lon: float, east_m: float) -> float:
    """Metres from a point to a box: nothing in it is nearer."""
    return hypot(
        max(box.south - lat, 0.0, lat - box.north) * METRES_PER_DEGREE,
        max(box.west - lon, 0.0, lon - box.east) * east_m,
    )


def _to_edge(ax: float, ay: float, bx: float, by: float) -> float:
    """Metres from the origin to the line from a to b."""
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    along = 0.0 if length == 0 else min(1.0, max(0.0, -(ax * dx + ay * dy) / length))
    return hypot(ax + along * dx, ay + along * dy)


@dataclass(frozen=True, slots=True)
class Stay:
    """A time inside. `first_ms` and `seen_ms`: the first and last sample in the shape.

    `entered_ms` and `left_ms` are moments of crossing where samples on both sides are near in time, and otherwise
    those of the first and last sample. `left_ms` None: nobody saw it leave, it is there yet or fell silent there.
    """

    entered_ms: int
    left_ms: int | None
    first_ms: int
    seen_ms: int


def stays(fixes: Sequence[Fix], shape: Shape, margin_m: float, around: Box | None = None) -> list[Stay]:
    """When a vehicle was inside, oldest first, of its fixes in order of time (`around` is their box, if it is known).

    It is inside from the shape's edge on, and outside again beyond the margin around it; in the margin is neither, so
    that a receiver that wanders over the edge enters once.
    """
    if not fixes or not shape.box.grown(margin_m + 1).touches(around or box_of(fixes)):
        return []
    found: list[Stay] = []
    first: int | None = None
    last = 0
    for index, side in enumerate(_sides(fixes, shape, margin_m)):
        if first is not None:
            silent = fixes[index].at_ms - fixes[last].at_ms > MEMORY_MS
            if silent or side == OUTSIDE:
                found.append(_stay(fixes, shape, first, last, left=not silent))
                first = None
        if side == INSIDE:
            first = index if first is None else first
            last = index
    if first is not None:
        found.append(_stay(fixes, shape, first, last, left=False))
    return found


def box_of(fixes: Sequence[Fix]) -> Box:
    """The box around some fixes (one at least)."""
    lats, lons = [fix.lat for fix in fixes], [fix.lon for fix in fixes]
    return Box(min(lats), min(lons), max(lats), max(lons))


def _sides(fixes: Sequence[Fix], shape: Shape, margin_m: float) -> Iterator[int]:
    """For each fix whether it lies inside, in the margin or outside."""
    side = MARGIN
    lat = lon = 0.0
    free_lat = free_lon = -1.0
    for fix in fixes:
        # Near to a point that is far from the edge nothing can have changed: most fixes are not measured at all.
        if abs(fix.lat - lat) > free_lat or abs(fix.lon - lon) > free_lon:
            lat, lon = fix.lat, fix.lon
            depth_m = shape.depth_m(lat, lon)
            side = INSIDE if depth_m >= 0 else OUTSIDE if depth_m < -margin_m else MARGIN
            free_m = CAUTION * (depth_m if side == INSIDE else _to_change_m(-depth_m, margin_m))
            # A square within the circle that is free.
            free_lat = free_m / METRES_PER_DEGREE * 0.7
            free_lon = free_lat / max(0.01, cos(radians(min(89.0, abs(lat) + abs(free_lat)))))
        yield side


def _to_change_m(away_m: float, margin_m: float) -> float:
    """How far a point outside the shape is at least from counting differently."""
    return away_m - margin_m if away_m > margin_m else min(away_m, margin_m - away_m)


def _stay(fixes: Sequence[Fix], shape: Shape, first: int, last: int, *, left: bool) -> Stay:
    entered_ms = _crossing_ms(fixes[first], fixes[first - 1] if first > 0 else None, shape)
    left_ms = _crossing_ms(fixes[last], fixes[last + 1], shape) if left else None
    return Stay(entered_ms, left_ms, fixes[first].at_ms, fixes[last].at_ms)


def _crossing_ms(inner: Fix, outer: Fix | None, shape: Shape) -> int:
    """When the edge was crossed between a fix inside and its neighbour outside; the fix's own time if too far apart."""
    if outer is None or abs(outer.at_ms - inner.at_ms) > CROSSING_MS:
        return inner.at_ms
    depth_m, away_m = shape.depth_m(inner.lat, inner.lon), shape.depth_m(outer.lat, outer.lon)
    if depth_m <= 0 or away_m >= 0:
        return inner.at_ms
    return inner.at_ms + round((outer.at_ms - inner.at_ms) * depth_m / (depth_m - away_m))


def renewed(
    stored: Sequence[Stay], found: Sequence[Stay], first_ms: int, last_ms: int
) -> tuple[list[Stay], list[Stay]]:
    """(stays to take away, stays to put in their place) after samples between two moments have changed.

    `stored` is what was known, `found` what follows from the samples of `reach_of` the two moments: what lies farther
    away is taken from what was known.
    """
    start_ms, end_ms = first_ms - MEMORY_MS, last_ms + MEMORY_MS
    gone = [stay for stay in stored if _touches(stay, start_ms, end_ms)]
    new = []
    for stay in found:
        before = _covering(stored, stay.first_ms) if stay.first_ms < start_ms else None
        after = _covering(stored, stay.seen_ms) if stay.left_ms is None and stay.seen_ms >= end_ms else None
        if _touches(stay, start_ms, end_ms) or before in gone or after in gone:
            gone += [other for other in (before, after) if other is not None and other not in gone]
            new.append(_joined(stay, before, after))
    return gone, new


def reach_of(first_ms: int, last_ms: int) -> tuple[int, int]:
    """From when until when samples must be known to judge anew what changed between two moments (half-open)."""
    return first_ms - 2 * MEMORY_MS, last_ms + 2 * MEMORY_MS + 1


def _touches(stay: Stay, start_ms: int, end_ms: int) -> bool:
    last_ms = stay.seen_ms if stay.left_ms is None else stay.left_ms
    return stay.entered_ms <= end_ms and last_ms >= start_ms


def _covering(stored: Sequence[Stay], at_ms: int) -> Stay | None:
    return next((stay for stay in stored if stay.first_ms <= at_ms <= stay.seen_ms), None)


def _joined(stay: Stay, before: Stay | None, after: Stay | None) -> Stay:
    if before is not None:
        stay = replace(stay, entered_ms=before.entered_ms, first_ms=before.first_ms)
    if after is not None:
        stay = replace(stay, left_ms=after.left_ms, seen_ms=after.seen_ms)
    return stay
