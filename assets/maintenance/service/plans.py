"""Plans: add, change and retire them with a reason, and keep where they stand up to date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import msg
from assets.maintenance.models import MaintenancePlan, PlanState
from assets.maintenance.queries.orders import open_order_of_plan
from assets.maintenance.queries.use import daily_uses
from assets.maintenance.rules.due import (
    LastDone,
    Terms,
    check_reason,
    check_terms,
    due_day,
    due_meter,
    grace_days,
    grace_meter,
)
from assets.people.rules import Permission
from assets.registry.models import Asset, Meter
from assets.registry.rules.meters import MAX_VALUE, check_kind
from assets.registry.scope import require_asset
from assets.registry.service.meters import meters_of
from assets.registry.service.timeline import happening_now, record


def add_plan(
    session: Session,
    actor: Actor,
    asset: Asset,
    *,
    name: str,
    terms: Terms,
    reason: str,
    now: datetime,
    last_done: LastDone | None = None,
) -> MaintenancePlan:
    """A plan of the asset's own, with the reason why it has one."""
    require_asset(actor, Permission.PLAN_WRITE, asset)
    name, reason = _name(name), check_reason(reason)
    _check_interval(terms)
    taken = session.scalars(select(MaintenancePlan.code).where(MaintenancePlan.asset_id == asset.id)).all()
    number = next(n for n in range(1, len(taken) + 2) if f"own-{n}" not in taken)
    _check_last_done(last_done, local_date(now, zone_of(session)))
    plan = MaintenancePlan(
        asset=asset,
        code=f"own-{number}",
        name=name,
        interval_days=terms.interval_days,
        meter_kind=terms.meter_kind,
        meter_interval=terms.meter_interval,
        severe=False,
        source="asset",
        reason=reason,
        active=True,
        last_done_on=last_done.on if last_done else start_day(session, asset),
        last_done_meter=last_done.meter if last_done else None,
        basis="done" if last_done else "start",
        created_at=now,
    )
    session.add(plan)
    session.flush()
    _tell(session, actor, plan, now, "added", {})
    refresh_plans(session, [plan], now)
    return plan


def change_plan(
    session: Session,
    actor: Actor,
    plan: MaintenancePlan,
    *,
    terms: Terms,
    reason: str,
    now: datetime,
    last_done: LastDone | None = None,
) -> None:
    """Change a plan's intervals, or what it counts from (a paper record found); the reason stays in the history."""
    require_asset(actor, Permission.PLAN_WRITE, plan.asset)
    reason = check_reason(reason)
    _check_interval(terms)
    _check_last_done(last_done, local_date(now, zone_of(session)))
    before = _described(plan)
    plan.interval_days, plan.meter_kind = terms.interval_days, terms.meter_kind
    if plan.meter_interval is None and terms.meter_interval is not None and last_done is None:
        plan.last_done_meter = None  # a meter that the plan did not have: it counts from what it shows now
    plan.meter_interval = terms.meter_interval
    if last_done is not None:
        plan.last_done_on, plan.last_done_meter, plan.basis = last_done.on, last_done.meter, "done"
    plan.source, plan.reason, plan.active = "asset", reason, True
    session.flush()
    _tell(session, actor, plan, now, "changed", {"before": before})
    refresh_plans(session, [plan], now)


def retire_plan(session: Session, actor: Actor, plan: MaintenancePlan, *, reason: str, now: datetime) -> None:
    """End a plan that does not apply to this asset, with a reason; refused while a work order for it is open."""
    require_asset(actor, Permission.PLAN_WRITE, plan.asset)
    reason = check_reason(reason)
    if open_order_of_plan(session, plan.id) is not None:
        raise RuleViolation(msg("Close or cancel the open work order of this plan first."), code="order_open")
    plan.active, plan.reason = False, reason
    session.flush()
    _tell(session, actor, plan, now, "retired", {})
    refresh_plans(session, [plan], now)


def refresh_plans(session: Session, plans: Iterable[MaintenancePlan], now: datetime) -> None:
    """Bring where these plans stand up to date: due day and reading, their grace, and the mean daily use."""
    plans = list(plans)
    states = _states(session, [plan.id for plan in plans])
    found = _meters(session, plans)
    uses = daily_uses(session, (meter.id for meter in found.values()), now)
    for plan in plans:
        state = states.get(plan.id)
        if not plan.active:
            if state is not None:
                session.delete(state)
            continue
        if state is None:
            state = PlanState(plan_id=plan.id, asset_id=plan.asset_id)
            session.add(state)
        meter = found.get((plan.asset_id, plan.meter_kind)) if plan.meter_kind else None
        if meter is not None and plan.last_done_meter is None and meter.value is not None:
            plan.last_done_meter = meter.value
        use = uses.get(meter.id) if meter is not None else None
        state.meter_id = meter.id if meter is not None else None
        state.daily_use, state.use_days = (use.per_day, use.days) if use else (None, None)
        state.measured_on = use.until if use else None
        _set_due(plan, state)
    session.flush()
    for plan in plans:
        session.expire(plan, ["state"])


def _meters(session: Session, plans: Sequence[MaintenancePlan]) -> dict[tuple[int, str], Meter]:
    """The meters that these plans count by, by asset and kind; made where they are first needed."""
    return meters_of(session, ((plan.asset, plan.meter_kind) for plan in plans if plan.active and plan.meter_kind))


def refresh_due_dates(session: Session, now: datetime, *, after: int = 0, limit: int = 1000) -> int | None:
    """Measure the daily use of up to `limit` plans again; answers the last plan's id, None when there were none left.

    For the scheduler, nightly, one transaction per call. Due days do not depend on it: only forecasts get older.
    """
    plans = session.scalars(
        select(MaintenancePlan)
        .options(joinedload(MaintenancePlan.asset))
        .where(MaintenancePlan.active, MaintenancePlan.id > after)
        .order_by(MaintenancePlan.id)
        .limit(limit)
    ).all()
    refresh_plans(session, plans, now)
    return plans[-1].id if plans else None


def _set_due(plan: MaintenancePlan, state: PlanState) -> None:
    state.due_on = due_day(plan.terms, plan.last_done)
    state.due_day = state.due_on.toordinal() if state.due_on else None
    state.grace_day = state.due_day + grace_days(plan.interval_days) if state.due_day is not None else None
    state.due_at_meter = due_meter(plan.terms, plan.last_done)
    allowed = grace_meter(plan.meter_interval)
    late = state.due_at_meter is not None and allowed is not None
    state.grace_at_meter = state.due_at_meter + allowed if late else None  # type: ignore[operator]  # late says both are there


def _states(session: Session, plan_ids: Sequence[int]) -> dict[int, PlanState]:
    found: dict[int, PlanState] = {}
    for first in range(0, len(plan_ids), 500):
        chunk = plan_ids[first : first + 500]
        rows = session.scalars(select(PlanState).where(PlanState.plan_id.in_(chunk)))
        found.update({state.plan_id: state for state in rows})
    return found


def start_day(session: Session, asset: Asset) -> date:
    """The day that a plan counts from while nothing was done: of registration, or of coming into use if later."""
    registered = local_date(asset.registered_at, zone_of(session))
    return max(registered, asset.in_service_on or asset.received_on or registered)


def _check_interval(terms: Terms) -> None:
    check_terms(terms)
    if terms.meter_kind:
        check_kind(terms.meter_kind)


def _check_last_done(last_done: LastDone | None, today: date) -> None:
    if last_done is None:
        return
    if last_done.on > today:
        raise invalid("last_done_on", msg("The last completion cannot lie in the future."))
    if last_done.meter is not None and not 0 <= last_done.meter <= MAX_VALUE:
        raise invalid("last_done_meter", msg("A reading is a number from 0 to %(max)s.", max=MAX_VALUE))


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise invalid("name", msg("This must be filled in."), code="required")
    if len(name) > 120:
        raise invalid("name", msg("This is too long: at most %(n)s characters.", n=120), code="too_long")
    return name


def _described(plan: MaintenancePlan) -> dict[str, object]:
    return {
        "interval_days": plan.interval_days,
        "meter_kind": plan.meter_kind,
        "meter_interval": _text(plan.meter_interval),
        "last_done_on": plan.last_done_on.isoformat(),
        "last_done_meter": _text(plan.last_done_meter),
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _tell(
    session: Session, actor: Actor, plan: MaintenancePlan, now: datetime, change: str, more: dict[str, object]
) -> None:
    data = {"plan": plan.name, "change": change, "reason": plan.reason, "now": _described(plan), **more}
    record(session, actor, plan.asset, "plan_changed", happening_now(now), data)
