"""Reads of reservations: lists within reach, one of them, what waits for an answer, and what can be asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.people.models import Account, Unit
from assets.people.rules import Permission, may, reach
from assets.registry.models import Asset, EquipmentClass, Label
from assets.registry.scope import assets_for, reaches_asset, reaches_unit, units_within
from assets.reservations.models import Reservation
from assets.reservations.rules import HOLDING, RESERVABLE_LIVES, SHARED_BY_DEFAULT, State, shared

SHOWS = ("", "to_answer", "asked", "reserved", "ended")
UNKNOWN_RESERVATION = msg("There is no such reservation, or it is not yours to see.")
UNKNOWN_ASSET = msg("There is no such item, or it is not yours to see.")


@dataclass(frozen=True)
class ReservationFilter:
    """What a list is narrowed to: one of `SHOWS`, a unit (whose item it is, or who asked) and an asset, by id."""

    show: str = ""
    unit_id: int | None = None
    asset_id: int | None = None


def reservations_for(actor: Actor, permission: Permission = Permission.CUSTODY_SEE) -> ColumnElement[bool]:
    """A condition on `Reservation` joined with `Asset`: of items of units within reach, or asked for by such units.

    Who has an item on loan keeps nobody's reservations of it.
    """
    within = reach(actor, permission)
    return and_(
        Asset.annulled_at.is_(None),
        or_(units_within(within, Reservation.unit_id), units_within(within, Asset.unit_id)),
    )


def is_keeper(actor: Actor, asset: Asset) -> bool:
    """Whether the actor answers for the asset's unit; who has it on loan does not."""
    return reaches_unit(actor, Permission.CUSTODY_ACT, asset.unit)


def acts_for(actor: Actor, reservation: Reservation) -> bool:
    """Whether the actor acts for the unit that asked."""
    return reaches_unit(actor, Permission.CUSTODY_ACT, reservation.unit)


def sees_all(actor: Actor, reservation: Reservation) -> bool:
    """Whether he is told who asked: of an item of his unit, or of his own unit's request (`reservations_for`)."""
    return any(reaches_unit(actor, Permission.CUSTODY_SEE, unit) for unit in _sides(reservation))


def is_told_why(actor: Actor, reservation: Reservation) -> bool:
    """Whether he is told what it is for, and why it was ended: who acts for a side, or knows its operations.

    Coming operations are guessed from it: who only watches custody is not told.
    """
    asked = (Permission.CUSTODY_ACT, Permission.OPERATION_READ)
    return any(reaches_unit(actor, permission, unit) for permission in asked for unit in _sides(reservation))


def _sides(reservation: Reservation) -> tuple[Unit, Unit]:
    return reservation.asset.unit, reservation.unit


def is_shared_asset() -> ColumnElement[bool]:
    """A condition on `Asset`: other units may ask for it (`rules.shared`)."""
    usual = select(EquipmentClass.id).where(EquipmentClass.code.in_(sorted(SHARED_BY_DEFAULT)))
    return or_(Asset.shared.is_(True), and_(Asset.shared.is_(None), Asset.class_id.in_(usual)))


def is_shared(asset: Asset) -> bool:
    """Whether other units may ask for this asset."""
    return shared(asset.shared, asset.equipment_class.code)


def known_assets(actor: Actor) -> ColumnElement[bool]:
    """A condition on `Asset`: those of which the actor may see when they are taken.

    Within his reach, and for whoever acts for a unit also what others share; of these nothing else is shown.
    """
    own = assets_for(actor, Permission.CUSTODY_SEE)
    if not may(actor, Permission.CUSTODY_ACT):
        return own
    return or_(
        own, and_(Asset.annulled_at.is_(None), Asset.life.in_(sorted(RESERVABLE_LIVES)), is_shared_asset())
    )  # fmt: skip


def knows(actor: Actor, asset: Asset) -> bool:
    """Whether this asset is one of `known_assets`."""
    if reaches_asset(actor, Permission.CUSTODY_SEE, asset):
        return True
    return may(actor, Permission.CUSTODY_ACT) and asset.life in RESERVABLE_LIVES and is_shared(asset)


def known_asset(session: Session, actor: Actor, code: str, *, lock: bool = False) -> Asset:
    """The asset of a canonical label code among `known_assets`; `NotFound` otherwise, as for one that is not there."""
    statement: Any = (
        select(Asset)
        .join(Label, Label.asset_id == Asset.id)
        .options(*_asset_parts())
        .where(Label.code == code, known_assets(actor))
    )
    if lock:
        statement = statement.with_for_update(of=Asset)
    asset: Asset | None = session.scalar(statement)
    if asset is None:
        raise NotFound(UNKNOWN_ASSET)
    return asset


def askable_assets(session: Session, actor: Actor, limit: int = 200) -> list[Asset]:
    """What the actor can ask for: shared items, and his own units' vehicles, by unit and code."""
    statement = (
        select(Asset)
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .join(Unit, Unit.id == Asset.unit_id)
        .options(*_asset_parts())
        .where(
            known_assets(actor), Asset.life.in_(sorted(RESERVABLE_LIVES)),
            or_(is_shared_asset(), and_(EquipmentClass.is_vehicle, assets_for(actor, Permission.CUSTODY_ACT))),
        )
        .order_by(Unit.name, Asset.code)
        .limit(limit)
    )  # fmt: skip
    return list(session.scalars(statement))


def reservation_by_id(session: Session, actor: Actor, reservation_id: int, *, lock: bool = False) -> Reservation:
    """The reservation; `NotFound` when it is out of the actor's sight or there is none: both look the same.

    `lock` holds its asset first, then itself, until the transaction ends: every writer in the same order.
    """
    statement = whole_reservations().where(Reservation.id == reservation_id, reservations_for(actor))
    found = session.scalar(statement)
    if found is None:
        raise NotFound(UNKNOWN_RESERVATION)
    if lock:
        session.refresh(found.asset, ["life", "unit_id", "shared", "version"], with_for_update={"of": Asset})
        session.refresh(found, ["state", "answered_at", "reason"], with_for_update={"of": Reservation})
    return found


def whole_reservations() -> Select[Reservation]:
    """Reservations joined with their assets, with everything that a list shows of them."""
    asset = joinedload(Reservation.asset)
    return (
        select(Reservation)
        .join(Asset, Asset.id == Reservation.asset_id)
        .options(
            asset.joinedload(Asset.equipment_class),
            asset.joinedload(Asset.model),
            asset.joinedload(Asset.unit).joinedload(Unit.region),
            asset.joinedload(Asset.holding_unit),
            joinedload(Reservation.unit).joinedload(Unit.region),
            joinedload(Reservation.asked_by).joinedload(Account.person),
            joinedload(Reservation.answered_by),
        )
    )


def reservations_page(
    session: Session,
    actor: Actor,
    wanted: ReservationFilter,
    now: datetime,
    *,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[Reservation]:
    """Reservations within reach, the latest time first; `after` is the `reservation_key` of the last one seen."""
    statement = whole_reservations().where(reservations_for(actor), *_narrowed(actor, wanted, now))
    if after is not None:
        at, last = _after(after)
        statement = statement.where(
            or_(Reservation.starts_at < at, and_(Reservation.starts_at == at, Reservation.id < last))
        )
    ordered = statement.order_by(Reservation.starts_at.desc(), Reservation.id.desc())
    return list(session.scalars(ordered.limit(limit)))


def reservation_key(row: Reservation) -> tuple[str, int]:
    """Where a reservation stands in the list."""
    return row.starts_at.isoformat(), row.id


def waiting_counting(actor: Actor, now: datetime) -> Select[Any]:
    """A counting statement: requests for the actor's items that wait for his answer."""
    return (
        select(func.count())
        .select_from(Reservation)
        .join(Asset, Asset.id == Reservation.asset_id)
        .where(reservations_for(actor), *_narrowed(actor, ReservationFilter("to_answer"), now))
    )


def waiting_for_me(session: Session, actor: Actor, now: datetime) -> int:
    """How many requests for the actor's items wait for his answer."""
    return session.scalar(waiting_counting(actor, now)) or 0


def reserved_between(
    session: Session, asset_ids: Collection[int], start: datetime, end: datetime
) -> list[Reservation]:  # fmt: skip
    """Reservations of these assets, asked or approved, that touch the half-open time, by their beginning."""
    statement = whole_reservations().where(
        Reservation.asset_id.in_(asset_ids), Reservation.state.in_(HOLDING),
        Reservation.starts_at < end, Reservation.ends_at > start,
    )  # fmt: skip
    return list(session.scalars(statement.order_by(Reservation.starts_at, Reservation.id)))


def of_asset(session: Session, asset_id: int, now: datetime, limit: int = 5) -> list[Reservation]:
    """The next reservations of an asset, asked or approved, that have not ended."""
    statement = whole_reservations().where(
        Reservation.asset_id == asset_id, Reservation.state.in_(HOLDING), Reservation.ends_at > now
    )
    return list(session.scalars(statement.order_by(Reservation.starts_at, Reservation.id).limit(limit)))


def replaced_by(session: Session, reservation_id: int) -> int | None:
    """The reservation that took this one's place when it was changed."""
    return session.scalar(select(Reservation.id).where(Reservation.replaces_id == reservation_id))


def _asset_parts() -> tuple[Any, ...]:
    return (
        joinedload(Asset.equipment_class),
        joinedload(Asset.model),
        joinedload(Asset.unit).joinedload(Unit.region),
        joinedload(Asset.holding_unit),
    )


def _narrowed(actor: Actor, wanted: ReservationFilter, now: datetime) -> list[ColumnElement[bool]]:
    if wanted.show not in SHOWS:
        raise invalid("show", msg("This is one of: %(known)s.", known=", ".join(SHOWS[1:])), code="unknown_word")
    ahead = Reservation.ends_at > now
    asked = Reservation.state == State.ASKED
    keeps = units_within(reach(actor, Permission.CUSTODY_ACT), Asset.unit_id)
    shows: dict[str, tuple[ColumnElement[bool], ...]] = {
        "": (),
        "to_answer": (asked, ahead, keeps),
        "asked": (asked, ahead),
        "reserved": (Reservation.state == State.APPROVED, ahead),
        "ended": (or_(Reservation.state.not_in(HOLDING), Reservation.ends_at <= now),),
    }
    found = list(shows[wanted.show])
    if wanted.unit_id is not None:
        found.append(or_(Reservation.unit_id == wanted.unit_id, Asset.unit_id == wanted.unit_id))
    if wanted.asset_id is not None:
        found.append(Reservation.asset_id == wanted.asset_id)
    return found


def _after(key: tuple[object, ...]) -> tuple[datetime, int]:
    try:
        at, last = datetime.fromisoformat(str(key[0])), key[1]
        if at.tzinfo is None or not isinstance(last, int):
            raise ValueError
    except (ValueError, IndexError) as error:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it.")) from error
    return at, last


def sharing_units(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """Units (code, name) that have an item of which the actor may see when it is taken, by name."""
    having = select(Asset.unit_id).where(known_assets(actor), is_shared_asset())
    statement = (
        select(Unit.code, Unit.name)
        .where(or_(Unit.id.in_(having), units_within(reach(actor, Permission.CUSTODY_SEE), Unit.id)))
        .order_by(Unit.name)
    )
    return [(row.code, row.name) for row in session.execute(statement)]
