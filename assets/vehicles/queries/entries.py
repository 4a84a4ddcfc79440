"""Entries of vehicles: one within scope, lists of those that count, and what corrected one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased, joinedload

from assets.core.actor import Actor
from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import assets_for, reaches_asset, reaches_unit
from assets.vehicles.models import Accident, FuelFill, VehiclePaper

E = TypeVar("E", FuelFill, VehiclePaper, Accident)

# What happened in an accident is for those who see what is done to an item; the approver's sight ends before it.
READ: dict[Any, Permission] = {
    FuelFill: Permission.ASSET_READ,
    VehiclePaper: Permission.ASSET_READ,
    Accident: Permission.WORK_READ,
}


# Where and at what hour a vehicle was is for who reads its trips; whom it met, for who knows the persons.
CLOSELY: dict[Any, Permission] = {FuelFill: Permission.TRIP_READ, Accident: Permission.PERSON_READ}


def sees_closely(actor: Actor, entry: FuelFill | VehiclePaper | Accident) -> bool:
    """Whether `actor` is shown place, hour and persons of a fill or accident; others see its day. Papers have none.

    For who entered it, and by `CLOSELY` for the unit that the vehicle belongs to or that has it on loan.
    """
    permission, asset = CLOSELY.get(type(entry)), entry.asset
    if permission is None or (entry.account_id is not None and entry.account_id == actor.account_id):
        return True
    borrower = asset.holding_unit if asset.holding_unit_id is not None else None
    return any(reaches_unit(actor, permission, unit) for unit in (asset.unit, borrower) if unit is not None)


def sees_number(actor: Actor, asset: Asset) -> bool:
    """Whether the numbers of its papers are shown to `actor`: a policy leads to the plate and the VIN."""
    return reaches_asset(actor, Permission.ASSET_IDENTITY, asset)


@dataclass(frozen=True)
class EntryFilter:
    """Which entries a list shows; None does not filter."""

    unit_id: int | None = None
    asset_id: int | None = None


def counts(kind: type[E]) -> ColumnElement[bool]:
    """A condition on an entry: it counts, for no later one corrects it and it is not itself a void one."""
    later = aliased(kind)
    return ~kind.void & ~select(later.id).where(later.corrects_id == kind.id).exists()


def entry_by_id(session: Session, actor: Actor, kind: type[E], entry_id: int, *, lock: bool = False) -> E:
    """The entry with its asset; `NotFound` when there is none or it is out of the actor's sight."""
    statement: Any = (
        select(kind).join(kind.asset).options(*_loaded(kind)).where(kind.id == entry_id, assets_for(actor, READ[kind]))
    )
    if lock:
        statement = statement.with_for_update(of=kind).execution_options(populate_existing=True)
    found: E | None = session.scalar(statement)
    if found is None:
        raise NotFound(msg("There is no such entry, or it is not yours to see."))
    return found


def correction_of(session: Session, entry: E) -> E | None:
    """The later entry that stands in its place, or says that it was a mistake."""
    kind = type(entry)
    return session.scalar(select(kind).where(kind.corrects_id == entry.id))


def entries_page(
    session: Session,
    actor: Actor,
    kind: type[E],
    wanted: EntryFilter,
    *,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[E]:
    """The entries that count within the actor's sight, newest first; `after` is (id of the last one seen,)."""
    conditions = [assets_for(actor, READ[kind]), counts(kind)]
    if wanted.unit_id is not None:
        conditions.append(Asset.unit_id == wanted.unit_id)
    if wanted.asset_id is not None:
        conditions.append(kind.asset_id == wanted.asset_id)
    if after is not None:
        conditions.append(kind.id < int(str(after[0])))
    statement = select(kind).join(kind.asset).options(*_loaded(kind)).where(*conditions)
    return list(session.scalars(statement.order_by(kind.id.desc()).limit(limit)))


def entries_of(session: Session, kind: type[E], asset_id: int, *, limit: int) -> list[E]:
    """The newest entries that count of a vehicle that the caller may see."""
    statement = select(kind).where(kind.asset_id == asset_id, counts(kind)).options(joinedload(kind.account))
    return list(session.scalars(statement.order_by(kind.id.desc()).limit(limit)))


def _loaded(kind: type[E]) -> tuple[Any, ...]:
    asset = joinedload(kind.asset)
    return (
        asset.joinedload(Asset.unit).joinedload(Unit.region),
        asset.joinedload(Asset.equipment_class),
        asset.joinedload(Asset.model),
        joinedload(kind.account),
    )
