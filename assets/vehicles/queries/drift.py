"""The tracker's kilometres of a vehicle beside the dashboard's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.registry.models import Meter, MeterIncrement, MeterReading
from assets.telemetry.models import TripRow
from assets.vehicles.rules.drift import Drift, Shown, drifts

MOST_READINGS = 13
_NEW_BEGINNINGS = ("correction", "replaced")


def drift_of(session: Session, asset_id: int, *, most: int = MOST_READINGS) -> Sequence[Drift]:
    """The drift between the last readings of a vehicle's odometer, oldest first; empty where there are not two."""
    rows = session.execute(
        select(MeterReading.meter_id, MeterReading.at, MeterReading.value, MeterReading.source)
        .join(Meter, Meter.id == MeterReading.meter_id)
        .where(Meter.asset_id == asset_id, Meter.kind == "odometer_km", MeterReading.annulled_at.is_(None))
        .order_by(MeterReading.at.desc(), MeterReading.id.desc())
        .limit(most)
    ).all()[::-1]
    readings = [Shown(row.at, row.value, row.source in _NEW_BEGINNINGS) for row in rows]
    spans = [(before.at, after.at) for before, after in pairwise(readings)]
    measured = {span: _added(session, rows[0].meter_id, span) for span in spans}
    estimated = {span: _estimated(session, asset_id, span) for span in spans}
    return drifts(readings, measured, estimated)


def _added(session: Session, meter_id: int, span: tuple[datetime, datetime]) -> Decimal:
    total = session.scalar(
        select(func.sum(MeterIncrement.amount)).where(
            MeterIncrement.meter_id == meter_id, MeterIncrement.at > span[0], MeterIncrement.at <= span[1]
        )
    )
    return Decimal(total or 0)


def _estimated(session: Session, asset_id: int, span: tuple[datetime, datetime]) -> Decimal:
    metres = session.scalar(
        select(func.sum(TripRow.estimated_m)).where(
            TripRow.asset_id == asset_id, TripRow.started_at > span[0], TripRow.started_at <= span[1]
        )
    )
    return round(Decimal(metres or 0) / 1000, 3)
