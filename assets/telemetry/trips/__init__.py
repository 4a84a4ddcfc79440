"""Trips, distance and hours from points, pure: the same answer in any order, doubled or in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from assets.telemetry.trips.motion import Motion, Step, cuts, settle_by_device, steps
from assets.telemetry.trips.points import DEFAULT_LIMITS, Limits, Point
from assets.telemetry.trips.stops import Stop, stops

__all__ = [
    "DEFAULT_LIMITS",
    "DayPiece",
    "Limits",
    "Point",
    "Run",
    "Segments",
    "Stop",
    "cuts",
    "in_order",
    "segment",
    "stops",
]


@dataclass(slots=True)
class Totals:
    """What adds up: whole millimetres and milliseconds, so that any order and any cut gives the same sum."""

    distance_mm: int = 0
    estimated_mm: int = 0
    device_mm: int = 0
    moving_ms: int = 0
    idle_ms: int = 0
    engine_ms: int = 0
    unknown_ms: int = 0

    def add(self, other: Totals) -> None:
        """Adds another total."""
        self.distance_mm += other.distance_mm
        self.estimated_mm += other.estimated_mm
        self.device_mm += other.device_mm
        self.moving_ms += other.moving_ms
        self.idle_ms += other.idle_ms
        self.engine_ms += other.engine_ms
        self.unknown_ms += other.unknown_ms


@dataclass(slots=True)
class Run:
    """A time of one kind: a trip, the engine running without getting anywhere, or rest.

    `totals.distance_mm` is measured; what was estimated is apart and not in it. Only trips have measured distance:
    less than the shortest trip is no movement.
    """

    start_ms: int
    end_ms: int
    is_trip: bool
    totals: Totals = field(default_factory=Totals)

    @property
    def source(self) -> str:
        """Who measured most of the distance: the `device`'s own counter or its positions (`gps`)."""
        return "device" if 2 * self.totals.device_mm > self.totals.distance_mm else "gps"


@dataclass(slots=True)
class DayPiece:
    """One local day's share; `start_ms` is the day's midnight."""

    start_ms: int
    totals: Totals = field(default_factory=Totals)
    trips: int = 0


@dataclass(slots=True)
class Segments:
    """What the points mean: runs in order without gap between them, and the share of each day that has any step."""

    runs: list[Run]
    days: list[DayPiece]

    @property
    def trips(self) -> list[Run]:
        """The runs that went somewhere."""
        return [run for run in self.runs if run.is_trip]


DayBounds = Callable[[int], tuple[int, int]]
"""The local day that holds a moment: (its start, the next one's start), UNIX milliseconds."""


def in_order(points: Iterable[Point]) -> list[Point]:
    """The points by (event time, life, boot, seq), each once."""
    by_key = {(point.life, point.boot, point.seq): point for point in points}
    return sorted(by_key.values(), key=lambda point: point[:4])


def segment(
    points: Iterable[Point],
    limits: Limits = DEFAULT_LIMITS,
    day_bounds: DayBounds | None = None,
    *,
    first_ms: int | None = None,
    last_ms: int | None = None,
) -> Segments:
    """Trips and day shares of `points`.

    `first_ms` and `last_ms` name the cuts (see `motion.cuts`) between which results are wanted: points before the first
    are read only to recognise the cuts. A stretch between two cuts gives what the whole gives there.
    """
    ordered = in_order(points)
    flags = cuts(ordered, limits)
    lower = 0 if first_ms is None else _cut_at(ordered, flags, first_ms)
    upper = len(ordered) if last_ms is None else _cut_at(ordered, flags, last_ms) + 1
    ordered, flags = ordered[lower:upper], flags[lower:upper]
    walked = steps(ordered, limits, flags)
    settle_by_device(walked, limits)
    runs: list[Run] = []
    days: dict[int, DayPiece] = {}
    for group, driving in _grouped(walked, limits):
        run, parts = _run(group, driving, limits)
        runs.append(run)
        if day_bounds is not None:
            _share_out(run, parts, days, day_bounds)
    return Segments(runs, [days[start_ms] for start_ms in sorted(days)])


def _cut_at(ordered: Sequence[Point], flags: Sequence[bool], moment_ms: int) -> int:
    for index, point in enumerate(ordered):
        if flags[index] and point.event_ms == moment_ms:
            return index
    raise ValueError("no cut at this moment")


def _grouped(walked: Sequence[Step], limits: Limits) -> Iterable[tuple[Sequence[Step], bool]]:
    """Runs of steps, each with whether it is a drive; a drive may hold rests too short to end it."""
    start = 0
    drive_start, drive_end = -1, -1
    for index, step in enumerate(walked):
        if drive_start >= 0 and (step.starts_fresh or _rest_ends_drive(walked, drive_end, index, limits)):
            yield from _emit(walked, start, drive_start, drive_end)
            start, drive_start = drive_end, -1
        if _is_driving(step):
            drive_start = index if drive_start < 0 else drive_start
            drive_end = index + 1
    if drive_start >= 0:
        yield from _emit(walked, start, drive_start, drive_end)
        start = drive_end
    if start < len(walked):
        yield from _resting(walked[start:])


def _emit(
    walked: Sequence[Step], start: int, drive_start: int, drive_end: int
) -> Iterable[tuple[Sequence[Step], bool]]:
    if start < drive_start:
        yield from _resting(walked[start:drive_start])
    yield walked[drive_start:drive_end], True


def _resting(rest: Sequence[Step]) -> Iterable[tuple[Sequence[Step], bool]]:
    """A rest; steps in which the engine ran stand alone, so that no cut can divide what they add to a meter."""
    start = 0
    for index, step in enumerate(rest):
        if step.engine_ms:
            if start < index:
                yield rest[start:index], False
            yield rest[index : index + 1], False
            start = index + 1
    if start < len(rest):
        yield rest[start:], False


def _is_driving(step: Step) -> bool:
    return step.motion is Motion.MOVING or (step.motion is Motion.STILL and step.ignition is True)


def _rest_ends_drive(walked: Sequence[Step], drive_end: int, index: int, limits: Limits) -> bool:
    """Whether the rest from the drive's end up to and with this step is too long to be part of it."""
    step = walked[index]
    if _is_driving(step):
        return False
    if step.motion is Motion.UNKNOWN:
        longest_s = limits.trip_gap_s if step.ignition is True else limits.rest_s
    else:
        longest_s = limits.off_s if step.ignition is False else limits.rest_s
    return step.end_ms - walked[drive_end].start_ms > longest_s * 1000


def _totals(step: Step, driving: bool) -> Totals:
    totals = Totals(step.distance_mm, step.estimated_mm, step.device_mm or 0)
    duration = step.duration_ms
    if step.motion is Motion.UNKNOWN:
        totals.unknown_ms = duration
        totals.engine_ms = step.engine_ms or 0
        return totals
    if step.engine_ms is not None:
        totals.engine_ms = step.engine_ms
    elif step.ignition is True or (step.ignition is None and driving) or step.motion is Motion.MOVING:
        # Nothing is known of the ignition: what drives has its engine on, also at a light.
        totals.engine_ms = duration
    if step.motion is Motion.MOVING:
        totals.moving_ms = duration
    else:
        totals.idle_ms = totals.engine_ms
    return totals


def _run(group: Sequence[Step], driving: bool, limits: Limits) -> tuple[Run, list[tuple[Step, Totals]]]:
    """The run of a group of steps, and the part of each step in it."""
    parts = [(step, _totals(step, driving)) for step in group]
    far_mm = sum(totals.distance_mm + totals.estimated_mm for _, totals in parts)
    run = Run(group[0].start_ms, group[-1].end_ms, driving and far_mm >= limits.shortest_trip_m * 1000)
    for _, totals in parts:
        if not run.is_trip:
            totals.distance_mm = totals.device_mm = 0
        run.totals.add(totals)
    return run, parts


def _share_out(
    run: Run, parts: Iterable[tuple[Step, Totals]], days: dict[int, DayPiece], day_bounds: DayBounds
) -> None:
    for step, totals in parts:
        for start_ms, share in _shared_out(step, totals, day_bounds):
            days.setdefault(start_ms, DayPiece(start_ms)).totals.add(share)
    if run.is_trip:
        days[day_bounds(run.start_ms)[0]].trips += 1


def _shared_out(step: Step, totals: Totals, day_bounds: DayBounds) -> Iterable[tuple[int, Totals]]:
    """A step's totals by local day, in proportion to its time in each; the parts add up to the whole exactly."""
    start, end = day_bounds(step.start_ms)
    if step.end_ms <= end:
        return [(start, totals)]
    marks = [step.start_ms]
    starts = [start]
    while end < step.end_ms:
        marks.append(end)
        start, end = day_bounds(end)
        starts.append(start)
    marks.append(step.end_ms)
    whole = _values(totals)
    done = [[value * (mark - step.start_ms) // step.duration_ms for value in whole] for mark in marks]
    return [
        (day, Totals(*(later - earlier for earlier, later in zip(before, after, strict=True))))
        for day, (before, after) in zip(starts, pairwise(done), strict=True)
    ]


def _values(totals: Totals) -> tuple[int, ...]:
    return (
        totals.distance_mm,
        totals.estimated_mm,
        totals.device_mm,
        totals.moving_ms,
        totals.idle_ms,
        totals.engine_ms,
        totals.unknown_ms,
    )
