"""The one place that turns role grants into queries and checks: whose assets, units and persons an actor reaches."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import NotAllowed, NotFound
from assets.core.i18n import msg
from assets.people.models import Person, Unit
from assets.people.rules import Permission, Reach, reach
from assets.registry.models import Asset, Label


def units_within(within: Reach, unit_id: InstrumentedAttribute[int] | ColumnElement[int]) -> ColumnElement[bool]:
    """A condition on a unit id column: within the reach's units or regions."""
    if within.everything:
        return true()
    conditions: list[ColumnElement[bool]] = []
    if within.unit_ids:
        conditions.append(unit_id.in_(sorted(within.unit_ids)))
    if within.region_ids:
        conditions.append(unit_id.in_(select(Unit.id).where(Unit.region_id.in_(sorted(within.region_ids)))))
    return or_(*conditions) if conditions else false()


def assets_for(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """A condition on `Asset`: those for which `actor` holds `permission`, without those registered by mistake."""
    return and_(Asset.annulled_at.is_(None), units_within(reach(actor, permission), Asset.unit_id))


def units_for(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """A condition on `Unit`: those for which `actor` holds `permission`."""
    return units_within(reach(actor, permission), Unit.id)


def persons_for(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """A condition on `Person`: those for which `actor` holds `permission`."""
    return units_within(reach(actor, permission), Person.unit_id)


def reaches_unit(actor: Actor, permission: Permission, unit: Unit) -> bool:
    """Whether `actor` holds `permission` for this unit."""
    within = reach(actor, permission)
    return within.everything or unit.id in within.unit_ids or unit.region_id in within.region_ids


def require_unit(actor: Actor, permission: Permission, *units: Unit) -> None:
    """`NotAllowed` unless `actor` holds `permission` for every one of these units (old and new parent)."""
    if not all(reaches_unit(actor, permission, unit) for unit in units):
        raise NotAllowed


def require_asset(actor: Actor, permission: Permission, asset: Asset) -> None:
    """`NotAllowed` unless `actor` holds `permission` for the unit that the asset is assigned to."""
    require_unit(actor, permission, asset.unit)


def asset_by_code(
    session: Session, actor: Actor, code: str, permission: Permission = Permission.ASSET_READ, *, lock: bool = False
) -> Asset:
    """The asset that a canonical label code leads to, also a void one.

    `NotFound` when there is none or `actor` may not read it (both look the same); `NotAllowed` when he may read it but
    does not hold `permission` for it.
    """
    statement: Any = (
        select(Asset)
        .join(Label, Label.asset_id == Asset.id)
        .options(joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.equipment_class))
        .where(Label.code == code, assets_for(actor, Permission.ASSET_READ))
    )
    if lock:
        statement = statement.with_for_update(of=Asset)
    asset: Asset | None = session.scalar(statement)
    if asset is None:
        raise NotFound(msg("There is no such item, or it is not yours to see."))
    if permission is not Permission.ASSET_READ:
        require_asset(actor, permission, asset)
    return asset


def sees_identity(actor: Actor) -> bool:
    """Whether serial number, VIN and plate are shown to `actor`: of everything that he may read, or of nothing.

    Who reads everything under one role and may see the identity of one unit's items under another sees none.
    """
    within = reach(actor, Permission.ASSET_IDENTITY)
    return not within.is_nothing and (within.everything or within == reach(actor, Permission.ASSET_READ))
