"""Tables for tests: made from the models at once (the migrations are held against them by a test of their own)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from assets.core.app import App
from assets.core.db import TELEMETRY_SCHEMA, Base, Database, TelemetryBase
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
