"""Reads what makes the days of some assets: one query per kind of fact for all of them together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.custody.queries import Use, sightings, use_sessions
from assets.custody.queries.transfers import unit_chains
from assets.maintenance.models import Downtime
from assets.metrics.calibrated import calibrated_spans
from assets.metrics.rules.day import ATTENDED_DAYS, TrackerFigures
from assets.metrics.rules.timeline import AssetFacts, Calendar
from assets.people.models import Unit
from assets.registry.models import Asset, AssetEvent, EquipmentClass
from assets.registry.rules.classes import CLASSES
from assets.telemetry.models import SilentWindowRow, TrackerDay, TrackerInstallation

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Subject:
    """An asset whose days are built, with the keys that its rows carry."""

    asset_id: int
    class_id: int
    facts: AssetFacts


def subjects(session: Session, asset_ids: Collection[int], calendar: Calendar, zone: ZoneInfo) -> list[Subject]:
    """The facts of these assets within the calendar, by asset id."""
    span = datetime.fromtimestamp(calendar.bounds[0], UTC), datetime.fromtimestamp(calendar.bounds[-1], UTC)
    units, lives = _steps(session, asset_ids)
    for asset_id, chain in unit_chains(session, asset_ids).items():  # of what was ever sent, the transfers know more
        units[asset_id] = [(0 if part.since is None else _second(part.since), part.unit) for part in chain]
    uses, seen = _uses(session, asset_ids, span), _sightings(session, asset_ids, span)
    events, downtimes = _events(session, asset_ids, span), _downtimes(session, asset_ids, span)
    tracked, tracker_days = _tracked(session, asset_ids, span), _tracker_days(session, asset_ids, calendar)
    silent = _silent(session, asset_ids, span)
    calibrated = calibrated_spans(session, asset_ids, span)
    found = []
    for row in session.execute(
        select(
            Asset.id, Asset.class_id, Asset.unit_id, Asset.life, Asset.registered_at, Asset.annulled_at,
            EquipmentClass.code,
            EquipmentClass.is_vehicle, EquipmentClass.subject_to_calibration,
        )
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .where(Asset.id.in_(asset_ids))
        .order_by(Asset.id)
    ):  # fmt: skip
        facts = AssetFacts(
            is_vehicle=row.is_vehicle,
            records_use=row.code in CLASSES and CLASSES[row.code].usual_use is not None,
            subject_to_calibration=row.subject_to_calibration,
            units=units.get(row.id, [(0, row.unit_id)]),
            # Registered by mistake, it was never on the register, whatever was entered of its life.
            lives=lives.get(row.id, [(0, row.life)]) if row.annulled_at is None else [(0, "annulled")],
            first_day=local_date(row.registered_at, zone),
            downtimes=downtimes[row.id],
            uses=uses[row.id],
            events=events[row.id],
            sightings=seen[row.id],
            tracked=tracked[row.id],
            silent=silent[row.id],
            tracker_days=tracker_days[row.id],
            calibrated=calibrated.get(row.id, []),
        )
        found.append(Subject(row.id, row.class_id, facts))
    return found


def _second(moment: datetime) -> int:
    return int(moment.timestamp())


def _steps(
    session: Session, asset_ids: Collection[int]
) -> tuple[dict[int, list[tuple[int, int]]], dict[int, list[tuple[int, str]]]]:
    """Which unit had each asset from when, and which life it was in; only assets that ever changed are there.

    The first step is what the first change left, and holds from ever.
    """
    ids = {row.code: row.id for row in session.execute(select(Unit.code, Unit.id))}
    units: dict[int, list[tuple[int, int]]] = {}
    lives: dict[int, list[tuple[int, str]]] = {}
    for asset_id, kind, at, data in session.execute(
        select(AssetEvent.asset_id, AssetEvent.kind, AssetEvent.occurred_at, AssetEvent.data)
        .where(AssetEvent.kind.in_(("assigned", "life")), AssetEvent.asset_id.in_(asset_ids))
        .order_by(AssetEvent.occurred_at, AssetEvent.n, AssetEvent.received_at)
    ):
        if kind == "assigned":
            steps = units.setdefault(asset_id, [(0, ids[data["from"]])])
            steps.append((_second(at), ids[data["to"]]))
        else:
            life = lives.setdefault(asset_id, [(0, str(data["from"]))])
            life.append((_second(at), str(data["to"])))
    return units, lives


def _uses(session: Session, asset_ids: Collection[int], span: Span) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for use in use_sessions(session, span, asset_ids=asset_ids):
        found[use.asset_id].append((_second(use.at), _use_s(use)))
    return found


def _use_s(use: Use) -> int:
    if use.hours is not None:
        return int(use.hours * 3600)
    if use.started_at is not None and use.ended_at is not None:
        return int((use.ended_at - use.started_at).total_seconds())
    return 0


def _sightings(session: Session, asset_ids: Collection[int], span: Span) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for sighting in sightings(session, span, asset_ids=asset_ids):
        found[sighting.asset_id].append(_second(sighting.at))
    return found


def _events(session: Session, asset_ids: Collection[int], span: Span) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for asset_id, at in session.execute(
        select(AssetEvent.asset_id, AssetEvent.occurred_at).where(
            AssetEvent.asset_id.in_(asset_ids),
            AssetEvent.occurred_at >= span[0] - timedelta(days=ATTENDED_DAYS),
            AssetEvent.occurred_at < span[1],
        )
    ):
        found[asset_id].append(_second(at))
    return found


def _downtimes(session: Session, asset_ids: Collection[int], span: Span) -> dict[int, list[tuple[int, int, str]]]:
    found: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for asset_id, start, end, cause in session.execute(
        select(Downtime.asset_id, Downtime.started_at, Downtime.ended_at, Downtime.cause).where(
            Downtime.asset_id.in_(asset_ids),
            Downtime.started_at < span[1],
            or_(Downtime.ended_at.is_(None), Downtime.ended_at > span[0]),
        )
    ):
        found[asset_id].append((_second(start), _second(end or span[1]), cause))
    return found


def _tracked(session: Session, asset_ids: Collection[int], span: Span) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for asset_id, start, end in session.execute(
        select(TrackerInstallation.asset_id, TrackerInstallation.started_at, TrackerInstallation.ended_at).where(
            TrackerInstallation.asset_id.in_(asset_ids),
            TrackerInstallation.started_at < span[1],
            or_(TrackerInstallation.ended_at.is_(None), TrackerInstallation.ended_at > span[0]),
        )
    ):
        found[asset_id].append((_second(start), _second(end or span[1])))
    return found


def _silent(session: Session, asset_ids: Collection[int], span: Span) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in session.scalars(
        select(SilentWindowRow).where(
            SilentWindowRow.asset_id.in_(asset_ids),
            SilentWindowRow.starts_at < span[1],
            SilentWindowRow.ends_at > span[0],
        )
    ):
        if row.starts_at < row.until:
            found[row.asset_id].append((_second(row.starts_at), _second(row.until)))
    return found


def _tracker_days(
    session: Session, asset_ids: Collection[int], calendar: Calendar
) -> dict[int, dict[date, TrackerFigures]]:
    """Figures of telemetry by asset and day; those of two trackers on one day are added."""
    found: dict[int, dict[date, TrackerFigures]] = defaultdict(dict)
    for row in session.execute(
        select(
            TrackerDay.asset_id, TrackerDay.day, TrackerDay.distance_m, TrackerDay.estimated_m, TrackerDay.engine_s,
            TrackerDay.idle_s, TrackerDay.unknown_s, TrackerDay.trips, TrackerDay.samples, TrackerDay.revision,
        ).where(
            TrackerDay.asset_id.in_(asset_ids),
            TrackerDay.day >= calendar.days[0],
            TrackerDay.day <= calendar.days[-1],
        )
    ):  # fmt: skip
        figures = TrackerFigures(
            round(row.distance_m), round(row.estimated_m), round(row.engine_s), round(row.idle_s),
            round(row.unknown_s), row.trips, heard=row.samples > 0, revision=row.revision,
        )  # fmt: skip
        before = found[row.asset_id].get(row.day)
        found[row.asset_id][row.day] = figures if before is None else _added(before, figures)
    return found


def _added(one: TrackerFigures, other: TrackerFigures) -> TrackerFigures:
    return TrackerFigures(
        one.measured_m + other.measured_m,
        one.estimated_m + other.estimated_m,
        one.engine_s + other.engine_s,
        one.idle_s + other.idle_s,
        one.unknown_s + other.unknown_s,
        one.trips + other.trips,
        heard=one.heard or other.heard,
        revision=one.revision + other.revision,
    )
