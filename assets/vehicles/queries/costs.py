"""What each vehicle drove, took and cost within a span: F6 and F7, for many vehicles in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import and_, false, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.maintenance.models import WorkOrder
from assets.maintenance.rules.orders import State
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, EquipmentClass, Meter, MeterIncrement, MeterReading
from assets.registry.scope import assets_for
from assets.vehicles.models import FuelFill, VehiclePaper
from assets.vehicles.queries.entries import counts
from assets.vehicles.queries.papers import papers_of
from assets.vehicles.rules.costs import Consumption, Costs, Driven, Fill, Reading, consumption, first_known, share
from assets.vehicles.rules.entries import PaperKind

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Figures:
    """Of one vehicle and span: litres per 100 km, kilometres, and what was spent while they were driven.

    `fills` are those of the span, newest first, `papers` all that count, by kind. `is_tracked`: a tracker adds to its
    odometer, or did.
    """

    consumption: Consumption | None = None
    driven: Driven | None = None
    costs: Costs = field(default_factory=Costs)
    fills: tuple[FuelFill, ...] = ()
    papers: Mapping[str, Sequence[VehiclePaper]] = field(default_factory=dict)
    is_tracked: bool = False

    @property
    def km(self) -> Decimal | None:
        return self.driven.km if self.driven is not None else None


def vehicles_page(
    session: Session, actor: Actor, *, unit_id: int | None = None, limit: int = 50, after: str = ""
) -> list[Asset]:
    """Vehicles within the actor's sight that are or were in use, by label code."""
    statement = (
        select(Asset)
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .options(
            joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.model), joinedload(Asset.equipment_class)
        )
        .where(assets_for(actor, Permission.ASSET_READ), EquipmentClass.is_vehicle)
        .where(Asset.life.not_in(("expected", "disposed")), Asset.code > after)
    )
    if unit_id is not None:
        statement = statement.where(Asset.unit_id == unit_id)
    return list(session.scalars(statement.order_by(Asset.code).limit(limit)))


def figures_of(session: Session, assets: Sequence[Asset], span: Span) -> dict[int, Figures]:
    """The figures of each of these vehicles, by asset id. Five queries, however many."""
    ids = [asset.id for asset in assets]
    driven, tracked = _driven(session, ids, span)
    starts = {asset_id: known.since for asset_id, known in driven.items()}
    costs: defaultdict[int, Costs] = defaultdict(Costs)
    fills: defaultdict[int, list[FuelFill]] = defaultdict(list)
    for fill in _fills(session, ids, span):
        fills[fill.asset_id].append(fill)
        if fill.at >= starts.get(fill.asset_id, span[0]):
            costs[fill.asset_id].add("fuel", fill.cost, fill.currency)
    for asset_id, done_at, cost, currency in _orders(session, ids, span):
        if done_at >= starts.get(asset_id, span[0]):
            costs[asset_id].add("maintenance", cost, currency)
    papers = papers_of(session, ids)
    zone = zone_of(session)
    for asset_id in ids:
        since = local_date(starts.get(asset_id, span[0]), zone)
        _add_insurance(costs[asset_id], papers[asset_id, PaperKind.INSURANCE.value], (since, local_date(span[1], zone)))
    return {
        asset_id: Figures(
            _consumption(fills[asset_id]), driven.get(asset_id), costs[asset_id], tuple(fills[asset_id]),
            {kind.value: papers[asset_id, kind.value] for kind in PaperKind}, asset_id in tracked,
        )
        for asset_id in ids
    }  # fmt: skip


def _consumption(fills: Iterable[FuelFill]) -> Consumption | None:
    return consumption(Fill(fill.at, fill.litres, fill.is_full, fill.odometer_km) for fill in fills)


def _fills(session: Session, ids: Collection[int], span: Span) -> Iterable[FuelFill]:
    return session.scalars(
        select(FuelFill)
        .where(FuelFill.asset_id.in_(ids), FuelFill.at >= span[0], FuelFill.at < span[1], counts(FuelFill))
        .order_by(FuelFill.at.desc(), FuelFill.id.desc())
    )


def _orders(session: Session, ids: Collection[int], span: Span) -> Iterable[tuple[int, datetime, Decimal | None, str]]:
    rows = session.execute(
        select(WorkOrder.asset_id, WorkOrder.done_at, WorkOrder.cost, WorkOrder.currency).where(
            WorkOrder.asset_id.in_(ids), WorkOrder.state == State.DONE, WorkOrder.done_at >= span[0],
            WorkOrder.done_at < span[1],
        )
    )  # fmt: skip
    return [(asset_id, done_at, cost, currency) for asset_id, done_at, cost, currency in rows if done_at is not None]


def _add_insurance(costs: Costs, papers: Iterable[VehiclePaper], days: tuple[date, date]) -> None:
    """The premiums, each by the days of the half-open `days` on which it was valid."""
    for paper in papers:
        if paper.valid_from < days[1] and paper.valid_until >= days[0]:
            valid = (paper.valid_from, paper.valid_until)
            costs.add("insurance", None if paper.cost is None else share(paper.cost, valid, days), paper.currency)


def _driven(session: Session, ids: Collection[int], span: Span) -> tuple[dict[int, Driven], set[int]]:
    """Kilometres of each vehicle's odometer within the span, as far back as it is known; without the unknown ones.

    And the vehicles whose odometer is added to by trackers.
    """
    owners, readings, tracked = _odometers(session, ids, span[1])
    first = {meter: known for meter in owners if (known := first_known(readings[meter], *span)) is not None}
    last = {meter: readings[meter][-1] for meter in first}
    # Between two readings the readings count; telemetry counts before the first that is known and after the last.
    to_end = {meter: (last[meter].at if meter in last else span[0], span[1]) for meter in owners}
    to_start = {meter: (known.at, span[0]) for meter, known in first.items() if known.at < span[0]}
    added = _increments(session, {"end": to_end, "start": to_start})
    found: dict[int, Driven] = {}
    for meter, asset_id in owners.items():
        since_last = added.get(("end", meter))
        if meter in first:
            at_start = first[meter].value + added.get(("start", meter), Decimal(0))
            at_end = last[meter].value + (since_last or Decimal(0))
            found[asset_id] = Driven(max(span[0], first[meter].at), max(at_end - at_start, Decimal(0)))
        elif since_last is not None:
            found[asset_id] = Driven(span[0], since_last)
    return found, tracked


def _odometers(
    session: Session, ids: Collection[int], end: datetime
) -> tuple[dict[int, int], defaultdict[int, list[Reading]], set[int]]:
    """The odometer of each vehicle (meter id to asset id), and what people read off it until `end`, in order.

    And the vehicles to whose odometer anything was added between readings.
    """
    owners: dict[int, int] = {}
    tracked: set[int] = set()
    added = select(MeterIncrement.id).where(MeterIncrement.meter_id == Meter.id).exists()
    readings: defaultdict[int, list[Reading]] = defaultdict(list)
    rows = session.execute(
        select(Meter.id, Meter.asset_id, MeterReading.at, MeterReading.value, MeterReading.source, added)
        .outerjoin(
            MeterReading,
            and_(MeterReading.meter_id == Meter.id, MeterReading.annulled_at.is_(None), MeterReading.at <= end),
        )
        .where(Meter.asset_id.in_(ids), Meter.kind == "odometer_km")
        .order_by(MeterReading.at, MeterReading.id)
    )
    for meter, asset_id, at, value, source, is_added_to in rows:
        owners[meter] = asset_id
        if is_added_to:
            tracked.add(asset_id)
        if at is not None:
            readings[meter].append(Reading(at, value, source == "replaced"))
    return owners, readings, tracked


def _increments(session: Session, wanted: Mapping[str, Mapping[int, Span]]) -> dict[tuple[str, int], Decimal]:
    """What telemetry added to each meter after the first moment of its span and until the second, by (name, meter)."""
    statements = [
        select(literal(name), MeterIncrement.meter_id, func.sum(MeterIncrement.amount))
        .where(
            or_(
                false(),
                *(
                    and_(MeterIncrement.meter_id == meter, MeterIncrement.at > after, MeterIncrement.at <= until)
                    for meter, (after, until) in spans.items()
                ),
            )
        )
        .group_by(MeterIncrement.meter_id)
        for name, spans in wanted.items()
    ]
    return {(name, meter): Decimal(amount) for name, meter, amount in session.execute(union_all(*statements))}
