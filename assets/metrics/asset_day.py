"""Builds `asset_day` from what is recorded: in bulk, a piece at a time, and only what differs is written."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Table, and_, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from assets.metrics.facts import subjects
from assets.metrics.models import AssetDay
from assets.metrics.rules.day import DayRow
from assets.metrics.rules.timeline import Calendar, day_rows
from assets.people.models import Unit

_TABLE = cast("Table", AssetDay.__table__)
_KEYS = ("asset_id", "day")
_FIGURES = ("month", "class_id", "region_id", *DayRow._fields)


def rebuild_days(session: Session, asset_ids: Collection[int], first: date, until: date, zone: ZoneInfo) -> int:
    """Bring the rows of these assets for the local days `first` to the day before `until` up to date.

    Says how many rows were written: a row that comes out as it was is left alone, one that differs gets the next
    revision, days before the asset was registered have none. Memory grows with assets x days: give about 20,000.
    """
    if not asset_ids or until <= first:
        return 0
    calendar = Calendar.of(first, until, zone)
    regions = {row.id: row.region_id for row in session.execute(select(Unit.id, Unit.region_id))}
    within = and_(AssetDay.asset_id.in_(asset_ids), AssetDay.day >= first, AssetDay.day < until)
    present = {
        (row[0], row[1]): (row[2], tuple(row[3:]))
        for row in session.execute(select(*(_TABLE.c[name] for name in (*_KEYS, "revision", *_FIGURES))).where(within))
    }
    added: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for subject in subjects(session, asset_ids, calendar, zone):
        for day, row in day_rows(subject.facts, calendar):
            figures = (day.year * 100 + day.month, subject.class_id, regions[row.unit_id], *row)
            before = present.pop((subject.asset_id, day), None)
            if before is None:
                added.append(_values(subject.asset_id, day, 1, figures))
            elif before[1] != figures:
                changed.append(_values(subject.asset_id, day, before[0] + 1, figures))
    _write(session, added, changed, list(present))
    return len(added) + len(changed) + len(present)


def _values(asset_id: int, day: date, revision: int, figures: tuple[object, ...]) -> dict[str, Any]:
    return {"asset_id": asset_id, "day": day, "revision": revision, **dict(zip(_FIGURES, figures, strict=True))}


def _write(
    session: Session, added: list[dict[str, Any]], changed: list[dict[str, Any]], gone: list[tuple[int, date]]
) -> None:
    # The table is Derived: it may be written in bulk, past the journal.
    connection = session.connection()
    if added:
        connection.execute(insert(_TABLE), added)
    key = and_(_TABLE.c.asset_id == bindparam("b_asset_id"), _TABLE.c.day == bindparam("b_day"))
    if changed:
        renamed = [{("b_" + name if name in _KEYS else name): value for name, value in row.items()} for row in changed]
        connection.execute(
            update(_TABLE).where(key).values({name: bindparam(name) for name in (*_FIGURES, "revision")}), renamed
        )
    if gone:
        connection.execute(
            delete(_TABLE).where(key), [{"b_asset_id": asset_id, "b_day": day} for asset_id, day in gone]
        )
