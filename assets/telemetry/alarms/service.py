"""What people do about alarms: take one on, close it with words, and say how long a class may be silent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, invalid
from assets.core.i18n import msg
from assets.people.rules import Permission, require
from assets.registry.models import EquipmentClass
from assets.telemetry.alarms.queries import alarm_by_id
from assets.telemetry.alarms.rules import ACKNOWLEDGED, CLOSED, LONGEST_NOTE, OPEN
from assets.telemetry.models import Alarm, ContactLimit

LONGEST_LIMIT_H = 2160
MOST_AT_ONCE = 500


def acknowledge(session: Session, actor: Actor, alarm_id: int, now: datetime) -> Alarm:
    """Somebody sees to it. `Conflict` when it is closed; one that is taken on already stays with who took it on."""
    alarm = alarm_by_id(session, actor, alarm_id, Permission.ALARM_HANDLE, lock=True)
    if alarm.state == CLOSED:
        raise Conflict(msg("This alarm is closed already."), code="already_closed")
    if alarm.state == OPEN:
        alarm.state, alarm.acknowledged_at, alarm.acknowledged_by_id = ACKNOWLEDGED, now, actor.account_id
    return alarm


def close(session: Session, actor: Actor, alarm_id: int, note: str, now: datetime) -> Alarm:
    """It is done with, and the words say what it was. `Conflict` when somebody closed it already.

    One that closed by itself takes the words, once.
    """
    words = _read_note(note)
    alarm = alarm_by_id(session, actor, alarm_id, Permission.ALARM_HANDLE, lock=True)
    if alarm.state == CLOSED and (alarm.closed_by_id is not None or alarm.note):
        raise Conflict(msg("This alarm is closed already."), code="already_closed")
    if alarm.state != CLOSED:
        alarm.state, alarm.closed_at = CLOSED, now
    alarm.closed_by_id, alarm.note = actor.account_id, words
    return alarm


def handle_many(session: Session, actor: Actor, ids: Iterable[int], note: str | None, now: datetime) -> int:
    """Takes several on (`note` None) or closes them with the same words; those that are closed stay as they are.

    All or none: one that is not the actor's to handle refuses the whole. Answers how many were changed.
    """
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        raise invalid("alarms", msg("Tick at least one alarm."))
    if len(wanted) > MOST_AT_ONCE:
        raise invalid("alarms", msg("At most %(n)d at once.", n=MOST_AT_ONCE))
    words = None if note is None else _read_note(note)
    changed = 0
    for alarm_id in wanted:
        state = alarm_by_id(session, actor, alarm_id, Permission.ALARM_HANDLE).state
        if state == CLOSED or (words is None and state != OPEN):
            continue
        if words is None:
            acknowledge(session, actor, alarm_id, now)
        else:
            close(session, actor, alarm_id, words, now)
        changed += 1
    return changed


def set_contact_limit(session: Session, actor: Actor, equipment_class: EquipmentClass, hours: int | None) -> None:
    """How many hours trackers on items of a class may be silent; None: the usual day."""
    require(actor, Permission.TRACKER_MANAGE)
    if hours is not None and not 1 <= hours <= LONGEST_LIMIT_H:
        raise invalid(
            f"hours-{equipment_class.code}", msg("A whole number of hours from 1 to %(n)d.", n=LONGEST_LIMIT_H)
        )
    limit = session.get(ContactLimit, equipment_class.id)
    if hours is None:
        if limit is not None:
            session.delete(limit)
    elif limit is None:
        session.add(ContactLimit(class_id=equipment_class.id, hours=hours))
    else:
        limit.hours = hours


def _read_note(note: str) -> str:
    words = " ".join(note.split())
    if len(words) < 3:
        raise invalid("note", msg("Say in a few words what it was."))
    if len(words) > LONGEST_NOTE:
        raise invalid("note", msg("At most %(n)d characters.", n=LONGEST_NOTE))
    return words
