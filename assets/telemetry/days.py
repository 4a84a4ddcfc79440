"""Local days of moments in milliseconds, quickly: what belongs to which day of the programme's time zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from assets.core.clock import day_start, local_date

QUARTER_HOUR_MS = 900_000
"""Every zone's midnights lie on quarter hours, so a quarter hour is wholly in one day."""


def to_ms(moment: datetime) -> int:
    """UNIX milliseconds of an aware moment."""
    return round(moment.timestamp() * 1000)


def to_moment(at_ms: int) -> datetime:
    """The moment, in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


@lru_cache(maxsize=4096)
def _day_of_quarter(quarter: int, zone: ZoneInfo) -> date:
    return local_date(to_moment(quarter * QUARTER_HOUR_MS), zone)


@lru_cache(maxsize=1024)
def day_span_ms(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """Start and end of a local day (half-open)."""
    return to_ms(day_start(day, zone)), to_ms(day_start(day + timedelta(days=1), zone))


def day_of(at_ms: int, zone: ZoneInfo) -> date:
    """The local day that holds the moment."""
    return _day_of_quarter(at_ms // QUARTER_HOUR_MS, zone)


def days_between(first_ms: int, last_ms: int, zone: ZoneInfo) -> Iterator[date]:
    """Every local day from the one that holds `first_ms` to the one that holds `last_ms`."""
    day, last = day_of(first_ms, zone), day_of(last_ms, zone)
    while day <= last:
        yield day
        day += timedelta(days=1)
