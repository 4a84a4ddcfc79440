"""The clock: read once by a door and passed down as `now`; always aware and in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The machine's time in UTC."""
    return datetime.now(UTC)


def local_date(moment: datetime, zone: ZoneInfo) -> date:
    """The local calendar day that contains `moment`."""
    return moment.astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day, in UTC."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def day_span(first: date, until: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Half-open UTC span of the local days `first` to the day before `until`."""
    return day_start(first, zone), day_start(until, zone)


def days(first: date, until: date) -> list[date]:
    """Each day from `first` to the day before `until`."""
    return [first + timedelta(days=n) for n in range((until - first).days)]
