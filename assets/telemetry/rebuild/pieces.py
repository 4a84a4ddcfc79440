"""What a dirty stretch grows to: the samples between two cuts, per installation, and their segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.telemetry import queries
from assets.telemetry.days import day_of, day_span_ms, days_between
from assets.telemetry.queries import Installation
from assets.telemetry.trips import Limits, Point, Segments, cuts, segment

LOOK_MS = 6 * 3_600_000


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


class _Reader:
    """The samples of one installation, read in growing windows until cuts are found on both sides."""

    def __init__(self, session: Session, device_id: int, span: Installation, limits: Limits) -> None:
        self._session = session
        self._device_id = device_id
        self._span = span
        self._limits = limits

    def around(self, first_ms: int, last_ms: int) -> tuple[list[Point], int, int | None] | None:
        """(points, the last cut not after `first_ms`, the first cut that what lies up to `last_ms` cannot move).

        The last is None at the end of the data. None when there are no points at all.
        """
        before, after = LOOK_MS, LOOK_MS
        while True:
            lower, whole_past = self._lower(first_ms - before)
            upper = last_ms + after
            found = queries.points(self._session, self._device_id, lower, self._clip(upper))
            whole_future = self._is_end(upper)
            if not found and whole_past and whole_future:
                return None
            start = self._start_cut(found, first_ms, whole_past=whole_past)
            end = self._end_cut(found, last_ms)
            if start is not None and (end is not None or whole_future):
                return found, start, end
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

    def _start_cut(self, found: Sequence[Point], first_ms: int, *, whole_past: bool) -> int | None:
        if not found:
            return None
        flags = cuts(found, self._limits)
        # With earlier samples left out, the first ones read do not know their past: they are no proof of a cut.
        blind_until = found[0].event_ms + 1000 * (self._limits.quiet_s + self._limits.parked_gap_s)
        best = found[0].event_ms if whole_past else None
        for index, point in enumerate(found):
            if point.event_ms >= first_ms and best is not None:
                break
            after_gap = index > 0 and point.event_ms - found[index - 1].event_ms > 1000 * self._limits.trip_gap_s
            if (
                flags[index]
                and point.event_ms <= first_ms
                and (whole_past or after_gap or point.event_ms > blind_until)
            ):
                best = point.event_ms
        return best

    def _end_cut(self, found: Sequence[Point], last_ms: int) -> int | None:
        """The first cut so far behind `last_ms` that a sample there cannot have moved it (see `motion.cuts`)."""
        flags = cuts(found, self._limits)
        settled_ms: float | None = None
        for index, point in enumerate(found):
            if point.event_ms <= last_ms or point.lat is None:
                continue
            if settled_ms is None:
                settled_ms = point.event_ms + 1000 * self._limits.quiet_s
            elif flags[index] and point.event_ms >= settled_ms:
                return point.event_ms
        return None


def derived_piece(
    session: Session, stretch: Stretch, span: Installation, limits: Limits, zone: ZoneInfo
) -> Piece | None:
    """The results of the part of a stretch that lies in one installation, grown to whole days between cuts."""
    first_ms = stretch.first_ms if span.start_ms is None else max(stretch.first_ms, span.start_ms)
    last_ms = stretch.last_ms if span.end_ms is None else min(stretch.last_ms, span.end_ms - 1)
    if first_ms > last_ms:
        return None
    reader = _Reader(session, stretch.device_id, span, limits)
    inner = reader.around(first_ms, last_ms)
    if inner is None:
        return Piece(
            span, first_ms, last_ms + 1, Segments([], []), frozenset(days_between(first_ms, last_ms, zone)), {}
        )
    found, start, end = inner
    changed = frozenset(days_between(min(start, first_ms), max(last_ms, end or found[-1].event_ms), zone))
    outer = reader.around(day_span_ms(min(changed), zone)[0], day_span_ms(max(changed), zone)[1])
    if outer is None:
        return None
    found, start, end = outer

    def day_bounds(moment_ms: int) -> tuple[int, int]:
        return day_span_ms(day_of(moment_ms, zone), zone)

    segments = segment(found, limits, day_bounds, first_ms=start, last_ms=end)
    samples: dict[date, int] = {}
    for point in found:
        day = day_of(point.event_ms, zone)
        samples[day] = samples.get(day, 0) + 1
    until = found[-1].event_ms + 1 if end is None else end
    return Piece(
        span, min(start, first_ms), max(until, last_ms + 1 if end is None else until), segments, changed, samples
    )
