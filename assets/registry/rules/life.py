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

# What may follow what. Withdrawn goes back into service after a repair or a mistake; disposal is the end.
MOVES: dict[str, frozenset[str]] = {
    "expected": frozenset({"received"}),
    "received": frozenset({"in_service", "lost"}),
    "in_service": frozenset({"withdrawn", "lost"}),
    "withdrawn": frozenset({"in_service", "disposed", "lost"}),
    "lost": frozenset({"received", "in_service", "withdrawn"}),
    "disposed": frozenset(),
}
AT_REGISTRATION = frozenset({"expected", "received", "in_service", "withdrawn"})


def may_move(old: str, new: str) -> bool:
    """Whether an asset may go from life `old` to `new`; staying is always allowed."""
    return old == new or new in MOVES[old]


def check_move(old: str, new: str, *, held: bool) -> None:
    """`RuleViolation` unless the move is in the table; what is issued to a person cannot be disposed of."""
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
    if held and new == "disposed":
        raise RuleViolation(msg("It is issued to a person: return it first."), code="still_issued")


def choices_from(life: str) -> tuple[str, ...]:
    """The lives that a form offers: the present one and what may follow it."""
    return tuple(name for name in LIFE_NAMES if may_move(life, name))
