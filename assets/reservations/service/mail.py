"""Notices: a mail to the logistics officers of the other side when a reservation is asked for, answered or ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.db import zone_of
from assets.core.i18n import msg, say
from assets.core.outbox import queue_mail
from assets.labels.token import format_code
from assets.people.models import Unit
from assets.people.queries import role_holders
from assets.people.rules import Role
from assets.registry.models import Asset
from assets.registry.rules.classes import CLASSES
from assets.reservations.models import Reservation
from assets.reservations.rules import STATE_NAMES


def queue_notice(
    session: Session, actor: Actor, reservation: Reservation, unit: Unit, now: datetime, base_url: str
) -> int:
    """Queue one mail for each logistics officer of `unit` but the actor; answers how many were queued.

    The mail names item, units, time and state; what it is for stands on the page alone.
    """
    queued = 0
    subject = msg(
        "Reservation %(number)s: %(state)s", number=reservation.number, state=STATE_NAMES[reservation.state]
    )  # fmt: skip
    for account in role_holders(session, Role.LOGISTICS_OFFICER, unit, now):
        address = account.email or (account.person.email if account.person else "")
        if not address or account.id == actor.account_id:
            continue
        queued += queue_mail(
            session,
            dedupe_key=f"reservation:{reservation.id}:{reservation.state}:{account.id}",
            recipient=address,
            subject=say(subject, account.locale),
            body=_body(session, reservation, account.locale, base_url),
            now=now,
        )
    return queued


def _body(session: Session, reservation: Reservation, locale: str, base_url: str) -> str:
    zone = zone_of(session)
    start, end = (
        f"{moment.astimezone(zone):%d.%m.%Y %H:%M}" for moment in (reservation.starts_at, reservation.ends_at)
    )
    asset = reservation.asset
    lines = [
        f"{_title(asset, locale)} ({format_code(asset.code)}), {asset.unit.name}",
        say(msg("for %(unit)s, from %(start)s to %(end)s", unit=reservation.unit.name, start=start, end=end), locale),
        say(STATE_NAMES[reservation.state], locale),
    ]
    if reservation.reason:
        lines.append(reservation.reason)
    lines += ["", f"{base_url.rstrip('/')}/reservations/{reservation.id}"]
    return "\n".join(lines)


def _title(asset: Asset, locale: str) -> str:
    if asset.model is not None:
        return asset.model.full_name
    code = asset.equipment_class.code
    return say(CLASSES[code].title, locale) if code in CLASSES else asset.equipment_class.name
