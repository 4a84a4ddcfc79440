"""Reads of clearances: what is outstanding of a person, his case, and the list of cases."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from assets.clearance.models import Clearance
from assets.clearance.rules import MUST_END, Kind
from assets.core.actor import Actor
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.custody.models import Transfer
from assets.maintenance.models import WorkOrder
from assets.maintenance.rules.orders import OPEN
from assets.people.models import Account, Person, Unit
from assets.people.rules import Permission, may, reach
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import persons_for, reaches_asset, reaches_unit, units_within
from assets.reservations.models import Reservation
from assets.reservations.rules import HOLDING
from assets.shifts.models import Shift, ShiftMember

SHOWS = ("", "closed", "all")


@dataclass(frozen=True)
class Line:
    """One thing that is outstanding: of which kind, since when, its asset (none: a shift), and where it is acted on."""

    kind: Kind
    since: datetime | None
    href: str
    asset: Asset | None = None
    unit: Unit | None = None


@dataclass(frozen=True)
class Outstanding:
    """What is open of a person: what the viewer may see of it, and how many things must end, also those unseen."""

    lines: list[Line]
    must_end: int
    hidden: int


def outstanding(session: Session, actor: Actor, person_id: int, now: datetime) -> Outstanding:
    """What is open of this person, wherever it is; what is out of the actor's sight is counted alone. Five queries."""
    found = list(_lines(session, person_id, now))
    seen = [line for line in found if _is_seen(actor, line)]
    return Outstanding(seen, sum(line.kind in MUST_END for line in found), len(found) - len(seen))


def must_end(session: Session, person_id: int, now: datetime) -> int:
    """How many things of this person must end before he is cleared."""
    return sum(line.kind in MUST_END for line in _lines(session, person_id, now))


def _lines(session: Session, person_id: int, now: datetime) -> Iterator[Line]:
    his = select(Account.id).where(Account.person_id == person_id)
    held = select(Asset).where(Asset.custodian_person_id == person_id, Asset.annulled_at.is_(None))
    for asset in session.scalars(held.options(*_parts()).order_by(Asset.code)):
        yield Line(Kind.HELD, asset.custody_since, f"/assets/{asset.code}/return", asset, asset.unit)
    sent = (
        select(Transfer)
        .join(AssetEvent, AssetEvent.id == Transfer.id)
        .join(Asset, Asset.id == Transfer.asset_id)
        .options(joinedload(Transfer.asset).options(*_parts()))
        .where(Transfer.is_open, AssetEvent.account_id.in_(his), Asset.annulled_at.is_(None))
    )
    for transfer in session.scalars(sent.order_by(Transfer.begun_at, Transfer.id)):
        yield Line(
            Kind.TRANSFER, transfer.begun_at, f"/transfers/{transfer.sheet_id}", transfer.asset, transfer.asset.unit
        )
    shifts = (
        select(Shift)
        .options(joinedload(Shift.unit))
        .where(Shift.closed_at.is_(None))
        .where(Shift.id.in_(select(ShiftMember.shift_id).where(ShiftMember.person_id == person_id)))
    )
    for shift in session.scalars(shifts.order_by(Shift.started_at, Shift.id)):
        yield Line(Kind.SHIFT, shift.started_at, f"/shifts/{shift.id}", None, shift.unit)
    asked = (
        select(Reservation)
        .join(Asset, Asset.id == Reservation.asset_id)
        .options(joinedload(Reservation.asset).options(*_parts()), joinedload(Reservation.unit))
        .where(Reservation.asked_by_id.in_(his), Reservation.state.in_(HOLDING), Reservation.ends_at > now)
        .where(Asset.annulled_at.is_(None))
    )
    for row in session.scalars(asked.order_by(Reservation.starts_at, Reservation.id)):
        yield Line(Kind.RESERVATION, row.asked_at, f"/reservations/{row.id}", row.asset, row.unit)
    orders = (
        select(WorkOrder)
        .join(AssetEvent, AssetEvent.id == WorkOrder.event_id)
        .join(Asset, Asset.id == WorkOrder.asset_id)
        .options(joinedload(WorkOrder.asset).options(*_parts()))
        .where(WorkOrder.state.in_(OPEN), AssetEvent.account_id.in_(his), Asset.annulled_at.is_(None))
    )
    for order in session.scalars(orders.order_by(WorkOrder.opened_at, WorkOrder.id)):
        yield Line(
            Kind.WORK_ORDER, order.opened_at, f"/maintenance/orders/{order.id}", order.asset, order.asset.unit
        )  # fmt: skip


def _parts() -> tuple[Any, ...]:
    return (
        joinedload(Asset.equipment_class), joinedload(Asset.model), joinedload(Asset.unit),
        joinedload(Asset.holding_unit),
    )  # fmt: skip


def _is_seen(actor: Actor, line: Line) -> bool:
    by_unit = line.unit is not None and reaches_unit(actor, Permission.CUSTODY_SEE, line.unit)
    return by_unit or (line.asset is not None and reaches_asset(actor, Permission.CUSTODY_SEE, line.asset))


def person_to_clear(session: Session, actor: Actor, number: str) -> Person:
    """The person with this service number; `NotFound` when there is none or he is out of sight: both look the same."""
    found = session.scalar(
        select(Person)
        .options(joinedload(Person.unit).joinedload(Unit.region), joinedload(Person.organisation))
        .where(Person.number == number.strip(), persons_for(actor, Permission.PERSON_READ))
    )
    if found is None:
        raise NotFound(msg("There is no such person, or it is not yours to see."))
    return found


def sees_reasons(actor: Actor, unit: Unit) -> bool:
    """Whether he reads why somebody left and what was noted: who enters persons of the unit, leads it, or audits."""
    writes = reaches_unit(actor, Permission.PERSON_WRITE, unit) or reaches_unit(actor, Permission.CUSTODY_ACT, unit)
    return writes or may(actor, Permission.JOURNAL_READ)


def newest_clearance(session: Session, person_id: int) -> Clearance | None:
    """The person's open clearance, else his last one."""
    return session.scalar(
        _whole().where(Clearance.person_id == person_id).order_by(Clearance.id.desc()).limit(1)
    )  # fmt: skip


def open_clearance_of(session: Session, person_id: int) -> Clearance | None:
    """The person's open clearance."""
    return session.scalar(_whole().where(Clearance.person_id == person_id, Clearance.closed_at.is_(None)))


@dataclass(frozen=True)
class ClearanceFilter:
    """What the list is narrowed to: '' (open), 'closed' or 'all', and a unit by id."""

    show: str = ""
    unit_id: int | None = None


def clearances_page(
    session: Session,
    actor: Actor,
    wanted: ClearanceFilter,
    *,
    limit: int = 50,
    after: int | None = None,
) -> list[Clearance]:
    """Clearances of units within reach, the oldest first; `after` is the id of the last one seen."""
    if wanted.show not in SHOWS:
        raise invalid("show", msg("This is one of: %(known)s.", known=", ".join(SHOWS[1:])), code="unknown_word")
    conditions = [clearances_for(actor)]
    if wanted.show != "all":
        is_open = Clearance.closed_at.is_(None)
        conditions.append(is_open if wanted.show == "" else ~is_open)
    if wanted.unit_id is not None:
        conditions.append(Clearance.unit_id == wanted.unit_id)
    if after is not None:
        conditions.append(Clearance.id > after)
    return list(session.scalars(_whole().where(*conditions).order_by(Clearance.id).limit(limit)))


def clearances_for(actor: Actor, permission: Permission = Permission.PERSON_READ) -> ColumnElement[bool]:
    """A condition on `Clearance`: of units for which the actor holds the permission."""
    return units_within(reach(actor, permission), Clearance.unit_id)


def held_counts(session: Session, person_ids: Collection[int]) -> dict[int, int]:
    """How many items each of these persons holds."""
    rows = session.execute(
        select(Asset.custodian_person_id, func.count())
        .where(Asset.custodian_person_id.in_(person_ids), Asset.annulled_at.is_(None))
        .group_by(Asset.custodian_person_id)
    )
    return {person_id: count for person_id, count in rows if person_id is not None}


def waiting_counting(actor: Actor) -> Select[Any]:
    """A counting statement: open clearances that are the actor's to bring to an end."""
    mine = or_(
        clearances_for(actor, Permission.PERSON_WRITE), clearances_for(actor, Permission.CUSTODY_ACT)
    )  # fmt: skip
    return select(func.count()).select_from(Clearance).where(Clearance.closed_at.is_(None), mine)


def _whole() -> Select[Clearance]:
    return select(Clearance).options(
        joinedload(Clearance.person).joinedload(Person.unit),
        joinedload(Clearance.unit),
        joinedload(Clearance.opened_by),
        joinedload(Clearance.closed_by),
    )
