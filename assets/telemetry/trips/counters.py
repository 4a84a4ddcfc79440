"""Counters: what the device and the vehicle's bus counted between samples, and which of their values cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import cos, hypot, radians
from operator import gt, sub

from assets.telemetry.trips.points import Doubt, Limits, Track

METRES_PER_DEGREE = 111_195.08
CONFIRMATIONS = 3
"""So many positions in a row must contradict a counter that stands still: one or two may be strays."""

Counts = list[int | None]
"""What a counter tells for each step in thousandths of its unit; None where it does not tell."""


def ignitions(track: Track, flags: bytearray) -> list[bool | None]:
    """The ignition during each step: as last said since the last cut."""
    if None not in track.ignition:
        return list(track.ignition[:-1])
    found: list[bool | None] = []
    last: bool | None = None
    for said, cut in zip(track.ignition, flags, strict=True):
        last = said if said is not None or cut else last
        found.append(last)
    return found[:-1]


def counted(
    track: Track, values: Sequence[float | None], flags: bytearray, fastest: float, doubts: dict[int, Doubt]
) -> Counts:
    """How far a counter of this device went in each step, by its own values within each boot.

    A value that falls, or grows faster than `fastest` (per second), is doubted; the next two that agree with each other
    are a new beginning. What was counted over several samples without a value is shared out by time.
    """
    if len(track) < 2 or values.count(None) == len(values):
        return [None] * max(0, len(track) - 1)
    quick = _all_in_order(track, values, fastest)
    return quick if quick is not None else _Counter(track, values, flags, fastest, doubts).run()


def _all_in_order(track: Track, values: Sequence[float | None], fastest: float) -> Counts | None:
    """The counts where every value is there and none is doubtful, which is nearly always."""
    if None in values or not track.is_one_boot():
        return None
    gone = list(map(sub, values[1:], values))
    if min(gone) < 0:
        return None
    if max(gone) > 2 * fastest:
        elapsed = map(sub, track.event_ms[1:], track.event_ms)
        if any(map(gt, gone, [2 * fastest + fastest * each / 1000 for each in elapsed])):
            return None
    return [round(each * 1000) if each else 0 for each in gone]


class _Counter:
    """Follows one counter through boots, cuts, missing and impossible values."""

    def __init__(
        self,
        track: Track,
        values: Sequence[float | None],
        flags: bytearray,
        fastest: float,
        doubts: dict[int, Doubt],
    ) -> None:
        self._track = track
        self._values = values
        self._flags = flags
        self._fastest = fastest
        self._doubts = doubts
        self._counts: Counts = [None] * (len(track) - 1)
        self._known: dict[tuple[str, int], tuple[float, int]] = {}
        self._instead: dict[tuple[str, int], tuple[float, int]] = {}

    def run(self) -> Counts:
        track = self._track
        for index, value in enumerate(self._values):
            key = (track.life[index], track.boot[index])
            if value is not None:
                self._take(key, value, index)
            if self._flags[index]:
                self._known.clear()
                self._instead.clear()
                if value is not None:
                    self._known[key] = (value, index)
        return self._counts

    def _take(self, key: tuple[str, int], value: float, index: int) -> None:
        last = self._known.get(key)
        if last is None:
            self._begin(key, value, index)
        elif self._fits(last, value, index) or (value >= last[0] and self._track.trusts(index, Doubt.REPLAYED)):
            self._spread(last[1], index, value - last[0])
        elif (other := self._instead.get(key)) is not None and self._fits(other, value, index):
            self._spread(other[1], index, value - other[0])
        elif not self._track.trusts(index, Doubt.REPLAYED):
            self._doubts.setdefault(index, Doubt.REPLAYED)
            self._instead[key] = (value, index)
            return
        self._known[key] = (value, index)
        self._instead.pop(key, None)

    def _begin(self, key: tuple[str, int], value: float, index: int) -> None:
        """A counter starts at 0 with its boot: a boot that began after the sample before counts whole."""
        if index == 0:
            return
        track, before_ms = self._track, self._track.event_ms[index - 1]
        began_after = track.event_ms[index] - track.up_ms[index] >= before_ms - 5000
        other_boot = key != (track.life[index - 1], track.boot[index - 1])
        if began_after and other_boot and self._fits((0.0, index - 1), value, index):
            self._spread(index - 1, index, value)

    def _fits(self, last: tuple[float, int], value: float, index: int) -> bool:
        elapsed_s = (self._track.event_ms[index] - self._track.event_ms[last[1]]) / 1000
        return 0 <= value - last[0] <= self._fastest * elapsed_s + 2 * self._fastest

    def _spread(self, first: int, last: int, gone: float) -> None:
        for step, share in shares(round(gone * 1000), self._track.event_ms[first : last + 1], first):
            self._counts[step] = (self._counts[step] or 0) + share


def shares(total: int, marks: Sequence[int], first: int) -> Iterator[tuple[int, int]]:
    """A total shared out over the steps between growing marks, from step `first` on; the shares add up to it."""
    whole, done = marks[-1] - marks[0], 0
    last = first + len(marks) - 2
    for step, mark in enumerate(marks[1:], first):
        so_far = total if step == last else total * (mark - marks[0]) // whole if whole else 0
        yield step, so_far - done
        done = so_far


def drop_stuck(track: Track, counts: Counts, flags: bytearray, limits: Limits, doubts: dict[int, Doubt]) -> None:
    """Takes counts of 0 back where positions, several in a row, say that the vehicle went away meanwhile."""
    for first, last in _stretches([count == 0 for count in counts], flags, CONFIRMATIONS):
        if _went_away(track, first, last, limits):
            counts[first:last] = [None] * (last - first)
            for index in range(first + 1, last + 1):
                doubts.setdefault(index, Doubt.REPLAYED)


def _stretches(marked: Sequence[bool], flags: bytearray, least: int) -> Iterator[tuple[int, int]]:
    """Runs of at least so many marked steps without a cut inside; as (first step, step after the last)."""
    kinds = bytes([1 + cut if mark else 0 for mark, cut in zip(marked, flags[:-1], strict=True)])
    for found in re.finditer(b"[\x01\x02]\x01{%d,}" % (least - 1), kinds):
        yield found.span()


def _went_away(track: Track, first: int, last: int, limits: Limits) -> bool:
    lats = [lat for lat in track.lat[first : last + 1] if lat is not None]
    lons = [lon for lon in track.lon[first : last + 1] if lon is not None]
    if not lats:
        return False
    narrow = METRES_PER_DEGREE * cos(radians(lats[0]))
    height, width = (max(lats) - min(lats)) * METRES_PER_DEGREE, (max(lons) - min(lons)) * narrow
    if hypot(height, width) < limits.contradicted_m:
        return False
    away = 0
    for index in range(first, last + 1):
        lat, lon = track.lat[index], track.lon[index]
        if lat is None or lon is None:
            continue
        off = hypot((lat - lats[0]) * METRES_PER_DEGREE, (lon - lons[0]) * narrow)
        away = away + 1 if off >= limits.contradicted_m and not track.trusts(index, Doubt.REPLAYED) else 0
        if away >= CONFIRMATIONS:
            return True
    return False


def frozen_positions(track: Track, counts: Counts, flags: bytearray, limits: Limits) -> list[int]:
    """Points whose position the receiver only repeats while the vehicle moves; the first of each repetition is true."""
    places = zip(track.lat, track.lon, strict=True)
    same = [before == after and before[0] is not None for before, after in pairwise(places)]
    if True not in same:
        return []
    found: list[int] = []
    for first, last in _stretches(same, flags, 1):
        # A cut is where the next stretch begins: its position stays.
        held = [i for i in range(first + 1, last + 1) if not flags[i] and not track.trusts(i, Doubt.FROZEN)]
        if held and _moves(track, counts, first, last, limits):
            found += held
    return found


def _moves(track: Track, counts: Counts, first: int, last: int, limits: Limits) -> bool:
    """Whether something else than the position says that the vehicle moved from `first` to `last`."""
    known = [count for count in counts[first:last] if count is not None]
    if known:
        return sum(known) >= limits.contradicted_m * 1000
    speeds = track.speed_kmh[first : last + 1]
    lowest = min((speed for speed in speeds if speed is not None), default=0.0)
    elapsed_s = (track.event_ms[last] - track.event_ms[first]) / 1000
    return None not in speeds and lowest >= limits.frozen_kmh and elapsed_s >= limits.frozen_s


def bus_spans(track: Track, flags: bytearray, limits: Limits, doubts: dict[int, Doubt]) -> list[tuple[int, int, int]]:
    """Where the dashboard's odometer measures: (first step, step after the last, millimetres), none overlapping.

    The dashboard shows whole kilometres or tenths of them, so it is exact only where it changes: each span runs from
    one change to the next within two cuts. Over a silence longer than a gap the difference counts as it is.
    """
    if track.can_km.count(None) == len(track):
        return []
    return _Dashboard(track, flags, limits, doubts).run()


class _Dashboard:
    def __init__(self, track: Track, flags: bytearray, limits: Limits, doubts: dict[int, Doubt]) -> None:
        self._track = track
        self._flags = flags
        self._limits = limits
        self._doubts = doubts
        self._spans: list[tuple[int, int, int]] = []
        self._last: tuple[float, int] | None = None
        self._changed: tuple[float, int] | None = None
        self._instead: tuple[float, int] | None = None

    def run(self) -> list[tuple[int, int, int]]:
        for index, shown in enumerate(self._track.can_km):
            if shown is not None:
                self._take(shown, index)
            if self._flags[index]:
                self._changed = self._instead = None
                self._last = None if shown is None else (shown, index)
        return self._spans

    def _take(self, shown: float, index: int) -> None:
        if self._last is None or self._fits(self._last, shown, index):
            self._count(shown, index)
        elif self._instead is not None and self._fits(self._instead, shown, index):
            self._last, self._changed = self._instead, None
            self._count(shown, index)
        elif self._track.trusts(index, Doubt.REPLAYED):
            self._changed = None
        else:
            self._doubts.setdefault(index, Doubt.REPLAYED)
            self._instead = (shown, index)
            return
        self._last, self._instead = (shown, index), None

    def _count(self, shown: float, index: int) -> None:
        if self._last is None or shown == self._last[0]:
            return
        silent_ms = self._track.event_ms[index] - self._track.event_ms[self._last[1]]
        began = self._last if silent_ms > self._limits.gap_s * 1000 else self._changed
        if began is not None:
            self._spans.append((began[1], index, round((shown - began[0]) * 1_000_000)))
        self._changed = (shown, index)

    def _fits(self, last: tuple[float, int], shown: float, index: int) -> bool:
        elapsed_s = (self._track.event_ms[index] - self._track.event_ms[last[1]]) / 1000
        return 0 <= shown - last[0] <= self._limits.fastest_ms * (elapsed_s + 2) / 1000 + 1
