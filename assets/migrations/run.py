"""Bring both databases to this program's version, and check that they are sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.schema import CreateSchema

from assets.core.app import App
from assets.core.db import TELEMETRY_SCHEMA, Database
from assets.migrations.tables import metadata

HERE = Path(__file__).parent
# Any number that nothing else in the product uses for an advisory lock.
UPGRADE_LOCK = 727_002


def upgrade(app: App) -> list[str]:
    """Upgrade both databases, each in one transaction; answers a line for each that was not current."""
    main, telemetry = metadata()
    lines = []
    for name, database, tables in (("main", app.main, main), ("telemetry", app.telemetry, telemetry)):
        before = _upgrade_one(name, database, tables)
        head = ScriptDirectory.from_config(_config(name)).get_current_head()
        if before != head:
            lines.append(f"{name} database: {before or 'empty'} -> {head}")
    return lines


def _config(name: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE / name))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade_one(name: str, database: Database, tables: MetaData) -> str | None:
    config = _config(name)
    config.attributes["tables"] = tables
    with database.engine.execution_options(writer=True).begin() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
            if name == "telemetry":
                connection.execute(CreateSchema(TELEMETRY_SCHEMA, if_not_exists=True))
        before = _version(name, connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before


def version_schema(name: str, dialect: str) -> str | None:
    """Where the version table of a chain lies."""
    return TELEMETRY_SCHEMA if name == "telemetry" and dialect == "postgresql" else None


def compared(name: str) -> Callable[[str | None, str, object], bool]:
    """What Alembic compares with the models of a chain: its own schema's tables, and never the other's."""
    own = TELEMETRY_SCHEMA if name == "telemetry" else None

    def include(found: str | None, kind: str, _parents: object) -> bool:
        return kind != "schema" or found == own

    return include


def _version(name: str, connection: Connection) -> str | None:
    options = {"version_table_schema": version_schema(name, connection.dialect.name)}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def versions(app: App) -> dict[str, tuple[str | None, str | None]]:
    """(version in the database, version of this program) for each database."""
    found = {}
    for name, database in (("main", app.main), ("telemetry", app.telemetry)):
        with database.engine.connect() as connection:
            head = ScriptDirectory.from_config(_config(name)).get_current_head()
            found[name] = (_version(name, connection), head)
    return found


def integrity_errors(app: App) -> list[str]:
    """What is wrong with either database; empty when both are sound and current."""
    errors = [
        f"{name}: its version is {now or 'empty'}, this program needs {wanted}: run `assets db upgrade`"
        for name, (now, wanted) in versions(app).items()
        if now != wanted
    ]
    for name, database in (("main", app.main), ("telemetry", app.telemetry)):
        if database.dialect == "sqlite":
            with database.engine.connect() as connection:
                errors += [
                    f"{name}: {row[0]}"
                    for row in connection.exec_driver_sql("PRAGMA integrity_check")
                    if row[0] != "ok"
                ]
                errors += [
                    f"{name}: a row of {row[0]} points to a missing row of {row[2]}"
                    for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
                ]
    return errors
