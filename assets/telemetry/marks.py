"""Dirty marks: which stretches of which tracker's days have results that no longer follow from the samples."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import Table, func
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from assets.telemetry.days import days_between
from assets.telemetry.models import Dirty


def mark_dirty(session: Session, rows: list[dict[str, object]]) -> None:
    """Marks stretches (`device_id`, `day`, `first_ms`, `last_ms`); a marked one grows, with a new version."""
    if not rows:
        return
    sqlite = session.get_bind().dialect.name == "sqlite"
    least, most = (func.min, func.max) if sqlite else (func.least, func.greatest)
    table = Dirty.__table__
    assert isinstance(table, Table)  # noqa: S101  (mapped to a table, never a join; tells mypy so)
    statement = sqlite_insert(table) if sqlite else postgresql_insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=["device_id", "day"],
        set_={
            "first_ms": least(table.c.first_ms, statement.excluded.first_ms),
            "last_ms": most(table.c.last_ms, statement.excluded.last_ms),
            "version": table.c.version + 1,
        },
    )
    session.execute(statement, [{**row, "version": 1} for row in rows])


def mark_stretch(session: Session, device_id: int, first_ms: int, last_ms: int, zone: ZoneInfo) -> None:
    """Marks everything between two moments, day by day."""
    days = days_between(first_ms, last_ms, zone)
    mark_dirty(
        session, [{"device_id": device_id, "day": day, "first_ms": first_ms, "last_ms": last_ms} for day in days]
    )
