"""Work orders: one, the board by state, lists, and the open faults that stop an item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from assets.core.actor import Actor
from assets.core.errors import NotFound
from assets.maintenance.models import WorkOrder
from assets.maintenance.rules.orders import OPEN, STOPPING, Kind, State
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import assets_for, require_asset

BOARD_STATES = (State.REQUESTED, State.PLANNED, State.READY, State.IN_PROGRESS, State.WAITING_PARTS)


@dataclass(frozen=True)
class OrderFilter:
    """Which work orders a list shows; None does not filter."""

    state: State | None = None
    kind: Kind | None = None
    unit_id: int | None = None
    class_id: int | None = None
    asset_id: int | None = None
    only_open: bool = False


@dataclass(frozen=True)
class BoardColumn:
    """One state of the board: how many there are, and the first of them, most urgent first."""

    state: State
    count: int
    orders: tuple[WorkOrder, ...]


def work_order(
    session: Session,
    actor: Actor,
    order_id: int,
    permission: Permission = Permission.WORK_READ,
    *,
    lock: bool = False,
) -> WorkOrder:
    """The work order; `NotFound` when it is out of the actor's sight, `NotAllowed` when he may only look."""
    statement = (
        select(WorkOrder)
        .join(WorkOrder.asset)
        .options(
            joinedload(WorkOrder.asset).joinedload(Asset.unit),
            joinedload(WorkOrder.asset).joinedload(Asset.equipment_class),
            joinedload(WorkOrder.plan),
            selectinload(WorkOrder.downtimes),
        )
        .where(WorkOrder.id == order_id, assets_for(actor, Permission.WORK_READ))
    )
    if lock:
        statement = statement.with_for_update(of=WorkOrder)
    order = session.scalar(statement)
    if order is None:
        raise NotFound
    if permission is not Permission.WORK_READ:
        require_asset(actor, permission, order.asset)
    return order


def open_order_of_plan(session: Session, plan_id: int) -> WorkOrder | None:
    """The open work order for a plan; there is at most one."""
    return session.scalar(select(WorkOrder).where(WorkOrder.plan_id == plan_id, WorkOrder.state.in_(OPEN)))


def work_orders(
    session: Session,
    actor: Actor,
    wanted: OrderFilter,
    *,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[WorkOrder]:
    """The actor's work orders, newest first; `after` is (id of the last one seen,)."""
    statement = _filtered(select(WorkOrder), actor, wanted).options(*_with_asset()).order_by(WorkOrder.id.desc())
    if after is not None:
        statement = statement.where(WorkOrder.id < int(str(after[0])))
    return list(session.scalars(statement.limit(limit)))


def board(session: Session, actor: Actor, wanted: OrderFilter, *, per_column: int = 20) -> list[BoardColumn]:
    """The open states in order, each with its count and its first orders: faults that stop an item, then by due date.

    Two queries for the whole board.
    """
    counts: dict[str, int] = {
        row[0]: row[1]
        for row in session.execute(
            _filtered(select(WorkOrder.state, func.count()), actor, wanted).group_by(WorkOrder.state)
        )
    }
    place = (
        func.row_number()
        .over(
            partition_by=WorkOrder.state,
            order_by=(
                WorkOrder.severity.in_(tuple(STOPPING)).desc(),
                func.coalesce(WorkOrder.scheduled_on, WorkOrder.due_on).is_(None),
                func.coalesce(WorkOrder.scheduled_on, WorkOrder.due_on),
                WorkOrder.id,
            ),
        )
        .label("place")
    )
    ranked = _filtered(select(WorkOrder.id, place), actor, wanted).where(WorkOrder.state.in_(BOARD_STATES)).subquery()
    rows = session.scalars(
        select(WorkOrder)
        .join(ranked, ranked.c.id == WorkOrder.id)
        .options(*_with_asset())
        .where(ranked.c.place <= per_column)
        .order_by(ranked.c.place)
    ).all()
    return [
        BoardColumn(state, counts.get(state, 0), tuple(order for order in rows if order.state == state))
        for state in BOARD_STATES
    ]


def open_faults(session: Session, asset_ids: Sequence[int]) -> list[tuple[int, int, str]]:
    """(asset id, work order id, severity) of each open repair of these assets."""
    rows = session.execute(
        select(WorkOrder.asset_id, WorkOrder.id, WorkOrder.severity).where(
            WorkOrder.asset_id.in_(asset_ids), WorkOrder.state.in_(OPEN), WorkOrder.kind == Kind.CORRECTIVE
        )
    )
    return [(row.asset_id, row.id, row.severity) for row in rows]


def open_counting(actor: Actor) -> Select[int]:
    """How many of the actor's work orders are open, as a statement, for a page that asks many counts in one query."""
    return _filtered(select(func.count()).select_from(WorkOrder), actor, OrderFilter(only_open=True))  # type: ignore[no-any-return]  # the statement that came in


def blocking_condition() -> ColumnElement[bool]:
    """A condition on `Asset`: an open major or critical fault."""
    return Asset.id.in_(
        select(WorkOrder.asset_id).where(WorkOrder.state.in_(OPEN), WorkOrder.severity.in_(tuple(STOPPING)))
    )


def _with_asset() -> tuple[Any, ...]:
    loaded = joinedload(WorkOrder.asset)
    return (loaded.joinedload(Asset.unit), loaded.joinedload(Asset.equipment_class), loaded.joinedload(Asset.model))


def _filtered(statement: Any, actor: Actor, wanted: OrderFilter) -> Any:
    statement = statement.join(Asset, Asset.id == WorkOrder.asset_id).where(assets_for(actor, Permission.WORK_READ))
    conditions: tuple[tuple[object, ColumnElement[bool]], ...] = (
        (wanted.state, WorkOrder.state == wanted.state),
        (wanted.kind, WorkOrder.kind == wanted.kind),
        (wanted.unit_id, Asset.unit_id == wanted.unit_id),
        (wanted.class_id, Asset.class_id == wanted.class_id),
        (wanted.asset_id, WorkOrder.asset_id == wanted.asset_id),
        (wanted.only_open or None, WorkOrder.state.in_(OPEN)),
    )
    return statement.where(*(condition for value, condition in conditions if value is not None))
