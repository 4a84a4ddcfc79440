"""When we did not listen: the times between those in which ingest was connected to the broker."""

from __future__ import annotations

from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.telemetry.days import to_ms
from assets.telemetry.models import IngestStatus, Listening
from assets.telemetry.presence import Outage

STILL_LISTENS_MS = 60_000
"""A sign of life so old still counts; ingest gives one every few seconds."""


def outages(session: Session, since_ms: int, now_ms: int) -> tuple[Outage, ...]:
    """The outages that end after a moment, oldest first; the last one may last still (telemetry database)."""
    spans = session.execute(
        select(Listening.from_ms, Listening.until_ms).where(Listening.until_ms >= since_ms).order_by(Listening.until_ms)
    ).all()
    found = [Outage(one.until_ms, other.from_ms) for one, other in pairwise(spans)]
    last_ms = spans[-1].until_ms if spans else _last_beat_ms(session)
    if last_ms is not None and now_ms - last_ms > STILL_LISTENS_MS:
        found.append(Outage(last_ms, None))
    return tuple(found)


def _last_beat_ms(session: Session) -> int | None:
    """The last sign of life of ingest, or the end of the last time in which it listened."""
    before = session.scalar(select(Listening.until_ms).order_by(Listening.until_ms.desc()).limit(1))
    status = session.get(IngestStatus, 1)
    return before if before is not None or status is None else to_ms(status.beat_at)
