"""Which files of the data directory belong into a backup: all of them, but for what is made anew or is one already."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from assets.core import anchor
from assets.safekeeping import log, swap
from assets.settings import FILE_NAME, Settings

WORK = "work"
KEPT_ASIDE = "before-restore-"
LEFT_OUT = (
    ".*", "*/.*", "*.part", "*.lock", WORK, "backups", "backup-wanted", log.NAME, swap.NAME, f"{KEPT_ASIDE}*",
    "secrets/backup.key", "secrets/tls-server.pem",
    "broker/store", "broker/broker.log*", "broker/mosquitto.pid", "broker/listening.json", f"{FILE_NAME}.from-backup",
)  # fmt: skip
"""By path in the data directory. The broker's queue is left out: trackers keep each sample until our own receipt."""
OF_THE_MACHINE = (FILE_NAME, anchor.NAME)
"""Never moved aside: this machine's settings, which no backup replaces, and anchors, which must not become older."""
DEMONSTRATION = "demo"


def kept_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """(name, path) of every file to be backed up; the databases are copied apart. Names are relative, with slashes."""
    folder = settings.data_dir
    others = data_directories_inside(folder)
    aside = {path.resolve() for path in (*database_files(settings), settings.backup_folder, *others)}
    for top, folders, names in os.walk(folder, followlinks=False):
        # A folder of ours that was put on another disk, by a link, is followed; links deeper down are not ours.
        here = Path(top)
        folders[:] = sorted(name for name in folders if not _is_left_out(folder, here / name, aside))
        for name in sorted(names):
            path = here / name
            if not _is_left_out(folder, path, aside) and _is_regular(path):
                yield path.relative_to(folder).as_posix(), path
        if here == folder:
            for linked in [name for name in folders if (here / name).is_symlink()]:
                yield from _below(here / linked, linked)


def data_directories_inside(folder: Path) -> list[Path]:
    """Other data directories below this one, whose backups are their own: those with a database or a key of the
    sessions, and the folder `demo`, where the demonstration lies when this is the default data directory."""
    found = []
    for top, folders, _ in os.walk(folder, followlinks=False):
        inside = [Path(top) / name for name in folders if _is_data_directory(folder, Path(top) / name)]
        folders[:] = [name for name in folders if Path(top) / name not in inside]
        found += inside
    return found


def _is_data_directory(folder: Path, path: Path) -> bool:
    return (
        path == folder / DEMONSTRATION or (path / "assets.db").exists() or (path / "secrets" / "session.key").exists()
    )


def _below(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    for top, folders, names in os.walk(folder.resolve(), followlinks=False):
        folders.sort()
        for name in sorted(names):
            path = Path(top) / name
            if not name.startswith(".") and _is_regular(path):
                yield f"{prefix}/{path.relative_to(folder.resolve()).as_posix()}", path


def _is_left_out(folder: Path, path: Path, aside: set[Path]) -> bool:
    name = path.relative_to(folder).as_posix()
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in LEFT_OUT) or path.resolve() in aside


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False  # it went while the folder was read


def database_files(settings: Settings) -> list[Path]:
    """SQLite's files of both databases, there or not; none on PostgreSQL."""
    if settings.database_url.startswith("postgresql"):
        return []
    bases = [Path(url.removeprefix("sqlite:///")) for url in (settings.main_url, settings.telemetry_url)]
    return [base.with_name(base.name + end) for base in bases for end in ("", "-wal", "-shm", "-journal")]
