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
    "secrets/backup.key", "broker/store", "broker/mosquitto.pid", "broker/listening.json", f"{FILE_NAME}.from-backup",
)  # fmt: skip
"""By path in the data directory. The broker's queue is left out: trackers keep each sample until our own receipt."""
OF_THE_MACHINE = (FILE_NAME, anchor.NAME)
"""Restored only where there is none: this machine's settings, and anchors, which must not become older."""


def kept_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """(name, path) of every file to be backed up; the databases are copied apart. Names are relative, with slashes."""
    folder = settings.data_dir
    aside = {path.resolve() for path in (*database_files(settings), settings.backup_folder)}
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
