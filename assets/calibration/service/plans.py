"""Calibration plans: add, change and retire them with a reason, and keep where they stand up to date."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.calibration.models import (
    CalibrationPlan,
    CalibrationState,
)
from assets.calibration.queries.records import newest_counting
from assets.calibration.rules import (
    DecisionRule,
    Kind,
)
from assets.calibration.service.texts import filled, short
from assets.core.actor import Actor
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.rules.meters import check_kind
from assets.registry.scope import require_asset
from assets.registry.service.meters import meter_of
from assets.registry.service.timeline import happening_now, record

MAX_INTERVAL_DAYS = 36_500


def add_plan(
    session: Session,
    actor: Actor,
    asset: Asset,
    *,
    kind: Kind,
    name: str,
    interval_days: int | None,
    reason: str,
    now: datetime,
    meter_kind: str = "",
    meter_interval: Decimal | None = None,
) -> CalibrationPlan:
    """A calibration plan of the asset's own, with the reason why it has one."""
    require_asset(actor, Permission.PLAN_WRITE, asset)
    name, reason = filled("name", name, 120), _reason(reason)
    _check_interval(interval_days, meter_kind, meter_interval)
    taken = session.scalars(select(CalibrationPlan.code).where(CalibrationPlan.asset_id == asset.id)).all()
    number = next(n for n in range(1, len(taken) + 2) if f"own-{n}" not in taken)
    plan = CalibrationPlan(
        asset=asset,
        code=f"own-{number}",
        kind=kind.value,
        name=name,
        interval_days=interval_days,
        meter_kind=meter_kind,
        meter_interval=meter_interval,
        decision_rule=DecisionRule.SIMPLE.value,
        source="asset",
        reason=reason,
        active=True,
        created_at=now,
    )
    session.add(plan)
    session.flush()
    _tell_plan(session, actor, plan, now, "added", None)
    refresh_plan(session, plan)
    return plan


def change_plan(
    session: Session, actor: Actor, plan: CalibrationPlan, *, interval_days: int | None, reason: str, now: datetime
) -> None:
    """Change the calendar interval with a reason. It holds from the next record: what was certified stays as it is."""
    require_asset(actor, Permission.PLAN_WRITE, plan.asset)
    reason = _reason(reason)
    _check_interval(interval_days, plan.meter_kind, plan.meter_interval)
    before = plan.interval_days
    plan.interval_days, plan.source, plan.reason, plan.active = interval_days, "asset", reason, True
    session.flush()
    _tell_plan(session, actor, plan, now, "changed", before)
    refresh_plan(session, plan)


def retire_plan(session: Session, actor: Actor, plan: CalibrationPlan, *, reason: str, now: datetime) -> None:
    """End a plan that does not apply to this asset, with a reason.

    An instrument of a class that is subject to calibration stays unfit without one.
    """
    require_asset(actor, Permission.PLAN_WRITE, plan.asset)
    plan.reason, plan.active = _reason(reason), False
    session.flush()
    _tell_plan(session, actor, plan, now, "retired", plan.interval_days)
    refresh_plan(session, plan)


def refresh_plan(session: Session, plan: CalibrationPlan) -> None:
    """Bring where the plan stands up to date from its newest record that counts."""
    state = session.get(CalibrationState, plan.id)
    if not plan.active:
        if state is not None:
            session.delete(state)
            session.flush()
        return
    if state is None:
        state = CalibrationState(plan_id=plan.id, asset_id=plan.asset_id, kind=plan.kind, result="")
        session.add(state)
    newest = newest_counting(session, plan.id)
    state.record_id = newest.id if newest else None
    state.result = newest.result if newest else ""
    state.valid_until = newest.valid_until if newest else None
    state.valid_day = state.valid_until.toordinal() if state.valid_until else None
    state.meter_id = meter_of(session, plan.asset, plan.meter_kind).id if plan.meter_kind else None
    start = newest.meter_value if newest else None
    state.due_at_meter = start + plan.meter_interval if start is not None and plan.meter_interval else None
    session.flush()


def _tell_plan(
    session: Session, actor: Actor, plan: CalibrationPlan, now: datetime, change: str, before: int | None
) -> None:
    data = {
        "plan": plan.name, "change": change, "reason": plan.reason, "kind": plan.kind,
        "before": {"interval_days": before}, "now": {"interval_days": plan.interval_days},
    }  # fmt: skip
    record(session, actor, plan.asset, "plan_changed", happening_now(now), data)


def _check_interval(interval_days: int | None, meter_kind: str, meter_interval: Decimal | None) -> None:
    if interval_days is None and meter_interval is None:
        raise invalid("interval_days", msg("A plan needs an interval in days, a meter interval, or both."))
    if interval_days is not None and not 1 <= interval_days <= MAX_INTERVAL_DAYS:
        raise invalid("interval_days", msg("The interval is from 1 to %(max)s days.", max=MAX_INTERVAL_DAYS))
    if (meter_interval is None) != (meter_kind == ""):
        raise invalid("meter_interval", msg("A meter interval and its meter belong together."))
    if meter_kind:
        check_kind(meter_kind)
    if meter_interval is not None and not 0 < meter_interval < 10_000_000:
        raise invalid("meter_interval", msg("The meter interval is a number above 0."))


def _reason(reason: str) -> str:
    reason = reason.strip()
    if len(reason) < 5:
        raise invalid("reason", msg("Say the reason in a few words."), code="reason_required")
    return short("reason", reason, 300)
