"""May an asset be sent to another unit, and does its receipt make sense. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.custody.rules.transfers import DAMAGED, GOOD, MISSING, NOT_RECEIVED, WRONG_ITEM, Whereabouts

OUTCOME_NAMES: dict[str, Message] = {
    GOOD: msg("in order"),
    DAMAGED: msg("damaged"),
    MISSING: msg("missing"),
    WRONG_ITEM: msg("another item was in its place"),
}
# The worst of several differences decides: what is not there cannot be damaged.
_WORST_FIRST = (MISSING, WRONG_ITEM, DAMAGED)
_NOT_TO_SEND: dict[str, Message] = {
    "expected": msg("It has not arrived yet, so it cannot be sent on."),
    "lost": msg("It is reported as lost, so it cannot be sent. Enter first in its loss case that it was found."),
    "disposed": msg("It was disposed of, so it cannot be sent."),
}


@dataclass(frozen=True)
class SendFacts:
    """What a sending is judged by: `where` at its time, and the names of the units that words may need.

    `knows`: the sender may see the asset; what others have done with it is told to nobody else.
    """

    life: str
    is_held: bool
    from_unit: int
    to_unit: int
    at: datetime
    until: datetime | None
    where: Whereabouts
    is_fresh: bool
    knows: bool
    names: dict[int, str]


def decide_send(facts: SendFacts) -> None:
    """`InvalidInput` or `RuleViolation` with words that say what to do, when it may not be sent.

    What happened a while ago is kept as an entry even where it contradicts others; the fold says that it is unclear.
    Codes: same_unit, not_to_send, still_issued, in_transit, lent, not_with_you, only_back, no_loan_back.
    """
    if facts.to_unit == facts.from_unit:
        raise invalid("to_unit", msg("It is with this unit: choose another."), code="same_unit")
    if facts.until is not None and facts.until <= facts.at:
        raise invalid("until", msg("It must end after it begins."))
    if facts.knows and facts.life in _NOT_TO_SEND:
        raise RuleViolation(_NOT_TO_SEND[facts.life], code="not_to_send", data={"life": facts.life})
    if facts.is_fresh and facts.knows:
        _check_place(facts)


def _check_place(facts: SendFacts) -> None:
    where = facts.where
    if facts.is_held:
        raise RuleViolation(msg("It is issued to a person: record its return first."), code="still_issued")
    if where.open is not None:
        raise RuleViolation(
            msg("It is on its way to %(unit)s already. Have it received there, or cancel that sending.",
                unit=facts.names.get(where.open.to_unit, "–")),
            code="in_transit",
        )  # fmt: skip
    if where.unit != facts.from_unit:
        if where.lent_to is not None:
            raise RuleViolation(
                msg("It is lent to %(unit)s, which must send it back first.", unit=facts.names.get(where.unit, "–")),
                code="lent",
            )
        raise RuleViolation(
            msg("It is with %(unit)s, which alone can send it.", unit=facts.names.get(where.unit, "–")),
            code="not_with_you",
        )
    if where.lent_to is None:
        return
    owner = facts.names.get(where.owner, "–")
    if facts.to_unit != where.owner:
        raise RuleViolation(
            msg("It is on loan: send it back to %(unit)s, which alone can send it elsewhere.", unit=owner),
            code="only_back",
        )
    if facts.until is not None:
        raise invalid("until", msg("It goes back to %(unit)s: that is no loan.", unit=owner), code="no_loan_back")


def worst_difference(kinds: list[str]) -> str:
    """How a receipt found the item, of all differences that were told."""
    return next((kind for kind in _WORST_FIRST if kind in kinds), GOOD)


def check_receipt(outcome: str, condition: str | None, note: str) -> None:
    """`InvalidInput` unless the receipt says in which condition it came, and of a difference what it is."""
    if outcome in NOT_RECEIVED:
        if condition:
            raise invalid("condition", msg("What did not come has no condition."), code="no_condition")
    elif not condition:
        raise invalid("condition", msg("Say in which condition it came."), code="required")
    if outcome in {DAMAGED, WRONG_ITEM} and not note:
        raise invalid("note", msg("Say what is different, so that the sender knows."), code="required")


def decide_receive(unit: int, where: Whereabouts, *, is_fresh: bool, knows: bool) -> None:
    """`RuleViolation` already_here when it is with that unit and nothing is on its way to it.

    A receipt whose sending has not been heard of is kept and waits for it; so is one from a while ago.
    """
    expected = where.open is not None and where.open.to_unit == unit
    if knows and is_fresh and not expected and where.unit == unit:
        raise RuleViolation(
            msg("It is with your unit already, and nothing is on its way: nothing is to be received."),
            code="already_here",
        )
