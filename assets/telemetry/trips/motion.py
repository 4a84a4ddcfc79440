"""Along the positions: what the vehicle did between two neighbours, and how far, without the noise of the receiver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, radians

from assets.telemetry.geodesy import distance_m
from assets.telemetry.trips.counters import METRES_PER_DEGREE, Counts
from assets.telemetry.trips.points import Doubt, Limits, Reason, Track

STILL, MOVING, UNKNOWN = 0, 1, 2
"""What the vehicle did in a step."""
CONFIRM_SPEED_KMH = 5.0
MAX_JUMPS = 3


@dataclass(slots=True)
class Steps:
    """The times between neighbouring samples, column by column; step i lies between the points i and i + 1.

    Whole millimetres and milliseconds add up the same in any order. `distances` is what was measured; of it `by_device`
    and `by_bus` by counters, the rest by positions. `estimated` is apart, with its reason, for the few steps that have
    any.
    """

    track: Track
    durations: list[int]
    motions: bytearray
    ignitions: list[bool | None]
    by_device: Counts
    engines: Counts
    distances: list[int]
    by_bus: list[int] | None = None
    estimated: dict[int, tuple[int, Reason]] = field(default_factory=dict)
    doubts: dict[int, Doubt] = field(default_factory=dict)

    def reason(self, step: int) -> Reason:
        """Why a step is silent."""
        track, last_words = self.track, self.track.events[step]
        other_boot = (track.life[step], track.boot[step]) != (track.life[step + 1], track.boot[step + 1])
        if other_boot or (last_words is not None and "power_cut" in last_words.split(",")):
            return Reason.NO_POWER
        return Reason.ASLEEP if track.seq[step + 1] == track.seq[step] + 1 else Reason.NO_NETWORK


class Walk:
    """Goes along the positions with an anchor: the last one counted. Noise around it is no distance."""

    def __init__(self, found: Steps, lats: Sequence[float | None], limits: Limits, flags: bytearray) -> None:
        self._steps = found
        self._track = found.track
        self._lats = lats
        self._limits = limits
        self._cuts = flags
        self._counts = found.by_device
        self._counts_all = None not in found.by_device
        self._anchor = -1
        self._anchored_ms = 0
        self._inside = -1
        self._pending = -1
        self._seen = -1
        self._jumps = 0
        self._frozen_ms = 0
        self._square = (0.0, 0.0)

    def run(self) -> None:
        """Fills motion, distance and estimate of every step."""
        times, lons, flags = self._track.event_ms, self._track.lon, self._cuts
        gap_ms = self._limits.gap_s * 1000
        settled, seen_ms, last_lat, last_lon = -1, 0, 0.0, 0.0
        for index, lat in enumerate(self._lats):
            lon = lons[index]
            if lat is None or lon is None:
                continue
            at_ms = times[index]
            if settled >= 0:
                # Parked: cut follows cut, and a look at the last position is enough.
                high, wide = self._square
                near = -high < lat - last_lat < high and -wide < lon - last_lon < wide
                if near and flags[index] and at_ms - seen_ms <= gap_ms:
                    settled, seen_ms, last_lat, last_lon = index, at_ms, lat, lon
                    continue
                self._seen = settled
                self._reset(settled)
            self._go_on(index, is_gap=at_ms - seen_ms > gap_ms)
            # Since when the receiver repeats one position to the last digit: it holds it, and measures nothing.
            if lat != last_lat or lon != last_lon or self._seen < 0:
                self._frozen_ms = at_ms
            self._seen, seen_ms, last_lat, last_lon = index, at_ms, lat, lon
            settled = -1
            if flags[index]:
                settled = index
                self._look_near(lat)
        if settled >= 0:
            self._seen = settled
        self._blind(max(self._seen, 0), len(times) - 1, None)

    def _go_on(self, index: int, *, is_gap: bool) -> None:
        if self._anchor < 0:
            self._blind(0, index, None)
            self._reset(index)
        elif is_gap:
            self._cross(index)
        else:
            self._visit(index)

    def _reset(self, index: int) -> None:
        # After a cut the vehicle counts as settled, whether or not the walk came along the quiet time before it.
        settled_s = self._limits.quiet_s if self._cuts[index] else 0.0
        self._anchor_at(index, self._track.event_ms[index] - round(settled_s * 1000))
        if self._cuts[index]:
            self._frozen_ms = self._anchored_ms

    def _anchor_at(self, index: int, since_ms: int) -> None:
        self._anchor = self._inside = index
        self._anchored_ms = since_ms
        self._pending = -1
        self._jumps = 0

    def _look_near(self, lat: float) -> None:
        """Sets the sides (degrees) of a square well inside the circle in which a settled vehicle's positions are noise.

        Near the poles there is none: a degree of longitude changes its length within the square.
        """
        high = 0.69 * self._limits.still_m / METRES_PER_DEGREE if -80 < lat < 80 else 0.0
        self._square = (high, high / cos(radians(lat)) / 1.01)

    def _chord_m(self, first: int, second: int) -> float:
        track = self._track
        lat1, lon1, lat2, lon2 = self._lats[first], track.lon[first], self._lats[second], track.lon[second]
        if lat1 is None or lon1 is None or lat2 is None or lon2 is None:
            return 0.0
        return distance_m(lat1, lon1, lat2, lon2)

    def _radius_m(self, index: int) -> float:
        """How far from the anchor a position may be and still be noise."""
        limits, track = self._limits, self._track
        if track.ignition[index] is not None and not track.ignition[index] and not self._steps.ignitions[index - 1]:
            return limits.parked_m
        speed = track.speed_kmh[index]
        slow = speed is not None and speed < limits.walking_ms * 3.6
        return limits.still_m if slow or self._is_settled(index) else limits.moving_m

    def _is_settled(self, index: int) -> bool:
        """Whether the vehicle has been here for so long that only a farther position is a departure."""
        return self._track.event_ms[index] - self._anchored_ms >= self._limits.settle_s * 1000

    def _visit(self, index: int) -> None:
        chord = self._chord_m(self._anchor, index)
        radius = self._radius_m(index)
        if chord < radius:
            self._inside = index
            self._pending = -1
            self._jumps = 0
            return
        if self._pending >= 0 and self._chord_m(self._pending, index) <= self._reach_m(self._pending, index):
            self._accept(self._pending, self._chord_m(self._anchor, self._pending))
            self._visit(index)
            return
        # The vehicle may have gone the radius already when it was last seen inside.
        leap = chord - radius > self._reach_m(self._inside, index)
        if leap and self._is_vouched_for(index):
            self._accept(index, chord)
        elif leap and not self._may_thaw(index, chord):
            self._jump(index)
        elif leap or self._wants_confirmation(index, radius):
            self._pending = index
        else:
            self._accept(index, chord)

    def _jump(self, index: int) -> None:
        self._jumps += 1
        self._steps.doubts.setdefault(index, Doubt.JUMP)
        if self._jumps > MAX_JUMPS:
            self._reset(index)

    def _is_vouched_for(self, index: int) -> bool:
        """Whether a person said of either end of a leap that it was genuine."""
        track = self._track
        return track.trusts(index, Doubt.JUMP) or track.trusts(self._anchor, Doubt.JUMP)

    def _may_thaw(self, index: int, chord_m: float) -> bool:
        """Whether a leap can be the way gone while the receiver held its last position, as in a tunnel."""
        held_s = (self._track.event_ms[index] - self._frozen_ms) / 1000
        return chord_m <= self._limits.fastest_ms * min(held_s, self._limits.gap_s)

    def _reach_m(self, first: int, second: int) -> float:
        """How far a vehicle can go between two samples."""
        elapsed_s = (self._track.event_ms[second] - self._track.event_ms[first]) / 1000
        return self._limits.fastest_ms * max(1.0, elapsed_s)

    def _wants_confirmation(self, index: int, radius_m: float) -> bool:
        """Whether leaving a place needs a second position, because one alone may be a stray."""
        speed = self._track.speed_kmh[index]
        return radius_m > self._limits.moving_m and (speed is None or speed < CONFIRM_SPEED_KMH)

    def _accept(self, index: int, chord: float) -> None:
        """Counts the chord from the anchor to `index`, and says which steps on the way were movement."""
        elapsed_s = (self._track.event_ms[index] - self._anchored_ms) / 1000
        steadily = elapsed_s <= 0 or chord / elapsed_s >= self._limits.walking_ms
        first = self._anchor if steadily else self._inside
        self._steps.motions[first:index] = bytes([MOVING]) * (index - first)
        self._steps.distances[index - 1] += self._beyond_device_mm(self._anchor, index, chord)
        self._anchor_at(index, self._track.event_ms[index])

    def _beyond_device_mm(self, first: int, last: int, chord_m: float) -> int:
        """What a chord adds to the device's own count: all of it without a count, nothing where the count is whole."""
        if self._counts_all:
            return 0
        counts = self._counts[first:last]
        if None not in counts:
            return 0
        return max(0, round(chord_m * 1000) - sum(count or 0 for count in counts))

    def _cross(self, index: int) -> None:
        """A time without positions: the same place, or a distance that is only estimated."""
        limits, found = self._limits, self._steps
        chord = self._chord_m(self._anchor, index)
        elapsed_s = (self._track.event_ms[index] - self._track.event_ms[self._seen]) / 1000
        same_place = chord <= limits.parked_m
        if not same_place and chord <= limits.fastest_ms * elapsed_s:
            estimated = self._beyond_device_mm(self._anchor, index, chord)
            if estimated:
                found.estimated[index - 1] = (estimated, self._why(self._seen, index))
        elif not same_place:
            found.doubts.setdefault(index, Doubt.JUMP)
        self._blind(self._seen, index, same_place)
        self._reset(index)

    def _why(self, first: int, last: int) -> Reason:
        """Why there were no positions: the longest silence in between tells, if there was any."""
        longest = max(range(first, last), key=self._steps.durations.__getitem__)
        silent = self._steps.durations[longest] > self._limits.gap_s * 1000
        return self._steps.reason(longest) if silent else Reason.NO_FIX

    def _blind(self, first: int, last: int, same_place: bool | None) -> None:
        """Steps without positions: known still where nothing speaks against it, else unknown."""
        limits, found = self._limits, self._steps
        gap_ms, parked_gap_ms = limits.gap_s * 1000, limits.parked_gap_s * 1000
        for step in range(first, last):
            duration = found.durations[step]
            if self._counts[step] is not None and duration <= gap_ms:
                continue
            known = duration <= gap_ms or same_place is True
            ignition = found.ignitions[step]
            still = same_place is True or (same_place is None and ignition is not None and not ignition)
            found.motions[step] = STILL if known and still and duration <= parked_gap_ms else UNKNOWN
