"""The life of an asset: which states there are and which moves between them are allowed."""

from __future__ import annotations

from assets.core.errors import RuleViolation
from assets.core.i18n import Message, msg

LIFE_NAMES: dict[str, Message] = {
    "expected": msg("expected"),
    "received": msg("received"),
    "in_service": msg("in service"),
    "withdrawn": msg("withdrawn"),
    "disposed": msg("disposed of"),
    "lost": msg("lost"),
}

# What may follow what. Withdrawn goes back into service after a repair or a mistake; what is lost is found or written
# off; disposal is the end.
MOVES: dict[str, frozenset[str]] = {
    "expected": frozenset({"received"}),
    "received": frozenset({"in_service", "withdrawn", "lost"}),
    "in_service": frozenset({"withdrawn", "lost"}),
    "withdrawn": frozenset({"received", "in_service", "disposed", "lost"}),
    "lost": frozenset({"received", "in_service", "withdrawn", "disposed"}),
    "disposed": frozenset(),
}
AT_REGISTRATION = frozenset({"expected", "received", "in_service", "withdrawn"})
# Into and out of these a paper leads: a loss is reported, inquired into and decided, a disposal proposed, decided and
# carried out (`disposal/service`). A form, an import or a program that sets the life by hand comes no further.
ENTERED_BY_CASE = frozenset({"lost", "disposed"})
LEFT_BY_CASE = frozenset({"withdrawn", "lost"})


def may_move(old: str, new: str) -> bool:
    """Whether an asset may go from life `old` to `new`; staying is always allowed."""
    return old == new or new in MOVES[old]


def by_hand(old: str, new: str) -> bool:
    """Whether the life may be set so without a case: what needs none, and staying."""
    return old == new or (new not in ENTERED_BY_CASE and old not in LEFT_BY_CASE)


def check_by_hand(old: str, new: str) -> None:
    """`RuleViolation` with words that say where to go, where the move needs a case."""
    if by_hand(old, new) or not MOVES[old]:
        return
    if new == "lost":
        words = msg("A loss is reported on the item's page, so that it is inquired into: 'Report as lost'.")
    elif new == "disposed":
        words = msg("An item is disposed of by a case with a decision: 'Propose disposal' on its page, once withdrawn.")
    elif old == "lost":
        words = msg("It is lost: enter in its loss case that it was found.")
    else:
        words = msg("A withdrawn item goes back by 'Put back into service' on its page, with a reason.")
    raise RuleViolation(words, code="life_by_case")


def check_move(old: str, new: str, *, held: bool) -> None:
    """`RuleViolation` unless the move is in the table; what is issued to a person is returned before it goes.

    Found again it may be with whoever had it, so a loss does not end a custody; the decision to write it off does.
    """
    if not may_move(old, new):
        after = sorted(MOVES[old])
        if not after:
            raise RuleViolation(msg("It has been disposed of: its life cannot change any more."), code="life_ended")
        raise RuleViolation(
            msg(
                "From %(old)s it cannot go to %(new)s. It can go to: %(after)s.",
                old=old,
                new=new,
                after=", ".join(after),
            ),
            code="life_move",
        )
    if held and old != new and new in {"withdrawn", "disposed"}:
        raise RuleViolation(msg("It is issued to a person: return it first."), code="still_issued")


def choices_from(life: str) -> tuple[str, ...]:
    """The lives that a form offers: the present one and what may follow it without a case."""
    return tuple(name for name in LIFE_NAMES if may_move(life, name) and by_hand(life, name))
