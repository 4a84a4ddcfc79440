"""The months that PostgreSQL's table of samples is cut into: their names, bounds, and how they are made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

MONTHS_SCHEMA = "telemetry_months"
"""Partitions lie in a schema of their own, so that they are not taken for tables that somebody forgot to describe."""


def month_of(event_ms: int) -> int:
    """The month (UTC) of a moment, as a whole number that grows by one a month."""
    moment = datetime.fromtimestamp(event_ms / 1000, UTC)
    return moment.year * 12 + moment.month - 1


def month_bounds_ms(month: int) -> tuple[int, int]:
    """Start and end of a month, half-open."""
    starts = (datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC) for number in (month, month + 1))
    first, last = (round(start.timestamp() * 1000) for start in starts)
    return first, last


def month_name(month: int) -> str:
    """The partition of a month, with its schema."""
    return f"{MONTHS_SCHEMA}.sample_{month // 12:04d}_{month % 12 + 1:02d}"


def month_statement(month: int) -> str:
    """What makes a month; one that is there stays as it is."""
    start, end = month_bounds_ms(month)
    return (
        f"CREATE TABLE IF NOT EXISTS {month_name(month)} PARTITION OF telemetry.sample"
        f" FOR VALUES FROM ({start}) TO ({end})"
    )


def month_statements(first_ms: int, last_ms: int) -> Iterator[str]:
    """What makes every month between two moments."""
    return (month_statement(month) for month in range(month_of(first_ms), month_of(last_ms) + 1))
