"""Stops: where a vehicle stayed within a given diameter for at least a given time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, pi, radians, sin

from assets.telemetry.trips.points import Point

METRES_PER_DEGREE = 111_195.08
DIRECTIONS = 8
LONGEST_EDGE_S = 60.0
_AXES = tuple((cos(pi * k / DIRECTIONS), sin(pi * k / DIRECTIONS)) for k in range(DIRECTIONS))


@dataclass(frozen=True, slots=True)
class Stop:
    """A stay; its ends lie midway between the positions inside and outside, so that rare samples do not shorten it."""

    start_ms: int
    end_ms: int

    @property
    def duration_s(self) -> float:
        """How long it lasted."""
        return (self.end_ms - self.start_ms) / 1000


def stops(ordered: Iterable[Point], diameter_m: float, min_s: float) -> list[Stop]:
    """The stays in points that are in order: the earliest first, each as long as it can be, none overlapping."""
    placed: list[tuple[int, float, float]] = []
    for point in ordered:
        if point.lat is not None and point.lon is not None:
            east_m = point.lon * METRES_PER_DEGREE * cos(radians(point.lat))
            placed.append((point.event_ms, east_m, point.lat * METRES_PER_DEGREE))
    found: list[Stop] = []
    first = 0
    while first < len(placed):
        after = _reach(placed, first, diameter_m)
        stay = Stop(_midway(placed, first - 1, first), _midway(placed, after, after - 1))
        if stay.duration_s >= min_s:
            found.append(stay)
            first = after
        else:
            first += 1
    return found


def _midway(placed: list[tuple[int, float, float]], outside: int, inside: int) -> int:
    """The moment between two neighbours, or that of the inner one when the outer is missing or too long ago."""
    moment = placed[inside][0]
    if not 0 <= outside < len(placed) or abs(placed[outside][0] - moment) > LONGEST_EDGE_S * 1000:
        return moment
    return (placed[outside][0] + moment) // 2


def _reach(placed: list[tuple[int, float, float]], first: int, diameter_m: float) -> int:
    """The index after the last point that stays within the diameter, counted from `first`.

    The widths along eight directions tell the diameter to within 2 %.
    """
    lows = [float("inf")] * DIRECTIONS
    highs = [float("-inf")] * DIRECTIONS
    for index in range(first, len(placed)):
        _, east_m, north_m = placed[index]
        for axis, (x, y) in enumerate(_AXES):
            along = east_m * x + north_m * y
            if along < lows[axis]:
                lows[axis] = along
            if along > highs[axis]:
                highs[axis] = along
            if highs[axis] - lows[axis] > diameter_m:
                return index
    return len(placed)
