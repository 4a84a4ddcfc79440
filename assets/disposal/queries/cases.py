"""Loss cases and disposal cases: one, lists, the board by state, and the case that is open for an asset."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.disposal.models import LOSS_STATES, DisposalCase, LossCase
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import assets_for, require_asset

# Who reads what is done to an item reads its cases; the approver's sight ends at the figures of a summary.
CASE_READ = Permission.WORK_READ
PER_COLUMN = 20
ENDED = ("decided", "carried_out", "rejected", "reversed")
_STATES: dict[type[Any], tuple[str, ...]] = {
    LossCase: LOSS_STATES,
    DisposalCase: ("proposed", "approved", "carried_out", "rejected", "reversed"),
}

Case = TypeVar("Case", LossCase, DisposalCase)
_NOT_THERE = msg("There is no such case, or it is not yours to see.")


@dataclass(frozen=True)
class CaseFilter:
    """Which cases a list shows; None or empty does not filter."""

    state: str = ""
    unit_id: int | None = None
    class_id: int | None = None
    asset_id: int | None = None


@dataclass(frozen=True)
class BoardColumn(Generic[Case]):
    """One state of the board: how many there are, and the first of them, the oldest first."""

    state: str
    count: int
    cases: tuple[Case, ...]


def loss_case(
    session: Session, actor: Actor, case_id: int, permission: Permission = CASE_READ, *, lock: bool = False
) -> LossCase:
    """The loss case; `NotFound` when it is out of the actor's sight, `NotAllowed` when he may only look."""
    return _case(session, actor, LossCase, case_id, permission, lock=lock)


def disposal_case(
    session: Session, actor: Actor, case_id: int, permission: Permission = CASE_READ, *, lock: bool = False
) -> DisposalCase:
    """The disposal case; `NotFound` when it is out of the actor's sight, `NotAllowed` when he may only look."""
    return _case(session, actor, DisposalCase, case_id, permission, lock=lock)


def loss_cases(
    session: Session, actor: Actor, wanted: CaseFilter, *, limit: int = 50, after: tuple[object, ...] | None = None
) -> list[LossCase]:
    """The actor's loss cases, newest first; `after` is (id of the last one seen,)."""
    return _cases(session, actor, LossCase, wanted, limit, after)


def disposal_cases(
    session: Session, actor: Actor, wanted: CaseFilter, *, limit: int = 50, after: tuple[object, ...] | None = None
) -> list[DisposalCase]:
    """The actor's disposal cases, newest first; `after` is (id of the last one seen,)."""
    return _cases(session, actor, DisposalCase, wanted, limit, after)


def loss_count(session: Session, actor: Actor, *states: str) -> int:
    """How many loss cases in these states the actor may see."""
    return session.scalar(_counting(actor, LossCase, states)) or 0


def disposal_count(session: Session, actor: Actor, *states: str) -> int:
    """How many disposal cases in these states the actor may see."""
    return session.scalar(_counting(actor, DisposalCase, states)) or 0


def loss_counting(actor: Actor, *states: str) -> Select[int]:
    """The count of `loss_count` as a statement, for a page that asks many counts in one query."""
    return _counting(actor, LossCase, states)


def disposal_counting(actor: Actor, *states: str) -> Select[int]:
    """The count of `disposal_count` as a statement, for a page that asks many counts in one query."""
    return _counting(actor, DisposalCase, states)


def board(
    session: Session, actor: Actor, kind: type[Case], wanted: CaseFilter, *, per_column: int = PER_COLUMN
) -> list[BoardColumn[Case]]:
    """Every state of this kind of case with its count and its first cases: the longest open first, ended ones last.

    Two queries for the whole board.
    """
    states = _STATES[kind]
    conditions = _conditions(actor, kind, wanted)
    counted = select(kind.state, func.count()).join(kind.asset).where(*conditions).group_by(kind.state)
    counts: dict[str, int] = {row[0]: row[1] for row in session.execute(counted)}
    place = func.row_number().over(
        partition_by=kind.state,
        # What waits longest is what matters of the open ones; of the ended ones the newest.
        order_by=sql_case((kind.state.in_(ENDED), -kind.id), else_=kind.id),
    )
    ranked = select(kind.id.label("id"), place.label("place")).join(kind.asset).where(*conditions).subquery()
    rows = session.scalars(
        select(kind)
        .join(ranked, ranked.c.id == kind.id)
        .options(*_with_asset(kind))
        .where(ranked.c.place <= per_column)
        .order_by(ranked.c.place)
    )
    found: dict[str, list[Case]] = defaultdict(list)
    for case in rows:
        found[case.state].append(case)
    return [BoardColumn(state, counts.get(state, 0), tuple(found[state])) for state in states]


def open_loss_of(session: Session, asset_id: int) -> LossCase | None:
    """The loss case of the asset that is not decided; there is at most one."""
    return session.scalar(select(LossCase).where(LossCase.asset_id == asset_id, LossCase.state != "decided"))


def settled_loss_of(session: Session, asset_id: int) -> LossCase | None:
    """The newest decided loss case of the asset."""
    return session.scalar(
        select(LossCase)
        .where(LossCase.asset_id == asset_id, LossCase.state == "decided")
        .order_by(LossCase.id.desc())
        .limit(1)
    )


def open_disposal_of(session: Session, asset_id: int) -> DisposalCase | None:
    """The disposal case of the asset that is proposed or approved; there is at most one."""
    return session.scalar(
        select(DisposalCase).where(DisposalCase.asset_id == asset_id, DisposalCase.state.in_(("proposed", "approved")))
    )


def newest_loss_of(session: Session, asset_id: int) -> LossCase | None:
    """The newest loss case of the asset, open or decided."""
    return session.scalar(select(LossCase).where(LossCase.asset_id == asset_id).order_by(LossCase.id.desc()).limit(1))


def newest_disposal_of(session: Session, asset_id: int) -> DisposalCase | None:
    """The newest disposal case of the asset, in whatever state."""
    return session.scalar(
        select(DisposalCase).where(DisposalCase.asset_id == asset_id).order_by(DisposalCase.id.desc()).limit(1)
    )


def _case(
    session: Session, actor: Actor, kind: type[Case], case_id: int, permission: Permission, *, lock: bool
) -> Case:
    statement: Any = (
        select(kind)
        .join(kind.asset)
        .options(*_with_asset(kind))
        .where(kind.id == case_id, assets_for(actor, CASE_READ))
    )
    if lock:
        statement = statement.with_for_update(of=kind).execution_options(populate_existing=True)
    found: Case | None = session.scalar(statement)
    if found is None:
        raise NotFound(_NOT_THERE)
    if permission is not CASE_READ:
        require_asset(actor, permission, found.asset)
    return found


def _cases(
    session: Session,
    actor: Actor,
    kind: type[Case],
    wanted: CaseFilter,
    limit: int,
    after: tuple[object, ...] | None,
) -> list[Case]:
    statement = select(kind).join(kind.asset).options(*_with_asset(kind)).where(*_conditions(actor, kind, wanted))
    if after is not None:
        statement = statement.where(kind.id < int(str(after[0])))
    return list(session.scalars(statement.order_by(kind.id.desc()).limit(limit)))


def _counting(actor: Actor, kind: type[LossCase] | type[DisposalCase], states: tuple[str, ...]) -> Select[int]:
    statement = select(func.count()).select_from(kind).join(kind.asset).where(assets_for(actor, CASE_READ))
    return statement.where(kind.state.in_(states))


def _conditions(
    actor: Actor, kind: type[LossCase] | type[DisposalCase], wanted: CaseFilter
) -> list[ColumnElement[bool]]:
    chosen: tuple[tuple[object, ColumnElement[bool]], ...] = (
        (wanted.state or None, kind.state == wanted.state),
        (wanted.unit_id, Asset.unit_id == wanted.unit_id),
        (wanted.class_id, Asset.class_id == wanted.class_id),
        (wanted.asset_id, kind.asset_id == wanted.asset_id),
    )
    return [assets_for(actor, CASE_READ), *(condition for value, condition in chosen if value is not None)]


def _with_asset(kind: type[LossCase] | type[DisposalCase]) -> tuple[Any, ...]:
    loaded = joinedload(kind.asset)
    return (
        loaded.joinedload(Asset.unit).joinedload(Unit.region),
        loaded.joinedload(Asset.equipment_class),
        loaded.joinedload(Asset.model),
    )
