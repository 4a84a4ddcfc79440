"""From points to steps: between two neighbours, whether the vehicle moved, how far, with the engine on or off."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from math import cos, hypot, radians

from assets.telemetry.geodesy import distance_m
from assets.telemetry.trips.points import Limits, Point

METRES_PER_DEGREE = 111_195.08
CONFIRM_SPEED_KMH = 5.0
MAX_JUMPS = 3


class Motion(Enum):
    """What the vehicle did between two samples."""

    MOVING = "moving"
    STILL = "still"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Step:
    """The time between two neighbouring samples. Whole millimetres and milliseconds add up the same in any order."""

    start_ms: int
    end_ms: int
    motion: Motion = Motion.STILL
    ignition: bool | None = None
    distance_mm: int = 0
    estimated_mm: int = 0
    device_mm: int | None = None
    engine_ms: int | None = None
    starts_fresh: bool = False
    """The sample at its start is a cut: nothing before it matters from here on."""

    @property
    def duration_ms(self) -> int:
        """Length of the step."""
        return self.end_ms - self.start_ms


def cuts(points: Sequence[Point], limits: Limits) -> list[bool]:
    """For each point, whether the segmenter forgets there all that was before (its only memory is the point itself).

    Two things make a cut, both seen from the samples just before it: a position after a gap longer than any trip, and a
    position with the ignition not on that ends `quiet_s` in one place.
    """
    flags = [False] * len(points)
    window = _Window(limits)
    previous: Point | None = None
    for index, point in enumerate(points):
        if previous is None:
            flags[index] = True
        if point.lat is not None and point.lon is not None:
            long_gap = previous is not None and point.event_ms - previous.event_ms > limits.trip_gap_s * 1000
            quiet = window.add(point.event_ms, point.lat, point.lon)
            flags[index] |= long_gap or (quiet and point.ignition is not True)
        previous = point
    return flags


class _Window:
    """The box around the positions of the last `quiet_s` (and the one before them), kept by monotonic queues."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._at: deque[tuple[int, float, float]] = deque()
        self._extremes: tuple[deque[tuple[int, float]], ...] = (deque(), deque(), deque(), deque())

    def add(self, at_ms: int, lat: float, lon: float) -> bool:
        """Takes a position in; whether the window is full and the box small."""
        if self._at and at_ms - self._at[-1][0] > self._limits.parked_gap_s * 1000:
            self._at.clear()
            for queue in self._extremes:
                queue.clear()
        self._at.append((at_ms, lat, lon))
        floor = at_ms - self._limits.quiet_s * 1000
        while len(self._at) > 1 and self._at[1][0] <= floor:
            self._at.popleft()
        oldest = self._at[0][0]
        # Each queue keeps the candidates for a minimum of its value; the maximum is the minimum of the negative.
        for queue, value in zip(self._extremes, (lat, -lat, lon, -lon), strict=True):
            while queue and queue[-1][1] >= value:
                queue.pop()
            queue.append((at_ms, value))
            while queue[0][0] < oldest:
                queue.popleft()
        if oldest > floor:
            return False
        low_lat, high_lat, low_lon, high_lon = (queue[0][1] for queue in self._extremes)
        tall = (-high_lat - low_lat) * METRES_PER_DEGREE
        wide = (-high_lon - low_lon) * METRES_PER_DEGREE * cos(radians(lat))
        return hypot(tall, wide) <= self._limits.still_m


def steps(points: Sequence[Point], limits: Limits, cut_flags: Sequence[bool]) -> list[Step]:
    """One step per pair of neighbours of the sorted `points`, with what the device counted and what positions tell."""
    result = [Step(before.event_ms, after.event_ms) for before, after in pairwise(points)]
    _count_by_device(points, result, limits, cut_flags)
    _Walk(points, result, limits, cut_flags).run()
    return result


def _count_by_device(points: Sequence[Point], result: list[Step], limits: Limits, cut_flags: Sequence[bool]) -> None:
    """Fills ignition, engine time and distance from the device's own counters, which see more than samples do."""
    ignition: bool | None = None
    odometers: dict[tuple[str, int], float] = {}
    engines: dict[tuple[str, int], float] = {}
    for index, point in enumerate(points):
        if index > 0:
            step = result[index - 1]
            odometer = _counted(points[index - 1], point, point.odometer_m, odometers, limits.fastest_ms)
            step.device_mm = None if odometer is None else round(odometer * 1000)
            engine = _counted(points[index - 1], point, point.engine_s, engines, 1.0)
            step.engine_ms = None if engine is None else min(step.duration_ms, round(engine * 1000))
        if cut_flags[index]:
            ignition = None
            odometers.clear()
            engines.clear()
        key = (point.life, point.boot)
        if point.odometer_m is not None:
            odometers[key] = point.odometer_m
        if point.engine_s is not None:
            engines[key] = point.engine_s
        ignition = ignition if point.ignition is None else point.ignition
        if index < len(result):
            result[index].ignition = ignition
            result[index].starts_fresh = cut_flags[index]


def _counted(
    before: Point, after: Point, value: float | None, last: dict[tuple[str, int], float], fastest: float
) -> float | None:
    """How far a counter went since it was last seen in this boot, None when it cannot tell or tells the impossible.

    A counter starts at 0 with its boot: a boot that began after the sample before counts whole.
    """
    if value is None:
        return None
    elapsed_s = (after.event_ms - before.event_ms) / 1000
    known = last.get((after.life, after.boot))
    if known is None:
        began_after = after.event_ms - after.up_s * 1000 >= before.event_ms - 5000
        if not began_after or (after.life, after.boot) == (before.life, before.boot):
            return None
        known = 0.0
    gone = value - known
    return gone if 0 <= gone <= fastest * elapsed_s + 2 * fastest else None


class _Walk:
    """Goes along the positions with an anchor: the last one counted. Noise around it is no distance."""

    def __init__(self, points: Sequence[Point], result: list[Step], limits: Limits, cut_flags: Sequence[bool]) -> None:
        self._points = points
        self._steps = result
        self._limits = limits
        self._cuts = cut_flags
        self._anchor = -1
        self._anchored_ms = 0
        self._inside = -1
        self._pending = -1
        self._seen = -1
        self._jumps = 0
        self._frozen_ms = 0

    def run(self) -> None:
        """Fills motion, distance and estimate of every step."""
        for index, point in enumerate(self._points):
            if point.lat is None:
                continue
            if self._anchor < 0:
                self._blind(0, index, None)
                self._reset(index)
            elif self._is_gap(index):
                self._cross(index)
            else:
                self._visit(index)
            self._watch_for_freeze(index)
            self._seen = index
            if self._cuts[index]:
                self._reset(index)
        self._blind(max(self._seen, 0), len(self._points) - 1, None)

    def _reset(self, index: int) -> None:
        self._anchor = self._inside = index
        # After a cut the vehicle counts as settled, whether or not the walk came along the quiet time before it.
        settled_s = self._limits.quiet_s if self._cuts[index] else 0.0
        self._anchored_ms = self._points[index].event_ms - round(settled_s * 1000)
        if self._cuts[index]:
            self._frozen_ms = self._anchored_ms
        self._pending = -1
        self._jumps = 0

    def _watch_for_freeze(self, index: int) -> None:
        """Notes since when the receiver repeats one position to the last digit: it holds it, and measures nothing."""
        now, before = self._points[index], self._points[max(self._seen, 0)]
        if (now.lat, now.lon) != (before.lat, before.lon) or self._seen < 0:
            self._frozen_ms = now.event_ms

    def _is_gap(self, index: int) -> bool:
        elapsed_ms = self._points[index].event_ms - self._points[self._seen].event_ms
        return elapsed_ms > self._limits.gap_s * 1000

    def _chord_m(self, first: int, second: int) -> float:
        a, b = self._points[first], self._points[second]
        if a.lat is None or a.lon is None or b.lat is None or b.lon is None:
            return 0.0
        return distance_m(a.lat, a.lon, b.lat, b.lon)

    def _radius_m(self, index: int) -> float:
        """How far from the anchor a position may be and still be noise."""
        limits, point = self._limits, self._points[index]
        if point.ignition is False and self._steps[index - 1].ignition is not True:
            return limits.parked_m
        slow = point.speed_kmh is not None and point.speed_kmh < limits.walking_ms * 3.6
        if slow or point.event_ms - self._anchored_ms >= limits.settle_s * 1000:
            return limits.still_m
        return limits.moving_m

    def _visit(self, index: int) -> None:
        chord = self._chord_m(self._anchor, index)
        radius = self._radius_m(index)
        if chord < radius:
            self._inside = index
            self._pending = -1
            self._jumps = 0
            return
        if self._pending >= 0 and self._near(self._pending, index):
            self._accept(self._pending)
            self._visit(index)
            return
        # The vehicle may have gone the radius already when it was last seen inside.
        leap = chord - radius > self._reach_m(self._inside, index)
        if leap and not self._may_thaw(index, chord):
            self._jumps += 1
            if self._jumps > MAX_JUMPS:
                self._reset(index)
        elif leap or self._wants_confirmation(index, radius):
            self._pending = index
        else:
            self._accept(index)

    def _reach_m(self, first: int, second: int) -> float:
        """How far a vehicle can go between two samples."""
        elapsed_s = (self._points[second].event_ms - self._points[first].event_ms) / 1000
        return self._limits.fastest_ms * max(1.0, elapsed_s)

    def _near(self, first: int, second: int) -> bool:
        return self._chord_m(first, second) <= self._reach_m(first, second)

    def _may_thaw(self, index: int, chord_m: float) -> bool:
        """Whether a leap can be the way gone while the receiver held its last position, as in a tunnel."""
        held_s = (self._points[index].event_ms - self._frozen_ms) / 1000
        return chord_m <= self._limits.fastest_ms * min(held_s, self._limits.gap_s)

    def _wants_confirmation(self, index: int, radius_m: float) -> bool:
        """Whether leaving a place needs a second position, because one alone may be a stray."""
        speed = self._points[index].speed_kmh
        return radius_m > self._limits.moving_m and (speed is None or speed < CONFIRM_SPEED_KMH)

    def _accept(self, index: int) -> None:
        """Counts the chord from the anchor to `index`, and says which steps on the way were movement."""
        chord = self._chord_m(self._anchor, index)
        elapsed_s = (self._points[index].event_ms - self._anchored_ms) / 1000
        steadily = elapsed_s <= 0 or chord / elapsed_s >= self._limits.walking_ms
        for step in self._steps[self._anchor if steadily else self._inside : index]:
            step.motion = Motion.MOVING
        self._steps[index - 1].distance_mm += self._beyond_device_mm(self._anchor, index, chord)
        self._anchor = self._inside = index
        self._anchored_ms = self._points[index].event_ms
        self._pending = -1
        self._jumps = 0

    def _beyond_device_mm(self, first: int, last: int, chord_m: float) -> int:
        """What a chord adds to the device's own count: all of it without a count, nothing where the count is whole."""
        counts = [step.device_mm for step in self._steps[first:last]]
        if None not in counts:
            return 0
        return max(0, round(chord_m * 1000) - sum(count or 0 for count in counts))

    def _cross(self, index: int) -> None:
        """A time without positions: the same place, or a distance that is only estimated."""
        limits = self._limits
        chord = self._chord_m(self._anchor, index)
        elapsed_s = (self._points[index].event_ms - self._points[self._seen].event_ms) / 1000
        same_place = chord <= limits.parked_m
        if not same_place and chord <= limits.fastest_ms * elapsed_s:
            self._steps[index - 1].estimated_mm += self._beyond_device_mm(self._anchor, index, chord)
        self._blind(self._seen, index, same_place)
        self._reset(index)

    def _blind(self, first: int, last: int, same_place: bool | None) -> None:
        """Steps without positions: known still where nothing speaks against it, else unknown."""
        limits = self._limits
        for step in self._steps[first:last]:
            if step.device_mm is not None and step.duration_ms <= limits.gap_s * 1000:
                continue
            known = step.duration_ms <= limits.gap_s * 1000 or same_place is True
            still = same_place is True or (same_place is None and step.ignition is False)
            in_time = step.duration_ms <= limits.parked_gap_s * 1000
            step.motion = Motion.STILL if known and still and in_time else Motion.UNKNOWN


def settle_by_device(result: list[Step], limits: Limits) -> None:
    """Lets the device's count decide distance and motion wherever there is one (it counts at 1 Hz, samples do not)."""
    for step in result:
        if step.device_mm is None:
            continue
        step.distance_mm += step.device_mm
        if step.duration_ms > limits.gap_s * 1000 and step.motion is Motion.UNKNOWN:
            continue
        fast = step.device_mm > limits.walking_ms * step.duration_ms
        step.motion = Motion.MOVING if fast else Motion.STILL
