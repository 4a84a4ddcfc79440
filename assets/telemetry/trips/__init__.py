"""Trips, distance and hours from points, pure: the same answer in any order, doubled or in parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from assets.telemetry.trips.cutting import cuts as _cuts
from assets.telemetry.trips.points import DEFAULT_LIMITS, Doubt, Limits, Point, Reason, Track, in_order
from assets.telemetry.trips.runs import DayBounds, DayPiece, Run, Sums, Totals
from assets.telemetry.trips.stepping import steps
from assets.telemetry.trips.stops import Stop, stops

__all__ = [
    "DEFAULT_LIMITS",
    "DayPiece",
    "Doubt",
    "Doubted",
    "Limits",
    "Point",
    "Reason",
    "Run",
    "Segments",
    "Stop",
    "Totals",
    "Track",
    "cuts",
    "in_order",
    "segment",
    "stops",
]


class Doubted(NamedTuple):
    """A point that its neighbours contradict."""

    event_ms: int
    life: str
    boot: int
    seq: int
    doubt: Doubt


@dataclass(slots=True)
class Segments:
    """What the points mean: runs in order without gap between them, and the share of each day that has any step.

    `doubts` are the points that their neighbours contradict.
    """

    runs: list[Run]
    days: list[DayPiece]
    doubts: list[Doubted] = field(default_factory=list)

    @property
    def trips(self) -> list[Run]:
        """The runs that went somewhere."""
        return [run for run in self.runs if run.is_trip]


def cuts(points: Iterable[Point] | Track, limits: Limits) -> bytearray:
    """For each point, in order, whether it is a cut (see `cutting.cuts`)."""
    return _cuts(_track(points), limits)


def segment(
    points: Iterable[Point] | Track,
    limits: Limits = DEFAULT_LIMITS,
    day_bounds: DayBounds | None = None,
    *,
    first_ms: int | None = None,
    last_ms: int | None = None,
    flags: bytearray | None = None,
) -> Segments:
    """Trips and day shares of `points` (a track is in order already).

    `first_ms` and `last_ms` name the cuts between which results are wanted: points before the first are read only to
    recognise the cuts. A stretch between two cuts gives what the whole gives there. `flags` are the cuts of the track,
    from who has looked for them already.
    """
    track = _track(points)
    flags = _cuts(track, limits) if flags is None else flags
    lower = 0 if first_ms is None else _cut_at(track, flags, first_ms)
    upper = len(track) if last_ms is None else _cut_at(track, flags, last_ms) + 1
    track, flags = track.part(lower, upper), flags[lower:upper]
    walked = steps(track, limits, flags)
    sums = Sums(walked, flags, limits)
    runs: list[Run] = []
    days: dict[int, DayPiece] = {}
    for group in sums.groups():
        run = sums.run(group[0], group[1], is_drive=group[2])
        runs.append(run)
        if day_bounds is not None:
            sums.share_out(run, group, days, day_bounds)
    doubts = [
        Doubted(track.event_ms[index], track.life[index], track.boot[index], track.seq[index], doubt)
        for index, doubt in sorted(walked.doubts.items())
    ]
    return Segments(runs, [days[start_ms] for start_ms in sorted(days)], doubts)


def _track(points: Iterable[Point] | Track) -> Track:
    return points if isinstance(points, Track) else Track.of(points)


def _cut_at(track: Track, flags: bytearray, moment_ms: int) -> int:
    at = flags.find(1)
    while at >= 0:
        if track.event_ms[at] == moment_ms:
            return at
        at = flags.find(1, at + 1)
    raise ValueError("no cut at this moment")
