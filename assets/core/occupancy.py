"""Who works on a data directory: every process holds a shared lock on it, and a restore needs it alone."""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assets.settings import SettingsError

NAME = "in-use.lock"


class Occupancy:
    """A lock on a data directory; it ends with `close`, or with the process, however that ends."""

    def __init__(self, data_dir: Path, kind: int) -> None:
        # A bare handle: an application that nobody closed must not warn of it when it is collected.
        self._handle = os.open(data_dir / NAME, os.O_RDWR | os.O_CREAT, 0o600)
        self._finalizer = weakref.finalize(self, os.close, self._handle)
        try:
            fcntl.flock(self._handle, kind | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise

    def become_alone(self) -> None:
        """Make the lock an exclusive one; `SettingsError` while another process works here too."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SettingsError("something else works on this data directory: stop `assets serve` first") from error

    def close(self) -> None:
        """Let go of the lock."""
        self._finalizer()


def occupy(data_dir: Path) -> Occupancy:
    """Share a data directory with others; `SettingsError` while a restore has it alone."""
    try:
        return Occupancy(data_dir, fcntl.LOCK_SH)
    except OSError as error:
        raise SettingsError(f"{data_dir} is being restored or taken back to an older version: wait for it") from error


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Have a data directory alone; `SettingsError` while any other process works on it."""
    try:
        held = Occupancy(data_dir, fcntl.LOCK_EX)
    except OSError as error:
        raise SettingsError(f"something works on {data_dir}: stop `assets serve` and its parts first") from error
    try:
        yield
    finally:
        held.close()
