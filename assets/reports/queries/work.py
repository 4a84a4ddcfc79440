"""Care and its cost: standstills by cause, spending by payer, accidents, checks of instruments, consumables' expiry."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from assets.calibration.models import CalibrationRecord
from assets.core.clock import day_span, day_start
from assets.maintenance.models import WorkOrder
from assets.maintenance.rules.orders import Cause, State
from assets.metrics.models import AssetDay
from assets.metrics.queries.extent import Extent
from assets.registry.models import Asset, EquipmentClass, Grant, HandoverBatch
from assets.registry.models.stock import StockLot, StockMovement
from assets.reports.disclosure import MIN_ASSETS, Cell, merged
from assets.reports.disclosure.cells import hidden_in_line
from assets.reports.figures import CauseLine, CostLine, Count
from assets.reports.queries.given import of_donor

EXPIRING_DAYS = 90


@dataclass(frozen=True)
class Standstills:
    """Seconds and items of the country's standstills by cause, and the causes that are told together only."""

    seconds: Counter[str]
    items: dict[str, set[int]]
    together: frozenset[str]

    def of_all(self, causes: Iterable[str]) -> set[int]:
        """The items that stood for any of these causes."""
        return {asset_id for cause in causes for asset_id in self.items[cause]}


def standstills(session: Session, extent: Extent) -> Standstills:
    """The standstills in the extent. Causes that fewer than three items stood for are together, never one alone.

    An item may stand for several causes: what is told together is of at least three items, unless there are no more.
    """
    seconds: Counter[str] = Counter()
    items: dict[str, set[int]] = defaultdict(set)
    for asset_id, causes in session.execute(
        select(AssetDay.asset_id, AssetDay.down_by_cause).where(
            extent.condition, AssetDay.on_register, AssetDay.down_s > 0
        )
    ):
        seconds.update(causes or {})
        for cause in causes or {}:
            items[cause].add(asset_id)
    found = Standstills(seconds, items, frozenset())
    together = set(merged([Cell(cause, len(of), 1) for cause, of in items.items()], min_units=1))
    rest = sorted(set(items) - together, key=lambda cause: (len(items[cause]), cause))
    while together and rest and len(found.of_all(together)) < MIN_ASSETS:
        together.add(rest.pop(0))
    return replace(found, together=frozenset(together))


def downtime_by_cause(stood: Standstills) -> tuple[CauseLine, ...]:
    """Hours of standstill in the whole country by cause, longest first.

    Causes that fewer than three items stood for are one line with the cause '', so that no item's hours stand alone.
    """
    lines = [
        CauseLine(cause, round(total / 3600))
        for cause, total in stood.seconds.most_common()
        if cause not in stood.together
    ]
    if stood.together:
        # The last line: it names no cause.
        lines.append(CauseLine("", round(sum(stood.seconds[cause] for cause in stood.together) / 3600)))
    return tuple(lines)


def costs(session: Session, donor_id: int, first: date, until: date, zone: ZoneInfo) -> tuple[CostLine, ...]:
    """What work that was done in the period cost, by payer and currency; small lines without their numbers."""
    start, end = day_span(first, until, zone)
    rows = session.execute(
        select(WorkOrder.payer, WorkOrder.currency, func.sum(WorkOrder.cost), func.count())
        .join(Asset, Asset.id == WorkOrder.asset_id)
        .where(
            of_donor(donor_id),
            WorkOrder.state == State.DONE,
            WorkOrder.cost > 0,
            WorkOrder.done_at >= start,
            WorkOrder.done_at < end,
        )
        .group_by(WorkOrder.payer, WorkOrder.currency)
        .order_by(WorkOrder.payer, WorkOrder.currency)
    ).all()
    return tuple(
        CostLine(
            payer,
            currency,
            Decimal(str(amount)).quantize(Decimal(1)) if orders >= MIN_ASSETS else None,
            orders if orders >= MIN_ASSETS else None,
        )
        for payer, currency, amount, orders in rows
    )


def accidents(session: Session, donor_id: int, first: date, until: date, zone: ZoneInfo) -> int:
    """Faults of the donor's vehicles in the period that were reported as accidents."""
    start, end = day_span(first, until, zone)
    found = session.scalar(
        select(func.count())
        .select_from(WorkOrder)
        .join(Asset, Asset.id == WorkOrder.asset_id)
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .where(
            of_donor(donor_id),
            EquipmentClass.is_vehicle,
            WorkOrder.fault_cause == Cause.ACCIDENT,
            WorkOrder.state != State.CANCELLED,
            WorkOrder.opened_at >= start,
            WorkOrder.opened_at < end,
        )
    )
    return found or 0


def checks(session: Session, donor_id: int, first: date, until: date, zone: ZoneInfo) -> dict[int, tuple[int, int]]:
    """Calibrations, verifications and functional checks done in the period by class: how many, and how many passed."""
    start, end = day_span(first, until, zone)
    correction = aliased(CalibrationRecord)
    rows = session.execute(
        select(
            Asset.class_id, func.count(), func.count().filter(CalibrationRecord.result == "pass")
        )
        .join(Asset, Asset.id == CalibrationRecord.asset_id)
        .where(
            of_donor(donor_id),
            CalibrationRecord.performed_at >= start,
            CalibrationRecord.performed_at < end,
            # What stands here from paper was done before this register, not by those who report.
            CalibrationRecord.taken_over.is_not(True),
            CalibrationRecord.annulled_at.is_(None),
            ~select(correction.id).where(correction.corrects_id == CalibrationRecord.id).exists(),
        )
        .group_by(Asset.class_id)
    )  # fmt: skip
    return {class_id: (done, passed) for class_id, done, passed in rows}


def lots(session: Session, donor_id: int, until: date, zone: ZoneInfo) -> tuple[Count, Count, Count, Count] | None:
    """The donor's lots that were not used up at the end of the period; small counts None.

    In date, expired, expiring within 90 days, recalled. None when this donor gave no lots.
    """
    left = (
        select(func.sum(StockMovement.quantity))
        .where(StockMovement.lot_id == StockLot.id, StockMovement.at < day_start(until, zone))
        .scalar_subquery()
    )
    rows = session.execute(
        select(StockLot.expires_on, StockLot.recalled_on)
        .join(HandoverBatch, HandoverBatch.id == StockLot.batch_id)
        .join(Grant, Grant.id == HandoverBatch.grant_id)
        .where(Grant.donor_id == donor_id, StockLot.annulled_at.is_(None), left > 0)
    ).all()
    if not rows:
        return None
    counted = Counter(_lot_state(expires_on, recalled_on, until) for expires_on, recalled_on in rows)
    counts = [counted[n] for n in range(4)]
    hidden = hidden_in_line(counts)
    in_date, expired, expiring, recalled = (None if n in hidden else count for n, count in enumerate(counts))
    return in_date, expired, expiring, recalled


def _lot_state(expires_on: date | None, recalled_on: date | None, until: date) -> int:
    if recalled_on is not None and recalled_on < until:
        return 3
    if expires_on is None or expires_on >= until + timedelta(days=EXPIRING_DAYS):
        return 0
    return 1 if expires_on < until else 2
