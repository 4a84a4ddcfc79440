"""The note that we listen: without it a vehicle would be called silent because of us."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from assets.telemetry.days import to_ms
from assets.telemetry.models import Listening
from assets.telemetry.queries.outages import STILL_LISTENS_MS

KEPT = timedelta(days=120)


def note_listening(session: Session, now: datetime) -> None:
    """Says that ingest is connected to the broker at this moment; call it with every sign of life while it is.

    After a pause of a minute a new time begins, and the pause is an outage of ours (telemetry database).
    """
    now_ms = to_ms(now)
    last = session.scalar(select(Listening).order_by(Listening.until_ms.desc()).limit(1))
    if last is not None and now_ms - last.until_ms <= STILL_LISTENS_MS:
        last.until_ms = max(last.until_ms, now_ms)
        return
    session.add(Listening(from_ms=now_ms, until_ms=now_ms))
    session.execute(delete(Listening).where(Listening.until_ms < to_ms(now - KEPT)))
