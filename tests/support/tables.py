"""Tables for tests: made from the models at once (the migrations are held against them by a test of their own)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from assets.core.app import App
from assets.core.db import TELEMETRY_SCHEMA, Base, Database, TelemetryBase, make_engine
from assets.migrations.run import version_schema, versions
from assets.migrations.tables import metadata


def create_tables(app: App) -> None:
    """Every table, empty."""
    metadata()
    Base.metadata.create_all(app.main.engine)
    if app.telemetry.dialect == "postgresql":
        with app.telemetry.engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(TELEMETRY_SCHEMA, if_not_exists=True))
    TelemetryBase.metadata.create_all(app.telemetry.engine)


def _version_tables(app: App) -> Iterator[tuple[str, Database, str]]:
    for name, database in (("main", app.main), ("telemetry", app.telemetry)):
        schema = version_schema(name, database.dialect)
        yield name, database, f"{schema}.alembic_version" if schema else "alembic_version"


@contextmanager
def marked_current(app: App) -> Iterator[None]:
    """The tables bear this program's versions, as migrations leave them; backups are made of such databases only."""
    for name, database, place in _version_tables(app):
        with database.engine.execution_options(writer=True).begin() as connection:
            connection.exec_driver_sql(f"CREATE TABLE {place} (version_num VARCHAR(32) NOT NULL)")
            connection.execute(sa.text(f"INSERT INTO {place} VALUES (:now)"), {"now": versions(app)[name][1]})  # noqa: S608  # two fixed names
    try:
        yield
    finally:
        for _, database, place in _version_tables(app):
            with database.engine.execution_options(writer=True).begin() as connection:
                connection.exec_driver_sql(f"DROP TABLE {place}")


Rows = list[tuple[sa.Table, list[dict[str, Any]]]]
"""Of each table that has some: its rows, in an order in which they can be put in again."""


def take_rows(app: App) -> Rows:
    """What stands in the main database."""
    with app.main.engine.connect() as connection:
        found = (
            (table, connection.execute(sa.select(table)).mappings().all()) for table in Base.metadata.sorted_tables
        )
        return [(table, [dict(row) for row in rows]) for table, rows in found if rows]


def put_rows(app: App, rows: Rows) -> None:
    """Put rows, ids and all, into empty tables; what is added later counts on from them."""
    _write(app, rows, emptied=[])


def replace_rows(app: App, rows: Rows) -> None:
    """As `put_rows`, in place of what stands in these tables."""
    _write(app, rows, emptied=[table for table, _ in rows])


def _write(app: App, rows: Rows, emptied: Sequence[sa.Table]) -> None:
    engine = make_engine(app.settings.main_url)  # the application's own refuses to pass the journal by
    try:
        with engine.execution_options(writer=True).begin() as connection:
            for table in reversed(emptied):
                connection.execute(table.delete())
            for table, of_table in rows:
                connection.execute(table.insert(), of_table)
            if engine.dialect.name == "postgresql":
                counted = [table for table, _ in rows if table.autoincrement_column is not None]
                connection.exec_driver_sql("; ".join(_counted_on(table) for table in counted))
    finally:
        engine.dispose()


def _counted_on(table: sa.Table) -> str:
    column = table.autoincrement_column
    assert column is not None
    sequence = f"pg_get_serial_sequence('\"{table.name}\"', '{column.name}')"
    return f'SELECT setval({sequence}, max("{column.name}")) FROM "{table.name}" WHERE {sequence} IS NOT NULL'  # noqa: S608  # our tables


def empty_tables(app: App) -> None:
    """Take every row out again (PostgreSQL; SQLite tests get a new file instead).

    Most tables are empty in most tests: finding those that are not, and deleting, takes a tenth of truncating all.
    """
    names = [f'"{table.name}"' for table in Base.metadata.sorted_tables]
    names += [f'{TELEMETRY_SCHEMA}."{table.name}"' for table in TelemetryBase.metadata.sorted_tables]
    used = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names)  # noqa: S608  # our tables
    with app.main.engine.begin() as connection:
        found = connection.exec_driver_sql(used).scalars().all()
        # Without the triggers of foreign keys, in any order.
        deletions = [f"DELETE FROM {name}" for name in found]  # noqa: S608  # our tables
        emptied = "; ".join(["SET LOCAL session_replication_role = replica", *deletions])
        connection.exec_driver_sql(emptied)
        connection.exec_driver_sql(
            "SELECT setval((quote_ident(schemaname) || '.' || quote_ident(sequencename))::regclass, start_value, false)"
            " FROM pg_sequences WHERE last_value IS NOT NULL"
        )
