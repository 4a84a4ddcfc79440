"""Beginning a shift, noting what went out with it, and closing it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.errors import Conflict, RuleViolation, invalid
from assets.core.i18n import msg
from assets.custody.queries.transfers import using_unit
from assets.custody.service.text import plain_text
from assets.people.models import Person, Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import persons_for, reaches_unit, require_asset, require_unit
from assets.registry.service.timeline import Occurrence, happening_now, record
from assets.shifts import rules
from assets.shifts.models import Shift, ShiftItem, ShiftMember
from assets.shifts.queries import shift_by_id


def start_shift(
    session: Session,
    actor: Actor,
    asset: Asset,
    occurrence: Occurrence,
    zone: ZoneInfo,
    *,
    shift_id: str,
    crew: Sequence[str],
    ends_at: datetime | None,
    vehicle: Asset | None = None,
    note: str = "",
) -> Shift:
    """Begin a shift with this id, of the unit that has `asset` (its vehicle, or the first thing that goes along).

    `crew` are service numbers, the first who answers first. What is issued with the shift does not need it: it may be
    heard of before, or without. `Conflict` shift_taken when the id is another shift's.
    """
    require_asset(actor, Permission.CUSTODY_ACT, asset)
    if ends_at is None:
        raise invalid("ends_at", msg("Say when the shift ends."), code="required")
    rules.check_times(occurrence.occurred_at, ends_at)
    persons = _crew(session, actor, crew, occurrence, zone)
    if vehicle is not None:
        require_asset(actor, Permission.CUSTODY_ACT, vehicle)
        if not vehicle.equipment_class.is_vehicle:
            raise invalid("vehicle", msg("This is no vehicle."), code="not_a_vehicle")
    if session.get(Shift, shift_id) is not None:
        raise Conflict(msg("This shift was begun before."), code="shift_taken")
    note = plain_text("note", note)
    data: dict[str, object] = {"shift": shift_id, "ends_at": ends_at.isoformat()}
    if note:
        data["note"] = note
    event = record(session, actor, vehicle or asset, "shift_start", occurrence, data, seen=True)
    shift = Shift(
        id=shift_id, event_id=event.id, unit_id=_unit_of(session, actor, vehicle or asset, occurrence.occurred_at),
        vehicle_id=vehicle.id if vehicle is not None else None, account_id=actor.account_id,
        started_at=occurrence.occurred_at, ends_at=ends_at, note=note,
        members=[ShiftMember(person_id=person.id, place=place) for place, person in enumerate(persons)],
    )  # fmt: skip
    session.add(shift)
    session.flush()
    return shift


def _crew(
    session: Session, actor: Actor, numbers: Sequence[str], occurrence: Occurrence, zone: ZoneInfo
) -> list[Person]:
    wanted = rules.check_crew(numbers)
    found = {
        person.number: person
        for person in session.scalars(
            select(Person)
            .options(joinedload(Person.unit))
            .where(Person.number.in_(wanted), persons_for(actor, Permission.CUSTODY_ACT))
        )
    }
    if set(wanted) - set(found):
        raise invalid("crew", msg("No person in your units has this number."), code="unknown_person")
    on = local_date(occurrence.occurred_at, zone)
    if any(person.left_on is not None and person.left_on <= on for person in found.values()):
        raise RuleViolation(msg("One of the crew has left and cannot go out."), code="person_has_left")
    return [found[number] for number in wanted]


def _unit_of(session: Session, actor: Actor, asset: Asset, at: datetime) -> int:
    """The unit that had the asset then; the one that has it today where the actor hands nothing out for the other.

    So nothing that is told late lands on the board of a unit which is not the teller's.
    """
    unit_id = using_unit(session, asset, at)
    if reaches_unit(actor, Permission.CUSTODY_ACT, session.get_one(Unit, unit_id)):
        return unit_id
    return asset.holding_unit_id or asset.unit_id


def note_issue(session: Session, actor: Actor, event: AssetEvent, shift_id: str) -> ShiftItem:
    """Note that an issue, which the actor just recorded, went out with the shift of that id.

    It needs no right of its own.
    """
    item = ShiftItem(
        event_id=event.id, shift_id=shift_id, asset_id=event.asset_id, at=event.occurred_at, n=event.n,
        person_id=event.data["person_id"], unit_id=_unit_of(session, actor, event.asset, event.occurred_at),
        account_id=event.account_id,
    )  # fmt: skip
    session.add(item)
    session.flush()
    return item


def close_shift(session: Session, actor: Actor, shift_id: str, now: datetime, note: str = "") -> Shift:
    """Say that nothing more is expected of the shift; only once all that went out is back."""
    view = shift_by_id(session, actor, shift_id)
    if view.shift is None:
        raise RuleViolation(
            msg("The start of this shift was not recorded: there is nothing to close."), code="no_start"
        )
    shift = view.shift
    require_unit(actor, Permission.CUSTODY_ACT, session.get_one(Unit, shift.unit_id))
    if shift.closed_at is not None:
        raise Conflict(msg("This shift was closed before."), code="already_closed")
    if view.out:
        raise RuleViolation(
            msg("Not everything is back. Take it back, or report it as lost, and close the shift then."),
            code="items_out",
        )
    note = plain_text("note", note, 500)
    session.refresh(shift, with_for_update={"of": Shift})
    shift.closed_at, shift.closed_note = now, note
    event = session.get_one(AssetEvent, shift.event_id)
    data: dict[str, object] = {"shift": shift.id}
    if note:
        data["note"] = note
    record(session, actor, event.asset, "shift_closed", happening_now(now), data)
    return shift
