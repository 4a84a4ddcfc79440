"""Entering fuel fills; the odometer goes through the meter service, which refuses one that runs back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.registry.models import Asset, MeterReading
from assets.registry.service.meters import annul_reading, record_reading
from assets.registry.service.timeline import Occurrence, record
from assets.vehicles.models import FuelFill
from assets.vehicles.rules.entries import FillGiven, check_when
from assets.vehicles.service.entries import Correction, add, begin, begin_correction, in_its_place


def enter_fill(
    session: Session, actor: Actor, asset: Asset, given: FillGiven, occurrence: Occurrence, now: datetime
) -> FuelFill:
    """Enter that fuel went into a vehicle; `RuleViolation` reading_falls when its odometer would run back."""
    begin(session, actor, FuelFill, asset, occurrence)
    check_when(given.at, now)
    event = record(session, actor, asset, "fuel", occurrence, _told(given))
    fill = add(session, actor, FuelFill(asset=asset, **asdict(given)), event, now)
    _read_odometer(session, fill, now)
    return fill


def correct_fill(
    session: Session, actor: Actor, wrong: FuelFill, given: FillGiven | None, why: Correction, now: datetime
) -> FuelFill:
    """Put `given` in the place of a wrong fill, or nothing when it is void; the wrong reading no longer counts."""
    if given is not None:
        check_when(given.at, now)
    event = begin_correction(session, actor, wrong, why, Occurrence(now, now), "fuel_corrected")
    for reading in session.scalars(
        select(MeterReading).where(MeterReading.event_id == wrong.event_id, MeterReading.annulled_at.is_(None))
    ):
        annul_reading(session, reading, now)
    values = asdict(given) if given is not None else _values(wrong)
    fill = add(session, actor, in_its_place(FuelFill(asset=wrong.asset, **values), wrong, why), event, now)
    if given is not None:
        _read_odometer(session, fill, now)
    return fill


def _read_odometer(session: Session, fill: FuelFill, now: datetime) -> None:
    if fill.odometer_km is not None:
        record_reading(session, fill.asset, "odometer_km", fill.odometer_km, fill.at, now, event_id=fill.event_id)


def _values(fill: FuelFill) -> dict[str, object]:
    return asdict(
        FillGiven(fill.at, fill.litres, fill.is_full, fill.odometer_km, fill.cost, fill.currency, fill.station)
    )


def _told(given: FillGiven) -> dict[str, object]:
    told: dict[str, object] = {"litres": str(given.litres), "is_full": given.is_full}
    if given.odometer_km is not None:
        told |= {"meter": "odometer_km", "value": str(given.odometer_km)}
    return told
