"""Adopts calibration plans: instruments get those that their class needs, one by one or many together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from assets.calibration.models import CalibrationPlan, CalibrationRecord, CalibrationState
from assets.calibration.queries.due import KEPT
from assets.calibration.rules import DecisionRule, Kind
from assets.core.actor import Actor
from assets.people.rules import Permission
from assets.registry.models import Asset, Meter
from assets.registry.queries.class_plans import assets_without_plans, plan_codes
from assets.registry.rules.classes import CLASSES, CalibrationPlanDefault
from assets.registry.scope import require_asset
from assets.registry.service.meters import meters_of


def adopt_default_plans(session: Session, actor: Actor, asset: Asset, now: datetime) -> list[CalibrationPlan]:
    """Give the asset the calibration plans of its class that it does not have yet. They start as never done."""
    require_asset(actor, Permission.PLAN_WRITE, asset)
    return _adopt(session, [asset], now)


def adopt_plans_of(session: Session, assets: Sequence[Asset], now: datetime) -> list[CalibrationPlan]:
    """As `adopt_default_plans`, for many; those that are not kept (still to come, withdrawn) are left out.

    The right is that of the act which brings them, and the caller's to check. A few queries for each 400 assets.
    """
    return _adopt(session, [one for one in assets if one.life in KEPT and one.annulled_at is None], now)


def adopt_missing_plans(session: Session, _actor: Actor, now: datetime, *, limit: int = 500) -> int:
    """Give up to `limit` assets that have no calibration plan at all those of their class; answers how many got some.

    For the scheduler: call it until it answers 0.
    """
    codes = [code for code, defaults in CLASSES.items() if defaults.calibration_plans]
    assets = assets_without_plans(session, CalibrationPlan.asset_id, codes, KEPT, limit=limit)
    _adopt(session, assets, now)
    return len(assets)


def plan_from_default(asset: Asset, default: CalibrationPlanDefault, now: datetime) -> CalibrationPlan:
    """A plan as its class gives it; the caller adds it, with where it stands."""
    return CalibrationPlan(
        asset=asset,
        code=default.code,
        kind=Kind(default.kind).value,
        name=default.name,
        interval_days=default.interval_days,
        meter_kind=(default.meter_kind or "") if default.meter_interval is not None else "",
        meter_interval=default.meter_interval,
        decision_rule=DecisionRule.SIMPLE.value,
        source="class",
        reason="",
        active=True,
        created_at=now,
    )


def first_state(
    plan: CalibrationPlan, meter: Meter | None, record: CalibrationRecord | None = None
) -> CalibrationState:
    """Where a new plan stands, with its only record if there is one: as `refresh_plan` would find it, without looking.

    `meter` is the one that the plan counts by.
    """
    until = record.valid_until if record is not None else None
    return CalibrationState(
        plan_id=plan.id,
        asset_id=plan.asset_id,
        kind=plan.kind,
        record_id=record.id if record is not None else None,
        result=record.result if record is not None else "",
        valid_until=until,
        valid_day=until.toordinal() if until is not None else None,
        meter_id=meter.id if meter is not None else None,
    )


def _adopt(session: Session, assets: Sequence[Asset], now: datetime) -> list[CalibrationPlan]:
    kept = [asset for asset in assets if _defaults(asset)]
    known = plan_codes(session, CalibrationPlan.asset_id, CalibrationPlan.code, [asset.id for asset in kept])
    adopted = [
        plan_from_default(asset, default, now)
        for asset in kept
        for default in _defaults(asset)
        if default.code not in known[asset.id]
    ]
    if adopted:
        session.add_all(adopted)
        session.flush()
        meters = meters_of(session, ((plan.asset, plan.meter_kind) for plan in adopted if plan.meter_kind))
        session.add_all(first_state(plan, meters.get((plan.asset_id, plan.meter_kind))) for plan in adopted)
        session.flush()
    return adopted


def _defaults(asset: Asset) -> tuple[CalibrationPlanDefault, ...]:
    defaults = CLASSES.get(asset.equipment_class.code)
    return defaults.calibration_plans if defaults is not None else ()
