"""What a dirty stretch grows to: the samples between two cuts, per installation, and their segments."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.telemetry import queries
from assets.telemetry.days import QUARTER_HOUR_MS, day_of, day_span_ms, days_between
from assets.telemetry.queries import Genuine, Installation
from assets.telemetry.trips import Limits, Segments, Track, cuts, segment

LOOK_MS = 2 * QUARTER_HOUR_MS
"""How far beyond a stretch to look for a cut at first; four times as far each time that there is none."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring dirty days of one tracker, with the versions of their marks."""

    tracker: str
    device_id: int
    first_ms: int
    last_ms: int
    versions: tuple[tuple[date, int], ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """Results between two cuts, on one installation."""

    installation: Installation
    start_ms: int
    end_ms: int
    segments: Segments
    days: frozenset[date]
    samples: dict[date, int]


@dataclass(frozen=True, slots=True)
class _Found:
    """Samples with the cuts on both sides of what was asked for; `end_ms` is None at the end of the data."""

    track: Track
    flags: bytearray
    start_ms: int
    end_ms: int | None


class _Reader:
    """The samples of one installation, read in growing windows until cuts are found on both sides."""

    def __init__(self, session: Session, device_id: int, span: Installation, limits: Limits, genuine: Genuine) -> None:
        self._session = session
        self._device_id = device_id
        self._span = span
        self._limits = limits
        self._genuine = genuine

    def around(self, inner: tuple[int, int], outer: tuple[int, int]) -> tuple[_Found, tuple[int, int | None]] | None:
        """What lies around the outer span, and the cuts around the inner one; None when there are no samples at all.

        The first cut is the last not after the span, the second the first that what lies up to its end cannot move.
        """
        before, after = LOOK_MS, LOOK_MS
        while True:
            lower, whole_past = self._lower(outer[0] - before)
            upper = outer[1] + after
            track = queries.track(self._session, self._device_id, lower, self._clip(upper), self._genuine)
            whole_future = self._is_end(upper)
            if not len(track) and whole_past and whole_future:
                return None
            flags = cuts(track, self._limits)
            start = self._start_cut(track, flags, outer[0], whole_past=whole_past)
            end = self._end_cut(track, flags, outer[1])
            if start is not None and (end is not None or whole_future):
                inner_start = self._start_cut(track, flags, inner[0], whole_past=whole_past)
                inner_end = self._end_cut(track, flags, inner[1])
                return _Found(track, flags, start, end), (start if inner_start is None else inner_start, inner_end)
            before = before if start is not None else before * 4
            after = after if end is not None or whole_future else after * 4

    def _lower(self, wanted_ms: int) -> tuple[int | None, bool]:
        """Where to read from, and whether nothing lies before. One sample more, so that a gap is seen as one."""
        floor = self._span.start_ms
        earlier = queries.sample_before(self._session, self._device_id, wanted_ms)
        if earlier is None or (floor is not None and earlier < floor):
            return floor, True
        return earlier, False

    def _clip(self, upper_ms: int) -> int:
        return upper_ms if self._span.end_ms is None else min(upper_ms, self._span.end_ms)

    def _is_end(self, upper_ms: int) -> bool:
        if self._span.end_ms is not None and upper_ms >= self._span.end_ms:
            return True
        return queries.sample_after(self._session, self._device_id, upper_ms) is None

    def _start_cut(self, track: Track, flags: bytearray, first_ms: int, *, whole_past: bool) -> int | None:
        if not len(track):
            return None
        # With earlier samples left out, a place is proven only where the whole time of quiet was read; a gap always.
        first_place = next((at for at, lat in zip(track.event_ms, track.lat, strict=True) if lat is not None), None)
        proven_ms = None if first_place is None else first_place + 1000 * self._limits.quiet_s
        best = track.event_ms[0] if whole_past else None
        at = flags.find(1, 1)
        while at >= 0 and (moment_ms := track.event_ms[at]) <= first_ms:
            after_gap = moment_ms - track.event_ms[at - 1] > 1000 * self._limits.trip_gap_s
            if whole_past or after_gap or (proven_ms is not None and moment_ms >= proven_ms):
                best = moment_ms
            at = flags.find(1, at + 1)
        return best

    def _end_cut(self, track: Track, flags: bytearray, last_ms: int) -> int | None:
        """The first cut so far behind `last_ms` that a sample there cannot have moved it (see `cutting.cuts`)."""
        settled_ms: float | None = None
        for index, (at_ms, lat) in enumerate(zip(track.event_ms, track.lat, strict=True)):
            if at_ms <= last_ms or lat is None:
                continue
            if settled_ms is None:
                settled_ms = at_ms + 1000 * self._limits.quiet_s
            elif flags[index] and at_ms >= settled_ms:
                return at_ms
        return None


def derived_piece(
    session: Session, stretch: Stretch, span: Installation, limits: Limits, zone: ZoneInfo, genuine: Genuine
) -> Piece | None:
    """The results of the part of a stretch that lies in one installation, grown to whole days between cuts."""
    first_ms = stretch.first_ms if span.start_ms is None else max(stretch.first_ms, span.start_ms)
    last_ms = stretch.last_ms if span.end_ms is None else min(stretch.last_ms, span.end_ms - 1)
    if first_ms > last_ms:
        return None
    if not span.trusted:
        return Piece(
            span, first_ms, last_ms + 1, Segments([], []), frozenset(days_between(first_ms, last_ms, zone)), {}
        )
    reader = _Reader(session, stretch.device_id, span, limits, genuine)
    days = frozenset(days_between(first_ms, last_ms, zone))
    while True:
        outer = (day_span_ms(min(days), zone)[0], day_span_ms(max(days), zone)[1])
        read = reader.around((first_ms, last_ms), outer)
        if read is None:
            return Piece(span, first_ms, last_ms + 1, Segments([], []), days, {})
        found, (start, end) = read
        latest = found.track.event_ms[-1] if len(found.track) else last_ms
        changed = frozenset(days_between(min(start, first_ms), max(last_ms, end or latest), zone))
        if changed <= days:
            return _piece(span, found, (first_ms, last_ms), limits, zone, days)
        days |= changed


def _piece(
    span: Installation,
    found: _Found,
    stretch: tuple[int, int],
    limits: Limits,
    zone: ZoneInfo,
    days: frozenset[date],
) -> Piece:
    def day_bounds(moment_ms: int) -> tuple[int, int]:
        return day_span_ms(day_of(moment_ms, zone), zone)

    segments = segment(
        found.track, limits, day_bounds, first_ms=found.start_ms, last_ms=found.end_ms, flags=found.flags
    )
    samples: Counter[date] = Counter()
    for quarter, count in Counter([at // QUARTER_HOUR_MS for at in found.track.event_ms]).items():
        samples[day_of(quarter * QUARTER_HOUR_MS, zone)] += count
    if found.end_ms is not None:
        end = found.end_ms
    else:
        end = max(found.track.event_ms[-1] if len(found.track) else stretch[1], stretch[1]) + 1
    return Piece(span, min(found.start_ms, stretch[0]), end, segments, days, samples)
