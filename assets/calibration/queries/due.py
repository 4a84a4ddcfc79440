"""Calibration plans with where they stand, and what is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Float, Select, case, cast, func, literal, or_, select
from sqlalchemy.orm import Session, joinedload

from assets.calibration.models import CalibrationPlan, CalibrationState
from assets.calibration.rules import BINDING, Standing, standing
from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import DEFAULT_ZONE, zone_of
from assets.core.errors import NotFound
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, EquipmentClass, Meter
from assets.registry.rules.classes import CLASSES
from assets.registry.scope import assets_for, require_asset

KEPT = ("received", "in_service")


MAIL_WITHIN_DAYS = 30


@dataclass(frozen=True)
class PlanView:
    """A plan and where it stands; `valid_until` is the last day of the newest result that counts."""

    plan: CalibrationPlan
    standing: Standing
    valid_until: date | None
    record_id: int | None
    due_at_meter: Decimal | None = None
    meter_left: Decimal | None = None


@dataclass(frozen=True)
class DueRow:
    """A line of the due list."""

    asset: Asset
    view: PlanView
    key: tuple[float, int]


@dataclass(frozen=True)
class UnitDue:
    """What is due at one unit, for its mail."""

    unit: Unit
    rows: tuple[DueRow, ...]


def plan_by_id(session: Session, actor: Actor, plan_id: int, permission: Permission) -> CalibrationPlan:
    """The plan; `NotFound` when it is out of the actor's sight, `NotAllowed` when he may only look."""
    plan = session.scalar(
        select(CalibrationPlan)
        .join(CalibrationPlan.asset)
        .options(joinedload(CalibrationPlan.asset).joinedload(Asset.unit))
        .where(CalibrationPlan.id == plan_id, assets_for(actor, Permission.CALIBRATION_READ))
    )
    if plan is None:
        raise NotFound
    if permission is not Permission.CALIBRATION_READ:
        require_asset(actor, permission, plan.asset)
    return plan


def views_for(session: Session, asset_ids: Sequence[int], now: datetime) -> dict[int, list[PlanView]]:
    """The active plans of a page of assets with where they stand, in one query."""
    today = local_date(now, zone_of(session))
    views: dict[int, list[PlanView]] = defaultdict(list)
    rows = session.execute(
        _plans_with_state()
        .where(CalibrationPlan.asset_id.in_(asset_ids))
        .order_by(CalibrationPlan.name, CalibrationPlan.id)
    )
    for plan, state, meter_value in rows:
        views[plan.asset_id].append(_view(plan, state, meter_value, today))
    return views


def _plans_with_state() -> Any:
    return (
        select(CalibrationPlan, CalibrationState, Meter.value)
        .join(CalibrationState, CalibrationState.plan_id == CalibrationPlan.id)
        .outerjoin(Meter, Meter.id == CalibrationState.meter_id)
        .where(CalibrationPlan.active)
    )


def _view(plan: CalibrationPlan, state: CalibrationState, meter_value: Any, today: date) -> PlanView:
    left = None
    if state.due_at_meter is not None and meter_value is not None:
        left = state.due_at_meter - meter_value
    found = standing(state.result, state.valid_until, left, today)
    return PlanView(plan, found, state.valid_until, state.record_id, state.due_at_meter, left)


def is_subject(of_class: EquipmentClass) -> bool:
    """Whether items of the class must hold a valid calibration or verification."""
    defaults = CLASSES.get(of_class.code)
    return of_class.subject_to_calibration or (defaults is not None and defaults.subject_to_calibration)


def subject_class_ids(session: Session) -> set[int]:
    """The classes whose items must hold a valid calibration or verification."""
    codes = [code for code, defaults in CLASSES.items() if defaults.subject_to_calibration]
    statement = select(EquipmentClass.id).where(
        or_(EquipmentClass.subject_to_calibration, EquipmentClass.code.in_(codes))
    )
    return set(session.scalars(statement))


def _out_of_date(horizon: date) -> ColumnElement[bool]:
    return or_(
        CalibrationState.result != "pass",
        CalibrationState.valid_until < horizon,
        Meter.value >= CalibrationState.due_at_meter,
    )


def due_condition(now: datetime, within_days: int = 0, zone: ZoneInfo = DEFAULT_ZONE) -> ColumnElement[bool]:
    """A condition on `Asset`: never done, failed, out of date, or out of date within so many days."""
    horizon = local_date(now, zone) + timedelta(days=within_days)
    found = (
        select(CalibrationState.asset_id)
        .outerjoin(Meter, Meter.id == CalibrationState.meter_id)
        .where(_out_of_date(horizon))
    )
    return Asset.life.in_(KEPT) & Asset.id.in_(found)


def unfit_condition(now: datetime, zone: ZoneInfo = DEFAULT_ZONE) -> ColumnElement[bool]:
    """A condition on `Asset`: it must not be used for want of a valid calibration, or because a check failed."""
    today = local_date(now, zone)
    bad = (
        select(CalibrationState.asset_id)
        .outerjoin(Meter, Meter.id == CalibrationState.meter_id)
        .where(or_(CalibrationState.result == "fail", CalibrationState.kind.in_(tuple(BINDING)) & _out_of_date(today)))
    )
    codes = [code for code, defaults in CLASSES.items() if defaults.subject_to_calibration]
    subject = select(EquipmentClass.id).where(
        or_(EquipmentClass.subject_to_calibration, EquipmentClass.code.in_(codes))
    )
    planned = select(CalibrationState.asset_id).where(CalibrationState.kind.in_(tuple(BINDING)))
    return Asset.id.in_(bad) | (Asset.class_id.in_(subject) & Asset.id.not_in(planned))


def _urgency(today: date) -> ColumnElement[float]:
    """Failed and never done first, then by the days that are left."""
    left = cast(CalibrationState.valid_day - today.toordinal(), Float)
    return case(
        (CalibrationState.result == "fail", literal(-2e9)),
        (CalibrationState.result == "", literal(-1e9)),
        (Meter.value >= CalibrationState.due_at_meter, literal(-1.0)),
        (left.is_(None), literal(1e9)),
        else_=left,
    )


def _due_statement(actor: Actor, today: date, within_days: int, unit_id: int | None, class_id: int | None) -> Any:
    statement = (
        _plans_with_state()
        .add_columns(Asset)
        .join(Asset, Asset.id == CalibrationPlan.asset_id)
        .options(joinedload(Asset.unit), joinedload(Asset.equipment_class), joinedload(Asset.model))
        .where(
            Asset.life.in_(KEPT),
            assets_for(actor, Permission.CALIBRATION_READ),
            _out_of_date(today + timedelta(days=within_days)),
        )
    )
    if unit_id is not None:
        statement = statement.where(Asset.unit_id == unit_id)
    if class_id is not None:
        statement = statement.where(Asset.class_id == class_id)
    return statement


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
    """What failed, was never done, is out of date or will be within so many days, most urgent first."""
    today = local_date(now, zone_of(session))
    urgency = _urgency(today).label("urgency")
    statement = _due_statement(actor, today, within_days, unit_id, class_id).add_columns(urgency)
    if after is not None:
        key, plan_id = float(str(after[0])), int(str(after[1]))
        statement = statement.where(or_(urgency > key, (urgency == key) & (CalibrationPlan.id > plan_id)))
    statement = statement.order_by(urgency, CalibrationPlan.id).limit(limit)
    return [
        DueRow(asset, _view(plan, state, value, today), (float(key), plan.id))
        for plan, state, value, asset, key in session.execute(statement)
    ]


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
    rows = _due_statement(actor, today, within_days, unit_id, class_id).subquery()
    return select(func.count()).select_from(rows)


def due_first(actor: Actor, today: date, *, within_days: int, after_days: int | None = None) -> Select[int, float]:
    """(asset_id, days_left) of what is out of date within so many days, but not within `after_days`, most urgent first.

    A statement, for a page that takes the first of many lists in one query; what failed or was never done has fewer
    days left than any number of them.
    """
    days_left = _urgency(today).label("days_left")
    statement = (
        select(CalibrationPlan.asset_id, days_left)
        .join(CalibrationState, CalibrationState.plan_id == CalibrationPlan.id)
        .outerjoin(Meter, Meter.id == CalibrationState.meter_id)
        .join(Asset, Asset.id == CalibrationPlan.asset_id)
        .where(
            CalibrationPlan.active, Asset.life.in_(KEPT), assets_for(actor, Permission.CALIBRATION_READ),
            _out_of_date(today + timedelta(days=within_days)),
        )
    )  # fmt: skip
    if after_days is not None:
        statement = statement.where(days_left >= after_days)
    return statement.order_by(days_left, CalibrationPlan.id)


def due_for_mail(session: Session, actor: Actor, now: datetime, *, limit_per_unit: int = 200) -> list[UnitDue]:
    """What is due within a month, by unit, for the weekly mail to its logistics officers."""
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
