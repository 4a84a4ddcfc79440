"""What is silent: by tracker for ingest, by asset for who looks at vehicles (main database)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from assets.telemetry.days import to_ms
from assets.telemetry.models import SilentWindowRow, TrackerInstallation
from assets.telemetry.silence.spans import Span, Spans, merged

UNTIL = func.coalesce(SilentWindowRow.ended_at, SilentWindowRow.ends_at)


def silent_spans(session: Session, trackers: Collection[str] | None = None) -> dict[str, Spans]:
    """By tracker (of those named, or all) the times of which no place may be kept.

    They are the windows of each asset while it carried the tracker.
    """
    statement = select(
        TrackerInstallation.tracker_id,
        TrackerInstallation.started_at,
        TrackerInstallation.ended_at,
        SilentWindowRow.starts_at,
        UNTIL.label("until"),
    ).join(SilentWindowRow, SilentWindowRow.asset_id == TrackerInstallation.asset_id)
    if trackers is not None:
        statement = statement.where(TrackerInstallation.tracker_id.in_(trackers))
    found: dict[str, list[Span]] = defaultdict(list)
    for tracker, mounted_at, taken_off_at, starts_at, until in session.execute(statement):
        first = max(starts_at, mounted_at)
        last = until if taken_off_at is None else min(until, taken_off_at)
        if first < last:
            found[tracker].append(Span(to_ms(first), to_ms(last)))
    return {tracker: merged(spans) for tracker, spans in found.items()}


def _running(at: datetime) -> ColumnElement[bool]:
    return and_(SilentWindowRow.starts_at <= at, at < UNTIL)


def silent_assets(session: Session, at: datetime) -> dict[int, datetime]:
    """The assets that are silent at a moment, each with when that ends."""
    rows = session.execute(select(SilentWindowRow.asset_id, SilentWindowRow.ends_at).where(_running(at)))
    return {asset_id: ends_at for asset_id, ends_at in rows}  # noqa: C416  (rows are no pairs to mypy)


def is_silent(session: Session, asset_id: int, at: datetime) -> bool:
    """Whether an asset is silent at a moment."""
    found = select(SilentWindowRow.id).where(SilentWindowRow.asset_id == asset_id, _running(at))
    return session.scalar(found) is not None


def excused_until(session: Session, asset_ids: Collection[int], at: datetime) -> dict[int, datetime]:
    """Until when nobody could expect to hear of these assets: the end of the last window that has begun by `at`.

    It lies ahead while an asset is silent. Whoever asks how long a vehicle was not heard counts from here at the
    earliest: what it missed under orders is no fault.
    """
    rows = session.execute(
        select(SilentWindowRow.asset_id, func.max(UNTIL))
        .where(SilentWindowRow.asset_id.in_(asset_ids), SilentWindowRow.starts_at <= at)
        .where(SilentWindowRow.starts_at < UNTIL)
        .group_by(SilentWindowRow.asset_id)
    )
    return {asset_id: until for asset_id, until in rows}  # noqa: C416  (as above)
