"""When care is due: calendar and meter triggers, whichever first, with grace and a forecast that says what it assumes.

A plan counts from its last completion (or, before the first one, from the day the item came into use). Nothing but a
completion or a documented change of the plan moves the due date: time and use only bring it nearer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import Message, msg

USE_WINDOW_DAYS = 90
MIN_USE_DAYS = 7
GRACE_SHARE = Decimal("0.2")
MAX_GRACE_DAYS = 28
SOON_DAYS = 30
MAX_INTERVAL_DAYS = 36_500
MAX_METER_INTERVAL = Decimal(9_999_999)


class Trigger(StrEnum):
    """Which of a plan's triggers comes first."""

    CALENDAR = "calendar"
    METER = "meter"


class Standing(StrEnum):
    """Where a plan stands: nothing to do, due within 30 days, due now, or beyond the grace."""

    FINE = "fine"
    SOON = "soon"
    DUE = "due"
    OVERDUE = "overdue"


@dataclass(frozen=True)
class Terms:
    """How often: days, or a meter's units, or both (whichever first)."""

    interval_days: int | None = None
    meter_kind: str = ""
    meter_interval: Decimal | None = None


@dataclass(frozen=True)
class LastDone:
    """What a plan counts from: the local day, and what the meter showed (None: not known)."""

    on: date
    meter: Decimal | None = None


@dataclass(frozen=True)
class DailyUse:
    """Mean use per day in the meter's unit, over how many days, until which day."""

    per_day: float
    days: int
    until: date


@dataclass(frozen=True)
class Due:
    """When a plan is due and how that was found.

    `forecast_on` is the earliest of the calendar day and the day on which the meter is expected to get there; None when
    neither is known. `days_left` and `meter_left` are negative once passed. `grace_days` and `grace_meter` are what may
    pass before the care counts as late. `assumption` says in words on which use the forecast rests.
    """

    due_on: date | None
    due_at_meter: Decimal | None
    forecast_on: date | None
    trigger: Trigger | None
    days_left: int | None
    meter_left: Decimal | None
    grace_days: int
    grace_meter: Decimal | None
    standing: Standing
    assumption: Message
    meter_unknown: bool = False


def check_terms(terms: Terms) -> None:
    """`InvalidInput` unless the plan has at least one trigger and its intervals can be meant."""
    if terms.interval_days is None and terms.meter_interval is None:
        raise invalid("interval_days", msg("A plan needs an interval in days, a meter interval, or both."))
    if terms.interval_days is not None and not 1 <= terms.interval_days <= MAX_INTERVAL_DAYS:
        raise invalid("interval_days", msg("The interval is from 1 to %(max)s days.", max=MAX_INTERVAL_DAYS))
    if (terms.meter_interval is None) != (terms.meter_kind == ""):
        raise invalid("meter_interval", msg("A meter interval and its meter belong together."))
    if terms.meter_interval is not None and not 0 < terms.meter_interval <= MAX_METER_INTERVAL:
        raise invalid("meter_interval", msg("The meter interval is a number above 0."))


def check_reason(reason: str) -> str:
    """The reason for a change of a plan, or `InvalidInput`: overdue never goes away without one."""
    reason = reason.strip()
    if len(reason) < 5:
        raise invalid("reason", msg("Say the reason in a few words."), code="reason_required")
    if len(reason) > 300:
        raise invalid("reason", msg("The reason is too long: at most %(n)s characters.", n=300))
    return reason


def grace_days(interval_days: int | None) -> int:
    """Days that calendar care may be late: a fifth of the interval, at most 28 (SMRP, 'on time' option 3)."""
    if interval_days is None:
        return 0
    return min(MAX_GRACE_DAYS, interval_days // 5)


def grace_meter(meter_interval: Decimal | None) -> Decimal | None:
    """Use that metered care may be late: a fifth of the interval."""
    return None if meter_interval is None else (meter_interval * GRACE_SHARE).quantize(Decimal("0.001"))


def due_day(terms: Terms, last: LastDone) -> date | None:
    """The calendar day on which the plan falls due; None without a calendar trigger."""
    if terms.interval_days is None:
        return None
    try:
        return last.on + timedelta(days=terms.interval_days)
    except OverflowError as error:
        raise RuleViolation(msg("This interval leads beyond the calendar."), code="interval_too_long") from error


def due_meter(terms: Terms, last: LastDone) -> Decimal | None:
    """The reading at which the plan falls due; None without a meter trigger or a known start."""
    if terms.meter_interval is None or last.meter is None:
        return None
    return last.meter + terms.meter_interval


def next_due(terms: Terms, last: LastDone, meter_now: Decimal | None, use: DailyUse | None, today: date) -> Due:
    """When the plan is due next, whichever trigger comes first.

    The forecast takes the mean daily use of the last 90 days as what will be used from today on (domain, story 4).
    """
    due_on, due_at = due_day(terms, last), due_meter(terms, last)
    meter_left = due_at - meter_now if due_at is not None and meter_now is not None else None
    meter_on = _meter_day(meter_left, use, today)
    calendar_left = (due_on - today).days if due_on is not None else None
    forecast_on, trigger = _first(due_on, meter_on)
    if meter_left is not None and meter_left <= 0 and not (calendar_left is not None and calendar_left < 0):
        trigger = Trigger.METER
    unknown = terms.meter_interval is not None and meter_left is None
    return Due(
        due_on=due_on,
        due_at_meter=due_at,
        forecast_on=forecast_on,
        trigger=trigger,
        days_left=(forecast_on - today).days if forecast_on is not None else None,
        meter_left=meter_left,
        grace_days=grace_days(terms.interval_days),
        grace_meter=grace_meter(terms.meter_interval),
        standing=standing(terms, calendar_left, meter_left, forecast_on, today),
        assumption=_assumption(terms, meter_left, use),
        meter_unknown=unknown,
    )


def standing(
    terms: Terms, calendar_left: int | None, meter_left: Decimal | None, forecast_on: date | None, today: date
) -> Standing:
    """How late or near it is: overdue as soon as one trigger is past its own grace, due once one is reached."""
    late_meter = grace_meter(terms.meter_interval)
    if calendar_left is not None and -calendar_left > grace_days(terms.interval_days):
        return Standing.OVERDUE
    if meter_left is not None and late_meter is not None and -meter_left > late_meter:
        return Standing.OVERDUE
    if (calendar_left is not None and calendar_left <= 0) or (meter_left is not None and meter_left <= 0):
        return Standing.DUE
    if forecast_on is not None and (forecast_on - today).days <= SOON_DAYS:
        return Standing.SOON
    return Standing.FINE


def was_on_time(
    due_on: date | None, due_at_meter: Decimal | None, terms: Terms, done_on: date, done_meter: Decimal | None
) -> bool:
    """Whether care that was due then was completed within the grace of every trigger it has (SMRP PM compliance)."""
    if due_on is not None and done_on > due_on + timedelta(days=grace_days(terms.interval_days)):
        return False
    allowed = grace_meter(terms.meter_interval)
    if due_at_meter is None or done_meter is None or allowed is None:
        return True
    return done_meter <= due_at_meter + allowed


def mean_use(start: Decimal, start_on: date, end: Decimal, until: date) -> DailyUse | None:
    """Mean daily use between two known meter values; None when they lie less than a week apart or the meter fell."""
    days = (until - start_on).days
    if days < MIN_USE_DAYS or end < start:
        return None
    return DailyUse(float(end - start) / days, days, until)


def _first(due_on: date | None, meter_on: date | None) -> tuple[date | None, Trigger | None]:
    if due_on is None or (meter_on is not None and meter_on < due_on):
        return meter_on, Trigger.METER if meter_on is not None else None
    return due_on, Trigger.CALENDAR


def _meter_day(meter_left: Decimal | None, use: DailyUse | None, today: date) -> date | None:
    if meter_left is None:
        return None
    if meter_left <= 0:
        return today
    if use is None or use.per_day <= 0:
        return None
    days = float(meter_left) / use.per_day
    # Hardly any use leads centuries ahead, or to infinity: no forecast.
    return today + timedelta(days=math.ceil(days)) if days <= MAX_INTERVAL_DAYS else None


def _assumption(terms: Terms, meter_left: Decimal | None, use: DailyUse | None) -> Message:
    if terms.meter_interval is None:
        return msg("By the calendar alone.")
    if meter_left is None:
        return msg("The meter is not known, so only the calendar counts. Enter a reading.")
    if meter_left <= 0:
        return msg("The meter has got there.")
    if use is None:
        return msg("There is less than a week of use to go by, so only the calendar is forecast.")
    if use.per_day <= 0:
        return msg("Not used in the last %(days)s days, so only the calendar is forecast.", days=use.days)
    return msg(
        "Assumes %(use)s a day, the mean of the %(days)s days to %(until)s.",
        use=f"{use.per_day:.1f}",
        days=use.days,
        until=use.until.isoformat(),
    )
