"""Reads of standing sets: a page of them, one, and all that a phone offers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from assets.core.actor import Actor
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import units_for
from assets.shifts.models import StandingSet, StandingSetItem

MOST_OFFERED = 200


def sets_page(
    session: Session,
    actor: Actor,
    *,
    unit_id: int | None = None,
    retired: bool = False,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[StandingSet]:
    """Standing sets within reach by unit and name; `retired` shows those instead. After (unit, name, id)."""
    statement = _whole(actor, Permission.CUSTODY_SEE).where(StandingSet.active.is_(not retired))
    if unit_id is not None:
        statement = statement.where(StandingSet.unit_id == unit_id)
    if after is not None:
        statement = statement.where(_beyond(after))
    return list(
        session.scalars(statement.order_by(Unit.name, StandingSet.name, StandingSet.id).limit(limit)).unique()
    )  # fmt: skip


def set_by_id(session: Session, actor: Actor, set_id: int) -> StandingSet:
    """The set; `NotFound` when it is out of the actor's sight or there is none: both look the same."""
    found = session.scalar(_whole(actor, Permission.CUSTODY_SEE).where(StandingSet.id == set_id))
    if found is None:
        raise NotFound(msg("There is no such set, or it is not yours to see."))
    return found


def sets_for_phone(session: Session, actor: Actor) -> list[StandingSet]:
    """The sets that the actor may issue from, by name: at most `MOST_OFFERED`."""
    return list(
        session.scalars(
            _whole(actor, Permission.CUSTODY_ACT)
            .where(StandingSet.active)
            .order_by(Unit.name, StandingSet.name, StandingSet.id)
            .limit(MOST_OFFERED)
        ).unique()
    )


def _whole(actor: Actor, permission: Permission) -> Select[StandingSet]:
    items = selectinload(StandingSet.items)
    asset = items.joinedload(StandingSetItem.asset)
    return (
        select(StandingSet)
        .join(Unit, Unit.id == StandingSet.unit_id)
        .options(
            joinedload(StandingSet.unit),
            asset.joinedload(Asset.model),
            asset.joinedload(Asset.equipment_class),
            asset.joinedload(Asset.unit),
            items.joinedload(StandingSetItem.equipment_class),
        )
        .where(units_for(actor, permission))
    )


def _beyond(after: tuple[object, ...]) -> Any:
    try:
        unit, name, last = str(after[0]), str(after[1]), int(str(after[2]))
    except (ValueError, IndexError) as error:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it.")) from error
    return or_(
        Unit.name > unit,
        and_(Unit.name == unit, or_(StandingSet.name > name, and_(StandingSet.name == name, StandingSet.id > last))),
    )
