"""SQLite: each database is copied page by page under one read transaction, which holds up no writer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine

from assets.core.app import App
from assets.core.db import make_engine
from assets.safekeeping.engines.counting import Snapshot, count_rows, file_keys, journal_head, revisions
from assets.safekeeping.manifest import DATABASES

MAIN, TELEMETRY = "main.db", "telemetry.db"


def take(app: App, folder: Path) -> Snapshot:
    """Copy telemetry, then main: what main derived from telemetry is then never newer than the telemetry kept."""
    files = {}
    for name, engine in ((TELEMETRY, app.telemetry.engine), (MAIN, app.main.engine)):
        files[f"{DATABASES}{name}"] = folder / name
        _copy(Path(str(engine.url.database)), folder / name)
    main, telemetry = opened(folder)
    try:
        with main.connect() as connection, telemetry.connect() as other:
            versions = revisions(connection, other, None)
            tables = count_rows(other, "telemetry", None) | count_rows(connection, "main", None)
            head = journal_head(connection)
            keys = file_keys(connection)
    finally:
        main.dispose()
        telemetry.dispose()
    return Snapshot("sqlite", files, tables, head, versions, keys)


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source, timeout=15)) as live, closing(sqlite3.connect(target)) as copy:
        # All pages in one step: in pieces, each commit of another process would start the copy anew.
        live.backup(copy, pages=-1)


def opened(folder: Path) -> tuple[Engine, Engine]:
    """Engines on a main and a telemetry file in `folder`."""
    return make_engine(f"sqlite:///{folder / MAIN}"), make_engine(f"sqlite:///{folder / TELEMETRY}")


def is_free(path: Path) -> bool:
    """Whether no process has the database open; nothing in it is changed. True where there is none."""
    if not path.exists():
        return True
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        try:
            # In WAL mode everybody who has it open shares a lock, and this asks for it alone.
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        except sqlite3.OperationalError:
            return False
        except sqlite3.DatabaseError:
            return True  # it is damaged, which is why it is to be replaced
    return True
