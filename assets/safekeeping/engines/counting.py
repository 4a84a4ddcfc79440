"""What both engines are asked: rows of every table, the journal's head, the schema's version, and what is unsound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy.orm import Session

from assets.core.db import TELEMETRY_SCHEMA
from assets.core.i18n import msg
from assets.core.journal import GENESIS, Head, JournalEntry, first_bad_entry
from assets.safekeeping.refusals import Refused

VERSION_TABLE = "alembic_version"


@dataclass(frozen=True)
class Snapshot:
    """Both databases at one moment: files by their name in the archive, rows by `database.table`, head and version.

    `file_keys`: the stored files that the main database names.
    """

    engine: str
    files: Mapping[str, Path]
    tables: Mapping[str, int]
    head: Head
    revisions: tuple[str, str]
    file_keys: frozenset[str]


def count_rows(connection: Connection, database: str, schema: str | None) -> dict[str, int]:
    """Rows of every table that the connection sees in `schema`, by `database.table`. Whatever its version."""
    counts = {}
    quote = connection.dialect.identifier_preparer.quote
    for table in sorted(inspect(connection).get_table_names(schema)):
        place = f"{quote(schema)}.{quote(table)}" if schema else quote(table)
        found = connection.exec_driver_sql(f"SELECT count(*) FROM {place}")  # noqa: S608  # names come from the catalogue
        counts[f"{database}.{table}"] = int(found.scalar_one())
    return counts


def file_keys(connection: Connection) -> frozenset[str]:
    """The names of stored files in every `file_key` column, whatever the schema's version."""
    keys: set[str] = set()
    seen = inspect(connection)
    for table in seen.get_table_names():
        if any(column["name"] == "file_key" for column in seen.get_columns(table)):
            found = connection.exec_driver_sql(f'SELECT file_key FROM "{table}"')  # noqa: S608  # from the catalogue
            keys.update(str(row[0]) for row in found if row[0])
    return frozenset(keys)


def journal_head(connection: Connection) -> Head:
    """The newest entry of the journal."""
    found = connection.execute(
        select(JournalEntry.seq, JournalEntry.hash).order_by(JournalEntry.seq.desc()).limit(1)
    ).first()
    return Head(found.seq, found.hash) if found else Head(0, GENESIS)


def revision(connection: Connection, schema: str | None) -> str:
    """The version of the schema; '' for a database without tables."""
    if not inspect(connection).has_table(VERSION_TABLE, schema):
        return ""
    place = f"{schema}.{VERSION_TABLE}" if schema else VERSION_TABLE
    return str(connection.execute(text(f"SELECT version_num FROM {place}")).scalar() or "")  # noqa: S608  # two fixed names


def revisions(main: Connection, telemetry: Connection, schema: str | None) -> tuple[str, str]:
    """The versions of both; `Refused` when the main database holds no tables yet."""
    found = (revision(main, None), revision(telemetry, schema))
    if not found[0]:
        raise Refused(msg("The database is empty: there is nothing to back up."), code="nothing_to_back_up")
    return found


def telemetry_schema(engine: Engine) -> str | None:
    """Where the telemetry tables lie: a schema of PostgreSQL, or the file itself."""
    return TELEMETRY_SCHEMA if engine.dialect.name == "postgresql" else None


def unsound(main: Engine, telemetry: Engine, tables: Mapping[str, int], head: Head) -> list[str]:
    """What does not agree with the manifest's rows and head in a restored pair of databases; empty when all does."""
    problems = []
    with main.connect() as connection, telemetry.connect() as other:
        found = count_rows(other, "telemetry", telemetry_schema(telemetry)) | count_rows(connection, "main", None)
        newest = journal_head(connection)
        for engine_connection in (connection, other):
            if engine_connection.dialect.name == "sqlite":
                problems += _unsound_file(engine_connection)
    for name in sorted({*found, *tables}):
        if found.get(name) != tables.get(name):
            problems.append(f"{name}: {found.get(name, 'no')} rows, the manifest says {tables.get(name, 'none')}")
    if newest != head:
        problems.append(f"the journal ends at entry {newest.seq}, the manifest says {head.seq}")
    with Session(main) as session:
        bad = first_bad_entry(session)
    if bad is not None:
        problems.append(f"entry {bad} of the journal does not fit the chain")
    return problems


def _unsound_file(connection: Connection) -> list[str]:
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
    found += [
        f"a row of {row[0]} points to a missing row of {row[2]}"
        for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
    ]
    return found[:20]
