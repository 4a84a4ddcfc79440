"""Secret files, whole or not at all, for their owner alone; and one process at a time that makes them."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def folder_of(data_dir: Path) -> Path:
    """Where the secrets lie."""
    return data_dir / "secrets"


@contextmanager
def one_at_a_time(data_dir: Path) -> Iterator[None]:
    """The workers of the web and the command line wait for each other here."""
    with (data_dir / "tls.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def write_once(path: Path, content: bytes) -> None:
    """Write a file that is never overwritten: one that is there stays as it is."""
    unfinished = _written_beside(path, content)
    with contextlib.suppress(FileExistsError):
        os.link(unfinished, path)
    unfinished.unlink()


def write_over(path: Path, content: bytes) -> None:
    """Write a file that takes the place of an older one at once."""
    _written_beside(path, content).replace(path)


def _written_beside(path: Path, content: bytes) -> Path:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
    return unfinished
