"""What the segmenter reads: samples as points, the same by columns, and the limits it works with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, NamedTuple


class Doubt(StrEnum):
    """What only the neighbours of a sample tell about it: stored, flagged, left out of distance, and a person may say
    that it was genuine."""

    JUMP = "jump"
    """Farther from the last place than any vehicle gets in the time."""
    FROZEN = "frozen"
    """The receiver repeats one position to the last digit while the vehicle moves."""
    REPLAYED = "replayed_counter"
    """A counter that falls, leaps or stands still within a boot while the vehicle does not."""


class Reason(StrEnum):
    """Why nothing is known of a time, or a distance only estimated."""

    NO_FIX = "no_fix"
    """The tracker spoke, and did not know where it was."""
    NO_POWER = "no_power"
    """The vehicle's supply was cut, or the tracker started anew."""
    NO_NETWORK = "no_network"
    """Samples were taken and never arrived."""
    ASLEEP = "asleep"
    """The tracker took no samples, and lost none."""


class Point(NamedTuple):
    """One sample as the segmenter sees it; `lat`/`lon` are None when unknown or doubtful.

    Points are ordered by (event_ms, life, boot, seq); the same sample twice is taken once. `can_km` is the dashboard's
    odometer as the vehicle's bus tells it, `events` the words of the sample, `genuine` the doubts that a person lifted.
    """

    event_ms: int
    life: str
    boot: int
    seq: int
    up_s: float = 0.0
    lat: float | None = None
    lon: float | None = None
    speed_kmh: float | None = None
    ignition: bool | None = None
    odometer_m: float | None = None
    engine_s: float | None = None
    can_km: float | None = None
    events: str | None = None
    genuine: frozenset[str] | None = None


@dataclass(slots=True)
class Track:
    """Points in order, column by column: whole columns are added and compared several times as fast as points."""

    event_ms: Sequence[int]
    life: Sequence[str]
    boot: Sequence[int]
    seq: Sequence[int]
    up_ms: Sequence[int]
    lat: Sequence[float | None]
    lon: Sequence[float | None]
    speed_kmh: Sequence[float | None]
    ignition: Sequence[bool | None]
    odometer_m: Sequence[float | None]
    engine_s: Sequence[float | None]
    can_km: Sequence[float | None]
    events: Sequence[str | None]
    genuine: Sequence[frozenset[str] | None]

    @classmethod
    def of(cls, points: Iterable[Point]) -> Track:
        """The columns of points in any order, each point once."""
        ordered = in_order(points)
        columns: Iterable[Sequence[Any]] = zip(*ordered, strict=True) if ordered else [()] * len(fields(cls))
        track = cls(*columns)
        track.up_ms = [round(point.up_s * 1000) for point in ordered]
        return track

    def __len__(self) -> int:
        return len(self.event_ms)

    def part(self, lower: int, upper: int) -> Track:
        """The points from `lower` to before `upper`."""
        if lower == 0 and upper == len(self):
            return self
        return Track(*(column[lower:upper] for column in self.columns()))

    def columns(self) -> list[Sequence[Any]]:
        """The columns, in the order of a point's fields."""
        return [getattr(self, each.name) for each in fields(self)]

    def is_one_boot(self) -> bool:
        """Whether all points are of one start of one tracker."""
        return len(set(self.boot)) <= 1 and len(set(self.life)) <= 1

    def trusts(self, index: int, doubt: Doubt) -> bool:
        """Whether a person said that this point is genuine."""
        genuine = self.genuine[index]
        return genuine is not None and doubt in genuine


def in_order(points: Iterable[Point]) -> list[Point]:
    """The points by (event time, life, boot, seq), each once."""
    by_key = {(point.life, point.boot, point.seq): point for point in points}
    return sorted(by_key.values(), key=lambda point: point[:4])


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds, in metres and seconds (reasons in docs/metrics.md)."""

    moving_m: float = 8.0
    """A position nearer than this to the last one counted is noise."""
    still_m: float = 50.0
    """The same after `settle_s` in one place, or while the receiver reports walking speed or less."""
    parked_m: float = 100.0
    """The same with the ignition off; also how far apart two positions may be and still mean one place."""
    settle_s: float = 60.0
    walking_ms: float = 1.0
    fastest_ms: float = 70.0
    """Faster is no vehicle but a jump of the receiver."""
    gap_s: float = 300.0
    """Silence longer than this leaves the time in between unknown and its distance estimated..."""
    parked_gap_s: float = 7200.0
    """...unless the vehicle is found in the same place within this time: parked trackers speak rarely."""
    trip_gap_s: float = 3600.0
    """A longer gap always ends a trip."""
    off_s: float = 120.0
    """Ignition off for this long ends a trip."""
    rest_s: float = 300.0
    """Standing for this long ends a trip when nothing is known of the ignition."""
    quiet_s: float = 600.0
    """In one place (within `still_m`) for this long: the segmenter forgets all that was before."""
    shortest_trip_m: float = 100.0
    contradicted_m: float = 300.0
    """A position or counter that stands still while another source goes this far is held, not measured."""
    frozen_s: float = 60.0
    """A position repeated for this long at `frozen_kmh` and more is held, when no counter tells."""
    frozen_kmh: float = 20.0


DEFAULT_LIMITS = Limits()
