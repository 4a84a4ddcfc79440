"""Dirty marks: which stretches of which tracker's days have results that no longer follow from the samples."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.telemetry.days import days_between

Mark = tuple[int, date, int, int]
"""(device_id, local day, first_ms, last_ms): both ends are within the stretch."""

_SQLITE = (
    "INSERT INTO dirty (device_id, day, first_ms, last_ms, version) VALUES (?, ?, ?, ?, 1)"
    " ON CONFLICT (device_id, day) DO UPDATE SET first_ms = min(first_ms, excluded.first_ms),"
    " last_ms = max(last_ms, excluded.last_ms), version = version + 1"
)
_POSTGRESQL = (
    "INSERT INTO telemetry.dirty (device_id, day, first_ms, last_ms, version)"
    " SELECT *, 1 FROM unnest(%s::int[], %s::date[], %s::bigint[], %s::bigint[])"
    " ON CONFLICT (device_id, day) DO UPDATE SET first_ms = least(dirty.first_ms, excluded.first_ms),"
    " last_ms = greatest(dirty.last_ms, excluded.last_ms), version = dirty.version + 1"
)


def mark_dirty(session: Session, marks: Sequence[Mark]) -> None:
    """Marks stretches, one for each device and day; a marked one grows, with a new version.

    Ingest does this for every batch, so the tuples go straight to the driver.
    """
    if not marks:
        return
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_SQLITE, [(device, day.isoformat(), *span) for device, day, *span in marks])
    else:
        connection.exec_driver_sql(_POSTGRESQL, tuple(list(column) for column in zip(*marks, strict=True)))


def mark_stretch(session: Session, device_id: int, first_ms: int, last_ms: int, zone: ZoneInfo) -> None:
    """Marks everything between two moments, day by day."""
    mark_dirty(session, [(device_id, day, first_ms, last_ms) for day in days_between(first_ms, last_ms, zone)])
