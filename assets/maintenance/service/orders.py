"""Faults and work orders: report, open, move, close, cancel; downtime follows the state of the order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import Conflict, RuleViolation, invalid
from assets.core.i18n import msg
from assets.maintenance.models import Downtime, MaintenancePlan, WorkOrder
from assets.maintenance.queries.measures import fallen_due_on
from assets.maintenance.queries.orders import open_order_of_plan
from assets.maintenance.rules.due import due_day, due_meter, was_on_time
from assets.maintenance.rules.orders import (
    FAULT_CAUSES,
    WAITING,
    Cause,
    Kind,
    Payer,
    Severity,
    State,
    check_cost,
    check_done_at,
    check_move,
    standstill_cause,
)
from assets.maintenance.service.plans import refresh_plans
from assets.people.rules import Permission
from assets.registry.models import Asset, Meter
from assets.registry.scope import require_asset
from assets.registry.service.meters import meter_of, record_reading, value_at
from assets.registry.service.timeline import Occurrence, happening_now, record

NOT_WORKED_ON = frozenset({"expected", "disposed", "lost"})


@dataclass(frozen=True)
class Completion:
    """What is said when work is done: when, what was done, what it cost and who pays, meter, cause, downtime.

    `down_from` and `down_until` tell a standstill that was not recorded while it lasted.
    """

    done_at: datetime
    done_text: str = ""
    meter: Decimal | None = None
    meter_kind: str = ""
    cost: Decimal | None = None
    currency: str = "USD"
    payer: Payer | None = None
    cause: Cause | None = None
    down_from: datetime | None = None
    down_until: datetime | None = None


def report_fault(
    session: Session,
    actor: Actor,
    asset: Asset,
    severity: Severity,
    text: str,
    occurrence: Occurrence,
    *,
    cause: Cause = Cause.FAILURE,
) -> WorkOrder:
    """Report a fault: it becomes a requested repair; a major or critical one stops the item from that moment on."""
    require_asset(actor, Permission.FIELD_REPORT, asset)
    text = _filled("text", text, 2000)
    if cause not in FAULT_CAUSES:
        raise invalid("cause", msg("A fault comes from a failure, an accident or something else."))
    _check_life(asset)
    order = WorkOrder(
        asset=asset,
        kind=Kind.CORRECTIVE.value,
        title=text.splitlines()[0][:200],
        description=text,
        severity=severity.value,
        fault_cause=cause.value,
        state=State.REQUESTED.value,
        opened_at=occurrence.occurred_at,
    )
    session.add(order)
    session.flush()
    data = {"severity": severity.value, "text": text, "cause": cause.value, "work_order": order.id}
    event = record(session, actor, asset, "fault", occurrence, data)
    order.event_id = event.id
    _follow_standstill(session, order, occurrence.occurred_at)
    return order


def open_work_order(
    session: Session,
    actor: Actor,
    asset: Asset,
    *,
    kind: Kind,
    title: str,
    now: datetime,
    description: str = "",
    severity: Severity | None = None,
    scheduled_on: date | None = None,
) -> WorkOrder:
    """Open work that no plan asks for: a repair (with its severity) or an inspection."""
    require_asset(actor, Permission.WORK_WRITE, asset)
    title = _filled("title", title, 200)
    _check_life(asset)
    if kind is Kind.CORRECTIVE and severity is None:
        raise invalid("severity", msg("Say how bad the fault is."), code="required")
    if kind is not Kind.CORRECTIVE and severity is not None:
        raise invalid("severity", msg("Only a repair has a severity."))
    order = WorkOrder(
        asset=asset,
        kind=kind.value,
        title=title,
        description=_limited("description", description),
        severity=severity.value if severity else "",
        state=(State.PLANNED if scheduled_on else State.REQUESTED).value,
        opened_at=now,
        scheduled_on=scheduled_on,
    )
    session.add(order)
    session.flush()
    _follow_standstill(session, order, now)
    _tell(session, actor, order, "work_opened", now)
    return order


def open_work_order_from_plan(
    session: Session, actor: Actor, plan: MaintenancePlan, now: datetime, *, scheduled_on: date | None = None
) -> WorkOrder:
    """Open the planned care that a plan asks for; `Conflict` when it is open already."""
    require_asset(actor, Permission.WORK_WRITE, plan.asset)
    _check_life(plan.asset)
    if not plan.active:
        raise RuleViolation(msg("This plan has ended."), code="plan_ended")
    session.refresh(plan, ["active"], with_for_update=True)
    known = open_order_of_plan(session, plan.id)
    if known is not None:
        raise Conflict(
            msg("There is an open work order for this plan: %(number)s.", number=known.number),
            code="order_open",
            data={"work_order": known.id},
        )
    order = WorkOrder(
        asset=plan.asset,
        plan=plan,
        kind=Kind.PREVENTIVE.value,
        title=plan.name,
        state=(State.PLANNED if scheduled_on else State.REQUESTED).value,
        opened_at=now,
        scheduled_on=scheduled_on,
        due_on=due_day(plan.terms, plan.last_done),
        due_at_meter=due_meter(plan.terms, plan.last_done),
        interval_days=plan.interval_days,
        meter_kind=plan.meter_kind,
        meter_interval=plan.meter_interval,
    )
    session.add(order)
    session.flush()
    _tell(session, actor, order, "work_opened", now)
    return order


def move_work_order(
    session: Session,
    actor: Actor,
    order: WorkOrder,
    target: State,
    now: datetime,
    *,
    waiting_for: Cause = Cause.WAITING_PARTS,
    scheduled_on: date | None = None,
) -> None:
    """Move an open work order to another open state; downtime is opened, changed or ended with it.

    `waiting_for` says what is waited for: parts, a technician or budget. Use `close_work_order` and
    `cancel_work_order` for the final states.
    """
    require_asset(actor, Permission.WORK_WRITE, order.asset)
    if target in {State.DONE, State.CANCELLED}:
        raise RuleViolation(msg("Close or cancel the work order instead."), code="state_move")
    check_move(State(order.state), target)
    if waiting_for not in WAITING:
        raise invalid("waiting_for", msg("One waits for parts, a technician or budget."))
    order.state = target.value
    if scheduled_on is not None:
        order.scheduled_on = scheduled_on
    if target is State.IN_PROGRESS and order.started_at is None:
        order.started_at = now
    session.flush()
    _follow_standstill(session, order, now, waiting_for)
    _tell(session, actor, order, "work_moved", now)


def schedule_work_order(
    session: Session, actor: Actor, order: WorkOrder, scheduled_on: date | None, now: datetime
) -> None:
    """Set or clear the day for which an open work order is planned; its due date stays what it is."""
    require_asset(actor, Permission.WORK_WRITE, order.asset)
    if order.closed_at is not None:
        check_move(State(order.state), State.PLANNED)
    order.scheduled_on = scheduled_on
    session.flush()
    _tell(session, actor, order, "work_moved", now)


def cancel_work_order(session: Session, actor: Actor, order: WorkOrder, reason: str, now: datetime) -> None:
    """Cancel a work order with a reason. What was due stays due; a fault that stopped the item no longer does."""
    require_asset(actor, Permission.WORK_WRITE, order.asset)
    check_move(State(order.state), State.CANCELLED)
    order.reason = _filled("reason", reason, 300)
    order.state, order.closed_at = State.CANCELLED.value, now
    session.flush()
    _follow_standstill(session, order, now)
    _tell(session, actor, order, "work_cancelled", now)


def close_work_order(session: Session, actor: Actor, order: WorkOrder, done: Completion, now: datetime) -> None:
    """Record that the work is done. Planned care starts its plan's next interval at this day and reading."""
    require_asset(actor, Permission.WORK_WRITE, order.asset)
    check_move(State(order.state), State.DONE)
    check_done_at(done.done_at, now)
    order.currency = check_cost(done.cost, done.currency, done.payer)
    order.cost, order.payer = done.cost, done.payer.value if done.payer else ""
    order.done_text = _limited("done_text", done.done_text)
    if not order.done_text and order.kind == Kind.CORRECTIVE:
        raise invalid("done_text", msg("Say what was done."), code="required")
    _confirm_cause(order, done.cause)
    _note_downtime(session, order, done)
    order.state, order.done_at, order.closed_at = State.DONE.value, done.done_at, now
    order.started_at = order.started_at or done.done_at
    session.flush()
    _follow_standstill(session, order, done.down_until or done.done_at)
    meter = _read_meter(session, order, done, now)
    if order.plan is not None:
        _restart_plan(session, order, order.plan, meter, now)
    _tell(session, actor, order, "work_done", now)


def _read_meter(session: Session, order: WorkOrder, done: Completion, now: datetime) -> Meter | None:
    kind = order.meter_kind or done.meter_kind or order.asset.equipment_class.usage_meter
    if done.meter is None:
        meter = meter_of(session, order.asset, kind) if order.meter_kind else None
        if meter is not None:
            order.done_meter = value_at(session, meter, done.done_at)
            if order.done_meter is None:
                raise invalid("meter", msg("Enter what the meter shows: the next due reading follows from it."))
        return meter
    if not kind:
        raise invalid("meter", msg("This item has no meter."))
    record_reading(session, order.asset, kind, done.meter, done.done_at, now, source="work_order")
    order.done_meter, order.meter_kind = done.meter, kind
    session.flush()
    return meter_of(session, order.asset, kind)


def _restart_plan(
    session: Session, order: WorkOrder, plan: MaintenancePlan, meter: Meter | None, now: datetime
) -> None:
    if order.done_at is None:
        raise RuntimeError("a plan restarts when its work order is done")
    done_on = local_date(order.done_at, zone_of(session))
    order.fell_due_on = fallen_due_on(session, order.due_on, order.due_at_meter, meter, done_on)
    order.on_time = was_on_time(order.due_on, order.due_at_meter, order.terms, done_on, order.done_meter)
    # Work recorded late does not take back what a later completion has set.
    if plan.basis == "start" or done_on >= plan.last_done_on:
        plan.last_done_on, plan.basis = done_on, "done"
        if plan.meter_kind:
            plan.last_done_meter = order.done_meter
    session.flush()
    refresh_plans(session, [plan], now)


def _confirm_cause(order: WorkOrder, cause: Cause | None) -> None:
    if cause is None or order.kind != Kind.CORRECTIVE:
        return
    if cause not in FAULT_CAUSES:
        raise invalid("cause", msg("A fault comes from a failure, an accident or something else."))
    for stretch in order.downtimes:
        if stretch.cause == order.fault_cause:
            stretch.cause = cause.value
    order.fault_cause = cause.value


def _note_downtime(session: Session, order: WorkOrder, done: Completion) -> None:
    if done.down_until is not None and done.down_until > done.done_at:
        raise invalid("down_until", msg("Out of use at most until the work was done."))
    if done.down_from is None:
        return
    if order.downtimes:
        raise invalid("down_from", msg("The time out of use is recorded already."))
    until = done.down_until or done.done_at
    if done.down_from > until:
        raise invalid("down_from", msg("Out of use from must lie before until."))
    cause = order.fault_cause if order.kind == Kind.CORRECTIVE else Cause.SCHEDULED.value
    session.add(
        Downtime(work_order=order, asset_id=order.asset_id, started_at=done.down_from, ended_at=until, cause=cause)
    )


def _follow_standstill(
    session: Session, order: WorkOrder, at: datetime, waiting_for: Cause = Cause.WAITING_PARTS
) -> None:
    cause = standstill_cause(
        Kind(order.kind), order.severity_value, Cause(order.fault_cause), State(order.state), waiting_for
    )
    running = next((stretch for stretch in order.downtimes if stretch.ended_at is None), None)
    if running is not None and cause is not None and running.cause == cause.value:
        return
    if running is not None:
        at = max(at, running.started_at)
        running.ended_at = at
    if cause is not None:
        session.add(Downtime(work_order=order, asset_id=order.asset_id, started_at=at, cause=cause.value))
    session.flush()


def _check_life(asset: Asset) -> None:
    if asset.life in NOT_WORKED_ON:
        raise RuleViolation(msg("Nothing is worked on while its life is '%(life)s'.", life=asset.life), code="life")


def _filled(field: str, text: str, limit: int) -> str:
    text = _limited(field, text, limit)
    if not text:
        raise invalid(field, msg("This must be filled in."), code="required")
    return text


def _limited(field: str, text: str, limit: int = 4000) -> str:
    text = text.strip()
    if len(text) > limit:
        raise invalid(field, msg("This is too long: at most %(n)s characters.", n=limit), code="too_long")
    return text


def _tell(session: Session, actor: Actor, order: WorkOrder, kind: str, now: datetime) -> None:
    data: dict[str, object] = {"work_order": order.id, "title": order.title, "state": order.state, "kind": order.kind}
    for key in ("reason", "done_text", "severity"):
        if getattr(order, key):
            data[key] = getattr(order, key)
    if order.done_meter is not None:
        data["meter"] = {"kind": order.meter_kind, "value": str(order.done_meter)}
    record(session, actor, order.asset, kind, happening_now(now), data)
