"""Putting results in place of older ones: trips, meter entries, day rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from assets.registry.models import Asset, Meter, MeterIncrement
from assets.registry.service import meters
from assets.telemetry.days import day_of, to_moment
from assets.telemetry.models import TrackerDay, TripRow
from assets.telemetry.rebuild.pieces import Piece
from assets.telemetry.trips import DayPiece

METER_SOURCE = "telemetry"


def replace_trips(session: Session, tracker: str, piece: Piece) -> None:
    session.execute(
        delete(TripRow).where(
            TripRow.tracker_id == tracker,
            TripRow.started_at >= to_moment(piece.start_ms),
            TripRow.started_at < to_moment(piece.end_ms),
        )
    )
    rows = [
        {
            "tracker_id": tracker,
            "asset_id": piece.installation.asset_id,
            "started_at": to_moment(run.start_ms),
            "ended_at": to_moment(run.end_ms),
            "distance_m": run.totals.distance_mm / 1000,
            "estimated_m": run.totals.estimated_mm / 1000,
            "moving_s": run.totals.moving_ms / 1000,
            "idle_s": run.totals.idle_ms / 1000,
            "engine_s": run.totals.engine_ms / 1000,
            "unknown_s": run.totals.unknown_ms / 1000,
            "source": run.source,
        }
        for run in piece.segments.trips
    ]
    if rows:
        session.execute(insert(TripRow), rows)


def replace_meters(session: Session, tracker: str, piece: Piece) -> None:
    """Kilometres and engine hours become entries of the asset's meters, one for each run, at its end."""
    # A run belongs to the stretch that it begins in but counts at its end, which may be the next cut itself.
    span = (to_moment(piece.start_ms + 1), to_moment(piece.end_ms + 1))
    _take_from_others(session, tracker, piece.installation.asset_id, span)
    asset = None if piece.installation.asset_id is None else session.get(Asset, piece.installation.asset_id)
    if asset is None:
        return
    distance, engine = [], []
    for run in piece.segments.runs:
        key = f"{tracker}:{run.start_ms}"
        if run.totals.distance_mm:
            km = Decimal(run.totals.distance_mm) / 1_000_000
            distance.append(meters.Increment(to_moment(run.end_ms), km, key))
        if run.totals.engine_ms:
            hours = Decimal(run.totals.engine_ms) / 3_600_000
            engine.append(meters.Increment(to_moment(run.end_ms), hours, key))
    meters.replace_increments(session, asset, "odometer_km", METER_SOURCE, span, distance)
    meters.replace_increments(session, asset, "engine_h", METER_SOURCE, span, engine)


def _take_from_others(session: Session, tracker: str, asset_id: int | None, span: tuple[datetime, datetime]) -> None:
    """Takes back what this tracker added in the span to other assets, which it was thought to be on."""
    stale = session.scalars(
        select(Meter)
        .join(MeterIncrement, MeterIncrement.meter_id == Meter.id)
        .where(
            MeterIncrement.source == METER_SOURCE,
            MeterIncrement.source_key.startswith(f"{tracker}:", autoescape=True),
            MeterIncrement.at >= span[0],
            MeterIncrement.at < span[1],
            Meter.asset_id.is_distinct_from(asset_id),
        )
        .distinct()
    ).all()
    for meter in stale:
        session.execute(
            delete(MeterIncrement).where(
                MeterIncrement.meter_id == meter.id,
                MeterIncrement.source == METER_SOURCE,
                MeterIncrement.source_key.startswith(f"{tracker}:", autoescape=True),
                MeterIncrement.at >= span[0],
                MeterIncrement.at < span[1],
            )
        )
        meters.refresh(session, meter)


def replace_days(session: Session, tracker: str, pieces: Sequence[Piece], zone: ZoneInfo) -> None:
    _clear_days_of_others(session, tracker, pieces)
    for piece in pieces:
        asset_id = piece.installation.asset_id
        here = TrackerDay.asset_id.is_(None) if asset_id is None else TrackerDay.asset_id == asset_id
        of_tracker = TrackerDay.tracker_id == tracker
        old = {
            row.day: row
            for row in session.scalars(select(TrackerDay).where(of_tracker, here, TrackerDay.day.in_(piece.days)))
        }
        new = {day_of(day.start_ms, zone): day for day in piece.segments.days}
        for day in sorted(piece.days):
            values = _day_values(new.get(day), piece.samples.get(day, 0))
            row = old.get(day)
            if row is not None:
                _revise(row, values)
            elif values["samples"]:
                session.add(TrackerDay(tracker_id=tracker, asset_id=asset_id, day=day, revision=1, **values))


def _clear_days_of_others(session: Session, tracker: str, pieces: Sequence[Piece]) -> None:
    """Sets to nought the days of assets that, as is known now, did not carry the tracker on them."""
    carriers: dict[date, set[int | None]] = {}
    for piece in pieces:
        for day in piece.days:
            carriers.setdefault(day, set()).add(piece.installation.asset_id)
    rows = select(TrackerDay).where(TrackerDay.tracker_id == tracker, TrackerDay.day.in_(carriers))
    for row in session.scalars(rows).all():
        if row.asset_id not in carriers[row.day]:
            _revise(row, _day_values(None, 0))


def _revise(row: TrackerDay, values: dict[str, float]) -> None:
    """Puts new figures in; the row stays, even at nought, so that its revision tells who used the old ones."""
    if any(getattr(row, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(row, name, value)
        row.revision += 1


def _day_values(piece: DayPiece | None, samples: int) -> dict[str, float]:
    piece = piece or DayPiece(0)
    totals = piece.totals
    return {
        "distance_m": totals.distance_mm / 1000,
        "estimated_m": totals.estimated_mm / 1000,
        "moving_s": totals.moving_ms / 1000,
        "idle_s": totals.idle_ms / 1000,
        "engine_s": totals.engine_ms / 1000,
        "unknown_s": totals.unknown_ms / 1000,
        "trips": piece.trips,
        "samples": samples,
    }
