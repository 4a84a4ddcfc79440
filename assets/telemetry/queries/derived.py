"""Reads of what is derived: installations, trips, days, and what waits for a rebuild."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.telemetry.days import to_ms
from assets.telemetry.models import (
    DayRevision,
    Device,
    Dirty,
    Tracker,
    TrackerDay,
    TrackerDistrust,
    TrackerInstallation,
    TripRow,
)


@dataclass(frozen=True, slots=True)
class Installation:
    """The asset that carried a tracker in a half-open span of event time; None: no asset.

    Not `trusted`: what the tracker said then is not believed, and nothing is derived from it.
    """

    asset_id: int | None
    start_ms: int | None
    end_ms: int | None
    trusted: bool = True


def installations(session: Session, tracker: str) -> list[Installation]:
    """All of time in half-open spans, each with the asset that carried the tracker (main database).

    Since it is not believed any more it is on no asset, whatever it was mounted on.
    """
    spans, until = _mounted(session, tracker), trusted_until(session, tracker)
    if until is None:
        return spans
    end_ms = to_ms(until)
    believed = [span for span in spans if span.start_ms is None or span.start_ms < end_ms]
    last = replace(believed[-1], end_ms=end_ms)
    return [*believed[:-1], last, Installation(None, end_ms, None, trusted=False)]


def trusted_until(session: Session, tracker: str) -> datetime | None:
    """Since when, by event time, what a tracker says is not believed; None while it is."""
    return session.scalar(
        select(TrackerDistrust.since).where(
            TrackerDistrust.tracker_id == tracker, TrackerDistrust.taken_back_at.is_(None)
        )
    )


def _mounted(session: Session, tracker: str) -> list[Installation]:
    rows = session.scalars(
        select(TrackerInstallation)
        .where(TrackerInstallation.tracker_id == tracker)
        .order_by(TrackerInstallation.started_at)
    )
    spans: list[Installation] = []
    at: int | None = None
    for row in rows:
        start_ms = to_ms(row.started_at)
        if at is None or start_ms > at:
            spans.append(Installation(None, at, start_ms))
        at = None if row.ended_at is None else to_ms(row.ended_at)
        spans.append(Installation(row.asset_id, start_ms, at))
        if at is None:
            return spans
    return [*spans, Installation(None, at, None)]


def installed_on(session: Session, tracker: str, at: datetime) -> int | None:
    """The asset that carries a tracker at a moment."""
    return session.scalar(
        select(TrackerInstallation.asset_id).where(
            TrackerInstallation.tracker_id == tracker,
            TrackerInstallation.started_at <= at,
            (TrackerInstallation.ended_at.is_(None)) | (TrackerInstallation.ended_at > at),
        )
    )


def trackers(session: Session, *, after: str = "", limit: int = 50) -> Sequence[Tracker]:
    """Trackers by id, a page at a time."""
    return session.scalars(select(Tracker).where(Tracker.id > after).order_by(Tracker.id).limit(limit)).all()


def trips(session: Session, tracker: str, start: datetime, until: datetime) -> Sequence[TripRow]:
    """Trips that begin in a half-open span, in order."""
    return session.scalars(
        select(TripRow)
        .where(TripRow.tracker_id == tracker, TripRow.started_at >= start, TripRow.started_at < until)
        .order_by(TripRow.started_at)
    ).all()


def days(session: Session, tracker: str, first: date, until: date) -> Sequence[TrackerDay]:
    """Day rows of a half-open span of local days, by day (several, when the tracker was moved that day)."""
    return session.scalars(
        select(TrackerDay)
        .where(TrackerDay.tracker_id == tracker, TrackerDay.day >= first, TrackerDay.day < until)
        .order_by(TrackerDay.day, TrackerDay.id)
    ).all()


def trips_of_asset(session: Session, asset_id: int, start: datetime, until: datetime) -> Sequence[TripRow]:
    """Trips of an asset, whichever tracker it carried, that begin in a half-open span, in order."""
    return session.scalars(
        select(TripRow)
        .where(TripRow.asset_id == asset_id, TripRow.started_at >= start, TripRow.started_at < until)
        .order_by(TripRow.started_at, TripRow.id)
    ).all()


def days_of_asset(session: Session, asset_id: int, first: date, until: date) -> Sequence[TrackerDay]:
    """Day rows of an asset in a half-open span of local days, by day (several, when it changed trackers)."""
    return session.scalars(
        select(TrackerDay)
        .where(TrackerDay.asset_id == asset_id, TrackerDay.day >= first, TrackerDay.day < until)
        .order_by(TrackerDay.day, TrackerDay.id)
    ).all()


def day_revisions(session: Session, tracker: str, first: date, until: date) -> Sequence[DayRevision]:
    """What changed of the days of a half-open span after they were over, by day and time."""
    return session.scalars(
        select(DayRevision)
        .where(DayRevision.tracker_id == tracker, DayRevision.day >= first, DayRevision.day < until)
        .order_by(DayRevision.day, DayRevision.id)
    ).all()


def dirty_stretches(session: Session) -> list[tuple[str, Dirty]]:
    """(tracker, stretch) of everything that waits for a rebuild, by tracker and day."""
    found = (
        select(Device.tracker_id, Dirty)
        .join(Device, Device.id == Dirty.device_id)
        .order_by(Device.tracker_id, Dirty.day)
    )
    return [(tracker, stretch) for tracker, stretch in session.execute(found)]
