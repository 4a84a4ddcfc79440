"""What stood in a main database, kept to be put back: making it by the services takes fifty times as long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from assets.core.app import App
from assets.core.db import Base


@dataclass(frozen=True)
class Snapshot:
    """On SQLite the file; on PostgreSQL the rows of each table that has some, as COPY gives them."""

    file: bytes
    tables: tuple[tuple[str, bytes], ...]

    def put_into(self, app: App) -> None:
        """The database of the same kind holds these rows, ids and all, and counts on from them."""
        if app.main.dialect == "sqlite":
            _file_of(app).write_bytes(self.file)
            return
        with _cursor(app) as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # without foreign keys, in any order
            for name, content in self.tables:
                cursor.execute(f'DELETE FROM "{name}"')  # noqa: S608  # our tables
                with cursor.copy(f'COPY "{name}" FROM STDIN') as copy:
                    copy.write(content)
            cursor.execute("; ".join(_counted_on(Base.metadata.tables[name]) for name, _ in self.tables))


def snapshot_of(app: App) -> Snapshot:
    """Everything that stands in the main database."""
    if app.main.dialect == "sqlite":
        return Snapshot(_file_of(app).read_bytes(), ())
    with _cursor(app) as cursor:
        found = ((table.name, _copied(cursor, table.name)) for table in Base.metadata.sorted_tables)
        return Snapshot(b"", tuple((name, content) for name, content in found if content))


def _copied(cursor: Any, name: str) -> bytes:
    with cursor.copy(f'COPY "{name}" TO STDOUT') as copy:
        return b"".join(bytes(piece) for piece in copy)


def _file_of(app: App) -> Path:
    """The database's file, whole: the last connection that closes takes its log into it."""
    app.main.dispose()
    path = Path(str(app.main.engine.url.database))
    assert not path.with_name(f"{path.name}-wal").exists(), "a connection is still open"
    return path


@contextmanager
def _cursor(app: App) -> Iterator[Any]:
    """The driver's own cursor in a transaction: rows pass the journal by."""
    with app.main.engine.begin() as connection, closing(connection.connection.cursor()) as cursor:
        yield cursor


def _counted_on(table: Table) -> str:
    column = table.autoincrement_column
    if column is None:
        return "SELECT"
    sequence = f"pg_get_serial_sequence('\"{table.name}\"', '{column.name}')"
    return f'SELECT setval({sequence}, max("{column.name}")) FROM "{table.name}" WHERE {sequence} IS NOT NULL'  # noqa: S608  # our tables
