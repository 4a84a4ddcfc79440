"""Asking for an asset, and changing the time of what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import Conflict, NotAllowed, invalid
from assets.core.i18n import msg
from assets.custody.service.text import required_text
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import require_unit
from assets.reservations import rules
from assets.reservations.models import Reservation, ReservationHour
from assets.reservations.queries import acts_for, is_keeper, is_shared, known_asset, reserved_between, sees_all
from assets.reservations.rules import State
from assets.reservations.service.answering import end_reservation, tell
from assets.reservations.service.mail import queue_notice

MAX_PURPOSE = 300
CHANGED = "changed"
"""The reason that stands at a reservation in whose place another was asked for."""


@dataclass(frozen=True)
class Wish:
    """For which time (half-open) an asset is wanted, and what for."""

    start: datetime
    end: datetime
    purpose: str


def ask(
    session: Session, actor: Actor, code: str, unit: Unit, wish: Wish, now: datetime, *, base_url: str = ""
) -> Reservation:
    """Ask for the asset of a canonical label code for a unit; a unit's own asset is reserved at once.

    `Conflict` taken when any of the time is asked for or reserved already. The asset is held until the transaction
    ends, so that of two who ask at once the second is told. The keepers of the asset's unit get a mail.
    """
    require_unit(actor, Permission.CUSTODY_ACT, unit)
    if not unit.active:
        raise invalid("unit", msg("This unit is closed: choose another."), code="closed_unit")
    asset = known_asset(session, actor, code, lock=True)
    return _add(session, actor, asset, unit, wish, now, base_url)


def change(
    session: Session, actor: Actor, reservation: Reservation, wish: Wish, now: datetime, *, base_url: str = ""
) -> Reservation:
    """Another time or purpose: this one is cancelled, and a new one asked for in its place. Both are kept."""
    if not acts_for(actor, reservation):
        raise NotAllowed
    rules.check_open(reservation.state, reservation.ends_at, now)
    end_reservation(session, actor, reservation, State.CANCELLED, CHANGED, now)
    return _add(session, actor, reservation.asset, reservation.unit, wish, now, base_url, replaces=reservation)


def _add(
    session: Session,
    actor: Actor,
    asset: Asset,
    unit: Unit,
    wish: Wish,
    now: datetime,
    base_url: str,
    *,
    replaces: Reservation | None = None,
) -> Reservation:
    zone = zone_of(session)
    purpose = required_text("purpose", wish.purpose, MAX_PURPOSE)
    rules.check_time(wish.start, wish.end, now, zone)
    is_own = asset.unit_id == unit.id
    rules.check_asset(asset.life, is_own=is_own, is_shared=is_shared(asset))
    _refuse_taken(session, actor, asset, wish, zone)
    state = rules.first_state(is_own=is_own)
    made = Reservation(
        asset=asset, unit=unit, starts_at=wish.start, ends_at=wish.end, purpose=purpose, state=state.value,
        asked_at=now, asked_by_id=actor.account_id, replaces_id=replaces.id if replaces is not None else None,
        answered_at=now if is_own else None, answered_by_id=actor.account_id if is_own else None,
    )  # fmt: skip
    session.add(made)
    session.flush()
    _keep_hours(session, made, zone)
    tell(session, actor, made, now)
    if not is_keeper(actor, asset):
        queue_notice(session, actor, made, asset.unit, now, base_url)
    return made


def _refuse_taken(session: Session, actor: Actor, asset: Asset, wish: Wish, zone: ZoneInfo) -> None:
    taken = reserved_between(session, [asset.id], wish.start, wish.end)
    if not taken:
        return
    first = taken[0]
    whose = first.unit.name if sees_all(actor, first) else msg("another unit")
    raise Conflict(
        msg("It is taken by %(unit)s from %(start)s to %(end)s (%(state)s): choose another time.",
            unit=whose, start=_moment(first.starts_at, zone), end=_moment(first.ends_at, zone),
            state=rules.STATE_NAMES[first.state]),
        code="taken",
    )  # fmt: skip


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    return f"{local_date(moment, zone).isoformat()} {moment.astimezone(zone):%H:%M}"


def _keep_hours(session: Session, made: Reservation, zone: ZoneInfo) -> None:
    """Keep its hours; what the check before it cannot miss under the lock, the key refuses in any case."""
    rows = [
        {"asset_id": made.asset_id, "hour": hour, "reservation_id": made.id}
        for hour in rules.hours(made.starts_at, made.ends_at, zone)
    ]
    try:
        session.execute(insert(ReservationHour), rows)
    except IntegrityError as error:
        raise Conflict(msg("It was taken meanwhile: choose another time."), code="taken") from error
