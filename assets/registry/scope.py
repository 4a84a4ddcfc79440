"""The one place that turns role grants into queries and checks: whose assets, units and persons an actor reaches."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import NotAllowed, NotFound
from assets.core.i18n import msg
from assets.people.models import Person, Unit
from assets.people.rules import Permission, Reach, reach
from assets.registry.models import Asset, Label

# What the unit that has an asset on loan may do with it, as the unit that it belongs to may.
FOR_THE_BORROWER = frozenset(
    {
        Permission.ASSET_READ, Permission.ASSET_IDENTITY, Permission.CUSTODY_SEE, Permission.CUSTODY_ACT,
        Permission.CUSTODY_OVERRIDE, Permission.CONFLICT_READ, Permission.FIELD_REPORT, Permission.WORK_READ,
        Permission.WORK_WRITE, Permission.CALIBRATION_READ, Permission.CALIBRATION_WRITE, Permission.VEHICLE_REPORT,
        Permission.KIT_USE,
        # Of its own stretch alone: vehicles/queries/tracks.py cuts what is told.
        Permission.TRACKER_READ, Permission.TRIP_READ, Permission.POSITION_READ,
        # Who works with it must be able to hide it.
        Permission.SILENCE_MANAGE,
    }
)  # fmt: skip


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
    """A condition on `Asset`: those for which `actor` holds `permission`, without those registered by mistake.

    What is lent is also the borrower's to see and to act on, and what is on its way the addressee's to see.
    """
    within = reach(actor, permission)
    conditions = [units_within(within, Asset.unit_id)]
    if not (within.everything or within.is_nothing):
        # Few are lent or on their way: the columns are empty for all others.
        if permission in FOR_THE_BORROWER:
            conditions.append(
                and_(Asset.holding_unit_id.is_not(None), units_within(within, _of(Asset.holding_unit_id)))
            )
        if permission is Permission.ASSET_READ:
            conditions.append(
                and_(Asset.transit_unit_id.is_not(None), units_within(within, _of(Asset.transit_unit_id)))
            )
    return and_(Asset.annulled_at.is_(None), or_(*conditions))


def _of(column: InstrumentedAttribute[int | None]) -> ColumnElement[int]:
    return cast("ColumnElement[int]", column)


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


def reaches_asset(actor: Actor, permission: Permission, asset: Asset) -> bool:
    """Whether `actor` holds `permission` for this asset: by its unit, or by the unit that has it or awaits it."""
    if reaches_unit(actor, permission, asset.unit):
        return True
    if permission in FOR_THE_BORROWER and asset.holding_unit_id is not None and asset.holding_unit is not None:
        return reaches_unit(actor, permission, asset.holding_unit)
    return (
        permission is Permission.ASSET_READ
        and asset.transit_unit_id is not None
        and asset.transit_unit is not None
        and reaches_unit(actor, permission, asset.transit_unit)
    )


def require_asset(actor: Actor, permission: Permission, asset: Asset) -> None:
    """`NotAllowed` unless `actor` holds `permission` for the asset (`reaches_asset`)."""
    if not reaches_asset(actor, permission, asset):
        raise NotAllowed


def asset_in_hand(session: Session, code: str) -> Asset:
    """The asset of a label that somebody says to have before him, whoever may see it; held until the transaction ends.

    Only for entries that wait for another unit's word and tell nothing of the asset. `NotFound` when there is none.
    """
    asset: Asset | None = session.scalar(
        select(Asset)
        .join(Label, Label.asset_id == Asset.id)
        .options(joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.equipment_class))
        .where(Label.code == code, Asset.annulled_at.is_(None))
        .with_for_update(of=Asset)
    )
    if asset is None:
        raise NotFound(msg("There is no such item, or it is not yours to see."))
    return asset


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
