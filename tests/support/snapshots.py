"""What stood in a main database, kept to be put back: making it by the services takes fifty times as long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import sql
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
                cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
                with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as copy:
                    copy.write(content)
                _count_on(cursor, Base.metadata.tables[name])


def snapshot_of(app: App) -> Snapshot:
    """Everything that stands in the main database."""
    if app.main.dialect == "sqlite":
        return Snapshot(_file_of(app).read_bytes(), ())
    with _cursor(app) as cursor:
        found = ((table.name, _copied(cursor, table.name)) for table in Base.metadata.sorted_tables)
        return Snapshot(b"", tuple((name, content) for name, content in found if content))


def _copied(cursor: Any, name: str) -> bytes:
    with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))) as copy:
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


def _count_on(cursor: Any, table: Table) -> None:
    """What is added to the table later gets the numbers after those that stand there."""
    column = table.autoincrement_column
    if column is not None:
        counting = "SELECT setval(pg_get_serial_sequence({0}, {1}), max({2})) FROM {3}"
        name = sql.Identifier(table.name)
        quoted = sql.Literal(f'"{table.name}"')
        cursor.execute(sql.SQL(counting).format(quoted, sql.Literal(column.name), sql.Identifier(column.name), name))
