"""The only place that builds things: settings become an `App`, with its data directory, secrets and engines."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event

from assets.core.app import App
from assets.core.clock import Clock, system_clock
from assets.core.db import Database, make_engine
from assets.core.journal import refuse_bulk_statements
from assets.core.occupancy import occupy
from assets.core.outbox import mailer_for
from assets.safekeeping.swap import finish_swap
from assets.settings import Settings, SettingsError

KEY_BYTES = 32


def build_app(settings: Settings, *, clock: Clock = system_clock) -> App:
    """An `App` with engines of its own; call it after a fork. `SettingsError` says what stops the start."""
    prepare_data_dir(settings.data_dir)
    finish_swap(settings)
    occupancy = occupy(settings.data_dir)
    main = make_engine(settings.main_url)
    event.listen(main, "before_execute", refuse_bulk_statements)
    return App(
        settings=settings,
        main=Database(main, settings.zone),
        telemetry=Database(make_engine(settings.telemetry_url, in_schema=True), settings.zone),
        clock=clock,
        mailer=mailer_for(settings, clock),
        secret_key=session_key(settings.data_dir),
        job_periods=_job_periods,
        occupancy=occupancy,
    )


def _job_periods() -> Mapping[str, timedelta]:
    # Imported when asked for: the jobs know every slice, and most commands need none of them.
    from assets.scheduling.jobs import JOBS

    return {job.name: job.every for job in JOBS}


def prepare_data_dir(data_dir: Path) -> None:
    """Make the data directory for its owner alone."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        data_dir.chmod(0o700)
    except OSError as error:
        raise SettingsError(f"ASSETS_DATA_DIR: {data_dir} cannot be used: {error}") from error


def session_key(data_dir: Path) -> bytes:
    """The key that signs sessions: made at the first start, kept in the data directory.

    A short or empty key file stops the start: a session signed with it could be forged.
    """
    path = data_dir / "secrets" / "session.key"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        _make_key(path)
    key = path.read_bytes()
    if len(key) < KEY_BYTES or len(set(key)) < 8:
        raise SettingsError(f"{path} is too short or not random. Remove it to have a new one made; all sign-ins end.")
    return key


def _make_key(path: Path) -> None:
    """Whole or not at all: a process that is killed half-way must not leave half a key, which stops every start."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target:
        target.write(secrets.token_bytes(KEY_BYTES))
        target.flush()
        os.fsync(target.fileno())
    with contextlib.suppress(FileExistsError):  # another process was a moment earlier; its key counts
        os.link(unfinished, path)  # unlike a rename, never over a key that is in use
    unfinished.unlink()
