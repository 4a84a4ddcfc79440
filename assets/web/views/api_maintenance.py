"""Maintenance for programs: what is due, and work orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from assets.core.errors import InvalidInput, invalid
from assets.core.i18n import msg
from assets.maintenance import queries, service
from assets.maintenance.models import WorkOrder
from assets.maintenance.rules.orders import Cause, Kind, Payer, Severity, State, one_of
from assets.people.rules import Permission
from assets.registry.scope import asset_by_code
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, words, writing
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page

api = APIBlueprint("api_maintenance", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])


class DueQuery(BaseModel):
    """The due list: how far ahead, of which unit and class."""

    model_config = ConfigDict(extra="forbid")
    within_days: str = ""
    unit: str = ""
    class_: str = Field("", alias="class")
    limit: str = ""
    cursor: str = ""


class OrdersQuery(BaseModel):
    """Work orders: by state, kind, asset, unit and class; `open=1` leaves the closed ones out."""

    model_config = ConfigDict(extra="forbid")
    state: str = ""
    kind: str = ""
    asset: str = ""
    unit: str = ""
    class_: str = Field("", alias="class")
    open: str = ""
    limit: str = ""
    cursor: str = ""


class OrderPath(BaseModel):
    """The work order's id."""

    id: int = Field(ge=1, le=2**31 - 1)


class NewOrder(BaseModel):
    """A work order: from a plan of the asset, or of its own with kind and title."""

    model_config = ConfigDict(extra="forbid")
    asset: str = Field(max_length=400)
    plan: int | None = Field(None, ge=1, le=2**31 - 1)
    kind: str = ""
    title: str = ""
    description: str = ""
    severity: str = ""
    scheduled_on: str | None = None


class OrderChange(BaseModel):
    """A move to another state with what belongs to it; or only another planned day."""

    model_config = ConfigDict(extra="forbid")
    state: str = ""
    scheduled_on: str | None = None
    waiting_for: str = ""
    reason: str = ""
    done_at: str | None = None
    done_text: str = ""
    meter: Decimal | None = None
    cost: Decimal | None = None
    currency: str = ""
    payer: str = ""
    cause: str = ""
    down_from: str | None = None
    down_until: str | None = None


_ONLY_WHEN_DONE = ("done_at", "done_text", "meter", "cost", "payer", "cause", "down_from", "down_until")


def order_json(order: WorkOrder) -> dict[str, Any]:
    """A work order as programs see it."""
    return {
        "id": order.id,
        "number": order.number,
        "asset": order.asset.code,
        "class": order.asset.equipment_class.code,
        "unit": order.asset.unit.code,
        "kind": order.kind,
        "plan": order.plan_id,
        "title": order.title,
        "description": order.description,
        "severity": order.severity or None,
        "state": order.state,
        "opened_at": care.moment_json(order.opened_at),
        "scheduled_on": care.date_json(order.scheduled_on),
        "due_on": care.date_json(order.due_on),
        "due_at_meter": care.number(order.due_at_meter),
        "started_at": care.moment_json(order.started_at),
        "done_at": care.moment_json(order.done_at),
        "closed_at": care.moment_json(order.closed_at),
        "on_time": order.on_time,
        "done_text": order.done_text,
        "meter": {"kind": order.meter_kind, "value": care.number(order.done_meter)} if order.meter_kind else None,
        "cost": care.number(order.cost),
        "currency": order.currency,
        "payer": order.payer or None,
        "cause": order.fault_cause if order.kind == Kind.CORRECTIVE else None,
        "reason": order.reason,
        "version": order.version,
    }


def _with_downtime(order: WorkOrder) -> dict[str, Any]:
    stretches = [
        {"from": care.moment_json(d.started_at), "until": care.moment_json(d.ended_at), "cause": d.cause}
        for d in order.downtimes
    ]
    return {**order_json(order), "downtime": stretches}


def _due_json(row: queries.DueRow) -> dict[str, Any]:
    due = row.due
    return {
        "asset": row.asset.code,
        "class": row.asset.equipment_class.code,
        "unit": row.asset.unit.code,
        "plan": row.plan.id,
        "name": row.plan.name,
        "severe": row.plan.severe,
        "standing": due.standing.value,
        "trigger": due.trigger.value if due.trigger else None,
        "due_on": care.date_json(due.due_on),
        "due_at_meter": care.number(due.due_at_meter),
        "meter_kind": row.plan.meter_kind or None,
        "meter_left": care.number(due.meter_left),
        "forecast_on": care.date_json(due.forecast_on),
        "days_left": due.days_left,
        "grace_days": due.grace_days,
        "grace_meter": care.number(due.grace_meter),
        "assumption": words(due.assumption),
        "work_order": row.open_order_id,
    }


@api.get("/maintenance/due")
@needs(Permission.WORK_READ)
def due(query: DueQuery) -> Any:
    """What is due within so many days by calendar or forecast, most urgent first; overdue stays until it is done."""
    args = query.model_dump(by_alias=True)
    wanted = page(args)
    with reading() as session:
        narrowed = care.care_filter(session, args)
        rows = queries.due_rows(
            session, actor(), now(), within_days=narrowed.within_days, unit_id=narrowed.unit_id,
            class_id=narrowed.class_id, limit=wanted.limit + 1, after=care.cursor_key(wanted.after, 2),
        )  # fmt: skip
        items = [_due_json(row) for row in rows[: wanted.limit]]
    more = len(rows) > wanted.limit
    return jsonify({"items": items, "next": encode_cursor(rows[wanted.limit - 1].key) if more else None})


@api.get("/work-orders")
@needs(Permission.WORK_READ)
def list_orders(query: OrdersQuery) -> Any:
    """Work orders, newest first."""
    args = query.model_dump(by_alias=True)
    wanted = page(args)
    with reading() as session:
        narrowed = queries.OrderFilter(
            state=one_of(State, query.state, "state") if query.state else None,
            kind=one_of(Kind, query.kind, "kind") if query.kind else None,
            unit_id=care.unit_id(session, args),
            class_id=care.class_id(session, args),
            asset_id=asset_by_code(session, actor(), read_code(query.asset, field="asset")).id if query.asset else None,
            only_open=query.open in {"1", "true"},
        )
        after = care.cursor_key(wanted.after, 1)
        orders = queries.work_orders(session, actor(), narrowed, limit=wanted.limit + 1, after=after)
        items = [order_json(order) for order in orders[: wanted.limit]]
    more = len(orders) > wanted.limit
    return jsonify({"items": items, "next": encode_cursor((items[-1]["id"],)) if more else None})


@api.post("/work-orders")
@needs(Permission.WORK_WRITE)
def open_order(body: NewOrder) -> Any:
    """Open a work order: of a plan, or a repair or inspection of its own."""
    with writing() as session:
        code = read_code(body.asset, field="asset")
        asset = asset_by_code(session, actor(), code, Permission.WORK_WRITE)
        scheduled_on = care.optional_date(body.model_dump(), "scheduled_on")
        if body.plan is not None:
            plan = queries.plan_by_id(session, actor(), body.plan, Permission.WORK_WRITE)
            if plan.asset_id != asset.id:
                raise invalid("plan", msg("This plan belongs to another item."))
            order = service.open_work_order_from_plan(session, actor(), plan, now(), scheduled_on=scheduled_on)
        else:
            order = service.open_work_order(
                session, actor(), asset, kind=one_of(Kind, body.kind or "corrective", "kind"), title=body.title,
                description=body.description, scheduled_on=scheduled_on, now=now(),
                severity=one_of(Severity, body.severity, "severity") if body.severity else None,
            )  # fmt: skip
        return jsonify(_with_downtime(order)), 201


@api.get("/work-orders/<int:id>")
@needs(Permission.WORK_READ)
def get_order(path: OrderPath) -> Any:
    """One work order with its downtime."""
    with reading() as session:
        return jsonify(_with_downtime(queries.work_order(session, actor(), path.id)))


@api.patch("/work-orders/<int:id>")
@needs(Permission.WORK_WRITE)
def change_order(path: OrderPath, body: OrderChange) -> Any:
    """Move a work order, close it (`done`), cancel it (`cancelled`, with a reason), or plan it for another day."""
    with writing() as session:
        order = queries.work_order(session, actor(), path.id, Permission.WORK_WRITE, lock=True)
        _apply(session, order, body)
        session.flush()
        session.expire(order, ["downtimes"])
        return jsonify(_with_downtime(order))


def _apply(session: Session, order: WorkOrder, body: OrderChange) -> None:
    values = body.model_dump()
    target = one_of(State, body.state, "state") if body.state else None
    if target is not State.DONE:
        for field in _ONLY_WHEN_DONE:
            if values[field] not in (None, ""):
                raise invalid(field, msg("This is said when the work is done: send it with state 'done'."))
    if target is State.DONE:
        service.close_work_order(session, actor(), order, completion(values), now())
    elif target is State.CANCELLED:
        service.cancel_work_order(session, actor(), order, body.reason, now())
    elif target is not None:
        waiting_for = one_of(Cause, body.waiting_for, "waiting_for") if body.waiting_for else Cause.WAITING_PARTS
        service.move_work_order(
            session, actor(), order, target, now(), waiting_for=waiting_for,
            scheduled_on=care.optional_date(values, "scheduled_on"),
        )  # fmt: skip
    elif "scheduled_on" in body.model_fields_set:
        service.schedule_work_order(session, actor(), order, care.optional_date(values, "scheduled_on"), now())
    else:
        raise InvalidInput(msg("Nothing to change was sent."), code="nothing_to_change")


def completion(values: dict[str, Any]) -> service.Completion:
    """What was said about work that is done; `meter` and `cost` are decimals or None."""
    return service.Completion(
        done_at=care.optional_moment(values, "done_at") or now(),
        done_text=values.get("done_text") or "",
        meter=values.get("meter"),
        cost=values.get("cost"),
        currency=values.get("currency") or "USD",
        payer=one_of(Payer, values["payer"], "payer") if values.get("payer") else None,
        cause=one_of(Cause, values["cause"], "cause") if values.get("cause") else None,
        down_from=care.optional_moment(values, "down_from"),
        down_until=care.optional_moment(values, "down_until"),
    )
