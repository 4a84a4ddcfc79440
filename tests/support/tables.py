"""Tables for tests: made from the models at once (the migrations are held against them by a test of their own)."""

from __future__ import annotations

import sqlalchemy as sa

from assets.core.app import App
from assets.core.db import TELEMETRY_SCHEMA, Base, TelemetryBase
from assets.migrations.tables import metadata


def create_tables(app: App) -> None:
    """Every table, empty."""
    metadata()
    Base.metadata.create_all(app.main.engine)
    if app.telemetry.dialect == "postgresql":
        with app.telemetry.engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(TELEMETRY_SCHEMA, if_not_exists=True))
    TelemetryBase.metadata.create_all(app.telemetry.engine)


def empty_tables(app: App) -> None:
    """Take every row out again (PostgreSQL; SQLite tests get a new file instead)."""
    names = [f'"{table.name}"' for table in Base.metadata.sorted_tables]
    names += [f'{TELEMETRY_SCHEMA}."{table.name}"' for table in TelemetryBase.metadata.sorted_tables]
    with app.main.engine.begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE")
