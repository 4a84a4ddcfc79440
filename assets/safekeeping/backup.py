"""Making backups: both databases and the files, into one encrypted file that counts as good once it was restored."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from assets.core import anchor
from assets.core.app import App
from assets.core.i18n import msg
from assets.safekeeping import archive, keys, log, retention
from assets.safekeeping.archive import Packed, Sealed
from assets.safekeeping.contents import WORK, kept_files
from assets.safekeeping.engines import postgresql
from assets.safekeeping.engines import sqlite as sqlite_engine
from assets.safekeeping.engines.counting import Snapshot
from assets.safekeeping.log import Made, last_proven
from assets.safekeeping.manifest import ABOUT, FILES, MANIFEST, SETTINGS, Manifest, about_now
from assets.safekeeping.proof import proof_file, prove, write_proof
from assets.safekeeping.refusals import Refused
from assets.safekeeping.unpack import need_room
from assets.settings import Settings, SettingsError, keyed_fields

__all__ = ["last_proven", "make"]

ENDING = ".tar.gz.age"
_log = logging.getLogger("assets.backup")


def make(app: App, kind: str, target: Path | None = None) -> Made:
    """Make a backup, prove it, and anchor the journal; without `target` in the backup folder, under a name of its own.

    `Refused` or OSError: nothing new is there, and the backups made before are untouched. A backup that could not be
    proven is kept and answered with `proven_at` None and the reason.
    """
    settings = app.settings
    keep = retention.parse(settings.backup_keep)
    with _only_one(settings):
        started, made_at = time.monotonic(), app.clock()
        _make_sure_of_a_key(settings)
        path = target or _own_place(settings, kind, made_at)
        with _work(settings, "backup-") as work:
            sealed, snapshot, missing = _written(app, path, made_at, work)
            problems = prove(settings, path, sealed, keys.own_identity(settings.data_dir), work)
        made = Made(
            file=str(path.absolute()), kind=kind, made_at=made_at, size=sealed.size, sha256=sealed.sha256,
            took_s=round(time.monotonic() - started, 1), proven_at=None if problems else app.clock(),
            reason="; ".join(problems)[:1000], journal_seq=snapshot.head.seq, revisions=snapshot.revisions,
            missing_files=missing,
        )  # fmt: skip
        write_proof(made)
        log.write(settings.data_dir, made)
        if target is None:
            _remove_old(settings, keep)
    if made.proven_at is not None:
        _log.info("backup %s: %s MB, proven, %.1f s", path, made.size // 2**20, made.took_s)
        anchor.anchor(app)
    else:
        _log.error("backup %s is NOT proven: %s", path, made.reason)
    return made


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    with (settings.data_dir / "backup.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Refused(msg("Another backup is being made: wait for it to end."), code="backup_running") from error
        yield


@contextmanager
def _work(settings: Settings, prefix: str) -> Iterator[Path]:
    """A folder for what is not encrypted, beside the databases themselves; what an interruption left there goes."""
    work = settings.data_dir / WORK
    work.mkdir(mode=0o700, exist_ok=True)
    for left_over in work.glob(f"{prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=work) as folder:
        yield Path(folder)


def _make_sure_of_a_key(settings: Settings) -> None:
    if not keys.has_key(settings.data_dir):
        keys.make_key(settings.data_dir)
        _log.warning(
            "a backup key was made at %s: print it (assets backup --print-key)", keys.key_file(settings.data_dir)
        )


def _own_place(settings: Settings, kind: str, made_at: datetime) -> Path:
    folder = settings.backup_folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"ASSETS_BACKUP_DIR: {folder} cannot be used: {error.strerror}") from error
    for unfinished in folder.glob(f"*{ENDING}.part"):
        unfinished.unlink()
    return folder / f"assets-{made_at:%Y-%m-%dT%H%M%SZ}-{kind}{ENDING}"


def _written(app: App, path: Path, made_at: datetime, work: Path) -> tuple[Sealed, Snapshot, int]:
    """Databases first, files after: files are only ever added, so all that the copied rows name are among them."""
    settings = app.settings
    engine = sqlite_engine if app.main.dialect == "sqlite" else postgresql
    need_room(work, _database_bytes(app) * 2)
    results: list[Sealed] = []
    try:
        snapshot = engine.take(app, work)
        files = dict(kept_files(settings))
        database_size = _bytes(snapshot.files)
        about = about_now(snapshot.engine, snapshot.revisions, made_at, (database_size, database_size + _bytes(files)))
        with archive.writing(path, keys.own_identity(settings.data_dir).to_public(), results.append) as pack:
            pack.add_bytes(ABOUT, about.dumped())
            pack.add_bytes(SETTINGS, json.dumps(_effective(settings), indent=1).encode())
            for name, file in snapshot.files.items():
                pack.add_file(name, file)
                file.unlink()  # its room is needed for the proof
            for name, file in files.items():
                with suppress(FileNotFoundError):  # an upload that was taken back meanwhile
                    pack.add_file(f"{FILES}{name}", file)
            content = Manifest(about, snapshot.head, snapshot.tables, tuple(pack.files))
            pack.add_bytes(MANIFEST, content.dumped())
    except (OSError, sqlite3.Error, DBAPIError) as error:
        raise _disk_refused(error, path) from error
    return results[0], snapshot, len(snapshot.file_keys - _names(content.files))


def _disk_refused(error: OSError | sqlite3.Error | DBAPIError, path: Path) -> OSError | Refused:
    full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    if isinstance(error, OSError) and not full:
        return error
    if not full and "full" not in str(error):
        return Refused(msg("The database could not be copied: %(reason)s", reason=error), code="copy_failed")
    return Refused(
        msg(
            "The disk is full: no backup was made at %(path)s. The backups made before are untouched. Make room, or set"
            " ASSETS_BACKUP_DIR to another disk.",
            path=path,
        ),
        code="no_space",
    )


def _database_bytes(app: App) -> int:
    if app.main.dialect == "postgresql":
        with app.main.engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()) // 2
    return sum(Path(str(one.engine.url.database)).stat().st_size for one in (app.main, app.telemetry))


def _bytes(files: Mapping[str, Path]) -> int:
    total = 0
    for path in files.values():
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def _names(files: tuple[Packed, ...]) -> frozenset[str]:
    return frozenset(part for file in files for part in file.name.split("/"))


def _effective(settings: Settings) -> dict[str, str]:
    """Every setting in force, secrets too: the file is encrypted, and another machine will need them."""
    values = ((str(item.metadata["key"]), getattr(settings, item.name)) for item in keyed_fields())
    return {key: " ".join(value) if isinstance(value, tuple) else str(value) for key, value in values}


def _remove_old(settings: Settings, keep: retention.Keep) -> None:
    there = [made for made in log.routine(settings) if made.is_there]
    for made in retention.to_remove(there, keep, settings.zone):
        _log.info("backup %s is no longer kept", made.file)
        made.path.unlink(missing_ok=True)
        proof_file(made.path).unlink(missing_ok=True)
