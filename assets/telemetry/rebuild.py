"""Rebuilding: trips, days and meters of a dirty stretch follow anew from its samples, whatever order they came in."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from assets.core.actor import system_actor
from assets.core.app import App
from assets.registry.models import Asset, Meter, MeterIncrement
from assets.registry.service import meters
from assets.telemetry import queries
from assets.telemetry.days import day_of, day_span_ms, days_between, to_moment, to_ms
from assets.telemetry.marks import mark_stretch
from assets.telemetry.models import Dirty, TrackerDay, TripRow
from assets.telemetry.queries import Installation
from assets.telemetry.trips import DEFAULT_LIMITS, DayPiece, Limits, Point, Segments, cuts, segment

ACTOR = system_actor("rebuild")
METER_SOURCE = "telemetry"
LONGEST_STRETCH_DAYS = 7
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


class Rebuilder:
    """Rebuilds what is dirty. A tracker whose stretch takes long is left alone for a while, so that live data of many
    trackers cannot keep a processor busy: each takes at most half a per cent of it."""

    def __init__(self, app: App, limits: Limits = DEFAULT_LIMITS) -> None:
        self._app = app
        self._limits = limits
        self._rest_until_s: dict[str, float] = {}

    def run(self, *, at_once: bool = False) -> int:
        """Rebuilds every stretch that is due (`at_once`: all of them); how many there were."""
        with self._app.telemetry.reading() as session:
            waiting = _stretches(queries.dirty_stretches(session))
        done = 0
        for stretch in waiting:
            if not at_once and time.monotonic() < self._rest_until_s.get(stretch.tracker, 0.0):
                continue
            began_s = time.monotonic()
            rebuild(self._app, stretch, self._limits)
            took_s = time.monotonic() - began_s
            self._rest_until_s[stretch.tracker] = began_s + min(120.0, 200 * took_s)
            done += 1
        return done


def _stretches(marks: Iterable[tuple[str, Dirty]]) -> list[Stretch]:
    """Marks of neighbouring days of one tracker together, up to a week."""
    stretches: list[Stretch] = []
    for tracker, mark in marks:
        last = stretches[-1] if stretches else None
        version = (mark.day, mark.version)
        joins = last is not None and last.tracker == tracker and last.versions[-1][0] + timedelta(days=1) == mark.day
        if last is not None and joins and len(last.versions) < LONGEST_STRETCH_DAYS:
            stretches[-1] = Stretch(
                tracker,
                mark.device_id,
                min(last.first_ms, mark.first_ms),
                max(last.last_ms, mark.last_ms),
                (*last.versions, version),
            )
        else:
            stretches.append(Stretch(tracker, mark.device_id, mark.first_ms, mark.last_ms, (version,)))
    return stretches


def rebuild(app: App, stretch: Stretch, limits: Limits = DEFAULT_LIMITS) -> None:
    """Replaces the results of a stretch, commits them, then clears its marks unless more has come meanwhile."""
    zone, now = app.settings.zone, app.clock()
    with app.reading() as main:
        spans = queries.installations(main, stretch.tracker)
    pieces = []
    with app.telemetry.reading() as telemetry:
        for span in spans:
            piece = _piece(telemetry, stretch, span, limits, zone)
            if piece is not None:
                pieces.append(piece)
    with app.transaction(ACTOR, now) as main:
        for piece in pieces:
            _replace_trips(main, stretch.tracker, piece)
            _replace_meters(main, stretch.tracker, piece)
        _replace_days(main, stretch.tracker, pieces, zone)
    with app.telemetry.transaction(ACTOR, now) as telemetry:
        for day, version in stretch.versions:
            telemetry.execute(
                delete(Dirty).where(Dirty.device_id == stretch.device_id, Dirty.day == day, Dirty.version == version)
            )


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


def _piece(session: Session, stretch: Stretch, span: Installation, limits: Limits, zone: ZoneInfo) -> Piece | None:
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


def _replace_trips(session: Session, tracker: str, piece: Piece) -> None:
    session.execute(
        delete(TripRow).where(
            TripRow.tracker_id == tracker,
            TripRow.started_at >= to_moment(piece.start_ms),
            TripRow.started_at < to_moment(piece.end_ms),
        )
    )
    rows = [
        {
            "tracker_id": tracker,
            "asset_id": piece.installation.asset_id,
            "started_at": to_moment(run.start_ms),
            "ended_at": to_moment(run.end_ms),
            "distance_m": run.totals.distance_mm / 1000,
            "estimated_m": run.totals.estimated_mm / 1000,
            "moving_s": run.totals.moving_ms / 1000,
            "idle_s": run.totals.idle_ms / 1000,
            "engine_s": run.totals.engine_ms / 1000,
            "unknown_s": run.totals.unknown_ms / 1000,
            "source": run.source,
        }
        for run in piece.segments.trips
    ]
    if rows:
        session.execute(insert(TripRow), rows)


def _replace_meters(session: Session, tracker: str, piece: Piece) -> None:
    """Kilometres and engine hours become entries of the asset's meters, one for each run, at its end."""
    # A run belongs to the stretch that it begins in but counts at its end, which may be the next cut itself.
    span = (to_moment(piece.start_ms + 1), to_moment(piece.end_ms + 1))
    _take_from_others(session, tracker, piece.installation.asset_id, span)
    asset = None if piece.installation.asset_id is None else session.get(Asset, piece.installation.asset_id)
    if asset is None:
        return
    distance, engine = [], []
    for run in piece.segments.runs:
        key = f"{tracker}:{run.start_ms}"
        if run.totals.distance_mm:
            km = Decimal(run.totals.distance_mm) / 1_000_000
            distance.append(meters.Increment(to_moment(run.end_ms), km, key))
        if run.totals.engine_ms:
            hours = Decimal(run.totals.engine_ms) / 3_600_000
            engine.append(meters.Increment(to_moment(run.end_ms), hours, key))
    meters.replace_increments(session, asset, "odometer_km", METER_SOURCE, span, distance)
    meters.replace_increments(session, asset, "engine_h", METER_SOURCE, span, engine)


def _take_from_others(session: Session, tracker: str, asset_id: int | None, span: tuple[datetime, datetime]) -> None:
    """Takes back what this tracker added in the span to other assets, which it was thought to be on."""
    stale = session.scalars(
        select(Meter)
        .join(MeterIncrement, MeterIncrement.meter_id == Meter.id)
        .where(
            MeterIncrement.source == METER_SOURCE,
            MeterIncrement.source_key.startswith(f"{tracker}:", autoescape=True),
            MeterIncrement.at >= span[0],
            MeterIncrement.at < span[1],
            Meter.asset_id.is_distinct_from(asset_id),
        )
        .distinct()
    ).all()
    for meter in stale:
        session.execute(
            delete(MeterIncrement).where(
                MeterIncrement.meter_id == meter.id,
                MeterIncrement.source == METER_SOURCE,
                MeterIncrement.source_key.startswith(f"{tracker}:", autoescape=True),
                MeterIncrement.at >= span[0],
                MeterIncrement.at < span[1],
            )
        )
        meters.refresh(session, meter)


def _replace_days(session: Session, tracker: str, pieces: Sequence[Piece], zone: ZoneInfo) -> None:
    _clear_days_of_others(session, tracker, pieces)
    for piece in pieces:
        asset_id = piece.installation.asset_id
        here = TrackerDay.asset_id.is_(None) if asset_id is None else TrackerDay.asset_id == asset_id
        of_tracker = TrackerDay.tracker_id == tracker
        old = {
            row.day: row
            for row in session.scalars(select(TrackerDay).where(of_tracker, here, TrackerDay.day.in_(piece.days)))
        }
        new = {day_of(day.start_ms, zone): day for day in piece.segments.days}
        for day in sorted(piece.days):
            values = _day_values(new.get(day), piece.samples.get(day, 0))
            row = old.get(day)
            if row is not None:
                _revise(row, values)
            elif values["samples"]:
                session.add(TrackerDay(tracker_id=tracker, asset_id=asset_id, day=day, revision=1, **values))


def _clear_days_of_others(session: Session, tracker: str, pieces: Sequence[Piece]) -> None:
    """Sets to nought the days of assets that, as is known now, did not carry the tracker on them."""
    carriers: dict[date, set[int | None]] = {}
    for piece in pieces:
        for day in piece.days:
            carriers.setdefault(day, set()).add(piece.installation.asset_id)
    rows = select(TrackerDay).where(TrackerDay.tracker_id == tracker, TrackerDay.day.in_(carriers))
    for row in session.scalars(rows).all():
        if row.asset_id not in carriers[row.day]:
            _revise(row, _day_values(None, 0))


def _revise(row: TrackerDay, values: dict[str, float]) -> None:
    """Puts new figures in; the row stays, even at nought, so that its revision tells who used the old ones."""
    if any(getattr(row, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(row, name, value)
        row.revision += 1


def _day_values(piece: DayPiece | None, samples: int) -> dict[str, float]:
    piece = piece or DayPiece(0)
    totals = piece.totals
    return {
        "distance_m": totals.distance_mm / 1000,
        "estimated_m": totals.estimated_mm / 1000,
        "moving_s": totals.moving_ms / 1000,
        "idle_s": totals.idle_ms / 1000,
        "engine_s": totals.engine_ms / 1000,
        "unknown_s": totals.unknown_ms / 1000,
        "trips": piece.trips,
        "samples": samples,
    }


def mark_span(app: App, tracker: str, start: datetime, until: datetime | None, now: datetime) -> None:
    """Marks all that a tracker sent in a span dirty, after its installation changed there."""
    zone = app.settings.zone
    with app.telemetry.transaction(ACTOR, now) as session:
        device_id = queries.device_id_of(session, tracker)
        if device_id is None:
            return
        span = queries.sample_span(session, device_id, to_ms(start), None if until is None else to_ms(until))
        if span is not None:
            # The mark begins before the change, so that what went on across it is cut there.
            mark_stretch(session, device_id, min(to_ms(start) - 1, span[0]), span[1], zone)
