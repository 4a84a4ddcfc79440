"""Bring both databases to this program's version, and check that they are sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.ddl.sqlite import SQLiteImpl
from alembic.operations.batch import BatchOperationsImpl
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.schema import CreateSchema

from assets.core.app import App
from assets.core.db import TELEMETRY_SCHEMA, Database
from assets.migrations.tables import metadata
from assets.settings import SettingsError

HERE = Path(__file__).parent
# Any number that nothing else in the product uses for an advisory lock.
UPGRADE_LOCK = 727_002
GOES_WITH = {
    "0001": "0001", "0002": "0001", "0003": "0001", "0004": "0002", "0005": "0003", "0006": "0004", "0007": "0004",
    "0008": "0004",
}  # fmt: skip
"""The telemetry database's version that goes with each version of the main one: where a way back leads to."""


class _Sqlite(SQLiteImpl):
    """SQLite as Alembic is to treat it (found by its dialect's name): columns go by ALTER TABLE DROP COLUMN.

    Alembic would copy the whole table and drop the old one, which loses CHECK constraints that it cannot read, and is
    refused by the rows of other tables that point to it.
    """

    __dialect__ = "sqlite"
    transactional_ddl = True

    def requires_recreate_in_batch(self, batch_op: BatchOperationsImpl) -> bool:
        kinds = {operation[0] for operation in batch_op.batch}
        return not kinds <= {"add_column", "drop_column", "create_index", "drop_index"}


def upgrade(app: App) -> list[str]:
    """Upgrade both databases, each in one transaction; answers a line for each that was not current.

    `SettingsError` when a newer program made them.
    """
    refuse_newer(app)
    lines = []
    for name, database in _databases(app):
        old, new = move(name, database, "head")
        if old != new:
            lines.append(f"{name} database: {old or 'empty'} -> {new}")
    return lines


def refuse_newer(app: App) -> None:
    """`SettingsError` when either database is of a version that this program does not know."""
    for name, (now, wanted) in versions(app).items():
        if now is not None and not knows(name, now):
            raise SettingsError(
                f"the {name} database is of version {now}, made by a newer program; this one knows up to {wanted}:"
                " install the newer program, or go back with it first (assets db downgrade)"
            )


def move(
    name: str,
    database: Database,
    to: str,
    *,
    before: Callable[[Connection], None] = lambda _: None,
    after: Callable[[Connection], None] = lambda _: None,
) -> tuple[str | None, str | None]:
    """Bring one database to a version, up or down, in one transaction; answers (version before, version after).

    `before` and `after` are given the connection at either end; what they raise leaves the database as it was.
    """
    main, telemetry = metadata()
    config = _config(name)
    config.attributes["tables"] = telemetry if name == "telemetry" else main
    with database.engine.execution_options(writer=True).begin() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
            if name == "telemetry":
                connection.execute(CreateSchema(TELEMETRY_SCHEMA, if_not_exists=True))
        old = _version(name, connection)
        before(connection)
        config.attributes["connection"] = connection
        (command.upgrade if _is_up(name, old, to) else command.downgrade)(config, to)
        new = _version(name, connection)
        after(connection)
    return old, new


def _is_up(name: str, old: str | None, to: str) -> bool:
    if old is None or to == "head":
        return True
    order = [str(script.revision) for script in ScriptDirectory.from_config(_config(name)).walk_revisions()][::-1]
    return {to, old} <= set(order) and order.index(to) >= order.index(old)


def due(app: App) -> bool:
    """Whether a database that holds something is older than this program."""
    return any(now is not None and now != wanted for now, wanted in versions(app).values())


def one_back(revision: str) -> str | None:
    """The version of the main database before `revision`; None before the first."""
    script = ScriptDirectory.from_config(_config("main")).get_revision(revision)
    return str(script.down_revision) if script.down_revision else None


def nothing_lost(name: str) -> set[tuple[str, str]]:
    """(table, column) of a chain that go on a way back and whose values stay elsewhere, by the versions' own word."""
    found: set[tuple[str, str]] = set()
    for script in ScriptDirectory.from_config(_config(name)).walk_revisions():
        for place in getattr(script.module, "NOTHING_LOST", ()):
            table, column = place.split(".")
            found.add((table, column))
    return found


def _databases(app: App) -> tuple[tuple[str, Database], ...]:
    return (("main", app.main), ("telemetry", app.telemetry))


def _config(name: str) -> Config:
    """Alembic's configuration of a chain."""
    config = Config()
    config.set_main_option("script_location", str(HERE / name))
    config.set_main_option("path_separator", "os")
    return config


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
    for name, database in _databases(app):
        with database.engine.connect() as connection:
            head = ScriptDirectory.from_config(_config(name)).get_current_head()
            found[name] = (_version(name, connection), head)
    return found


def knows(name: str, revision: str) -> bool:
    """Whether this program has such a version of a chain; one that it does not know was made by a newer program."""
    try:
        ScriptDirectory.from_config(_config(name)).get_revision(revision)
    except CommandError:
        return False
    return True


def integrity_errors(app: App) -> list[str]:
    """What is wrong with either database; empty when both are sound and current."""
    errors = [
        f"{name}: its version is {now or 'empty'}, this program needs {wanted}: run `assets db upgrade`"
        for name, (now, wanted) in versions(app).items()
        if now != wanted
    ]
    for name, database in _databases(app):
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
