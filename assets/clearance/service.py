"""Clearing who leaves: entering him as gone, closing his account, handing on what he holds, and closing the case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from assets.clearance.models import Clearance
from assets.clearance.queries import must_end, open_clearance_of
from assets.clearance.rules import Cause, check_close, is_overridden
from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import Conflict, DomainError, FieldError, InvalidInput, invalid
from assets.core.i18n import msg
from assets.custody.service.field import check_grade
from assets.custody.service.handover import issue, return_asset
from assets.custody.service.text import plain_text
from assets.labels.token import format_code
from assets.people.models import Account, Person
from assets.people.rules import Permission
from assets.people.service import end_account, mark_left
from assets.registry.models import AssetEvent
from assets.registry.scope import asset_by_code, require_unit
from assets.registry.service.timeline import Occurrence

MAX_REASON = 500
MAX_ITEMS = 200


def begin_clearance(session: Session, actor: Actor, person: Person, now: datetime) -> Clearance:
    """Open the person's clearance by hand; answers the open one where there is one."""
    require_unit(actor, Permission.PERSON_WRITE, person.unit)
    return _open(session, actor, person, Cause.ASKED, now)


def leave(
    session: Session, actor: Actor, person: Person, left_on: date, now: datetime, *, override_reason: str = ""
) -> Clearance | None:
    """Enter the day on which a person leaves; answers his open clearance where anything is open.

    A day ahead announces it and opens the clearance. From the day itself on it is refused (`RuleViolation`
    still_holds) while anything is open, unless a reason is given, which stands in the case and in the journal.
    """
    require_unit(actor, Permission.PERSON_WRITE, person.unit)
    session.refresh(person, ["left_on"], with_for_update={"of": Person})
    reason = plain_text("override_reason", override_reason, MAX_REASON)
    if person.left_on == left_on:
        return open_clearance_of(session, person.id)
    count = must_end(session, person.id, now)
    overridden = is_overridden(left_on, local_date(now, zone_of(session)), count, reason)
    mark_left(session, actor, person, left_on)
    found = open_clearance_of(session, person.id)
    if overridden:
        found = _open(session, actor, person, Cause.OVERRIDDEN, now, reason)
        found.cause, found.override_reason = Cause.OVERRIDDEN.value, reason
    elif count:
        found = _open(session, actor, person, Cause.LEAVING, now)
    if found is not None:
        found.leaves_on = left_on
    session.flush()
    return found


def close_account(session: Session, actor: Actor, account: Account, now: datetime) -> Clearance | None:
    """Close an account at once, whatever its person still holds: his access ends first, what he holds is seen to after.

    Answers the clearance that this opened (or that was open), None where nothing of the person's is open.
    """
    end_account(session, actor, account, now)
    if account.person is None or must_end(session, account.person.id, now) == 0:
        return None
    return _open(session, actor, account.person, Cause.ACCOUNT_CLOSED, now)


def close_clearance(session: Session, actor: Actor, clearance: Clearance, note: str, now: datetime) -> None:
    """Close the case when nothing is left that must end; `RuleViolation` still_holds before that."""
    require_unit(actor, Permission.PERSON_WRITE, clearance.unit)
    session.refresh(clearance, ["closed_at"], with_for_update={"of": Clearance})
    if clearance.closed_at is not None:
        raise Conflict(msg("This clearance was closed before."), code="closed")
    check_close(must_end(session, clearance.person_id, now))
    clearance.note = plain_text("note", note, MAX_REASON)
    clearance.closed_at, clearance.closed_by_id = now, actor.account_id
    session.flush()


def hand_over(
    session: Session,
    actor: Actor,
    person: Person,
    codes: Sequence[str],
    receiver: Person,
    condition: str,
    now: datetime,
    form_id: str,
) -> int:
    """Take these items (by canonical label code) back from a person and issue them to another, all of them or none.

    Each is a return and an issue of this moment, in the actor's name. Answers how many were handed on; what this form
    recorded before is left as it is. `InvalidInput` for `items` names each that cannot be, and why.
    """
    if receiver.id == person.id:
        raise invalid("to", msg("Choose another person: he has it already."))
    if not codes:
        raise invalid("items", msg("Name at least one item."), code="required")
    if len(codes) > MAX_ITEMS:
        raise invalid("items", msg("At most %(n)s items at once.", n=MAX_ITEMS), code="too_many")
    check_grade(condition)
    wrong: list[FieldError] = []
    moved = 0
    for code in dict.fromkeys(codes):
        try:
            moved += _hand_on(session, actor, person, code, receiver, condition, now, form_id)
        except DomainError as error:
            words = msg("%(code)s: %(why)s", code=format_code(code), why=error.message)
            wrong.append(FieldError("items", words, error.code))
    if wrong:
        raise InvalidInput(msg("Some items cannot be handed on; nothing was."), fields=wrong)
    return moved


def _hand_on(
    session: Session,
    actor: Actor,
    person: Person,
    code: str,
    receiver: Person,
    condition: str,
    now: datetime,
    form_id: str,
) -> bool:
    asset = asset_by_code(session, actor, code, Permission.CUSTODY_ACT, lock=True)
    back, out = (str(uuid5(UUID(form_id), f"{asset.id}/{step}")) for step in ("return", "issue"))
    if session.get(AssetEvent, back) is not None:
        return False
    if asset.custodian_person_id != person.id:
        raise Conflict(msg("He does not hold it any more."), code="not_holder")
    return_asset(session, actor, asset, Occurrence(now, now, back), condition=condition)
    # The second of the two at the same moment: the counter says which came first.
    issue(session, actor, asset, receiver, Occurrence(now, now, out, 1), zone_of(session))
    return True


def _open(
    session: Session, actor: Actor, person: Person, cause: Cause, now: datetime, override_reason: str = ""
) -> Clearance:
    found = open_clearance_of(session, person.id)
    if found is None:
        # Of two at once the second would meet the constraint: the person is held, so that it waits and finds it.
        session.refresh(person, ["left_on"], with_for_update={"of": Person})
        found = open_clearance_of(session, person.id)
    if found is None:
        found = Clearance(
            person=person, unit=person.unit, cause=cause.value, leaves_on=person.left_on, opened_at=now,
            opened_by_id=actor.account_id, override_reason=override_reason,
        )  # fmt: skip
        session.add(found)
        session.flush()
    return found
