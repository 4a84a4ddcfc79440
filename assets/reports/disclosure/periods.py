"""When figures may leave the house: for a quarter or longer, over, after a delay, and once for each stretch of time."""

from __future__ import annotations

from datetime import date, timedelta

from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import msg

# The shortest quarter has 90 days; 89 when the last day is given as the end.
MIN_PERIOD_DAYS = 89
MIN_DELAY_DAYS = 30
USUAL_DELAY_DAYS = 90
MIN_REASON, MAX_REASON = 5, 300


def check_period(first: date, until: date, today: date) -> None:
    """`InvalidInput` unless the period (half-open) is a quarter or longer and over."""
    if (until - first).days < MIN_PERIOD_DAYS:
        raise invalid("to", msg("A donor summary covers a quarter or longer."), code="period_too_short")
    if until > today:
        raise invalid("to", msg("The period is not over yet."), code="period_not_over")


def released_from(until: date) -> date:
    """The first day on which a summary of a period that ended before `until` may be released at all."""
    return until + timedelta(days=MIN_DELAY_DAYS)


def usually_released_from(until: date) -> date:
    """The first day on which it may be released without saying why so early."""
    return until + timedelta(days=USUAL_DELAY_DAYS)


def check_delay(until: date, today: date, reason: str = "") -> str:
    """The reason for an early release, in one line ('' when it is not early).

    `RuleViolation` while the period ended less than `MIN_DELAY_DAYS` ago (`too_early`), or less than
    `USUAL_DELAY_DAYS` ago and no reason of 5 to 300 characters is given (`early_needs_a_reason`).
    """
    earliest = released_from(until)
    if today < earliest:
        raise RuleViolation(
            msg(
                "A summary is released at least %(days)s days after its period: from %(day)s on.",
                days=MIN_DELAY_DAYS,
                day=earliest.isoformat(),
            ),
            code="too_early",
        )
    if today >= usually_released_from(until):
        return ""
    reason = " ".join(reason.split())
    if not MIN_REASON <= len(reason) <= MAX_REASON:
        raise RuleViolation(
            msg(
                "Before %(day)s (%(days)s days after the period) a release needs a reason of 5 to 300 characters.",
                days=USUAL_DELAY_DAYS,
                day=usually_released_from(until).isoformat(),
            ),
            code="early_needs_a_reason",
        )
    return reason


def overlap(first: date, until: date, other_first: date, other_until: date) -> bool:
    """Whether two half-open periods share a day."""
    return first < other_until and other_first < until


def may_follow_withdrawn(first: date, until: date, other_first: date, other_until: date) -> bool:
    """Whether a period may be released although the donor has seen a withdrawn summary for `other`.

    Only the same period, to put right what was wrong, or one that shares no day with it. With other limits the two
    could be subtracted, and the difference is a shorter time than a quarter.
    """
    same = (first, until) == (other_first, other_until)
    return same or not overlap(first, until, other_first, other_until)
