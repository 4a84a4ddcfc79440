"""What the measures are made of: downtime, and planned care that fell due in a span, done on time or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.maintenance.models import Downtime, MaintenancePlan, PlanState, WorkOrder
from assets.maintenance.queries.due import CARED_FOR
from assets.maintenance.rules.due import was_on_time
from assets.maintenance.rules.orders import Kind, State
from assets.registry.models import Asset, Meter, MeterIncrement, MeterReading


@dataclass(frozen=True)
class DowntimeRow:
    """A stretch in which an asset could not be used; `ended_at` None while it lasts."""

    asset_id: int
    work_order_id: int
    started_at: datetime
    ended_at: datetime | None
    cause: str


@dataclass(frozen=True)
class PmOrder:
    """Planned care that fell due on a local day; `done_on` None while it is not done.

    `on_time`: completed within the grace (a fifth of the interval, at most 28 days); None while it is not done and the
    grace still runs; False when it is not done and the grace is over.
    """

    asset_id: int
    plan_id: int
    work_order_id: int | None
    fell_due_on: date
    done_on: date | None
    on_time: bool | None


def downtimes(
    session: Session, span: tuple[datetime, datetime], asset_ids: Sequence[int] | None = None
) -> list[DowntimeRow]:
    """Downtime that touches the half-open span, as recorded (not cut to it), by asset and start.

    Two orders on one asset may overlap: join them with `maintenance.rules.orders.merged` before adding up.
    """
    statement = (
        select(Downtime)
        .where(Downtime.started_at < span[1], or_(Downtime.ended_at.is_(None), Downtime.ended_at > span[0]))
        .order_by(Downtime.asset_id, Downtime.started_at, Downtime.id)
    )
    if asset_ids is not None:
        statement = statement.where(Downtime.asset_id.in_(asset_ids))
    return [
        DowntimeRow(row.asset_id, row.work_order_id, row.started_at, row.ended_at, row.cause)
        for row in session.scalars(statement)
    ]


def pm_orders(
    session: Session, span: tuple[datetime, datetime], now: datetime, asset_ids: Sequence[int] | None = None
) -> list[PmOrder]:
    """Planned care that fell due within the half-open span: done, and not done; for PM compliance (SMRP 5.4, M8).

    Care that nobody opened a work order for counts too, as not done: otherwise the measure would praise those who
    open none. Care done before it was due does not count as due.
    """
    zone = zone_of(session)
    first, until = local_date(span[0], zone), local_date(span[1], zone)
    found = _closed(session, first, until, asset_ids)
    found += _pending(session, first, until, local_date(now, zone), asset_ids)
    return sorted(found, key=lambda item: (item.fell_due_on, item.asset_id, item.plan_id))


def _closed(session: Session, first: date, until: date, asset_ids: Sequence[int] | None) -> list[PmOrder]:
    zone = zone_of(session)
    statement = select(WorkOrder).where(
        WorkOrder.kind == Kind.PREVENTIVE,
        WorkOrder.state == State.DONE,
        WorkOrder.fell_due_on >= first,
        WorkOrder.fell_due_on < until,
    )
    if asset_ids is not None:
        statement = statement.where(WorkOrder.asset_id.in_(asset_ids))
    return [
        PmOrder(
            order.asset_id,
            order.plan_id,
            order.id,
            order.fell_due_on,
            local_date(order.done_at, zone),
            order.on_time,
        )
        for order in session.scalars(statement)
        if order.plan_id is not None and order.fell_due_on is not None and order.done_at is not None
    ]


def _pending(session: Session, first: date, until: date, today: date, asset_ids: Sequence[int] | None) -> list[PmOrder]:
    statement: Any = (
        select(MaintenancePlan, PlanState, Meter)
        .join(PlanState, PlanState.plan_id == MaintenancePlan.id)
        .join(Asset, Asset.id == MaintenancePlan.asset_id)
        .outerjoin(Meter, Meter.id == PlanState.meter_id)
        .where(
            MaintenancePlan.active,
            Asset.life.in_(CARED_FOR),
            Asset.annulled_at.is_(None),
            or_(PlanState.due_on <= today, Meter.value >= PlanState.due_at_meter),
        )
    )
    if asset_ids is not None:
        statement = statement.where(MaintenancePlan.asset_id.in_(asset_ids))
    found = []
    for plan, state, meter in session.execute(statement):
        fell_due_on = fallen_due_on(session, state.due_on, state.due_at_meter, meter, today)
        if fell_due_on is None or not first <= fell_due_on < until:
            continue
        in_grace = was_on_time(
            state.due_on, state.due_at_meter, plan.terms, today, meter.value if meter is not None else None
        )
        found.append(PmOrder(plan.asset_id, plan.id, None, fell_due_on, None, None if in_grace else False))
    return found


def fallen_due_on(
    session: Session, due_on: date | None, due_at: Decimal | None, meter: Meter | None, by: date
) -> date | None:
    """The local day, not after `by`, on which the first of two triggers was reached; None while neither was."""
    days = [day for day in (due_on,) if day is not None and day <= by]
    if due_at is not None and meter is not None and meter.value is not None and meter.value >= due_at:
        reached = meter_reached_on(session, meter, due_at)
        if reached is not None and reached <= by:
            days.append(reached)
    return min(days, default=None)


def meter_reached_on(session: Session, meter: Meter, threshold: Decimal) -> date | None:
    """The local day on which the meter first showed `threshold` or more after it last showed less; None if never."""
    zone = zone_of(session)
    readings = list(
        session.execute(
            select(MeterReading.at, MeterReading.value)
            .where(MeterReading.meter_id == meter.id, MeterReading.annulled_at.is_(None))
            .order_by(MeterReading.at, MeterReading.id)
        )
    )
    below = max((index for index, row in enumerate(readings) if row.value < threshold), default=-1)
    value = readings[below].value if below >= 0 else Decimal(0)
    above = readings[below + 1].at if below + 1 < len(readings) else None
    increments = select(MeterIncrement.at, MeterIncrement.amount).where(MeterIncrement.meter_id == meter.id)
    if below >= 0:
        increments = increments.where(MeterIncrement.at > readings[below].at)
    if above is not None:
        increments = increments.where(MeterIncrement.at < above)
    for at, amount in session.execute(increments.order_by(MeterIncrement.at, MeterIncrement.id)):
        value += amount
        if value >= threshold:
            return local_date(at, zone)
    return local_date(above, zone) if above is not None else None
