"""Restoring: into a fresh place, verified there, brought to this program's version, and only then exchanged.

Whatever goes wrong before the exchange leaves the live data untouched; what was there before is moved aside, never
deleted. A state that is older than the last anchor of the journal is refused, unless somebody says why.
"""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyrage
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from assets.core import anchor
from assets.core.actor import Actor
from assets.core.app import App
from assets.core.db import make_engine
from assets.core.i18n import msg
from assets.core.journal import Head
from assets.core.occupancy import alone
from assets.migrations.run import knows, versions
from assets.safekeeping import archive, keys, placing, refusals, swap
from assets.safekeeping.contents import KEPT_ASIDE, WORK, database_files
from assets.safekeeping.engines import counting, postgresql, sqlite
from assets.safekeeping.log import from_json
from assets.safekeeping.manifest import About
from assets.safekeeping.proof import proof_file
from assets.safekeeping.refusals import Refused
from assets.safekeeping.swap import carry_out, finish_swap
from assets.safekeeping.unpack import Unpacked, unpack
from assets.settings import Settings

PURPOSE = "restore"


@dataclass(frozen=True)
class Wanted:
    """What is to be restored, and how. `build` makes an application of settings.

    `make_ready` migrates one (None: it stays of its version).
    `replace_present`: what is there is moved aside. `older_reason`: why a state before the last anchor is taken.
    """

    backup: Path
    identity: pyrage.x25519.Identity
    actor: Actor
    build: Callable[[Settings], App]
    make_ready: Callable[[App], list[str]] | None
    replace_present: bool = False
    older_reason: str = ""


@dataclass(frozen=True)
class Restored:
    """What was restored: of when, up to which entry of the journal, rows by table, what was done besides, where the
    former state lies, and how many seconds it took."""

    made_at: datetime
    journal_seq: int
    journal_hash: str
    tables: dict[str, int]
    lines: list[str] = field(default_factory=list)
    kept_aside: str = ""
    took_s: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"made_at": self.made_at.isoformat()}


def restore(settings: Settings, wanted: Wanted, *, started_at: datetime) -> Restored:
    """Restore a backup to where `settings` point. `Refused` with the reason, or SettingsError while it is in use."""
    started = time.monotonic()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    finish_swap(settings)
    with alone(settings.data_dir):
        if not wanted.replace_present:
            _refuse_present(settings)
        _refuse_in_use(settings)
        _hold_against_proof(wanted.backup)
        with _staging(settings) as folder:
            content = unpack(
                wanted.backup, wanted.identity, folder, with_files=True, accept=lambda about: _accept(settings, about)
            )
            with _database(settings, content) as (url, fresh):
                _verify(wanted.backup.name, url, content)
                lines, head = _brought_forward(settings, wanted, folder, url)
                aside = _unused(settings.data_dir / f"{KEPT_ASIDE}{started_at:%Y-%m-%dT%H%M%SZ}")
                plan = placing.plan(settings, folder, content, aside, fresh)
                carry_out(settings, plan)
        _keep_the_key(settings, wanted.identity)
        if head is not None:
            anchor.write_accepted(settings, head, wanted.older_reason, wanted.actor, started_at)
    kept = " and ".join([str(aside)] * aside.exists() + [f"database {plan.kept_database}"] * bool(plan.kept_database))
    manifest = content.manifest
    return Restored(
        manifest.about.made_at, manifest.journal.seq, manifest.journal.hash, dict(manifest.tables), lines, kept,
        round(time.monotonic() - started, 1),
    )  # fmt: skip


def _unused(path: Path) -> Path:
    """`path`, or with the first number behind it that is not taken."""
    names = itertools.chain([path], (path.with_name(f"{path.name}-{n}") for n in itertools.count(2)))
    return next(name for name in names if not name.exists())


def _refuse_present(settings: Settings) -> None:
    """`Refused` when there is a database or a stored file where the backup would go."""
    if settings.database_url.startswith("postgresql"):
        present = postgresql.exists(settings.main_url) and postgresql.has_tables(settings.main_url)
    else:
        present = any(path.exists() for path in database_files(settings))
    if present or any((settings.data_dir / "files").glob("*")):
        raise Refused(
            msg(
                "There is data at %(place)s already. With --replace it is moved aside, not deleted, and the backup"
                " takes its place; with --into DIR the backup goes elsewhere.",
                place=settings.data_dir,
            ),
            code="target_not_empty",
        )


def _refuse_in_use(settings: Settings) -> None:
    """`Refused` while another program has a database open, even one that does not know our locks."""
    name = str(settings.data_dir)
    busy = False
    if settings.database_url.startswith("postgresql"):
        busy = postgresql.exists(settings.main_url) and postgresql.others_connected(settings.main_url) > 0
    else:
        busy = not all(sqlite.is_free(path) for path in database_files(settings) if path.suffix == ".db")
    if busy:
        raise Refused(
            msg("The database of %(place)s is in use: stop whatever is connected to it first.", place=name),
            code="target_in_use",
        )


def _hold_against_proof(backup: Path) -> None:
    """Where the proof still lies beside it, it tells exactly whether the file is the one that was proven."""
    try:
        made = from_json(json.loads(proof_file(backup).read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return
    sealed = archive.sum_of(backup)
    if sealed.size < made.size:
        raise refusals.cut(backup.name)
    if (sealed.size, sealed.sha256) != (made.size, made.sha256):
        raise refusals.altered(backup.name)


@contextmanager
def _staging(settings: Settings) -> Iterator[Path]:
    """A folder beside the live data, so that it can be moved into place; what an interruption left there goes."""
    work = settings.data_dir / WORK
    work.mkdir(mode=0o700, exist_ok=True)
    for left_over in work.glob("restore-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="restore-", dir=work))
    try:
        yield folder
    finally:
        # An exchange that broke off goes on from here at the next start.
        if not (settings.data_dir / swap.NAME).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _accept(settings: Settings, about: About) -> None:
    """Refuse early what cannot end well: another engine, or a schema that this program does not know."""
    engine = "postgresql" if settings.database_url.startswith("postgresql") else "sqlite"
    if about.engine != engine:
        raise Refused(
            msg(
                "This is a backup of %(theirs)s, and ASSETS_DATABASE_URL names %(ours)s: restore it to the same kind of"
                " database.",
                theirs=about.engine, ours=engine,
            ),
            code="backup_other_engine",
        )  # fmt: skip
    for name, revision in zip(("main", "telemetry"), about.revisions, strict=True):
        if not knows(name, revision):
            raise Refused(
                msg(
                    "This backup is of a newer version: product %(product)s, %(name)s database %(revision)s. Restore"
                    " it with that version of the program or a newer one.",
                    product=about.product, name=name, revision=revision,
                ),
                code="backup_newer",
            )  # fmt: skip


@contextmanager
def _database(settings: Settings, content: Unpacked) -> Iterator[tuple[str, str]]:
    """The restored main database's address, and on PostgreSQL its name; that one goes again when anything fails."""
    if content.manifest.about.engine == "sqlite":
        yield f"sqlite:///{content.databases / sqlite.MAIN}", ""
        return
    postgresql.drop_left_over(settings.main_url, PURPOSE)
    name = postgresql.fresh_name(postgresql.name_of(settings.main_url), PURPOSE)
    url = postgresql.create(settings.main_url, name)
    try:
        postgresql.fill(url, content.databases / postgresql.DUMP)
        yield url, name
    except BaseException:
        postgresql.drop(url)
        raise


def _verify(name: str, url: str, content: Unpacked) -> None:
    main, telemetry = _engines(url)
    try:
        problems = counting.unsound(main, telemetry, content.manifest.tables, content.manifest.journal)
    except SQLAlchemyError as error:
        problems = [str(error)[:300]]
    finally:
        main.dispose()
        telemetry.dispose()
    if problems:
        raise Refused(
            msg(
                "%(file)s is not sound: %(problems)s. Take another backup.", file=name, problems="; ".join(problems[:5])
            ),
            code="backup_unsound",
        )


def _engines(url: str) -> tuple[Engine, Engine]:
    if url.startswith("sqlite"):
        return sqlite.opened(Path(url.removeprefix("sqlite:///")).parent)
    return make_engine(url), make_engine(url)


def _brought_forward(settings: Settings, wanted: Wanted, folder: Path, url: str) -> tuple[list[str], Head | None]:
    """Hold the restored state against the anchors and migrate it; lines to tell, and the head newly to be held to."""
    lines, accepted = [], None
    with closing(wanted.build(replace(settings, data_dir=folder / "home", database_url=url))) as app:
        with app.main.engine.connect() as connection:
            why = anchor.behind_anchor(connection, settings)
        if why is not None and not wanted.older_reason.strip():
            raise Refused(
                msg(
                    "This backup is older than what was recorded since: %(why)s. What came after would be lost. If"
                    " that is meant to be, say why: --older-than-anchor REASON",
                    why=why,
                ),
                code="backup_older_than_anchor",
            )
        if wanted.make_ready is not None and any(now != head for now, head in versions(app).values()):
            lines += wanted.make_ready(app)
        if why is not None:
            anchor.check_writable(settings)
            accepted = anchor.note_accepted(app, wanted.actor, wanted.older_reason, why)
            lines.append(f"anchors given up: {why}")
    return lines, accepted


def _keep_the_key(settings: Settings, identity: pyrage.x25519.Identity) -> None:
    """Where this machine has no key yet, the backups go on with the one that opened this."""
    if not keys.has_key(settings.data_dir):
        keys.keep_key(settings.data_dir, identity)
