"""May an asset be issued or returned, does a use make sense, and what is likely to be done with it next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.custody.rules.chain import CurrentCustody

CONTRIBUTIONS = ("none", "supported", "decisive")
COUNT_METERS = frozenset({"uses", "scans", "samples", "shots", "wear_days"})
HOUR_METERS = frozenset({"hours", "engine_h"})
MAX_COUNT = 10_000
MAX_HOURS = Decimal(1000)
# What was done longer ago than this has happened, whatever we think of it: it is kept, and a clash is shown. What is
# being done now can still be done otherwise: a clash is refused.
DONE_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class IssueFacts:
    """What an issue is judged by. `reasons`: (code, words) of why the asset is not fit, empty when it is."""

    life: str
    holder: CurrentCustody
    person_id: int
    person_left_on: date | None
    on: date
    is_fresh: bool
    reasons: Sequence[tuple[str, Message | str]] = ()
    override_reason: str = ""
    may_override: bool = False


@dataclass(frozen=True)
class Decision:
    """It may be done. `conflict`: another person had it; `overridden`: the codes that the stated reason set aside."""

    conflict: bool = False
    overridden: tuple[str, ...] = ()


def decide_issue(facts: IssueFacts) -> Decision:
    """Whether the asset may be issued; `RuleViolation` with a stable code and words when not.

    Codes: not_in_service, person_has_left, already_issued, not_fit, override_not_allowed.
    """
    if facts.life != "in_service":
        raise RuleViolation(
            msg("It is not in service, so it cannot be issued."), code="not_in_service", data={"life": facts.life}
        )
    if facts.person_left_on is not None and facts.person_left_on <= facts.on:
        raise RuleViolation(msg("This person has left and cannot be given anything."), code="person_has_left")
    conflict = facts.holder.person_id not in {None, facts.person_id}
    if conflict and facts.is_fresh:
        raise RuleViolation(
            msg("Somebody else has it. Record its return first."),
            code="already_issued",
            data={"person_id": facts.holder.person_id},
        )
    return Decision(conflict, _overridden(facts))


def _overridden(facts: IssueFacts) -> tuple[str, ...]:
    if not facts.reasons:
        return ()
    codes = tuple(code for code, _ in facts.reasons)
    if not facts.override_reason:
        raise RuleViolation(
            msg("It is not fit for use: %(reasons)s It can be issued only with a stated reason.",
                reasons=joined([words for _, words in facts.reasons])),
            code="not_fit",
            data={"reasons": list(codes)},
        )  # fmt: skip
    if not facts.may_override:
        raise RuleViolation(
            msg("It is not fit for use, and you may not set that aside."),
            code="override_not_allowed",
            data={"reasons": list(codes)},
        )
    return codes


def decide_return(holder: CurrentCustody, *, is_fresh: bool) -> None:
    """`RuleViolation` not_issued when nobody has the asset; an entry from long ago is kept all the same."""
    if holder.is_free and is_fresh:
        raise RuleViolation(msg("Nobody has it, so it cannot be returned."), code="not_issued")


def is_fresh(occurred_at: datetime, received_at: datetime) -> bool:
    """Whether something is being done now, so that it can be refused; older things have happened."""
    return received_at - occurred_at < DONE_AFTER


def check_until(until: datetime | None, at: datetime) -> None:
    """`InvalidInput` when a loan would end before it begins."""
    if until is not None and until <= at:
        raise invalid("until", msg("It must end after it begins."))


def check_use(
    count: int | None, hours: Decimal | None, started_at: datetime | None, ended_at: datetime | None, now: datetime
) -> None:
    """`InvalidInput` unless a use says how much or when, in the order of time and within sense."""
    if count is not None and not 1 <= count <= MAX_COUNT:
        raise invalid("count", msg("A count of uses is a whole number from 1 to %(max)s.", max=MAX_COUNT))
    if hours is not None and not 0 < hours <= MAX_HOURS:
        raise invalid("hours", msg("Hours of use are a number above 0, up to %(max)s.", max=MAX_HOURS))
    if started_at is not None and ended_at is not None and ended_at < started_at:
        raise invalid("ended_at", msg("A use cannot end before it begins."))
    if any(moment is not None and moment > now for moment in (started_at, ended_at)):
        raise invalid("started_at", msg("A use cannot lie in the future."))


def credit(usage_meter: str, count: int | None, hours: Decimal | None) -> tuple[str, Decimal] | None:
    """What a use adds to the class's usage meter: (meter, amount), or None where it is counted in something else.

    Kilometres come from trackers and readings, never from a use.
    """
    if usage_meter in COUNT_METERS and count:
        return usage_meter, Decimal(count)
    if usage_meter == "tests_left" and count:
        return usage_meter, Decimal(-count)
    if usage_meter in HOUR_METERS and hours:
        return usage_meter, hours
    return None


def joined(words: Sequence[Message | str]) -> Message:
    """Several reasons as one message, to be said in the reader's language."""
    if len(words) == 1:
        return msg("%(only)s", only=words[0])
    return msg("%(first)s; %(others)s", first=words[0], others=joined(words[1:]))


@dataclass(frozen=True)
class Situation:
    """What decides which actions are offered after a scan: the asset's state and the rights of who scanned it.

    `is_away`: on its way, or lent to a unit that the scanner does not act for; nothing is handed to persons there.
    `has_check`: its class says what is to be looked at before use.
    """

    in_service: bool
    is_held: bool
    is_fit: bool
    may_hand_over: bool
    may_report: bool
    repairs: bool = False
    may_send: bool = False
    may_receive: bool = False
    is_away: bool = False
    has_check: bool = False


def likely_actions(situation: Situation) -> list[str]:
    """The actions to offer, likeliest first; only those that the person may do and that can be done now."""
    checks = situation.has_check and situation.may_report and situation.in_service
    return [*_acts(situation), *(["check"] if checks else [])]


def _acts(situation: Situation) -> list[str]:
    report = ["fault", "sighting"] if situation.repairs else ["sighting", "fault"]
    report = report if situation.may_report else []
    first = ["transfer_receive"] if situation.may_receive else []
    last = ["transfer_send"] if situation.may_send else []
    if not situation.may_hand_over or (situation.is_away and not situation.is_held):
        return [*first, *report]
    if situation.is_held:
        return [*first, "return", *report]
    if not situation.in_service:
        return [*report, *last]
    return ["issue", *report, *last] if situation.is_fit else [*report, "issue", *last]
