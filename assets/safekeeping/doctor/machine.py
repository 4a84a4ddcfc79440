"""The doctor on the machine: the data directory, its file system and space, and who can read its secrets."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from assets.core.i18n import msg
from assets.safekeeping import keys, log
from assets.safekeeping.doctor.findings import Finding, Site, Subject
from assets.settings import FILE_NAME

LEAST_FREE_BYTES = 2 * 1024**3
LEAST_FREE_SHARE = 0.1
LEAST_DAYS_LEFT = 90
NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p"}
LEAST_KEY_BYTES, LEAST_SECRET_LENGTH, LEAST_DISTINCT = 32, 32, 8
MB = 1024**2
OTHERS = 0o077

DATA_DIR = Subject("data_dir", msg("data directory"))
FILE_SYSTEM = Subject("file_system", msg("file system"))
SPACE = Subject("space", msg("space"))
PERMISSIONS = Subject("permissions", msg("permissions"))
SECRETS = Subject("secrets", msg("secrets"))


def data_directory(site: Site) -> Iterator[Finding]:
    """It is there, its owner's alone, and whoever runs this is its owner."""
    data_dir = site.settings.data_dir
    found = data_dir.stat()
    if found.st_mode & OTHERS:
        yield DATA_DIR.mend(msg("others can look into it: chmod 0700 %(path)s", path=data_dir))
    elif found.st_uid != os.geteuid():
        yield DATA_DIR.look(
            msg(
                "it belongs to %(owner)s; run `assets` as that user, or files that the running server cannot read "
                "are made in it",
                owner=_name(found.st_uid),
            )
        )
    else:
        yield DATA_DIR.well(msg("%(path)s is its owner's alone", path=data_dir))


def file_system(site: Site) -> Iterator[Finding]:
    """SQLite's locks and its log beside the database do not work over a network."""
    kind = kind_of(site.settings.data_dir.absolute())
    if kind in NETWORK_FILE_SYSTEMS and not site.settings.database_url.startswith("postgresql"):
        yield FILE_SYSTEM.mend(
            msg(
                "%(kind)s is a network file system: SQLite loses data there. Use a local disk, or PostgreSQL", kind=kind
            )
        )
    else:
        yield FILE_SYSTEM.well(msg("%(kind)s", kind=kind))


def kind_of(path: Path) -> str:
    """The kind of file system that holds `path`, by the longest mount point above it."""
    best = ("", "unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, kind, *_ = line.split()
        if (path == Path(mount) or Path(mount) in path.parents) and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]


def space(site: Site) -> Iterator[Finding]:
    """Room for data and for backups, and how long it lasts at the pace of the last backups."""
    data_dir = site.settings.data_dir
    growth = daily_growth(log.entries(data_dir))
    places = [data_dir]
    backups = site.settings.backup_folder
    if backups.is_dir() and backups.stat().st_dev != data_dir.stat().st_dev:
        places.append(backups)
    for place in places:
        yield _room(place, growth)


def _room(place: Path, growth: float) -> Finding:
    usage = shutil.disk_usage(place)
    shown = {"free": f"{usage.free // MB:,}", "path": place}
    if usage.free < LEAST_FREE_BYTES:
        return SPACE.mend(msg("only %(free)s MB are free where %(path)s lies: make room before writing stops", **shown))
    if growth > 0 and usage.free / growth < LEAST_DAYS_LEFT:
        days = int(usage.free / growth)
        return SPACE.look(
            msg(
                "%(free)s MB free where %(path)s lies; at the pace of the last backups that is %(days)s days",
                **shown, days=days,
            )
        )  # fmt: skip
    if usage.free < usage.total * LEAST_FREE_SHARE:
        return SPACE.look(msg("%(free)s MB free where %(path)s lies, less than a tenth of the disk", **shown))
    return SPACE.well(msg("%(free)s MB free where %(path)s lies", **shown))


def daily_growth(made: list[log.Made]) -> float:
    """Bytes a day that are added for good: each backup holds all data, so their sizes over time tell the growth.

    0 with fewer than two backups a week apart.
    """
    if not made:
        return 0.0
    newest = made[0]
    older = next((m for m in made if newest.made_at - m.made_at >= timedelta(days=7)), None)
    if older is None:
        return 0.0
    return max(0.0, (newest.size - older.size) / ((newest.made_at - older.made_at) / timedelta(days=1)))


def permissions(site: Site) -> Iterator[Finding]:
    """No file that holds a secret can be read by others or belongs to somebody else."""
    owner = site.settings.data_dir.stat().st_uid
    paths = list(_secret_files(site.settings.data_dir))
    wrong = False
    for path in paths:
        found = path.stat()
        if found.st_mode & OTHERS:
            wrong = True
            yield PERMISSIONS.mend(msg("others can read it: chmod 0600 %(path)s", path=path))
        elif found.st_uid != owner:
            wrong = True
            yield PERMISSIONS.mend(
                msg("it belongs to another user: chown %(owner)s %(path)s", owner=_name(owner), path=path)
            )
    if not wrong:
        yield PERMISSIONS.well(msg("%(n)s files with secrets are their owner's alone", n=len(paths)))


def _secret_files(data_dir: Path) -> Iterator[Path]:
    for folder, pattern in ((data_dir, FILE_NAME), (data_dir / "secrets", "*"), (data_dir / "broker", "*")):
        if folder.is_dir():
            yield from (path for path in sorted(folder.glob(pattern)) if path.is_file() and path.suffix != ".pid")


def secrets(site: Site) -> Iterator[Finding]:
    """The secrets are there, long enough and random: one that can be guessed lets anybody sign in as anybody."""
    data_dir = site.settings.data_dir
    wrong = []
    session = data_dir / "secrets" / "session.key"
    if session.exists() and is_weak(session.read_bytes(), LEAST_KEY_BYTES):
        wrong.append(session)
    ingest = data_dir / "broker" / "ingest.secret"
    if ingest.exists() and is_weak(ingest.read_bytes().strip(), LEAST_SECRET_LENGTH):
        wrong.append(ingest)
    for path in wrong:
        yield SECRETS.mend(
            msg("%(path)s is too short or not random: remove it, a new one is made at the next start", path=path)
        )
    if (data_dir / "demo").exists():
        yield SECRETS.look(msg("this is the demonstration: its passwords are published, keep no real data in it"))
    if not wrong:
        yield (
            SECRETS.well(msg("long and random"))
            if session.exists()
            else SECRETS.look(msg("none yet; they are made at the first start"))
        )
    if not keys.has_key(data_dir):
        yield SECRETS.mend(msg("there is no key for backups: `assets setup` makes and prints it"))


def is_weak(secret: bytes, least: int) -> bool:
    """Whether a secret is too short, or made of too few different characters to be random."""
    return len(secret) < least or len(set(secret)) < LEAST_DISTINCT


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
