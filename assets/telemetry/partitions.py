"""Making the months of PostgreSQL's table of samples, before anything is put into them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from assets.telemetry.months import MONTHS_SCHEMA, month_name, month_statement

MONTHS_LOCK = 727_003
"""Any number that nothing else in the product uses for an advisory lock."""


def make_months(connection: Connection, months: Iterable[int]) -> None:
    """Makes the months that are missing; nothing to do on SQLite.

    Only what is found there is remembered with the connection: what this transaction makes is gone again if it fails.
    """
    if connection.dialect.name == "sqlite":
        return
    known: set[int] = connection.info.setdefault("sample_months", set())
    for month in sorted(set(months) - known):
        found = connection.exec_driver_sql("SELECT to_regclass(%s)", (month_name(month),)).scalar()
        if found is not None:
            known.add(month)
            continue
        # Two that make the same month at the same time wait for each other.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (MONTHS_LOCK,))
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {MONTHS_SCHEMA}")
        connection.exec_driver_sql(month_statement(month))
