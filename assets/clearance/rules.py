"""What a leaver has to hand back or hand on, and when he may be entered as gone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from assets.core.errors import FieldError, RuleViolation
from assets.core.i18n import Message, msg


class Kind(StrEnum):
    """What may be outstanding of a person."""

    HELD = "held"
    TRANSFER = "transfer"
    SHIFT = "shift"
    RESERVATION = "reservation"
    WORK_ORDER = "work_order"


class Cause(StrEnum):
    """Why a clearance was opened."""

    ASKED = "asked"
    LEAVING = "leaving"
    OVERRIDDEN = "overridden"
    ACCOUNT_CLOSED = "account_closed"


KIND_NAMES: Mapping[str, Message] = {
    Kind.HELD: msg("holds it"),
    Kind.TRANSFER: msg("sent it, and it is not received"),
    Kind.SHIFT: msg("in a shift that is not closed"),
    Kind.RESERVATION: msg("asked for it"),
    Kind.WORK_ORDER: msg("reported the fault, and the repair is open"),
}
CAUSE_NAMES: Mapping[str, Message] = {
    Cause.ASKED: msg("begun by hand"),
    Cause.LEAVING: msg("leaves"),
    Cause.OVERRIDDEN: msg("left while something was open"),
    Cause.ACCOUNT_CLOSED: msg("account closed at once"),
}
MUST_END = frozenset({Kind.HELD, Kind.TRANSFER, Kind.SHIFT, Kind.RESERVATION})
"""What keeps a clearance open. A repair goes on without who reported it: it is told of, and holds nobody up."""


def is_overridden(left_on: date, today: date, outstanding: int, reason: str) -> bool:
    """Whether somebody is entered as gone, for a stated reason, although something is open.

    `RuleViolation` still_holds without a reason. A day ahead is an announcement: it needs none.
    """
    if outstanding == 0 or left_on > today:
        return False
    if not reason:
        words = msg(
            "%(n)s things are still open: take them back or hand them on first, or give a reason why not.",
            n=outstanding,
        )  # fmt: skip
        raise RuleViolation(words, code="still_holds", fields=[FieldError("override_reason", words, "still_holds")])
    return True


def check_close(outstanding: int) -> None:
    """`RuleViolation` still_holds while something is open that must end first."""
    if outstanding:
        raise RuleViolation(
            msg("%(n)s things are still open: the clearance ends when nothing is.", n=outstanding), code="still_holds"
        )
