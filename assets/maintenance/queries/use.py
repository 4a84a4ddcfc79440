"""Mean daily use of meters over the last 90 days, for many meters at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.maintenance.rules.due import USE_WINDOW_DAYS, DailyUse, mean_use
from assets.registry.models import Meter, MeterIncrement, MeterReading

CHUNK = 500  # below SQLite's limit of bound values
Start = tuple[Decimal, datetime]


def daily_uses(session: Session, meter_ids: Iterable[int], now: datetime) -> dict[int, DailyUse]:
    """Mean use per day of each meter over the 90 days to `now`; meters with less than a week of history are left out.

    The window begins later where the meter was not known 90 days ago, or was corrected or replaced since.
    """
    found: dict[int, DailyUse] = {}
    wanted = sorted(set(meter_ids))
    for first in range(0, len(wanted), CHUNK):
        found.update(_uses(session, wanted[first : first + CHUNK], now))
    return found


def _uses(session: Session, ids: Sequence[int], now: datetime) -> dict[int, DailyUse]:
    zone = zone_of(session)
    since = now - timedelta(days=USE_WINDOW_DAYS)
    starts = _first_in_window(session, ids, since, now)
    for meter_id, value in _values_at(session, ids, since).items():
        starts[meter_id] = (value, since)
    starts.update(_restarts(session, ids, since, now))
    uses: dict[int, DailyUse] = {}
    for meter in session.scalars(select(Meter).where(Meter.id.in_(ids))):
        if meter.value is None or meter.id not in starts:
            continue
        start, at = starts[meter.id]
        use = mean_use(start, local_date(at, zone), meter.value, local_date(now, zone))
        if use is not None:
            uses[meter.id] = use
    return uses


def _values_at(session: Session, ids: Sequence[int], at: datetime) -> dict[int, Decimal]:
    last = (
        select(MeterReading.meter_id, func.max(MeterReading.at).label("at"))
        .where(MeterReading.meter_id.in_(ids), MeterReading.annulled_at.is_(None), MeterReading.at <= at)
        .group_by(MeterReading.meter_id)
        .subquery()
    )
    readings = session.execute(
        select(MeterReading.meter_id, MeterReading.value)
        .join(last, (last.c.meter_id == MeterReading.meter_id) & (last.c.at == MeterReading.at))
        .where(MeterReading.annulled_at.is_(None))
        .order_by(MeterReading.id)
    )
    values: dict[int, Decimal] = {row.meter_id: row.value for row in readings}
    added = session.execute(
        select(MeterIncrement.meter_id, func.sum(MeterIncrement.amount))
        .outerjoin(last, last.c.meter_id == MeterIncrement.meter_id)
        .where(
            MeterIncrement.meter_id.in_(ids),
            MeterIncrement.at <= at,
            or_(last.c.at.is_(None), MeterIncrement.at > last.c.at),
        )
        .group_by(MeterIncrement.meter_id)
    )
    for meter_id, amount in added:
        values[meter_id] = values.get(meter_id, Decimal(0)) + amount
    return values


def _first_in_window(session: Session, ids: Sequence[int], since: datetime, now: datetime) -> dict[int, Start]:
    starts: dict[int, Start] = {}
    increments = session.execute(
        select(MeterIncrement.meter_id, func.min(MeterIncrement.at))
        .where(MeterIncrement.meter_id.in_(ids), MeterIncrement.at > since, MeterIncrement.at <= now)
        .group_by(MeterIncrement.meter_id)
    )
    for meter_id, at in increments:
        starts[meter_id] = (Decimal(0), at)
    readings = session.execute(
        select(MeterReading.meter_id, MeterReading.value, MeterReading.at)
        .where(
            MeterReading.meter_id.in_(ids),
            MeterReading.annulled_at.is_(None),
            MeterReading.at > since,
            MeterReading.at <= now,
        )
        .order_by(MeterReading.at.desc(), MeterReading.id.desc())
    )
    for meter_id, value, at in readings:  # the earliest comes last and stays
        starts[meter_id] = (value, at)
    return starts


def _restarts(session: Session, ids: Sequence[int], since: datetime, now: datetime) -> dict[int, Start]:
    rows = session.execute(
        select(MeterReading.meter_id, MeterReading.value, MeterReading.at)
        .where(
            MeterReading.meter_id.in_(ids),
            MeterReading.annulled_at.is_(None),
            MeterReading.source.in_(("correction", "replaced")),
            MeterReading.at > since,
            MeterReading.at <= now,
        )
        .order_by(MeterReading.at, MeterReading.id)
    )
    return {meter_id: (value, at) for meter_id, value, at in rows}
