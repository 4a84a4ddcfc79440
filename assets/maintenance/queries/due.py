"""What is due: plans with where they stand, for one asset, for a page of assets, and for everyone's due list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Float, Select, case, cast, func, literal, or_, select, union
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import DEFAULT_ZONE, zone_of
from assets.core.errors import NotFound
from assets.maintenance.models import MaintenancePlan, PlanState, WorkOrder
from assets.maintenance.queries.use import daily_uses
from assets.maintenance.rules.due import DailyUse, Due, next_due
from assets.maintenance.rules.orders import OPEN
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, EquipmentClass, Meter
from assets.registry.scope import assets_for, require_asset

__all__ = [
    "CARED_FOR",
    "DueRow",
    "PlanView",
    "UnitDue",
    "daily_uses",
    "due_count",
    "due_counting",
    "due_for_mail",
    "due_rows",
    "overdue_condition",
    "past_grace_condition",
    "plan_by_id",
    "plan_views",
    "views_for",
]

# Care is due for what is with a unit; not for what is still to come, withdrawn, disposed of or lost.
CARED_FOR = ("received", "in_service")
MAIL_WITHIN_DAYS = 14


@dataclass(frozen=True)
class PlanView:
    """A plan, when it is due, and the open work order for it."""

    plan: MaintenancePlan
    due: Due
    open_order_id: int | None = None


@dataclass(frozen=True)
class DueRow:
    """A line of the due list: the asset, the plan, when it is due, and the open work order for it."""

    asset: Asset
    plan: MaintenancePlan
    due: Due
    open_order_id: int | None
    key: tuple[float, int]


@dataclass(frozen=True)
class UnitDue:
    """What is due at one unit, for its mail."""

    unit: Unit
    rows: tuple[DueRow, ...]


def plan_by_id(session: Session, actor: Actor, plan_id: int, permission: Permission) -> MaintenancePlan:
    """The plan; `NotFound` when it is out of the actor's sight, `NotAllowed` when he may only look."""
    plan = session.scalar(
        select(MaintenancePlan)
        .join(MaintenancePlan.asset)
        .options(joinedload(MaintenancePlan.asset).joinedload(Asset.unit), joinedload(MaintenancePlan.state))
        .where(MaintenancePlan.id == plan_id, assets_for(actor, Permission.WORK_READ))
    )
    if plan is None:
        raise NotFound
    require_asset(actor, permission, plan.asset)
    return plan


def plan_views(session: Session, asset: Asset, now: datetime, *, with_retired: bool = False) -> list[PlanView]:
    """The plans of one asset, active ones first and by name."""
    views = views_for(session, [asset.id], now, with_retired=with_retired)[asset.id]
    return sorted(views, key=lambda view: (not view.plan.active, view.plan.name, view.plan.id))


def views_for(
    session: Session, asset_ids: Sequence[int], now: datetime, *, with_retired: bool = False
) -> dict[int, list[PlanView]]:
    """The plans of a page of assets, in one query."""
    today = local_date(now, zone_of(session))
    statement = _plans_with_state().where(MaintenancePlan.asset_id.in_(asset_ids))
    if not with_retired:
        statement = statement.where(MaintenancePlan.active)
    views: dict[int, list[PlanView]] = defaultdict(list)
    for plan, state, meter_value, order_id in session.execute(statement):
        views[plan.asset_id].append(PlanView(plan, _due(plan, state, meter_value, today), order_id))
    return views


def _plans_with_state() -> Any:
    return (
        select(MaintenancePlan, PlanState, Meter.value, WorkOrder.id)
        .outerjoin(PlanState, PlanState.plan_id == MaintenancePlan.id)
        .outerjoin(Meter, Meter.id == PlanState.meter_id)
        .outerjoin(WorkOrder, (WorkOrder.plan_id == MaintenancePlan.id) & WorkOrder.state.in_(OPEN))
    )


def _due(plan: MaintenancePlan, state: PlanState | None, meter_value: Any, today: date) -> Due:
    use = None
    if state is not None and state.daily_use is not None and state.use_days and state.measured_on:
        use = DailyUse(state.daily_use, state.use_days, state.measured_on)
    return next_due(plan.terms, plan.last_done, meter_value, use, today)


def _plans_due_by(horizon: date, ahead_days: int) -> Any:
    """Ids of plans whose calendar day or forecast meter day lies at or before `horizon`; two indexed halves."""
    metered = cast(Meter.value, Float) + func.coalesce(PlanState.daily_use, 0.0) * ahead_days
    halves = union(
        select(PlanState.plan_id.label("plan_id"), PlanState.asset_id.label("asset_id")).where(
            PlanState.due_on <= horizon
        ),
        select(PlanState.plan_id, PlanState.asset_id)
        .join(Meter, Meter.id == PlanState.meter_id)
        .where(PlanState.due_at_meter.is_not(None), metered >= cast(PlanState.due_at_meter, Float)),
    ).subquery()
    return select(halves)


def overdue_condition(now: datetime, within_days: int = 0, zone: ZoneInfo = DEFAULT_ZONE) -> ColumnElement[bool]:
    """A condition on `Asset`: some care is due now, or by the forecast within so many days."""
    horizon = local_date(now, zone) + timedelta(days=within_days)
    due = _plans_due_by(horizon, within_days).subquery()
    return Asset.life.in_(CARED_FOR) & Asset.id.in_(select(due.c.asset_id))


def past_grace_condition(now: datetime, zone: ZoneInfo = DEFAULT_ZONE) -> ColumnElement[bool]:
    """A condition on `Asset`: some care is overdue beyond its grace, so that it must not be used."""
    today = local_date(now, zone).toordinal()
    late = union(
        select(PlanState.asset_id).where(PlanState.grace_day < today),
        select(PlanState.asset_id)
        .join(Meter, Meter.id == PlanState.meter_id)
        .where(PlanState.grace_at_meter.is_not(None), Meter.value > PlanState.grace_at_meter),
    ).subquery()
    return Asset.life.in_(CARED_FOR) & Asset.id.in_(select(late.c.asset_id))


def _days_left(today: date) -> ColumnElement[float]:
    """Days until the plan is due (forecast), as a number to sort by; negative once passed."""
    left = cast(PlanState.due_at_meter, Float) - cast(Meter.value, Float)
    by_meter = case(
        (PlanState.daily_use > 0, left / PlanState.daily_use), (left <= 0, literal(0.0)), else_=literal(1e9)
    )
    by_calendar = cast(PlanState.due_day - today.toordinal(), Float)
    by_meter_known = case((left.is_(None), literal(1e9)), else_=by_meter)
    by_calendar_known = func.coalesce(by_calendar, literal(1e9))
    return case((by_calendar_known <= by_meter_known, by_calendar_known), else_=by_meter_known)


def due_rows(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    within_days: int,
    unit_id: int | None = None,
    class_id: int | None = None,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[DueRow]:
    """What is due within so many days (by calendar, or forecast from use), most urgent first; the actor's assets only.

    `after` is the `key` of the last row seen. Give `limit` one more than shown to know whether there are more.
    """
    today = local_date(now, zone_of(session))
    days_left = _days_left(today).label("days_left")
    # Narrow rows are sorted first; the wide ones are fetched for the page alone.
    slim = _due_plans(actor, today, within_days, unit_id, class_id, days_left)
    if after is not None:
        key, plan_id = float(str(after[0])), int(str(after[1]))
        slim = slim.where(or_(days_left > key, (days_left == key) & (PlanState.plan_id > plan_id)))
    keys: list[tuple[int, float]] = [
        (row.plan_id, float(row.days_left))
        for row in session.execute(slim.order_by(days_left, PlanState.plan_id).limit(limit))
    ]
    wide = (
        _plans_with_state()
        .add_columns(Asset)
        .join(Asset, Asset.id == MaintenancePlan.asset_id)
        .options(joinedload(Asset.unit), joinedload(Asset.equipment_class), joinedload(Asset.model))
        .where(MaintenancePlan.id.in_([plan_id for plan_id, _ in keys]))
    )
    found = {row[0].id: row for row in session.execute(wide)}
    rows = []
    for plan_id, left in keys:
        plan, state, value, order_id, asset = found[plan_id]
        rows.append(DueRow(asset, plan, _due(plan, state, value, today), order_id, (left, plan_id)))
    return rows


def due_count(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    within_days: int,
    unit_id: int | None = None,
    class_id: int | None = None,
) -> int:
    """How many lines `due_rows` has in all."""
    today = local_date(now, zone_of(session))
    return session.scalar(due_counting(actor, today, within_days=within_days, unit_id=unit_id, class_id=class_id)) or 0


def due_counting(
    actor: Actor, today: date, *, within_days: int, unit_id: int | None = None, class_id: int | None = None
) -> Select[int]:
    """The count of `due_count` as a statement, for a page that asks many counts in one query."""
    rows = _due_plans(actor, today, within_days, unit_id, class_id).subquery()
    return select(func.count()).select_from(rows)


def due_first(actor: Actor, today: date, *, within_days: int, after_days: int | None = None) -> Select[int, float]:
    """(asset_id, days_left) of what is due within so many days, but not within `after_days`, most urgent first.

    A statement, for a page that takes the first of many lists in one query.
    """
    days_left = _days_left(today).label("days_left")
    statement = _due_plans(actor, today, within_days, None, None, PlanState.asset_id, days_left)
    if after_days is not None:
        before = _plans_due_by(today + timedelta(days=after_days), after_days).subquery()
        statement = statement.where(PlanState.plan_id.not_in(select(before.c.plan_id)))
    found: Select[int, float] = statement.order_by(days_left, PlanState.plan_id)
    return found


def _due_plans(
    actor: Actor, today: date, within_days: int, unit_id: int | None, class_id: int | None, *columns: Any
) -> Any:
    due = _plans_due_by(today + timedelta(days=within_days), within_days).subquery()
    statement: Any = (
        select(PlanState.plan_id, *columns)
        .join(due, due.c.plan_id == PlanState.plan_id)
        .join(Asset, Asset.id == PlanState.asset_id)
        .where(Asset.life.in_(CARED_FOR), assets_for(actor, Permission.WORK_READ))
    )
    if columns:
        statement = statement.outerjoin(Meter, Meter.id == PlanState.meter_id)
    if unit_id is not None:
        statement = statement.where(Asset.unit_id == unit_id)
    if class_id is not None:
        statement = statement.where(Asset.class_id == class_id)
    return statement


def due_for_mail(session: Session, actor: Actor, now: datetime, *, limit_per_unit: int = 200) -> list[UnitDue]:
    """What is due within two weeks, by unit, for the weekly mail to its logistics officers."""
    rows: dict[int, list[DueRow]] = defaultdict(list)
    units: dict[int, Unit] = {}
    after: tuple[object, ...] | None = None
    while page := due_rows(session, actor, now, within_days=MAIL_WITHIN_DAYS, limit=500, after=after):
        for row in page:
            units[row.asset.unit_id] = row.asset.unit
            if len(rows[row.asset.unit_id]) < limit_per_unit:
                rows[row.asset.unit_id].append(row)
        after = page[-1].key
    return [UnitDue(units[unit_id], tuple(found)) for unit_id, found in sorted(rows.items())]


def class_choices(session: Session) -> list[tuple[str, str]]:
    """(code, name) of each equipment class, for a filter."""
    found: Iterable[Any] = session.execute(
        select(EquipmentClass.code, EquipmentClass.name).order_by(EquipmentClass.name)
    )
    return [(row.code, row.name) for row in found]
