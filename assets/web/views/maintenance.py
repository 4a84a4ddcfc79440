"""Pages of maintenance: what is due, the board of work orders, one order with its moves, and an asset's plans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, DomainError, InvalidInput, NotAllowed, RuleViolation
from assets.core.i18n import Message, msg
from assets.labels.token import format_code
from assets.maintenance import queries, service
from assets.maintenance.models import WorkOrder
from assets.maintenance.rules.orders import (
    CAUSE_NAMES,
    FAULT_CAUSES,
    FINAL,
    KIND_NAMES,
    MOVES,
    PAYER_NAMES,
    SEVERITY_NAMES,
    STATE_NAMES,
    STOPPING,
    WAITING,
    Cause,
    Kind,
    Severity,
    State,
    one_of,
)
from assets.people.rules import Permission
from assets.registry.scope import asset_by_code, require_asset
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, words, writing
from assets.web.forms import field_errors, typed
from assets.web.label_codes import read_code
from assets.web.papers import papers_of
from assets.web.parsing import encode_cursor, page, parse_decimal
from assets.web.views.api_maintenance import completion
from assets.web.views.plans import due_cells

pages = Blueprint("maintenance", __name__)

HORIZONS = (0, 14, 30, 90)


def _tabs(current: str) -> list[dict[str, Any]]:
    places = (
        ("due", "/maintenance", msg("Due")),
        ("board", "/maintenance/board", msg("Board")),
        ("orders", "/maintenance/orders", msg("All work orders")),
    )
    return [{"label": words(label), "href": href, "current": key == current} for key, href, label in places]


@pages.get("/maintenance")
@needs(Permission.WORK_READ)
def due_list() -> Any:
    """What is due, most urgent first."""
    wanted = page(request.args)
    with reading() as session:
        narrowed = care.care_filter(session, request.args)
        key: dict[str, Any] = {
            "within_days": narrowed.within_days, "unit_id": narrowed.unit_id, "class_id": narrowed.class_id
        }  # fmt: skip
        after = care.cursor_key(wanted.after, 2)
        rows = queries.due_rows(session, actor(), now(), **key, limit=wanted.limit + 1, after=after)
        total = queries.due_count(session, actor(), now(), **key)
        options = care.choices(session, Permission.WORK_READ)
        shown = [
            {**due_cells(row), "asset": row.asset, "title": care.asset_title(row.asset)} for row in rows[: wanted.limit]
        ]
        cursor = encode_cursor(rows[wanted.limit - 1].key) if len(rows) > wanted.limit else None
        horizons = [
            {
                "label": words(msg("due now") if days == 0 else msg("within %(n)s days", n=days)),
                "href": care.address_without("cursor", within_days=str(days)),
                "current": days == narrowed.within_days,
            }
            for days in HORIZONS
        ]
        return render_template(
            "maintenance/due.html",
            rows=shown,
            total=total,
            within_days=narrowed.within_days,
            horizons=horizons,
            tabs_items=_tabs("due"),
            active=care.chosen(options, {"unit": "units", "class": "classes"}),
            after=care.address_without(cursor=cursor) if cursor else "",
            is_empty=not shown,
            **options,
        )


def _ticket(order: WorkOrder) -> dict[str, Any]:
    return {
        "order": order,
        "title": care.order_title(order),
        "asset": care.asset_title(order.asset),
        "code": format_code(order.asset.code),
        "kind": words(KIND_NAMES[Kind(order.kind)]),
        "state_words": words(STATE_NAMES[State(order.state)]),
        "state": _order_state(order),
        "severity": words(SEVERITY_NAMES[Severity(order.severity)]) if order.severity else "",
        "stops": order.severity in STOPPING and order.state not in FINAL,
        "unit": order.asset.unit.name,
    }


def _order_state(order: WorkOrder) -> str:
    if order.state == State.DONE:
        return "ready"
    if order.state == State.CANCELLED:
        return "unknown"
    return "blocked" if order.severity in STOPPING else "due"


@pages.get("/maintenance/board")
@needs(Permission.WORK_READ)
def board() -> Any:
    """Open work orders by state, what stops an item first."""
    with reading() as session:
        narrowed = queries.OrderFilter(
            unit_id=care.unit_id(session, request.args),
            class_id=care.class_id(session, request.args),
            kind=one_of(Kind, request.args["kind"], "kind") if request.args.get("kind") else None,
        )
        options = _order_options(session)
        columns = [
            {
                "label": words(STATE_NAMES[column.state]),
                "count": column.count,
                "orders": [_ticket(order) for order in column.orders],
                "more": f"/maintenance/orders?state={column.state}" if column.count > len(column.orders) else "",
            }
            for column in queries.board(session, actor(), narrowed)
        ]
        return render_template(
            "maintenance/board.html",
            columns=columns,
            open_count=sum(column["count"] for column in columns if isinstance(column["count"], int)),
            tabs_items=_tabs("board"),
            active=care.chosen(options, {"unit": "units", "class": "classes", "kind": "kinds"}),
            **options,
        )


def _order_options(session: Session) -> dict[str, list[tuple[str, str]]]:
    return {
        **care.choices(session, Permission.WORK_READ),
        "kinds": [(kind.value, words(name)) for kind, name in KIND_NAMES.items()],
        "states": [(state.value, words(name)) for state, name in STATE_NAMES.items()],
    }


@pages.get("/maintenance/orders")
@needs(Permission.WORK_READ)
def orders() -> Any:
    """Every work order, newest first, closed ones too."""
    wanted = page(request.args)
    args = request.args
    with reading() as session:
        narrowed = queries.OrderFilter(
            state=one_of(State, args["state"], "state") if args.get("state") else None,
            kind=one_of(Kind, args["kind"], "kind") if args.get("kind") else None,
            unit_id=care.unit_id(session, args),
            class_id=care.class_id(session, args),
            asset_id=asset_by_code(session, actor(), read_code(args["asset"])).id if args.get("asset") else None,
        )
        after = care.cursor_key(wanted.after, 1)
        found = queries.work_orders(session, actor(), narrowed, limit=wanted.limit + 1, after=after)
        options = _order_options(session)
        cursor = encode_cursor((found[wanted.limit - 1].id,)) if len(found) > wanted.limit else None
        names = {"unit": "units", "class": "classes", "kind": "kinds", "state": "states"}
        return render_template(
            "maintenance/orders.html",
            rows=[_ticket(order) for order in found[: wanted.limit]],
            tabs_items=_tabs("orders"),
            active=care.chosen(options, names),
            after=care.address_without(cursor=cursor) if cursor else "",
            is_empty=not found,
            **options,
        )


@pages.get("/maintenance/orders/<int:order_id>")
@needs(Permission.WORK_READ)
def order_page(order_id: int) -> Any:
    return _order_page(order_id, {}, {})


def _order_page(order_id: int, values: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        order = queries.work_order(session, actor(), order_id)
        try:
            require_asset(actor(), Permission.WORK_WRITE, order.asset)
            writable = order.state not in FINAL
        except NotAllowed:
            writable = False
        moves = [
            (state.value, words(STATE_NAMES[state]))
            for state in State
            if state in MOVES[State(order.state)] and state not in FINAL
        ]
        return render_template(
            "maintenance/order.html",
            **_ticket(order),
            printed=format_code(order.asset.code),
            downtimes=[(stretch, words(CAUSE_NAMES[Cause(stretch.cause)])) for stretch in order.downtimes],
            payer=words(PAYER_NAMES[order.payer_value]) if order.payer_value else "",
            cause=words(CAUSE_NAMES[Cause(order.fault_cause)]),
            meter=care.meter_name(order.meter_kind or order.asset.equipment_class.usage_meter),
            meter_unit=care.meter_unit(order.meter_kind or order.asset.equipment_class.usage_meter),
            has_meter=bool(order.meter_kind or order.asset.equipment_class.usage_meter),
            writable=writable,
            moves=moves,
            waits=[(c.value, words(CAUSE_NAMES[c])) for c in Cause if c in WAITING],
            causes=[(c.value, words(CAUSE_NAMES[c])) for c in Cause if c in FAULT_CAUSES],
            payers=[(p.value, words(name)) for p, name in PAYER_NAMES.items()],
            values=values,
            errors=errors,
            **papers_of(session, "work_order", order.id),
        )


def _change_order(order_id: int, apply: Callable[[Session, WorkOrder], None], done: Message) -> Any:
    """Apply a change to a locked work order; a refusal shows its page again with what was typed."""
    try:
        with writing() as session:
            order = queries.work_order(session, actor(), order_id, Permission.WORK_WRITE, lock=True)
            apply(session, order)
    except (InvalidInput, RuleViolation, Conflict) as error:
        return _order_page(order_id, typed(), field_errors(error)), _status(error)
    flash_words(done, "success")
    return redirect(f"/maintenance/orders/{order_id}", 303)


def _status(error: DomainError) -> int:
    return 409 if isinstance(error, Conflict) else 400


@pages.post("/maintenance/orders/<int:order_id>/move")
@needs(Permission.WORK_WRITE)
def move(order_id: int) -> Any:
    """To another open state; waiting says for what."""

    def apply(session: Session, order: WorkOrder) -> None:
        values = typed()
        target = one_of(State, values.get("state", ""), "state")
        waiting_for = one_of(Cause, values.get("waiting_for") or Cause.WAITING_PARTS.value, "waiting_for")
        day = care.optional_date(values, "scheduled_on")
        service.move_work_order(session, actor(), order, target, now(), waiting_for=waiting_for, scheduled_on=day)

    return _change_order(order_id, apply, msg("Moved."))


@pages.post("/maintenance/orders/<int:order_id>/done")
@needs(Permission.WORK_WRITE)
def done(order_id: int) -> Any:
    """The work is done: what, when, meter, cost, downtime."""

    def apply(session: Session, order: WorkOrder) -> None:
        values: dict[str, Any] = dict(typed())
        for field in ("meter", "cost"):
            values[field] = parse_decimal(values[field], field) if values.get(field, "").strip() else None
        service.close_work_order(session, actor(), order, completion(values), now())

    return _change_order(order_id, apply, msg("Done. What is due next follows from it."))


@pages.post("/maintenance/orders/<int:order_id>/cancel")
@needs(Permission.WORK_WRITE)
def cancel(order_id: int) -> Any:
    """Give the work up, with a reason; what was due stays due."""

    def apply(session: Session, order: WorkOrder) -> None:
        service.cancel_work_order(session, actor(), order, typed().get("reason", ""), now())

    return _change_order(order_id, apply, msg("Cancelled. What was due stays due."))


@pages.post("/maintenance/plans/<int:plan_id>/order")
@needs(Permission.WORK_WRITE)
def order_from_plan(plan_id: int) -> Any:
    """Open the work order that a plan asks for; an open one is shown instead."""
    try:
        with writing() as session:
            plan = queries.plan_by_id(session, actor(), plan_id, Permission.WORK_WRITE)
            order_id = service.open_work_order_from_plan(session, actor(), plan, now()).id
    except Conflict as error:
        flash_words(error.message, "warning")
        return redirect(f"/maintenance/orders/{error.data['work_order']}", 303)
    flash_words(msg("The work order is open."), "success")
    return redirect(f"/maintenance/orders/{order_id}", 303)


@pages.get("/assets/<code>/work-orders/new")
@needs(Permission.WORK_WRITE)
def new_order_form(code: str) -> Any:
    return _new_order(code, {}, {})


def _new_order(code: str, values: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        asset = asset_by_code(session, actor(), read_code(code), Permission.WORK_WRITE)
        return render_template(
            "maintenance/new_order.html",
            asset=asset,
            title=care.asset_title(asset),
            printed=format_code(asset.code),
            kinds=[(k.value, words(KIND_NAMES[k])) for k in (Kind.CORRECTIVE, Kind.INSPECTION)],
            severities=[(s.value, words(name)) for s, name in SEVERITY_NAMES.items()],
            values=values,
            errors=errors,
        )


@pages.post("/assets/<code>/work-orders/new")
@needs(Permission.WORK_WRITE)
def new_order(code: str) -> Any:
    """Open a repair or an inspection."""
    values = typed()
    try:
        with writing() as session:
            asset = asset_by_code(session, actor(), read_code(code), Permission.WORK_WRITE)
            kind = one_of(Kind, values.get("kind", ""), "kind")
            severity = values.get("severity") if kind is Kind.CORRECTIVE else ""
            order = service.open_work_order(
                session, actor(), asset, kind=kind, title=values.get("title", ""),
                description=values.get("description", ""), scheduled_on=care.optional_date(values, "scheduled_on"),
                severity=one_of(Severity, severity, "severity") if severity else None, now=now(),
            )  # fmt: skip
            order_id = order.id
    except (InvalidInput, RuleViolation) as error:
        return _new_order(code, values, field_errors(error)), 400
    flash_words(msg("The work order is open."), "success")
    return redirect(f"/maintenance/orders/{order_id}", 303)
