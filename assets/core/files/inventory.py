"""What lies in the folder of stored files against what the database names: nothing missing, nothing left over for ever.

A file is written before its row is committed, so that a row never names a file that is not there. When the transaction
is rolled back instead, the file is left over; it does no harm and is swept away once it is a week old, which is long
after any transaction has ended.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from assets.core.db import Base

KEPT_LEFT_OVER = timedelta(days=7)
SWEPT_EVERY = timedelta(days=1)
_OURS = re.compile(r"\.?[0-9a-f]{32}")


@dataclass(frozen=True)
class Inventory:
    """How many files are named and there, which are named and missing, and which lie there unnamed (paths)."""

    kept: int
    missing: tuple[str, ...]
    left_over: tuple[Path, ...]


@dataclass(frozen=True)
class Owner:
    """A row that names a file: its table, its id, and the file's key."""

    table: str
    row: str
    key: str


def keys_named(session: Session) -> set[str]:
    """Every key that any row names: each table's `file_key` column."""
    return {key for table in _tables() for key in session.scalars(select(table.c.file_key)) if key}


def owners_of(session: Session, keys: Collection[str]) -> list[Owner]:
    """The rows that name any of these files, table by table; for looking closer at a few."""
    found: list[Owner] = []
    for table in _tables() if keys else ():
        rows = session.execute(
            select(*table.primary_key.columns, table.c.file_key)
            .where(table.c.file_key.in_(sorted(keys)))
            .order_by(*table.primary_key.columns)
        )
        found += [Owner(table.name, "/".join(str(part) for part in row[:-1]), row[-1]) for row in rows]
    return found


def _tables() -> list[Table]:
    return [table for table in Base.metadata.sorted_tables if "file_key" in table.c]


def inventory(session: Session, folder: Path) -> Inventory:
    """Compare the folder with the database. Other files than ours are not looked at."""
    named = keys_named(session)
    there = {path.name: path for path in _files(folder)}
    left_over = tuple(path for name, path in sorted(there.items()) if name not in named)
    return Inventory(len(named & there.keys()), tuple(sorted(named - there.keys())), left_over)


def sweep(session: Session, folder: Path, now: datetime) -> int:
    """Delete what has been left over for a week, and say how many files that were."""
    swept = 0
    for path in inventory(session, folder).left_over:
        written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if now - written_at >= KEPT_LEFT_OVER:
            path.unlink(missing_ok=True)
            swept += 1
    return swept


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if _OURS.fullmatch(path.name) and path.is_file())
