"""The proof of a backup: it is opened and restored into a temporary place, and counted against its own manifest."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyrage
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from assets.core.db import make_engine
from assets.core.errors import DomainError
from assets.safekeeping import archive
from assets.safekeeping.archive import Sealed
from assets.safekeeping.engines import counting, postgresql, sqlite
from assets.safekeeping.log import Made
from assets.safekeeping.unpack import Unpacked, unpack
from assets.settings import Settings

PURPOSE = "proof"


def proof_file(backup: Path) -> Path:
    """Where the result lies, beside the backup."""
    return backup.with_name(f"{backup.name}.proof.json")


def write_proof(made: Made) -> None:
    """Keep the result beside the backup, with the SHA-256 of the file that was proven."""
    path = proof_file(made.path)
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(json.dumps(made.as_json(), ensure_ascii=False, indent=1) + "\n")
    unfinished.rename(path)


def prove(settings: Settings, backup: Path, sealed: Sealed, identity: pyrage.x25519.Identity, work: Path) -> list[str]:
    """Restore `backup` into a temporary place and hold it against its manifest; what does not agree, empty if all does.

    On PostgreSQL that place is a database of its own on the same server; on SQLite it is a folder in `work`.
    """
    if archive.sum_of(backup) != sealed:
        return ["the file on the disk is not what was written to it"]
    try:
        with (
            tempfile.TemporaryDirectory(prefix="proof-", dir=work) as folder,
            _restored(settings, unpack(backup, identity, Path(folder), with_files=False)) as (content, main, telemetry),
        ):
            return counting.unsound(main, telemetry, content.manifest.tables, content.manifest.journal)
    except DomainError as error:
        return [str(error.message)]
    except SQLAlchemyError as error:
        return [f"the restored database cannot be read: {error}"[:300]]


@contextmanager
def _restored(settings: Settings, content: Unpacked) -> Iterator[tuple[Unpacked, Engine, Engine]]:
    if content.manifest.about.engine == "sqlite":
        main, telemetry = sqlite.opened(content.databases)
        try:
            yield content, main, telemetry
        finally:
            main.dispose()
            telemetry.dispose()
        return
    postgresql.drop_left_over(settings.main_url, PURPOSE)
    name = postgresql.fresh_name(postgresql.name_of(settings.main_url), PURPOSE)
    url = postgresql.create(settings.main_url, name)
    engine = make_engine(url)
    try:
        postgresql.fill(url, content.databases / postgresql.DUMP)
        yield content, engine, engine
    finally:
        engine.dispose()
        postgresql.drop(url)
