"""From steps to runs: drives, rests and what each adds up to, shared out among local days."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import compress, pairwise

from assets.telemetry.trips.motion import MOVING, STILL, UNKNOWN, Steps
from assets.telemetry.trips.points import Limits, Reason

DayBounds = Callable[[int], tuple[int, int]]
"""The local day that holds a moment: (its start, the next one's start), UNIX milliseconds."""

_IS = {kind: bytes([number == kind for number in range(256)]) for kind in (MOVING, STILL, UNKNOWN)}
"""For `bytes.translate`: 1 where a step is of this kind."""


@dataclass(slots=True)
class Totals:
    """What adds up: whole millimetres and milliseconds, so that any order and any cut gives the same sum.

    `distance_mm` is measured, `can_mm` and `device_mm` are the shares of it by the vehicle's bus and the device's own
    counter. `estimated_mm` and `unknown_ms` are apart; `gaps` says why: (millimetres estimated, milliseconds unknown)
    by reason.
    """

    distance_mm: int = 0
    estimated_mm: int = 0
    device_mm: int = 0
    can_mm: int = 0
    moving_ms: int = 0
    idle_ms: int = 0
    engine_ms: int = 0
    unknown_ms: int = 0
    gaps: dict[Reason, tuple[int, int]] = field(default_factory=dict)

    def add(self, other: Totals) -> None:
        """Adds another total."""
        self.distance_mm += other.distance_mm
        self.estimated_mm += other.estimated_mm
        self.device_mm += other.device_mm
        self.can_mm += other.can_mm
        self.moving_ms += other.moving_ms
        self.idle_ms += other.idle_ms
        self.engine_ms += other.engine_ms
        self.unknown_ms += other.unknown_ms
        for reason, (far, long) in other.gaps.items():
            self.add_gap(reason, far, long)

    def add_gap(self, reason: Reason, estimated_mm: int, unknown_ms: int) -> None:
        """Notes why something was estimated or unknown."""
        far, long = self.gaps.get(reason, (0, 0))
        self.gaps[reason] = (far + estimated_mm, long + unknown_ms)

    @property
    def source(self) -> str:
        """Who measured most of the distance: the vehicle's bus (`can`), the `device`'s own counter, or `gps`."""
        gps_mm = self.distance_mm - self.can_mm - self.device_mm
        shares = {"can": self.can_mm, "device": self.device_mm, "gps": gps_mm}
        return "gps" if not self.distance_mm else max(shares, key=shares.__getitem__)

    def part(self, done: int, upto: int, whole: int) -> Totals:
        """The share from `done` to `upto` of `whole` equal parts; neighbouring shares add up to the total exactly."""

        def share(value: int) -> int:
            return value * upto // whole - value * done // whole

        return Totals(
            share(self.distance_mm), share(self.estimated_mm), share(self.device_mm), share(self.can_mm),
            share(self.moving_ms), share(self.idle_ms), share(self.engine_ms), share(self.unknown_ms),
            {reason: (share(far), share(long)) for reason, (far, long) in self.gaps.items()},
        )  # fmt: skip


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
        """Who measured most of the distance."""
        return self.totals.source


@dataclass(slots=True)
class DayPiece:
    """One local day's share; `start_ms` is the day's midnight."""

    start_ms: int
    totals: Totals = field(default_factory=Totals)
    trips: int = 0


class Sums:
    """Adds the steps up, run by run and day by day."""

    def __init__(self, found: Steps, flags: bytearray, limits: Limits) -> None:
        self._steps = found
        self._limits = limits
        self._fresh = flags
        self._starts = found.track.event_ms
        self._moving = found.motions.translate(_IS[MOVING])
        self._unknown = found.motions.translate(_IS[UNKNOWN])
        self._driving = self._drives()
        self._gaps = sorted(found.estimated)
        self._has_engine = any(found.engines)

    def _drives(self) -> bytes:
        """For each step whether it is driving: movement, or standing with the ignition on."""
        found = self._steps
        return bytes(
            [
                motion == MOVING or (motion == STILL and ignition is not None and bool(ignition))
                for motion, ignition in zip(found.motions, found.ignitions, strict=True)
            ]
        )

    def groups(self) -> Iterator[tuple[int, int, bool]]:
        """(first step, step after the last, whether it is a drive); a drive may hold rests too short to end it."""
        count, at = len(self._driving), 0
        while at < count:
            first = self._driving.find(1, at)
            if first < 0:
                break
            if at < first:
                yield from self._rests(at, first)
            at = self._end_of_drive(first)
            yield first, at, True
        if at < count:
            yield from self._rests(at, count)

    def _end_of_drive(self, first: int) -> int:
        """The step after the last of the drive that begins with `first`."""
        count = len(self._driving)
        cut = self._fresh.find(1, first + 1, count)
        limit = count if cut < 0 else cut
        end = first + 1
        while end < limit:
            if self._driving[end]:
                stop = self._driving.find(0, end, limit)
                end = limit if stop < 0 else stop
                continue
            further = self._driving.find(1, end, limit)
            further = limit if further < 0 else further
            if further == limit or any(self._ends_drive(end, step) for step in range(end, further)):
                return end
            end = further
        return end

    def _ends_drive(self, drive_end: int, step: int) -> bool:
        """Whether the rest from the drive's end up to and with this step is too long to be part of it."""
        limits, ignition = self._limits, self._steps.ignitions[step]
        is_on = ignition is not None and bool(ignition)
        is_off = ignition is not None and not ignition
        if self._unknown[step]:
            longest_s = limits.trip_gap_s if is_on else limits.rest_s
        else:
            longest_s = limits.off_s if is_off else limits.rest_s
        return self._starts[step + 1] - self._starts[drive_end] > longest_s * 1000

    def _rests(self, first: int, last: int) -> Iterator[tuple[int, int, bool]]:
        """A rest; steps in which the engine ran stand alone, so that no cut can divide what they add to a meter."""
        at = first
        if self._has_engine:
            for step in range(first, last):
                if self._steps.engines[step]:
                    if at < step:
                        yield at, step, False
                    yield step, step + 1, False
                    at = step + 1
        if at < last:
            yield at, last, False

    def run(self, first: int, last: int, *, is_drive: bool) -> Run:
        """The run of a group of steps."""
        run = Run(self._starts[first], self._starts[last], False, self.totals(first, last, is_drive=is_drive))
        far_mm = run.totals.distance_mm + run.totals.estimated_mm
        run.is_trip = is_drive and far_mm >= self._limits.shortest_trip_m * 1000
        if not run.is_trip:
            run.totals.distance_mm = run.totals.device_mm = run.totals.can_mm = 0
        return run

    def totals(self, first: int, last: int, *, is_drive: bool) -> Totals:
        """What these steps add up to."""
        found, totals = self._steps, Totals()
        distances = found.distances[first:last]
        if any(distances):
            totals.distance_mm = sum(distances)
            totals.device_mm = sum(filter(None, found.by_device[first:last]))
            totals.can_mm = sum(found.by_bus[first:last]) if found.by_bus is not None else 0
        for step in self._gaps[bisect_left(self._gaps, first) : bisect_left(self._gaps, last)]:
            estimated_mm, reason = found.estimated[step]
            totals.estimated_mm += estimated_mm
            totals.add_gap(reason, estimated_mm, 0)
        totals.moving_ms = sum(compress(found.durations[first:last], self._moving[first:last]))
        step = self._unknown.find(1, first, last)
        while step >= 0:
            totals.unknown_ms += found.durations[step]
            silent = found.durations[step] > self._limits.gap_s * 1000
            totals.add_gap(found.reason(step) if silent else Reason.NO_FIX, 0, found.durations[step])
            step = self._unknown.find(1, step + 1, last)
        self._add_engine(totals, first, last, is_drive=is_drive)
        return totals

    def _add_engine(self, totals: Totals, first: int, last: int, *, is_drive: bool) -> None:
        """Engine and idle time: as the device counted, else by the ignition; never guessed for unknown time."""
        found = self._steps
        if not is_drive and not self._has_engine and not any(found.ignitions[first:last]):
            totals.engine_ms = totals.moving_ms
            return
        for step in range(first, last):
            motion, counted, ignition = found.motions[step], found.engines[step], found.ignitions[step]
            if motion == UNKNOWN:
                totals.engine_ms += counted or 0
                continue
            if counted is not None:
                ran_ms = counted
            elif motion == MOVING or (is_drive if ignition is None else ignition):
                # Nothing is known of the ignition: what drives has its engine on, also at a light.
                ran_ms = found.durations[step]
            else:
                ran_ms = 0
            totals.engine_ms += ran_ms
            if motion != MOVING:
                totals.idle_ms += ran_ms

    def share_out(
        self, run: Run, group: tuple[int, int, bool], days: dict[int, DayPiece], day_bounds: DayBounds
    ) -> None:
        """Adds a run's steps to their local days; the parts add up to the whole exactly."""
        at, last, is_drive = group
        while at < last:
            start, end = day_bounds(self._starts[at])
            within = bisect_left(self._starts, end, at, last)
            crosses = self._starts[within] > end
            whole = within - 1 if crosses else within
            if at < whole:
                self._add(days, start, run, self.totals(at, whole, is_drive=is_drive))
            if crosses:
                for day, part in self._crossing(whole, is_drive=is_drive, day_bounds=day_bounds):
                    self._add(days, day, run, part)
            at = within
        if run.is_trip:
            days[day_bounds(run.start_ms)[0]].trips += 1

    def _add(self, days: dict[int, DayPiece], start_ms: int, run: Run, totals: Totals) -> None:
        if not run.is_trip:
            totals.distance_mm = totals.device_mm = totals.can_mm = 0
        days.setdefault(start_ms, DayPiece(start_ms)).totals.add(totals)

    def _crossing(self, step: int, *, is_drive: bool, day_bounds: DayBounds) -> Iterable[tuple[int, Totals]]:
        """A step's totals by local day, in proportion to its time in each."""
        begin, until = self._starts[step], self._starts[step + 1]
        totals = self.totals(step, step + 1, is_drive=is_drive)
        start, end = day_bounds(begin)
        starts, marks = [start], [begin]
        while end < until:
            marks.append(end)
            start, end = day_bounds(end)
            starts.append(start)
        marks.append(until)
        for day, (before, after) in zip(starts, pairwise(marks), strict=True):
            yield day, totals.part(before - begin, after - begin, until - begin)
