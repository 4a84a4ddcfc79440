"""Putting results in place of older ones: trips, meter entries, day rows with what was revised, doubts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from assets.core.clock import day_start, local_date
from assets.registry.models import Asset, Meter, MeterIncrement
from assets.registry.service import meters
from assets.telemetry.days import day_of, to_moment
from assets.telemetry.models import Boot, DayRevision, SampleDoubt, TrackerDay, TripRow
from assets.telemetry.rebuild.pieces import Piece
from assets.telemetry.trips import DayPiece, Doubted, Run, Totals

METER_SOURCE = "telemetry"
MEASURED_BY = ("can", "device", "gps")
"""Sources of odometer entries; `METER_SOURCE` stands on engine hours, and on entries of older versions."""
Days = dict[tuple[date, int | None], dict[str, object]]
"""Figures by day and asset."""
GRACE = timedelta(hours=6)
"""A day counts as over so long after its midnight: what comes until then is no revision, only late by a little."""


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
            "source": run.source,
            **_figures(run.totals),
        }
        for run in piece.segments.trips
    ]
    if rows:
        session.execute(insert(TripRow), rows)


def _figures(totals: Totals) -> dict[str, object]:
    return {
        "distance_m": totals.distance_mm / 1000,
        "estimated_m": totals.estimated_mm / 1000,
        "can_m": totals.can_mm / 1000,
        "device_m": totals.device_mm / 1000,
        "moving_s": totals.moving_ms / 1000,
        "idle_s": totals.idle_ms / 1000,
        "engine_s": totals.engine_ms / 1000,
        "unknown_s": totals.unknown_ms / 1000,
        "gaps": {
            reason.value: [far_mm / 1000, long_ms / 1000] for reason, (far_mm, long_ms) in sorted(totals.gaps.items())
        }
        or None,
    }


def replace_meters(session: Session, tracker: str, piece: Piece) -> None:
    """Kilometres and engine hours become entries of the asset's meters, one for each run and source, at its end."""
    # A run belongs to the stretch that it begins in but counts at its end, which may be the next cut itself.
    span = (to_moment(piece.start_ms + 1), to_moment(piece.end_ms + 1))
    others = _thought_to_carry(session, tracker, span) - {piece.installation.asset_id}
    if others:
        _take_from_others(session, tracker, others, span)
    asset = None if piece.installation.asset_id is None else session.get(Asset, piece.installation.asset_id)
    if asset is None:
        return
    distance = [entry for run in piece.segments.runs for entry in _kilometres(tracker, run)]
    engine = [
        meters.Increment(to_moment(run.end_ms), Decimal(run.totals.engine_ms) / 3_600_000, f"{tracker}:{run.start_ms}")
        for run in piece.segments.runs
        if run.totals.engine_ms
    ]
    added = {"odometer_km": distance, "engine_h": engine}
    meters.replace_all_increments(session, asset, added, (METER_SOURCE, *MEASURED_BY), span)


def _kilometres(tracker: str, run: Run) -> Iterable[meters.Increment]:
    totals = run.totals
    shares = (totals.can_mm, totals.device_mm, totals.distance_mm - totals.can_mm - totals.device_mm)
    for source, far_mm in zip(MEASURED_BY, shares, strict=True):
        if far_mm:
            km = Decimal(far_mm) / 1_000_000
            yield meters.Increment(to_moment(run.end_ms), km, f"{tracker}:{run.start_ms}", source)


def _thought_to_carry(session: Session, tracker: str, span: tuple[datetime, datetime]) -> set[int | None]:
    """The assets that have days of this tracker around the span: these rows stay, whatever becomes of installations."""
    return set(
        session.scalars(
            select(TrackerDay.asset_id)
            .where(
                TrackerDay.tracker_id == tracker,
                TrackerDay.asset_id.is_not(None),
                TrackerDay.day >= span[0].date() - timedelta(days=2),
                TrackerDay.day <= span[1].date() + timedelta(days=2),
            )
            .distinct()
        )
    )


def _take_from_others(
    session: Session, tracker: str, others: Collection[int | None], span: tuple[datetime, datetime]
) -> None:
    """Takes back what this tracker added in the span to other assets, which it was thought to be on."""
    ours = (
        MeterIncrement.source.in_((METER_SOURCE, *MEASURED_BY)),
        MeterIncrement.source_key.startswith(f"{tracker}:", autoescape=True),
        MeterIncrement.at >= span[0],
        MeterIncrement.at < span[1],
    )
    stale = session.scalars(
        select(Meter)
        .join(MeterIncrement, MeterIncrement.meter_id == Meter.id)
        .where(*ours, Meter.asset_id.in_(others))
        .distinct()
    ).all()
    for meter in stale:
        session.execute(delete(MeterIncrement).where(MeterIncrement.meter_id == meter.id, *ours))
        meters.refresh(session, meter)


@dataclass(frozen=True)
class Revising:
    """What day rows are written with: when, in which zone, and the days on which a person decided on a flag."""

    now: datetime
    zone: ZoneInfo
    decided: Collection[date] = ()

    def is_over(self, day: date) -> bool:
        """Whether a change of the day is a revision."""
        return self.now >= day_start(day + timedelta(days=1), self.zone) + GRACE


def replace_days(session: Session, tracker: str, pieces: Sequence[Piece], revising: Revising) -> None:
    """Puts the figures of the pieces' days in place; what changes of a day that is over is kept as a revision."""
    wanted = _wanted(pieces, revising.zone)
    if not wanted:
        return
    first, last = min(day for day, _ in wanted), max(day for day, _ in wanted)
    rows = session.scalars(
        select(TrackerDay)
        .where(TrackerDay.tracker_id == tracker, TrackerDay.day >= first, TrackerDay.day <= last)
        .order_by(TrackerDay.id)
    ).all()
    days = {day for day, _ in wanted}
    old = {(row.day, row.asset_id): row for row in rows if row.day in days}
    # Assets that, as is known now, did not carry the tracker on a day have nothing of it.
    for key in old.keys() - wanted.keys():
        wanted[key] = _day_values(None, 0)
    shrunk = {key[0] for key, row in old.items() if int(str(wanted[key]["samples"])) < row.samples}
    for (day, asset_id), values in sorted(wanted.items(), key=lambda item: (item[0][0], item[0][1] or 0)):
        row = old.get((day, asset_id))
        if row is None and not values["samples"]:
            continue
        if row is None:
            row = TrackerDay(tracker_id=tracker, asset_id=asset_id, day=day, revision=0, **_day_values(None, 0))
            session.add(row)
        _put(session, row, values, revising, has_moved=day in shrunk)


def _wanted(pieces: Sequence[Piece], zone: ZoneInfo) -> Days:
    """The figures by day and asset; an asset may have carried the tracker twice on a day."""
    found: dict[tuple[date, int | None], tuple[DayPiece, int]] = {}
    for piece in pieces:
        new = {day_of(day.start_ms, zone): day for day in piece.segments.days}
        for day in piece.days:
            key = (day, piece.installation.asset_id)
            whole, samples = found.get(key, (DayPiece(0), 0))
            if (part := new.get(day)) is not None:
                whole.totals.add(part.totals)
                whole.trips += part.trips
            found[key] = (whole, samples + piece.samples.get(day, 0))
    return {key: _day_values(whole, samples) for key, (whole, samples) in found.items()}


def _put(session: Session, row: TrackerDay, values: dict[str, object], revising: Revising, *, has_moved: bool) -> None:
    """Puts new figures in; the row stays, even at nought, so that its revision tells who used the old ones."""
    if row.revision and all(getattr(row, name) == value for name, value in values.items()):
        return
    before_m, samples = row.distance_m, row.samples
    for name, value in values.items():
        setattr(row, name, value)
    row.revision += 1
    if not revising.is_over(row.day) or (before_m == row.distance_m and samples == row.samples):
        return
    if has_moved:
        reason = "tracker_moved"
    elif samples != row.samples:
        reason = "late_data"
    else:
        reason = "flag_decided" if row.day in revising.decided else "derived_anew"
    _note_revision(session, row, reason, (before_m, row.samples - samples), revising)


def _note_revision(
    session: Session, row: TrackerDay, reason: str, change: tuple[float, int], revising: Revising
) -> None:
    """Keeps what changed; changes for one reason on one later day are one."""
    today = local_date(revising.now, revising.zone)
    same = (
        select(DayRevision)
        .where(
            DayRevision.tracker_id == row.tracker_id, DayRevision.day == row.day, DayRevision.revised_on == today,
            DayRevision.asset_id.is_not_distinct_from(row.asset_id),
        )
        .order_by(DayRevision.id.desc())
        .limit(1)
    )  # fmt: skip
    noted = session.scalar(same)
    if noted is None or noted.reason != reason:
        noted = DayRevision(
            tracker_id=row.tracker_id, asset_id=row.asset_id, day=row.day, revised_on=today, reason=reason,
            before_m=change[0], late_samples=0,
        )  # fmt: skip
        session.add(noted)
    noted.at, noted.revision, noted.after_m = revising.now, row.revision, row.distance_m
    noted.late_samples += change[1]


def _day_values(piece: DayPiece | None, samples: int) -> dict[str, object]:
    piece = piece or DayPiece(0)
    return {**_figures(piece.totals), "trips": piece.trips, "samples": samples}


def replace_doubts(session: Session, device_id: int, pieces: Sequence[Piece]) -> None:
    """Puts what neighbours tell of samples in place of what they told before (telemetry database)."""
    for piece in pieces:
        session.execute(
            delete(SampleDoubt).where(
                SampleDoubt.device_id == device_id,
                SampleDoubt.event_ms > piece.start_ms,
                SampleDoubt.event_ms <= piece.end_ms,
            )
        )
    told = [doubted for piece in pieces for doubted in piece.segments.doubts]
    if told:
        _add_doubts(session, device_id, told)


def _add_doubts(session: Session, device_id: int, told: Sequence[Doubted]) -> None:
    boots = {
        (life, boot): boot_id
        for boot_id, life, boot in session.execute(
            select(Boot.id, Boot.life, Boot.boot).where(Boot.device_id == device_id)
        )
    }
    rows = [
        {
            "device_id": device_id, "boot_id": boots[each.life, each.boot], "seq": each.seq,
            "event_ms": each.event_ms, "flag": each.doubt.value,
        }
        for each in told
    ]  # fmt: skip
    for row in rows:
        # A sample that was dated anew may stand there with its old moment.
        session.execute(delete(SampleDoubt).where(SampleDoubt.boot_id == row["boot_id"], SampleDoubt.seq == row["seq"]))
    session.execute(insert(SampleDoubt), rows)
