"""Rules of operations: what kinds there are, what belongs together, and who may know of one that is still open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from assets.core.actor import Actor
from assets.core.errors import FieldError, InvalidInput
from assets.core.i18n import Message, msg
from assets.people.rules import EVERYTHING, POLICY, Permission, Reach, Role

JOINT, CONTROLLED_DELIVERY = "joint_operation", "controlled_delivery"
KIND_NAMES: dict[str, Message] = {
    JOINT: msg("Joint operation"),
    CONTROLLED_DELIVERY: msg("Controlled delivery"),
    "patrol": msg("Patrol"),
    "checkpoint": msg("Checkpoint"),
    "search": msg("Search operation"),
}
DELIVERY_NAMES: dict[str, Message] = {"internal": msg("internal"), "international": msg("international")}
CONTRIBUTION_NAMES: dict[str, Message] = {
    "none": msg("did not matter"),
    "supported": msg("supported it"),
    "decisive": msg("decided it"),
}
CONTRIBUTION_RANK: dict[str, int] = {name: rank for rank, name in enumerate(CONTRIBUTION_NAMES)}
MIN_JOINT_AGENCIES = 2
MAX_REASON = 300
PLANNED_AHEAD = timedelta(days=366)
MAX_LENGTH_DAYS = 366


@dataclass(frozen=True)
class Outline:
    """What must fit together in an operation, as it would stand after a change."""

    kind: str
    delivery: str
    agencies: int
    starts_on: date
    ends_on: date | None
    searches: int | None
    finds: int | None
    is_closed: bool


def latest_day(now: datetime) -> date:
    """The newest local day that has begun anywhere: later than this nothing can have happened."""
    return (now + timedelta(hours=14)).date()


def check_outline(outline: Outline, now: datetime) -> None:
    """`InvalidInput`, naming every field, unless kind, agencies, dates and counts fit each other.

    A joint operation is one of two or more agencies; a controlled delivery is internal or international (the
    glossary's terms); an operation that is closed lies in the past.
    """
    wrong = [*_kind_errors(outline), *_date_errors(outline, now), *_search_errors(outline)]
    if wrong:
        raise InvalidInput(wrong[0].message, fields=wrong)


def _kind_errors(outline: Outline) -> list[FieldError]:
    wrong = []
    if outline.kind == JOINT and outline.agencies < MIN_JOINT_AGENCIES:
        words = msg("A joint operation is one of at least two agencies: choose those that took part.")
        wrong.append(FieldError("agencies", words, "two_agencies"))
    if outline.kind == CONTROLLED_DELIVERY and not outline.delivery:
        words = msg("Say whether the controlled delivery is internal or international.")
        wrong.append(FieldError("delivery", words, "required"))
    if outline.kind != CONTROLLED_DELIVERY and outline.delivery:
        words = msg("Only a controlled delivery is internal or international.")
        wrong.append(FieldError("delivery", words, "not_a_delivery"))
    return wrong


def _date_errors(outline: Outline, now: datetime) -> list[FieldError]:
    if outline.starts_on > (now + PLANNED_AHEAD).date():
        return [FieldError("starts_on", msg("This is more than a year ahead."), "too_far_ahead")]
    ends_on = outline.ends_on or outline.starts_on
    if ends_on < outline.starts_on:
        return [FieldError("ends_on", msg("The last day cannot lie before the first."), "out_of_order")]
    if (ends_on - outline.starts_on).days > MAX_LENGTH_DAYS:
        return [FieldError("ends_on", msg("An operation lasts at most a year here."), "too_long")]
    if outline.is_closed and ends_on > latest_day(now):
        field = "ends_on" if outline.ends_on else "starts_on"
        return [FieldError(field, msg("An operation is closed when it is over; this day is still to come."), "ahead")]
    return []


def _search_errors(outline: Outline) -> list[FieldError]:
    if outline.finds is None:
        return []
    if outline.searches is None:
        return [FieldError("searches", msg("Say in how many searches something was found."), "required")]
    if outline.finds > outline.searches:
        return [FieldError("finds", msg("There cannot be more finds than searches."), "out_of_range")]
    return []


def check_seized_on(seized_on: date, outline: Outline, now: datetime, field: str = "seized_on") -> None:
    """`InvalidInput` unless the seizure lies within the operation's days, and not in the future."""
    if seized_on > latest_day(now):
        words = msg("A seizure cannot lie in the future.")
        raise InvalidInput(words, fields=[FieldError(field, words, "ahead")])
    last = outline.ends_on or latest_day(now)
    if not outline.starts_on <= seized_on <= last:
        words = msg("The seizure must lie within the days of the operation.")
        raise InvalidInput(words, fields=[FieldError(field, words, "outside")])


def open_reach(actor: Actor) -> Reach:
    """Whose open operations `actor` may know of.

    Need to know: the coordinator within his scope, and those who hold a role for the lead or a participating unit
    itself. A role for a whole region or for everything gives sight of closed ones only; so does the auditor's.
    """
    if actor.is_system:
        return EVERYTHING
    readers = POLICY[Permission.OPERATION_READ] - {Role.AUDITOR}
    grants = [grant for grant in actor.grants if Role(grant.role) in readers]
    coordinating = [grant for grant in grants if grant.role == Role.COORDINATOR]
    return Reach(
        everything=any(grant.scope_kind == "everything" for grant in coordinating),
        unit_ids=frozenset(g.scope_id for g in grants if g.scope_kind == "unit" and g.scope_id is not None),
        region_ids=frozenset(g.scope_id for g in coordinating if g.scope_kind == "region" and g.scope_id is not None),
    )
