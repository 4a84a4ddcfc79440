"""What the segmenter reads, and the limits it works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Point(NamedTuple):
    """One sample as the segmenter sees it; `lat`/`lon` are None when unknown or doubtful.

    Points are ordered by (event_ms, life, boot, seq); the same sample twice is taken once.
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


DEFAULT_LIMITS = Limits()
