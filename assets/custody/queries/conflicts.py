"""Reads of conflict cases: a page of them, one with its events, how many are open, and who is a party."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from assets.core.actor import Actor
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.custody.models import ConflictCase, ConflictCaseEvent, CustodyEntry, Transfer
from assets.custody.rules.conflicts import CASE_STATES, KINDS, OPEN
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import assets_for


@dataclass(frozen=True)
class ConflictFilter:
    """What the list is narrowed to: a state and a kind ('' for all), the ids of a unit and of an asset."""

    state: str = ""
    kind: str = ""
    unit_id: int | None = None
    asset_id: int | None = None


@dataclass(frozen=True)
class Side:
    """One of the entries of a case: what was told, to whom by it, and the sheet of a transfer."""

    event: AssetEvent
    entry: CustodyEntry | None
    transfer: Transfer | None

    @property
    def is_custody(self) -> bool:
        return self.entry is not None


def conflicts_page(
    session: Session,
    actor: Actor,
    wanted: ConflictFilter,
    *,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[ConflictCase]:
    """Cases within reach, the open ones first, then the newest; `after` is the `conflict_key` of the last one seen."""
    statement = (
        select(ConflictCase)
        .join(Asset, Asset.id == ConflictCase.asset_id)
        .options(
            joinedload(ConflictCase.asset).joinedload(Asset.equipment_class),
            joinedload(ConflictCase.asset).joinedload(Asset.model),
            joinedload(ConflictCase.asset).joinedload(Asset.unit).joinedload(Unit.region),
            joinedload(ConflictCase.settled_by),
        )
        .where(assets_for(actor, Permission.CONFLICT_READ), *_narrowed(wanted))
    )
    if after is not None:
        rank, at, last = _after(after)
        earlier = or_(ConflictCase.opened_at < at, and_(ConflictCase.opened_at == at, ConflictCase.id < last))
        statement = statement.where(or_(_rank() > rank, and_(_rank() == rank, earlier)))
    order = (_rank(), ConflictCase.opened_at.desc(), ConflictCase.id.desc())
    return list(session.scalars(statement.order_by(*order).limit(limit)))


def conflict_key(found: ConflictCase) -> tuple[int, str, str]:
    """Where a case stands in the list."""
    return int(found.state != OPEN), found.opened_at.isoformat(), found.id


def conflict_by_id(session: Session, actor: Actor, case_id: str, permission: Permission) -> ConflictCase:
    """The case; `NotFound` when it is out of the actor's sight or there is none: both look the same."""
    found = session.scalar(
        select(ConflictCase)
        .join(Asset, Asset.id == ConflictCase.asset_id)
        .options(
            joinedload(ConflictCase.asset).joinedload(Asset.equipment_class),
            joinedload(ConflictCase.asset).joinedload(Asset.model),
            joinedload(ConflictCase.asset).joinedload(Asset.unit).joinedload(Unit.region),
            joinedload(ConflictCase.settled_by),
            selectinload(ConflictCase.events).joinedload(ConflictCaseEvent.event),
        )
        .where(ConflictCase.id == case_id, assets_for(actor, permission))
    )
    if found is None:
        raise NotFound(msg("There is no such conflict, or it is not yours to see."))
    return found


def sides(session: Session, found: ConflictCase) -> list[Side]:
    """The entries that contradict each other, in the order in which they happened. Two queries."""
    events = [row.event for row in found.events if row.role == "entry"]
    ids = [event.id for event in events]
    entries = {
        entry.event_id: entry
        for entry in session.scalars(
            select(CustodyEntry)
            .options(joinedload(CustodyEntry.person), joinedload(CustodyEntry.unit))
            .where(CustodyEntry.event_id.in_(ids))
        )
    }
    transfers = {
        transfer.id: transfer
        for transfer in session.scalars(
            select(Transfer)
            .options(joinedload(Transfer.from_unit), joinedload(Transfer.to_unit))
            .where(Transfer.id.in_(ids))
        )
    }
    events.sort(key=lambda event: (event.occurred_at, event.n, event.id))
    return [Side(event, entries.get(event.id), transfers.get(event.id)) for event in events]


def is_party(session: Session, actor: Actor, found: ConflictCase) -> bool:
    """Whether one of the entries is about the actor, or was made by him."""
    rows = session.execute(
        select(AssetEvent.account_id, CustodyEntry.person_id)
        .join(ConflictCaseEvent, ConflictCaseEvent.event_id == AssetEvent.id)
        .outerjoin(CustodyEntry, CustodyEntry.event_id == AssetEvent.id)
        .where(ConflictCaseEvent.case_id == found.id, ConflictCaseEvent.role == "entry")
    )
    return any(
        (account_id is not None and account_id == actor.account_id)
        or (person_id is not None and person_id == actor.person_id)
        for account_id, person_id in rows
    )


def open_conflicts(actor: Actor) -> Select[Any]:
    """The ids of the open cases within the actor's reach, as a statement to count or to take the first of."""
    return (
        select(ConflictCase.id)
        .join(Asset, Asset.id == ConflictCase.asset_id)
        .where(assets_for(actor, Permission.CONFLICT_READ), ConflictCase.state == OPEN)
    )


def conflict_countings(actor: Actor) -> Iterator[tuple[str, Select[Any]]]:
    """How many cases within reach are in each state: counting statements by state."""
    for state in CASE_STATES:
        yield (
            state,
            select(func.count())
            .select_from(ConflictCase)
            .join(Asset, Asset.id == ConflictCase.asset_id)
            .where(assets_for(actor, Permission.CONFLICT_READ), ConflictCase.state == state),
        )


def open_by_unit(session: Session, actor: Actor) -> list[tuple[Unit, list[ConflictCase]]]:
    """Every open case by the unit that answers for the item, the oldest first."""
    statement = (
        select(ConflictCase)
        .join(Asset, Asset.id == ConflictCase.asset_id)
        .options(
            joinedload(ConflictCase.asset).joinedload(Asset.unit).joinedload(Unit.region),
            joinedload(ConflictCase.asset).joinedload(Asset.equipment_class),
            joinedload(ConflictCase.asset).joinedload(Asset.model),
        )
        .where(assets_for(actor, Permission.CONFLICT_READ), ConflictCase.state == OPEN)
        .order_by(ConflictCase.opened_at, ConflictCase.id)
    )
    units: dict[int, Unit] = {}
    found: dict[int, list[ConflictCase]] = defaultdict(list)
    for each in session.scalars(statement):
        units[each.asset.unit_id] = each.asset.unit
        found[each.asset.unit_id].append(each)
    return [(units[unit_id], rows) for unit_id, rows in sorted(found.items())]


def _rank() -> ColumnElement[int]:
    return case((ConflictCase.state == OPEN, 0), else_=1)


def _narrowed(wanted: ConflictFilter) -> Collection[ColumnElement[bool]]:
    for field, value, known in (("state", wanted.state, CASE_STATES), ("kind", wanted.kind, KINDS)):
        if value and value not in known:
            raise invalid(field, msg("This is one of: %(known)s.", known=", ".join(known)), code="unknown_word")
    found: list[ColumnElement[bool]] = []
    if wanted.state:
        found.append(ConflictCase.state == wanted.state)
    if wanted.kind:
        found.append(ConflictCase.kind == wanted.kind)
    if wanted.unit_id is not None:
        found.append(Asset.unit_id == wanted.unit_id)
    if wanted.asset_id is not None:
        found.append(ConflictCase.asset_id == wanted.asset_id)
    return found


def _after(key: tuple[object, ...]) -> tuple[int, datetime, str]:
    try:
        rank, at, last = int(str(key[0])), datetime.fromisoformat(str(key[1])), str(key[2])
        if at.tzinfo is None or "\x00" in last or rank not in {0, 1}:
            raise ValueError
    except (ValueError, IndexError) as error:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it.")) from error
    return rank, at, last
