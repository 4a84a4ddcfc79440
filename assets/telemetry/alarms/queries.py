"""Reads of alarms: a page of them, one with its words, those of a tracker, how many wait; and the limits of classes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.people.models import Unit
from assets.people.rules import Permission, reach
from assets.registry.models import Asset, EquipmentClass
from assets.registry.scope import units_within
from assets.telemetry.alarms.rules import KINDS, OPEN, STATES
from assets.telemetry.models import Alarm, AlarmWord, ContactLimit

LATE, LIVE = "late", "live"


@dataclass(frozen=True)
class AlarmFilter:
    """What the list is narrowed to: '' or None for all; `heard` is live or late."""

    state: str = ""
    kind: str = ""
    heard: str = ""
    unit_id: int | None = None
    tracker: str = ""
    since: datetime | None = None
    until: datetime | None = None


def alarms_for(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """A condition on `Alarm`: those of vehicles that the actor's units had when it was raised.

    What belongs to no unit any more, or never did, is for who reaches everything.
    """
    within = reach(actor, permission)
    if within.everything:
        return Alarm.id.is_not(None)
    if within.is_nothing:
        return false()
    return and_(Alarm.unit_id.is_not(None), units_within(within, func.coalesce(Alarm.unit_id, -1)))


def _whole() -> Select[Alarm]:
    return select(Alarm).options(
        joinedload(Alarm.asset).joinedload(Asset.equipment_class),
        joinedload(Alarm.asset).joinedload(Asset.model),
        joinedload(Alarm.asset).joinedload(Asset.unit).joinedload(Unit.region),
        joinedload(Alarm.unit),
        joinedload(Alarm.acknowledged_by),
        joinedload(Alarm.closed_by),
    )


def alarms_page(
    session: Session, actor: Actor, wanted: AlarmFilter, *, limit: int = 50, after: tuple[object, ...] | None = None
) -> list[Alarm]:
    """Alarms within reach: the open, then those that somebody has taken on, then the closed; of each the newest first.

    `after` is the `alarm_key` of the last one seen.
    """
    statement = _whole().where(alarms_for(actor, Permission.TRACKER_READ), *_narrowed(wanted))
    if after is not None:
        rank, at, last = _after(after)
        earlier = or_(Alarm.raised_at < at, and_(Alarm.raised_at == at, Alarm.id < last))
        statement = statement.where(or_(_rank() > rank, and_(_rank() == rank, earlier)))
    return list(session.scalars(statement.order_by(_rank(), Alarm.raised_at.desc(), Alarm.id.desc()).limit(limit)))


def alarm_key(alarm: Alarm) -> tuple[int, str, int]:
    """Where an alarm stands in the list."""
    return STATES.index(alarm.state), alarm.raised_at.isoformat(), alarm.id


def alarms_of_tracker(session: Session, actor: Actor, tracker: str, *, limit: int = 10) -> list[Alarm]:
    """The newest alarms of a tracker that are within reach."""
    statement = _whole().where(alarms_for(actor, Permission.TRACKER_READ), Alarm.tracker_id == tracker)
    return list(session.scalars(statement.order_by(Alarm.raised_at.desc(), Alarm.id.desc()).limit(limit)))


def alarms_of_asset(session: Session, actor: Actor, asset_id: int, *, limit: int = 10) -> list[Alarm]:
    """The open alarms of an asset that are within reach, the newest first."""
    statement = _whole().where(
        alarms_for(actor, Permission.TRACKER_READ), Alarm.asset_id == asset_id, Alarm.state != "closed"
    )
    return list(session.scalars(statement.order_by(Alarm.raised_at.desc(), Alarm.id.desc()).limit(limit)))


def alarm_by_id(
    session: Session, actor: Actor, alarm_id: int, permission: Permission = Permission.TRACKER_READ, *,
    lock: bool = False,
) -> Alarm:  # fmt: skip
    """The alarm; `NotFound` when it is out of the actor's sight or there is none: both look the same."""
    statement = _whole().where(Alarm.id == alarm_id, alarms_for(actor, permission))
    found = session.scalar(statement.with_for_update(of=Alarm) if lock else statement)
    if found is None:
        raise NotFound(msg("There is no such alarm, or it is not yours to see."))
    return found


def words_of(session: Session, alarm: Alarm) -> Sequence[AlarmWord]:
    """What an alarm was told by, in the order of time."""
    return session.scalars(
        select(AlarmWord).where(AlarmWord.alarm_id == alarm.id).order_by(AlarmWord.at, AlarmWord.id)
    ).all()


def open_alarms(actor: Actor) -> Select[Any]:
    """Alarms that nobody has taken on yet, without those that came too late: to count or to take the first of."""
    return select(Alarm.id).where(
        alarms_for(actor, Permission.TRACKER_READ), Alarm.state == OPEN, Alarm.late.is_(False)
    )


def alarm_countings(actor: Actor) -> Iterator[tuple[str, Select[Any]]]:
    """How many alarms within reach are in each state: counting statements by state."""
    for state in STATES:
        yield (
            state,
            select(func.count())
            .select_from(Alarm)
            .where(alarms_for(actor, Permission.TRACKER_READ), Alarm.state == state),
        )


def contact_limits(session: Session) -> Sequence[tuple[EquipmentClass, int | None]]:
    """The classes that are vehicles, and any other with a limit, each with its hours (None: the usual)."""
    rows = session.execute(
        select(EquipmentClass, ContactLimit.hours)
        .outerjoin(ContactLimit, ContactLimit.class_id == EquipmentClass.id)
        .where(EquipmentClass.is_vehicle | ContactLimit.hours.is_not(None))
        .order_by(EquipmentClass.code)
    )
    return [(row[0], row[1]) for row in rows]


def _rank() -> ColumnElement[int]:
    return case(*((Alarm.state == state, place) for place, state in enumerate(STATES)), else_=len(STATES))


def _narrowed(wanted: AlarmFilter) -> Collection[ColumnElement[bool]]:
    known = (("state", wanted.state, STATES), ("kind", wanted.kind, KINDS), ("heard", wanted.heard, (LIVE, LATE)))
    for field, value, words in known:
        if value and value not in words:
            raise invalid(field, msg("This is one of: %(known)s.", known=", ".join(words)), code="unknown_word")
    found: list[ColumnElement[bool]] = []
    if wanted.state:
        found.append(Alarm.state == wanted.state)
    if wanted.kind:
        found.append(Alarm.kind == wanted.kind)
    if wanted.heard:
        found.append(Alarm.late.is_(wanted.heard == LATE))
    if wanted.unit_id is not None:
        found.append(Alarm.unit_id == wanted.unit_id)
    if wanted.tracker:
        found.append(Alarm.tracker_id == wanted.tracker)
    if wanted.since is not None:
        found.append(Alarm.raised_at >= wanted.since)
    if wanted.until is not None:
        found.append(Alarm.raised_at < wanted.until)
    return found


def _after(key: tuple[object, ...]) -> tuple[int, datetime, int]:
    try:
        rank, at, last = int(str(key[0])), datetime.fromisoformat(str(key[1])), int(str(key[2]))
        if at.tzinfo is None or not 0 <= rank < len(STATES) or not 0 <= last < 2**31:
            raise ValueError
    except (ValueError, IndexError) as error:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it.")) from error
    return rank, at, last
