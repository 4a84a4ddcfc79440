"""Reads of operations, each within what the actor may know of: one, a list, and those that something was used in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.custody.models import UseSession
from assets.operations.models import (
    EquipmentContribution,
    Operation,
    OperationCorrection,
    Seizure,
    operation_unit,
)
from assets.operations.rules import open_reach
from assets.people.models import Unit
from assets.people.rules import Permission, Reach, reach
from assets.registry.models import Asset, AssetEvent, EquipmentClass
from assets.registry.scope import assets_for, require_unit, units_within

STATES = ("open", "closed", "annulled")


@dataclass(frozen=True)
class OperationFilter:
    """Which operations: by kind, unit that took part, region, first day (half-open), state, a part of the code."""

    kind: str = ""
    unit_id: int | None = None
    region_id: int | None = None
    first: date | None = None
    until: date | None = None
    state: str = ""
    query: str = ""


def known_to(actor: Actor) -> ColumnElement[bool]:
    """A condition on `Operation`: those that `actor` may know of.

    Closed ones by `OPERATION_READ` in scope; open ones by need to know (`rules.open_reach`), and to who recorded it
    while he may still write for its unit.
    """
    conditions = [
        and_(Operation.closed_at.is_not(None), _took_part(reach(actor, Permission.OPERATION_READ))),
        _took_part(open_reach(actor)),
    ]
    if actor.account_id is not None:
        writes = units_within(reach(actor, Permission.OPERATION_WRITE), Operation.unit_id)
        conditions.append(and_(Operation.recorded_by_id == actor.account_id, writes))
    return or_(*conditions)


def _took_part(within: Reach) -> ColumnElement[bool]:
    # The lead stands among the units that took part.
    mine = select(operation_unit.c.unit_id).where(
        operation_unit.c.operation_id == Operation.id, units_within(within, operation_unit.c.unit_id)
    )
    return mine.exists()


def operation_by_id(
    session: Session,
    actor: Actor,
    operation_id: int,
    permission: Permission = Permission.OPERATION_READ,
    *,
    lock: bool = False,
) -> Operation:
    """One operation with its units, agencies, seizures and contributions.

    `NotFound` when there is none or `actor` may not know of it (both look the same); `NotAllowed` when he may, but does
    not hold `permission` for the unit that leads it.
    """
    statement: Any = (
        select(Operation).where(Operation.id == operation_id, known_to(actor)).execution_options(populate_existing=lock)
    )
    # What belongs to it is loaded after the lock, so that it is as the one before left it.
    statement = statement.with_for_update(of=Operation) if lock else statement.options(*_whole(joinedload))
    operation: Operation | None = session.scalars(statement).unique().one_or_none()
    if operation is None:
        raise NotFound(msg("There is no such operation, or it is not yours to see."))
    if permission is not Permission.OPERATION_READ:
        require_unit(actor, permission, operation.unit)
    return operation


def _whole(load_small: Any = selectinload) -> tuple[Any, ...]:
    # Of one operation, its few contributions come along in the same query.
    return (
        joinedload(Operation.unit),
        joinedload(Operation.region),
        joinedload(Operation.recorded_by),
        joinedload(Operation.closed_by),
        selectinload(Operation.units),
        selectinload(Operation.agencies),
        selectinload(Operation.seizures).joinedload(Seizure.items),
        load_small(Operation.contributions).joinedload(EquipmentContribution.equipment_class),
    )


def operation_page(
    session: Session,
    actor: Actor,
    wanted: OperationFilter,
    *,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[Operation]:
    """Operations that `actor` may know of, the newest first day first, with all that belongs to them.

    `after` is (first day in ISO 8601, id) of the last row seen.
    """
    statement = select(Operation).where(known_to(actor), *_narrowed(wanted))
    if after is not None:
        day, last_id = _position(after)
        earlier = or_(Operation.starts_on < day, and_(Operation.starts_on == day, Operation.id < last_id))
        statement = statement.where(earlier)
    newest_first = statement.options(*_whole()).order_by(Operation.starts_on.desc(), Operation.id.desc())
    return list(session.scalars(newest_first.limit(limit)))


def operation_count(session: Session, actor: Actor, wanted: OperationFilter) -> int:
    """How many operations `operation_page` would give without a limit."""
    counted = select(func.count()).select_from(Operation).where(known_to(actor), *_narrowed(wanted))
    return session.scalar(counted) or 0


def _narrowed(wanted: OperationFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.kind:
        conditions.append(Operation.kind == wanted.kind)
    if wanted.unit_id is not None:
        conditions.append(_took_part(Reach(unit_ids=frozenset({wanted.unit_id}))))
    if wanted.region_id is not None:
        conditions.append(Operation.region_id == wanted.region_id)
    if wanted.first is not None:
        conditions.append(Operation.starts_on >= wanted.first)
    if wanted.until is not None:
        conditions.append(Operation.starts_on < wanted.until)
    if wanted.query:
        # Codes are compared without regard to the case of letters, which both databases fold alike in ASCII.
        conditions.append(func.upper(Operation.code).contains(wanted.query.strip().upper(), autoescape=True))
    if wanted.state:
        conditions.append(_in_state(wanted.state))
    return conditions


def _in_state(state: str) -> ColumnElement[bool]:
    if state == "annulled":
        return Operation.annulled_at.is_not(None)
    closed = Operation.closed_at.is_not(None) if state == "closed" else Operation.closed_at.is_(None)
    return and_(Operation.annulled_at.is_(None), closed)


def _position(after: tuple[object, ...]) -> tuple[date, int]:
    try:
        day, last_id = after
        if isinstance(last_id, int) and not isinstance(last_id, bool) and abs(last_id) < 2**31:
            return date.fromisoformat(str(day)), last_id
    except ValueError:
        pass
    raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))


def usual_operations(session: Session, actor: Actor, unit_id: int, now: datetime, limit: int = 3) -> list[Operation]:
    """The operations that something which comes back to this unit was most likely used in, for one tap.

    Open ones in which the unit takes part, that have begun and that `actor` may know of; the newest first.
    """
    statement = (
        select(Operation)
        .where(
            known_to(actor),
            _took_part(Reach(unit_ids=frozenset({unit_id}))),
            _in_state("open"),
            Operation.starts_on <= local_date(now, zone_of(session)),
        )
        .order_by(Operation.starts_on.desc(), Operation.id.desc())
        .limit(limit)
    )
    return list(session.scalars(statement))


def operation_for_use(session: Session, actor: Actor, code: str, field: str = "operation") -> str:
    """The code of the operation that a use names, as it is recorded; '' for none.

    `InvalidInput` naming `field` when there is none of that code or `actor` may not know of it: both look the same.
    """
    code = code.strip()
    if not code:
        return ""
    statement = select(Operation.code).where(known_to(actor), func.upper(Operation.code) == code.upper()[:64])
    found = session.scalars(statement.order_by(Operation.code != code).limit(1)).first()
    if found is None:
        raise invalid(
            field,
            msg("No operation that you may see has the code %(code)s. Choose one, or none.", code=code[:64]),
            code="unknown_operation",
        )
    return found


def known_codes(session: Session, actor: Actor, codes: Collection[str]) -> frozenset[str]:
    """Those of these codes that `actor` may know: codes of operations known to him, and texts that name none."""
    if not codes:
        return frozenset()
    hidden = session.scalars(select(Operation.code).where(Operation.code.in_(codes), ~known_to(actor)))
    return frozenset(codes) - frozenset(hidden)


@dataclass(frozen=True)
class UseThere:
    """One use that names an operation: of which asset, when, to what effect."""

    asset: Asset
    at: datetime
    contribution: str


def uses_naming(session: Session, actor: Actor, code: str, limit: int = 200) -> list[UseThere]:
    """Uses that name this operation, of assets that `actor` may read, without corrected ones, newest first."""
    corrected = select(AssetEvent.corrects_id).where(AssetEvent.corrects_id == UseSession.event_id).exists()
    statement = (
        select(Asset, UseSession.at, UseSession.contribution)
        .join(UseSession, UseSession.asset_id == Asset.id)
        .options(joinedload(Asset.equipment_class), joinedload(Asset.model))
        .where(UseSession.operation == code, assets_for(actor, Permission.ASSET_READ), ~corrected)
        .order_by(UseSession.at.desc(), UseSession.event_id)
        .limit(limit)
    )
    return [UseThere(*row) for row in session.execute(statement)]


def corrections_of(session: Session, operation: Operation) -> list[OperationCorrection]:
    """What was corrected since the operation was closed, newest first. The caller has checked that it may be seen."""
    return list(
        session.scalars(
            select(OperationCorrection)
            .where(OperationCorrection.operation_id == operation.id)
            .order_by(OperationCorrection.id.desc())
        )
    )


def classes_issued(session: Session, actor: Actor, unit_ids: Collection[int]) -> dict[str, list[str]]:
    """Classes of which these units have items out with their people now, by code, each with the codes of the units."""
    rows = session.execute(
        select(EquipmentClass.code, Unit.code)
        .join(Asset, Asset.class_id == EquipmentClass.id)
        .join(Unit, Unit.id == Asset.unit_id)
        .where(Asset.unit_id.in_(unit_ids), Asset.custodian_person_id.is_not(None))
        .where(assets_for(actor, Permission.ASSET_READ))
        .distinct()
        .order_by(EquipmentClass.code, Unit.code)
    )
    found: dict[str, list[str]] = defaultdict(list)
    for class_code, unit_code in rows:
        found[class_code].append(unit_code)
    return dict(found)
