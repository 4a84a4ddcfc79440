"""Reads of samples: points for the segmenter, positions and stops for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from assets.telemetry.days import to_moment, to_ms
from assets.telemetry.models import (
    Boot,
    Device,
    Sample,
)
from assets.telemetry.pipeline import NO_POSITION_FLAGS
from assets.telemetry.trips import Point, Stop, stops


@dataclass(frozen=True, slots=True)
class Position:
    """One sample with a place, in event order (`GET /trackers/{id}/positions`)."""

    at: datetime
    received_at: datetime
    lat: float
    lon: float
    speed_kmh: float | None
    life: str
    boot: int
    seq: int
    flags: tuple[str, ...]


def device_id_of(session: Session, tracker: str) -> int | None:
    """The telemetry database's number of a tracker, None while it was never heard."""
    return session.scalar(select(Device.id).where(Device.tracker_id == tracker))


def _samples(device_id: int, first_ms: int | None, last_ms: int | None) -> Select[*tuple[Any, ...]]:
    found: Select[*tuple[Any, ...]] = (
        select(
            Sample.event_ms,
            Boot.life,
            Boot.boot,
            Sample.seq,
            Sample.up_ms,
            Sample.lat,
            Sample.lon,
            Sample.speed_kmh,
            Sample.ignition,
            Sample.odometer_m,
            Sample.engine_s,
            Sample.flags,
        )
        .join(Boot, Boot.id == Sample.boot_id)
        .where(Sample.device_id == device_id, Sample.event_ms.is_not(None))
        .order_by(Sample.event_ms, Boot.life, Boot.boot, Sample.seq)
    )
    if first_ms is not None:
        found = found.where(Sample.event_ms >= first_ms)
    return found if last_ms is None else found.where(Sample.event_ms < last_ms)


def points(session: Session, device_id: int, first_ms: int | None, last_ms: int | None) -> list[Point]:
    """Dated samples of a half-open span as the segmenter reads them, doubtful coordinates left out."""
    found = session.execute(_samples(device_id, first_ms, last_ms))
    result = []
    for event_ms, life, boot, seq, up_ms, lat, lon, speed, ignition, odometer, engine, flags in found:
        if flags is not None and not NO_POSITION_FLAGS.isdisjoint(flags.split(",")):
            lat = lon = speed = None
        result.append(Point(event_ms, life, boot, seq, up_ms / 1000, lat, lon, speed, ignition, odometer, engine))
    return result


def sample_before(session: Session, device_id: int, moment_ms: int) -> int | None:
    """Event time of the last dated sample before a moment."""
    found = select(func.max(Sample.event_ms)).where(Sample.device_id == device_id, Sample.event_ms < moment_ms)
    return session.scalar(found)


def sample_after(session: Session, device_id: int, moment_ms: int) -> int | None:
    """Event time of the first dated sample at or after a moment."""
    found = select(func.min(Sample.event_ms)).where(Sample.device_id == device_id, Sample.event_ms >= moment_ms)
    return session.scalar(found)


def sample_span(session: Session, device_id: int, first_ms: int, last_ms: int | None) -> tuple[int, int] | None:
    """Event times of the first and last dated samples of a half-open span, None when it has none."""
    found = select(func.min(Sample.event_ms), func.max(Sample.event_ms)).where(
        Sample.device_id == device_id, Sample.event_ms >= first_ms
    )
    low, high = session.execute(found if last_ms is None else found.where(Sample.event_ms < last_ms)).one()
    return None if low is None or high is None else (low, high)


def positions(
    session: Session, tracker: str, start: datetime, until: datetime, *, offset: int = 0, limit: int = 500
) -> list[Position]:
    """Samples with a place in a half-open span, flagged ones included, in event order."""
    found = (
        select(
            Sample.event_ms,
            Sample.received_ms,
            Sample.lat,
            Sample.lon,
            Sample.speed_kmh,
            Boot.life,
            Boot.boot,
            Sample.seq,
            Sample.flags,
        )
        .join(Boot, Boot.id == Sample.boot_id)
        .join(Device, Device.id == Sample.device_id)
        .where(Device.tracker_id == tracker, Sample.event_ms >= to_ms(start), Sample.event_ms < to_ms(until))
        .where(Sample.lat.is_not(None))
        .order_by(Sample.event_ms, Boot.life, Boot.boot, Sample.seq)
        .offset(offset)
        .limit(limit)
    )
    return [
        Position(
            to_moment(row.event_ms),
            to_moment(row.received_ms),
            row.lat,
            row.lon,
            row.speed_kmh,
            row.life,
            row.boot,
            row.seq,
            tuple(row.flags.split(",")) if row.flags else (),
        )
        for row in session.execute(found)
    ]


def stays(
    session: Session, tracker: str, start: datetime, until: datetime, *, diameter_m: float, min_s: float
) -> list[Stop]:
    """Stops in a half-open span, found in the samples themselves, so that any diameter and time can be asked for."""
    device_id = device_id_of(session, tracker)
    if device_id is None:
        return []
    return stops(points(session, device_id, to_ms(start), to_ms(until)), diameter_m, min_s)
