"""Reads for donor summaries: what was given, where it is in bands, its condition, its standstills and its costs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from assets.core.clock import day_span, day_start
from assets.maintenance.models import WorkOrder
from assets.maintenance.rules.orders import State
from assets.metrics.models import AssetDay
from assets.metrics.queries.extent import Extent, built_until
from assets.people.models import Region
from assets.registry.models import Asset, AssetEvent, EquipmentClass, Grant, HandoverBatch
from assets.reports.disclosure import Cell, band, count_band, is_publishable, merged, reporting_class
from assets.reports.figures import BatchLine, CauseLine, CostLine, GrantLine, RegionLine, ValuePoint

_LOOKUP = 500


@dataclass(frozen=True)
class Given:
    """An item that a donor gave, as it stood at the end of the period; for working out only, never shown."""

    asset_id: int
    batch_id: int
    class_id: int
    class_code: str
    class_name: str
    life: str
    visibility_mark: str
    title_status: str
    value: Decimal | None
    currency: str
    on_register: bool


def given_items(session: Session, donor_id: int, until: date, zone: ZoneInfo) -> list[Given]:
    """Every item that was registered before `until` and handed over, in order of its id."""
    on_register = set(
        session.scalars(
            select(AssetDay.asset_id).where(AssetDay.on_register, AssetDay.day == _last_day(session, until))
        )
    )
    rows = session.execute(
        select(
            Asset.id, Asset.batch_id, Asset.class_id, EquipmentClass.code, EquipmentClass.name, Asset.life,
            Asset.visibility_mark, Asset.title_status, Asset.value, Asset.currency,
        )
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .join(HandoverBatch, HandoverBatch.id == Asset.batch_id)
        .join(Grant, Grant.id == HandoverBatch.grant_id)
        .where(
            Grant.donor_id == donor_id,
            Asset.life != "expected",
            Asset.registered_at < day_start(until, zone),
            HandoverBatch.handed_over_on < until,
        )
        .order_by(Asset.id)
    )  # fmt: skip
    return [
        Given(
            row.id, row.batch_id, row.class_id, row.code, row.name, row.life, row.visibility_mark, row.title_status,
            row.value, row.currency, row.id in on_register,
        )
        for row in rows
        if row.batch_id is not None
    ]  # fmt: skip


def _last_day(session: Session, until: date) -> date:
    return min(until, built_until(session) or until) - timedelta(days=1)


def grants(session: Session, donor_id: int) -> tuple[tuple[GrantLine, ...], tuple[str, ...]]:
    """The donor's grants by code, and the implementing agencies."""
    found = session.scalars(
        select(Grant)
        .options(joinedload(Grant.implementing_agency))
        .where(Grant.donor_id == donor_id)
        .order_by(Grant.code)
    ).all()
    agencies = sorted({grant.implementing_agency.name for grant in found if grant.implementing_agency})
    return tuple(GrantLine(g.code, g.title, g.en_number, g.ga_number) for g in found), tuple(agencies)


def _batches(session: Session, donor_id: int, until: date) -> Sequence[HandoverBatch]:
    return session.scalars(
        select(HandoverBatch)
        .join(Grant, Grant.id == HandoverBatch.grant_id)
        .options(joinedload(HandoverBatch.grant), selectinload(HandoverBatch.recipients))
        .where(Grant.donor_id == donor_id, HandoverBatch.handed_over_on < until)
        .order_by(HandoverBatch.handed_over_on, HandoverBatch.id)
    ).all()


def batches(session: Session, donor_id: int, until: date, given: Sequence[Given]) -> tuple[BatchLine, ...]:
    """The handovers, oldest first."""
    by_batch: dict[int, list[Given]] = defaultdict(list)
    for item in given:
        by_batch[item.batch_id].append(item)
    return tuple(
        BatchLine(
            number=batch.number,
            month=f"{batch.handed_over_on:%Y-%m}",
            grant=batch.grant.code,
            contents=tuple(
                sorted(Counter(reporting_class(i.class_code, i.class_name) for i in by_batch[batch.id]).items())
            ),
            items=len(by_batch[batch.id]),
            value=_value(batch, by_batch[batch.id]),
            currency=batch.currency,
            receiving_agencies=len(batch.recipients),
            title_statuses=tuple(sorted({item.title_status for item in by_batch[batch.id]})),
        )
        for batch in _batches(session, donor_id, until)
    )


def _value(batch: HandoverBatch, items: list[Given]) -> Decimal | None:
    """The value of the handover; where only the items have values, their sum, if each has one in its currency."""
    if batch.value is not None:
        return batch.value
    values = [item.value for item in items if item.value is not None and item.currency == batch.currency]
    return sum(values, Decimal(0)) if items and len(values) == len(items) else None


def cumulative(session: Session, donor_id: int, until: date, given: Sequence[Given]) -> tuple[ValuePoint, ...]:
    """The value handed over so far after each month with a handover, by currency; unknown values are left out."""
    so_far: dict[str, Decimal] = defaultdict(Decimal)
    points: dict[tuple[str, str], Decimal] = {}
    for line in batches(session, donor_id, until, given):
        if line.value is not None:
            so_far[line.currency] += line.value
            points[line.currency, line.month] = so_far[line.currency]
    return tuple(ValuePoint(month, currency, value) for (currency, month), value in sorted(points.items()))


def verified(session: Session, extent: Extent) -> set[int]:
    """Items on the register that a person had before them within the period."""
    return set(
        session.scalars(
            select(AssetDay.asset_id).where(extent.condition, AssetDay.on_register, AssetDay.seen).distinct()
        )
    )


def conditions(session: Session, asset_ids: Sequence[int], until: date, zone: ZoneInfo) -> dict[int, str]:
    """The newest condition grade of each item before the end of the period; those never judged are missing."""
    correction = aliased(AssetEvent)
    found: dict[int, str] = {}
    for at in range(0, len(asset_ids), _LOOKUP):
        rows = session.execute(
            select(AssetEvent.asset_id, AssetEvent.grade)
            .where(
                AssetEvent.asset_id.in_(asset_ids[at : at + _LOOKUP]),
                AssetEvent.grade.is_not(None),
                AssetEvent.occurred_at < day_start(until, zone),
                ~select(correction.id).where(correction.corrects_id == AssetEvent.id).exists(),
            )
            .order_by(AssetEvent.occurred_at, AssetEvent.n)
        )
        found |= {asset_id: str(grade) for asset_id, grade in rows}
    return found


def regions(session: Session, extent: Extent, seen: set[int]) -> tuple[tuple[RegionLine, ...], tuple[str, ...]]:
    """Regions in bands at the end of the period, and the codes of those that are only shown together.

    A region stands by itself from three assets and two units on; the others are one line with the code ''.
    """
    names = {region.id: region for region in session.scalars(select(Region))}
    last = _last_day(session, extent.until)
    items: dict[str, list[int]] = defaultdict(list)
    units: dict[str, set[int]] = defaultdict(set)
    for asset_id, region_id, unit_id in session.execute(
        select(AssetDay.asset_id, AssetDay.region_id, AssetDay.unit_id).where(
            AssetDay.day == last, AssetDay.on_register, *extent.where
        )
    ):
        items[names[region_id].code].append(asset_id)
        units[names[region_id].code].add(unit_id)
    days, off_road = _fleet_days(session, extent, names)
    cells = [Cell(code, len(items[code]), len(units[code])) for code in sorted(items)]
    together = sorted(merged(cells))
    title = {region.code: region.name_en for region in names.values()}
    wanted = [(code, title[code], [code]) for code in sorted(set(items) - set(together))]
    if together and is_publishable([cell for cell in cells if cell.key in together]):
        wanted.append(("", "Other regions", together))
    lines = []
    for code, name, codes in wanted:
        ids = [asset_id for one in codes for asset_id in items[one]]
        fleet = sum(days[one] for one in codes)
        available = (fleet - sum(off_road[one] for one in codes)) / fleet if fleet else None
        lines.append(
            RegionLine(
                code, name, count_band(len(ids)), band(sum(n in seen for n in ids) / len(ids)), band(available)
            )
        )  # fmt: skip
    return tuple(lines), tuple(together)


def _fleet_days(session: Session, extent: Extent, names: dict[int, Region]) -> tuple[Counter[str], Counter[str]]:
    days: Counter[str] = Counter()
    off_road: Counter[str] = Counter()
    for region_id, of_fleet, down in session.execute(
        select(AssetDay.region_id, func.count(), func.count().filter(AssetDay.off_road))
        .where(extent.condition, AssetDay.on_register, AssetDay.vehicle)
        .group_by(AssetDay.region_id)
    ):
        days[names[region_id].code] = of_fleet
        off_road[names[region_id].code] = down
    return days, off_road


def downtime_by_cause(session: Session, extent: Extent) -> tuple[CauseLine, ...]:
    """Hours of standstill in the whole country by cause, longest first."""
    seconds: Counter[str] = Counter()
    for causes in session.scalars(
        select(AssetDay.down_by_cause).where(extent.condition, AssetDay.on_register, AssetDay.down_s > 0)
    ):
        seconds.update(causes or {})
    return tuple(CauseLine(cause, round(total / 3600)) for cause, total in seconds.most_common())


def costs(session: Session, donor_id: int, first: date, until: date, zone: ZoneInfo) -> tuple[CostLine, ...]:
    """What work that was done in the period cost, by payer and currency."""
    start, end = day_span(first, until, zone)
    rows = session.execute(
        select(WorkOrder.payer, WorkOrder.currency, func.sum(WorkOrder.cost), func.count())
        .join(Asset, Asset.id == WorkOrder.asset_id)
        .join(HandoverBatch, HandoverBatch.id == Asset.batch_id)
        .join(Grant, Grant.id == HandoverBatch.grant_id)
        .where(
            Grant.donor_id == donor_id,
            WorkOrder.state == State.DONE,
            WorkOrder.cost > 0,
            WorkOrder.done_at >= start,
            WorkOrder.done_at < end,
        )
        .group_by(WorkOrder.payer, WorkOrder.currency)
        .order_by(WorkOrder.payer, WorkOrder.currency)
    )
    return tuple(
        CostLine(payer, currency, Decimal(str(amount)).quantize(Decimal(1)), orders)
        for payer, currency, amount, orders in rows
    )
