"""What becomes of a request: approved or declined by the keeper, cancelled by either side."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import NotAllowed
from assets.custody.service.text import required_text
from assets.registry.service.timeline import happening_now, record
from assets.reservations import rules
from assets.reservations.models import Reservation, ReservationHour
from assets.reservations.queries import acts_for, is_keeper
from assets.reservations.rules import State
from assets.reservations.service.mail import queue_notice

MAX_REASON = 300


def approve(
    session: Session, actor: Actor, reservation: Reservation, now: datetime, *, base_url: str = ""
) -> None:  # fmt: skip
    """Promise the asset to the unit; only a keeper of the asset's unit can. `reservation` is held (`lock`)."""
    _answer(session, actor, reservation, State.APPROVED, "", now, base_url)


def decline(
    session: Session, actor: Actor, reservation: Reservation, reason: str, now: datetime, *, base_url: str = ""
) -> None:
    """Refuse it with a reason; its time is free again. `reservation` is held (`lock`)."""
    reason = required_text("reason", reason, MAX_REASON)
    _answer(session, actor, reservation, State.DECLINED, reason, now, base_url)


def cancel(
    session: Session, actor: Actor, reservation: Reservation, reason: str, now: datetime, *, base_url: str = ""
) -> None:
    """Give the time back: by the unit that asked, or by the keeper, with a reason. `reservation` is held (`lock`)."""
    keeps = is_keeper(actor, reservation.asset)
    if not (keeps or acts_for(actor, reservation)):
        raise NotAllowed
    reason = required_text("reason", reason, MAX_REASON)
    rules.check_open(reservation.state, reservation.ends_at, now)
    end_reservation(session, actor, reservation, State.CANCELLED, reason, now)
    _tell_other_side(session, actor, reservation, now, base_url)


def end_reservation(
    session: Session, actor: Actor, reservation: Reservation, state: State, reason: str, now: datetime
) -> None:
    """Set the state and free the hours that it kept."""
    reservation.state, reservation.reason = state.value, reason
    reservation.answered_at, reservation.answered_by_id = now, actor.account_id
    session.flush()
    session.execute(delete(ReservationHour).where(ReservationHour.reservation_id == reservation.id))
    tell(session, actor, reservation, now)


def tell(session: Session, actor: Actor, reservation: Reservation, now: datetime) -> None:
    """Put it on the asset's timeline: by number, unit and time; never what it is for."""
    data = {
        "reservation": reservation.id,
        "for_unit": reservation.unit.code,
        "starts": reservation.starts_at.isoformat(),
        "ends": reservation.ends_at.isoformat(),
    }
    record(session, actor, reservation.asset, f"reservation_{reservation.state}", happening_now(now), data)


def _answer(
    session: Session, actor: Actor, reservation: Reservation, state: State, reason: str, now: datetime, base_url: str
) -> None:
    if not is_keeper(actor, reservation.asset):
        raise NotAllowed
    rules.check_answer(reservation.state, reservation.ends_at, now)
    if state is State.APPROVED:
        rules.check_asset(reservation.asset.life, is_own=True, is_shared=True)
        reservation.state, reservation.answered_at, reservation.answered_by_id = state.value, now, actor.account_id
        session.flush()
        tell(session, actor, reservation, now)
    else:
        end_reservation(session, actor, reservation, state, reason, now)
    _tell_other_side(session, actor, reservation, now, base_url)


def _tell_other_side(
    session: Session, actor: Actor, reservation: Reservation, now: datetime, base_url: str
) -> None:  # fmt: skip
    owner = reservation.asset.unit
    if owner.id != reservation.unit_id:
        for unit in (reservation.unit, owner):
            queue_notice(session, actor, reservation, unit, now, base_url)
