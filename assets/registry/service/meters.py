"""Meters: absolute readings by people, increments by telemetry and use; nothing is overwritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from assets.registry.models import Asset, Meter, MeterIncrement, MeterReading
from assets.registry.rules.meters import check_kind, check_reading


@dataclass(frozen=True)
class Increment:
    """`amount` in the meter's unit added at `at`; `key` is unique within the source and meter.

    `source` names who measured it, where what adds it measures in several ways.
    """

    at: datetime
    amount: Decimal
    key: str
    source: str = ""


def meter_of(session: Session, asset: Asset, kind: str) -> Meter:
    """The asset's meter of this kind, made when it is first needed."""
    check_kind(kind)
    meter = session.scalar(select(Meter).where(Meter.asset_id == asset.id, Meter.kind == kind))
    if meter is None:
        meter = Meter(asset=asset, kind=kind)
        session.add(meter)
        session.flush()
    return meter


def meters_of(session: Session, wanted: Iterable[tuple[Asset, str]]) -> dict[tuple[int, str], Meter]:
    """The meters of these assets and kinds, by (asset id, kind), made where they are first needed.

    A query for each 400 assets.
    """
    owners = {(asset.id, kind): asset for asset, kind in wanted}
    ids = sorted({asset_id for asset_id, _ in owners})
    found: dict[tuple[int, str], Meter] = {}
    for first in range(0, len(ids), 400):
        rows = session.scalars(select(Meter).where(Meter.asset_id.in_(ids[first : first + 400])))
        found |= {key: meter for meter in rows if (key := (meter.asset_id, meter.kind)) in owners}
    for key, asset in owners.items():
        if key not in found:
            check_kind(key[1])
            found[key] = Meter(asset=asset, kind=key[1])
            session.add(found[key])
    session.flush()
    return found


def record_reading(
    session: Session,
    asset: Asset,
    kind: str,
    value: Decimal,
    at: datetime,
    now: datetime,
    *,
    source: str = "manual",
    event_id: str | None = None,
    reason: str = "",
) -> MeterReading:
    """Enter what a meter shows. The caller has checked the right to do so.

    It must fit between the absolute readings before and after it, unless `source` is 'correction' or 'replaced' with
    a reason.
    """
    meter = meter_of(session, asset, kind)
    if source not in {"correction", "replaced"}:
        before, after = _neighbours(session, meter, at)
        check_reading(value, at, before, after, now)
    reading = MeterReading(meter=meter, value=value, at=at, source=source, event_id=event_id, reason=reason)
    session.add(reading)
    session.flush()
    refresh(session, meter)
    return reading


def replace_increments(
    session: Session,
    asset: Asset,
    kind: str,
    source: str,
    span: tuple[datetime, datetime],
    increments: Iterable[Increment],
) -> None:
    """Put `increments` in place of all that `source` added to the meter within the half-open `span`."""
    replace_all_increments(session, asset, {kind: increments}, (source,), span)


def replace_all_increments(
    session: Session,
    asset: Asset,
    increments: Mapping[str, Iterable[Increment]],
    sources: Sequence[str],
    span: tuple[datetime, datetime],
) -> None:
    """Put `increments` (by kind of meter) in place of all that these sources added to those meters within `span`.

    The span is half-open. An increment that names no source is of the first.
    """
    meters = meters_of(session, ((asset, kind) for kind in increments))
    session.execute(
        delete(MeterIncrement).where(
            MeterIncrement.meter_id.in_([meter.id for meter in meters.values()]),
            MeterIncrement.source.in_(sources),
            MeterIncrement.at >= span[0],
            MeterIncrement.at < span[1],
        )
    )
    rows = [
        {
            "meter_id": meters[asset.id, kind].id, "at": each.at, "amount": each.amount,
            "source": each.source or sources[0], "source_key": each.key,
        }
        for kind, added in increments.items()
        for each in added
    ]  # fmt: skip
    if rows:
        session.execute(insert(MeterIncrement), rows)
    for meter in meters.values():
        refresh(session, meter)


def add_increment(session: Session, asset: Asset, kind: str, source: str, increment: Increment) -> None:
    """Add one increment (a use with a count or hours)."""
    meter = meter_of(session, asset, kind)
    session.add(
        MeterIncrement(meter=meter, at=increment.at, amount=increment.amount, source=source, source_key=increment.key)
    )
    refresh(session, meter)


def value_at(session: Session, meter: Meter, at: datetime) -> Decimal | None:
    """What the meter showed at a moment: the last absolute reading until then plus the increments since; or None."""
    reading = session.scalar(
        select(MeterReading)
        .where(MeterReading.meter_id == meter.id, MeterReading.annulled_at.is_(None), MeterReading.at <= at)
        .order_by(MeterReading.at.desc(), MeterReading.id.desc())
        .limit(1)
    )
    since = select(func.sum(MeterIncrement.amount)).where(MeterIncrement.meter_id == meter.id, MeterIncrement.at <= at)
    if reading is not None:
        since = since.where(MeterIncrement.at > reading.at)
    added = session.scalar(since)
    if reading is None and added is None:
        return None
    start = reading.value if reading is not None else Decimal(0)
    return start + Decimal(added or 0)


def annul_reading(session: Session, reading: MeterReading, now: datetime) -> None:
    """The reading was a mistake, as an event of the caller's says: it stays, and does not count any more."""
    reading.annulled_at = now
    session.flush()
    refresh(session, reading.meter)


def refresh(session: Session, meter: Meter) -> None:
    """Bring the meter's cached value up to date: the newest reading and what was added since, as of the last of both.

    Two queries: a rebuild of telemetry asks this of every meter that it touches.
    """
    reading = session.execute(
        select(MeterReading.value, MeterReading.at)
        .where(MeterReading.meter_id == meter.id, MeterReading.annulled_at.is_(None))
        .order_by(MeterReading.at.desc(), MeterReading.id.desc())
        .limit(1)
    ).first()
    since = select(func.sum(MeterIncrement.amount), func.max(MeterIncrement.at)).where(
        MeterIncrement.meter_id == meter.id
    )
    if reading is not None:
        since = since.where(MeterIncrement.at > reading.at)
    row = session.execute(since).one()
    last: datetime | None = row[1]
    value, at = (reading.value, reading.at) if reading is not None else (None, None)
    if last is not None:
        value, at = (value or Decimal(0)) + Decimal(row[0]), last
    meter.value, meter.value_at = value, at


def _neighbours(session: Session, meter: Meter, at: datetime) -> tuple[Decimal | None, Decimal | None]:
    readings = select(MeterReading.value).where(MeterReading.meter_id == meter.id, MeterReading.annulled_at.is_(None))
    before = session.scalar(
        readings.where(MeterReading.at <= at).order_by(MeterReading.at.desc(), MeterReading.id.desc()).limit(1)
    )
    after = session.scalar(readings.where(MeterReading.at > at).order_by(MeterReading.at, MeterReading.id).limit(1))
    return before, after
