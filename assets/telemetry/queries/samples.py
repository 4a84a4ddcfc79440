"""Reads of samples: points for the segmenter, positions and stops for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.telemetry.days import to_moment, to_ms
from assets.telemetry.models import (
    Boot,
    Device,
    Sample,
)
from assets.telemetry.pipeline import NO_POSITION_FLAGS
from assets.telemetry.pipeline import RECEIPT as UNPLACED
from assets.telemetry.queries.flags import doubts
from assets.telemetry.trips import Point, Stop, Track, stops


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


Genuine = Mapping[tuple[str, int, int], frozenset[str]]
"""The flags that a person lifted, by (life, boot, seq)."""


def track(
    session: Session, device_id: int, first_ms: int | None, last_ms: int | None, genuine: Genuine | None = None
) -> Track:
    """Samples of a half-open span as the segmenter reads them, column by column, doubtful coordinates left out.

    A sample that is dated by its receipt only has no place: in which order it came to others is not known.
    """
    found = (
        select(
            Sample.event_ms,
            Sample.boot_id,
            Sample.seq,
            Sample.up_ms,
            Sample.lat,
            Sample.lon,
            Sample.speed_kmh,
            Sample.ignition,
            Sample.odometer_m,
            Sample.engine_s,
            Sample.can_odo_km,
            Sample.events,
            Sample.flags,
            Sample.dated,
        )
        .where(Sample.device_id == device_id)
        .order_by(Sample.event_ms, Sample.boot_id, Sample.seq)
    )
    if first_ms is not None:
        found = found.where(Sample.event_ms >= first_ms)
    if last_ms is not None:
        found = found.where(Sample.event_ms < last_ms)
    with session.connection().execute(found) as result:
        # The driver's own rows, as they are: to make objects of thousands takes as long as to read them.
        rows: Sequence[tuple[Any, ...]] = result.cursor.fetchall()
    if not rows:
        return Track.of(())
    boots = _boots(session, {row[1] for row in rows})
    if len(boots) > 1:
        rows = sorted(rows, key=lambda row: (row[0], *boots[row[1]], row[2]))
    return _columns(rows, boots, genuine or {})


def _boots(session: Session, ids: Collection[int]) -> dict[int, tuple[str, int]]:
    """(life, boot) of each of these boots."""
    found = session.execute(select(Boot.id, Boot.life, Boot.boot).where(Boot.id.in_(ids)))
    return {boot_id: (life, boot) for boot_id, life, boot in found}


def _columns(rows: Sequence[tuple[Any, ...]], boots: Mapping[int, tuple[str, int]], genuine: Genuine) -> Track:
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    times, boot_ids, seqs, ups, lats, lons, speeds, *others, flags, dated = columns
    lives, numbers = [boots[each][0] for each in boot_ids], [boots[each][1] for each in boot_ids]
    lifted: list[frozenset[str] | None] = [None] * len(rows)
    if genuine:
        lifted = [genuine.get(key) for key in zip(lives, numbers, seqs, strict=True)]
    if flags.count(None) < len(flags) or UNPLACED in dated:
        unplaced = [
            how == UNPLACED or (words is not None and _is_unplaced(words, said))
            for words, how, said in zip(flags, dated, lifted, strict=True)
        ]
        lats = [None if out else lat for lat, out in zip(lats, unplaced, strict=True)]
        speeds = [None if out else speed for speed, out in zip(speeds, unplaced, strict=True)]
    placed: list[Sequence[Any]] = [times, lives, numbers, seqs, ups, lats, lons, speeds, *others, lifted]
    return Track(*placed)


def _is_unplaced(words: str, lifted: frozenset[str] | None) -> bool:
    flags = NO_POSITION_FLAGS.intersection(words.split(","))
    return bool(flags - lifted if lifted is not None else flags)


def points(
    session: Session,
    device_id: int,
    first_ms: int | None,
    last_ms: int | None,
    genuine: Genuine | None = None,
) -> list[Point]:
    """Samples of a half-open span one by one, in order, doubtful coordinates left out."""
    found = track(session, device_id, first_ms, last_ms, genuine)
    return [
        Point(at, life, boot, seq, up / 1000, lat, None if lat is None else lon, speed,
              None if ignition is None else bool(ignition), *rest)
        for at, life, boot, seq, up, lat, lon, speed, ignition, *rest in zip(*found.columns(), strict=True)
    ]  # fmt: skip


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
    ends: tuple[int | None, ...] = tuple(
        session.execute(found if last_ms is None else found.where(Sample.event_ms < last_ms)).one()
    )
    low, high = ends
    return None if low is None or high is None else (low, high)


def positions(
    session: Session, tracker: str, start: datetime, until: datetime, *, offset: int = 0, limit: int = 500
) -> list[Position]:
    """Samples with a place in a half-open span, in event order, with their flags and those their neighbours tell."""
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
    rows = session.execute(found).all()
    told = doubts(session, tracker, to_moment(rows[0].event_ms), to_moment(rows[-1].event_ms + 1)) if rows else {}
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
            (*(row.flags.split(",") if row.flags else ()), *told.get((row.life, row.boot, row.seq), ())),
        )
        for row in rows
    ]


def stays(
    session: Session, tracker: str, start: datetime, until: datetime, *, diameter_m: float, min_s: float
) -> list[Stop]:
    """Stops in a half-open span, found in the samples themselves, so that any diameter and time can be asked for."""
    device_id = device_id_of(session, tracker)
    if device_id is None:
        return []
    return stops(points(session, device_id, to_ms(start), to_ms(until)), diameter_m, min_s)


def place_of_sample(session: Session, tracker: str, life: str, boot: int, seq: int) -> tuple[float, float] | None:
    """Latitude and longitude of one sample, None when it has none or is not kept any more."""
    found = session.execute(
        select(Sample.lat, Sample.lon)
        .join(Boot, Boot.id == Sample.boot_id)
        .join(Device, Device.id == Boot.device_id)
        .where(Device.tracker_id == tracker, Boot.life == life, Boot.boot == boot, Sample.seq == seq)
        .limit(1)
    ).first()
    return None if found is None or found.lat is None or found.lon is None else (found.lat, found.lon)
