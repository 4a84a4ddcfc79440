"""When a vehicle may be made silent, for how long, and what state a window is in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from assets.core.errors import Conflict, invalid
from assets.core.i18n import Message, msg

LONGEST_DAYS = 14
"""How far ahead the end of a window may lie, counted from its beginning or, when it is extended, from now."""
AHEAD_DAYS = 60
BACK_HOURS = 24
AT_ONCE = timedelta(minutes=2)
"""A beginning this little ago is "now": a form knows only minutes, and takes one to fill in."""
LONGEST_REASON = 300


class State(StrEnum):
    """Where a window stands."""

    RUNNING = "running"
    PLANNED = "planned"
    ENDED = "ended"


STATE_NAMES: Mapping[str, Message] = {
    State.RUNNING: msg("silent now"),
    State.PLANNED: msg("planned"),
    State.ENDED: msg("ended"),
}


def state_of(starts_at: datetime, until: datetime, now: datetime) -> State:
    """The state of a window that ends, or was ended, at `until`."""
    if until <= now:
        return State.ENDED
    return State.RUNNING if starts_at <= now else State.PLANNED


def reaches_back(starts_at: datetime, now: datetime) -> bool:
    """Whether a window takes places away that are stored already."""
    return starts_at < now - AT_ONCE


def check_window(starts_at: datetime, ends_at: datetime, reason: str, now: datetime, *, may_erase: bool) -> None:
    """`InvalidInput` for `from`, `until`, `reason` or `erase` unless such a window can be opened."""
    if ends_at <= starts_at:
        raise invalid("until", msg("The end must lie after the beginning."))
    if ends_at - starts_at > timedelta(days=LONGEST_DAYS):
        raise invalid("until", msg("At most %(n)s days; it can be extended later.", n=LONGEST_DAYS), code="too_long")
    if starts_at > now + timedelta(days=AHEAD_DAYS):
        raise invalid("from", msg("At most %(n)s days ahead.", n=AHEAD_DAYS), code="too_far")
    if starts_at < now - timedelta(hours=BACK_HOURS):
        raise invalid("from", msg("At most %(n)s hours back.", n=BACK_HOURS), code="too_far_back")
    if reaches_back(starts_at, now) and not may_erase:
        raise invalid(
            "erase",
            msg("This begins in the past: confirm that the places stored since then are erased for good."),
            code="erasing_not_confirmed",
        )
    if not reason.strip():
        raise invalid("reason", msg("Say why."), code="required")
    if len(reason) > LONGEST_REASON:
        raise invalid("reason", msg("At most %(n)s characters.", n=LONGEST_REASON), code="too_long")


def check_extension(until: datetime, ends_at: datetime, now: datetime) -> None:
    """`Conflict` ended when a window is over, `InvalidInput` for `until` unless it can be extended to `ends_at`."""
    check_going_on(until, now)
    if ends_at <= until:
        raise invalid("until", msg("The new end must lie after the present one; to make it shorter, end it."))
    if ends_at > now + timedelta(days=LONGEST_DAYS):
        raise invalid("until", msg("At most %(n)s days from now.", n=LONGEST_DAYS), code="too_long")


def check_going_on(until: datetime, now: datetime) -> None:
    """`Conflict` ended when a window is over and can be neither ended nor extended."""
    if until <= now:
        raise Conflict(msg("This silent window is over; open another one."), code="ended")
