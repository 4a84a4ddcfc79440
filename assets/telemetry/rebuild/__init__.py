"""Rebuilding: trips, days and meters of a dirty stretch follow anew from its samples, whatever order they came in."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete

from assets.core.actor import system_actor
from assets.core.app import App
from assets.core.clock import local_date
from assets.telemetry import queries
from assets.telemetry.days import to_ms
from assets.telemetry.marks import mark_stretch
from assets.telemetry.models import Dirty
from assets.telemetry.places import visits
from assets.telemetry.rebuild.decisions import mark_decisions
from assets.telemetry.rebuild.pieces import Stretch, derived_piece
from assets.telemetry.rebuild.results import Revising, replace_days, replace_doubts, replace_meters, replace_trips
from assets.telemetry.trips import DEFAULT_LIMITS, Limits

ACTOR = system_actor("rebuild")
LONGEST_STRETCH_DAYS = 7
LONGEST_REST_S = 120.0


class Rebuilder:
    """Rebuilds what is dirty. A tracker whose stretch takes long is left alone for a while, two minutes at most, so
    that live data of many trackers cannot keep a processor busy: each takes about half a per cent of its time."""

    def __init__(self, app: App, limits: Limits = DEFAULT_LIMITS) -> None:
        self._app = app
        self._limits = limits
        self._rest_until_s: dict[str, float] = {}

    def run(self, *, at_once: bool = False, stopping: threading.Event | None = None) -> int:
        """Rebuilds every stretch that is due (`at_once`: all of them) until told to stop; how many there were."""
        mark_decisions(self._app, self._app.clock())
        with self._app.telemetry.reading() as session:
            waiting = _stretches(queries.dirty_stretches(session))
        done = 0
        for stretch in waiting:
            if stopping is not None and stopping.is_set():
                break
            if not at_once and time.monotonic() < self._rest_until_s.get(stretch.tracker, 0.0):
                continue
            began_s, used_s = time.monotonic(), time.thread_time()
            rebuild(self._app, stretch, self._limits)
            used_s = time.thread_time() - used_s
            self._rest_until_s[stretch.tracker] = began_s + min(LONGEST_REST_S, 200 * used_s)
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
        decided = queries.decisions(main, stretch.tracker)
    genuine = queries.lifted(decided)
    with app.telemetry.reading() as telemetry:
        pieces = [
            piece
            for span in spans
            if (piece := derived_piece(telemetry, stretch, span, limits, zone, genuine)) is not None
        ]
        doubted = {each.event_ms for piece in pieces for each in piece.segments.doubts if each.doubt in visits.NOWHERE}
        ways = visits.tracks(telemetry, stretch.device_id, spans, (stretch.first_ms, stretch.last_ms), doubted)
    revising = Revising(now, zone, {local_date(row.event_at, zone) for row in decided.values()})
    with app.transaction(ACTOR, now) as main:
        # The last first: a run counts at its end, and one that is cut now had its end in a later piece.
        for piece in reversed(pieces):
            replace_trips(main, stretch.tracker, piece)
            replace_meters(main, stretch.tracker, piece)
        replace_days(main, stretch.tracker, pieces, revising)
        visits.replace_visits(main, stretch.tracker, ways)
    with app.telemetry.transaction(ACTOR, now) as telemetry:
        replace_doubts(telemetry, stretch.device_id, pieces)
        for day, version in stretch.versions:
            telemetry.execute(
                delete(Dirty).where(Dirty.device_id == stretch.device_id, Dirty.day == day, Dirty.version == version)
            )


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
