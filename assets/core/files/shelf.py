"""The folder of stored files: each under a name of ours, written durably or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

from assets.core.errors import DomainError, InvalidInput, NotFound
from assets.core.files.kinds import MAX_BYTES, PICTURES, content_type_of
from assets.core.files.pictures import reencoded
from assets.core.i18n import msg

CHUNK = 256 * 1024
UNFINISHED = "."  # What the name of a file begins with that is still being written.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class NoSpace(DomainError):
    """The disk is full: nothing was kept, and what was kept before is whole."""

    default_code = "no_space"


@dataclass(frozen=True)
class StoredFile:
    """Where a file lies and what it is: type found from its content, size in bytes, SHA-256, all as it is kept."""

    key: str
    content_type: str
    size: int
    sha256: str


def folder_in(data_dir: Path) -> Path:
    """Where stored files lie in the data directory."""
    return data_dir / "files"


@dataclass(frozen=True)
class Cleaned:
    """Content as it would be kept, pictures written anew, and nowhere kept yet."""

    content: bytes
    content_type: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def store(folder: Path, content: bytes) -> StoredFile:
    """Keep `content` under a new name, durably, pictures written anew.

    `InvalidInput` for other types and sizes, `NoSpace` when the disk is full; no part of a file stays behind.
    """
    return keep(folder, cleaned(content))


def cleaned(content: bytes) -> Cleaned:
    """What would be kept of `content`; `InvalidInput` for other types and sizes.

    Pictures take their time here: where many wait for a transaction, this comes before it.
    """
    if len(content) > MAX_BYTES:
        raise InvalidInput(
            msg("The file is larger than %(limit)s MB.", limit=MAX_BYTES // 2**20), code="file_too_large"
        )
    content_type = content_type_of(content)
    if content_type is None:
        raise InvalidInput(msg("Only PDF, PNG, JPEG and WebP files are taken."), code="file_type")
    return Cleaned(reencoded(content, content_type) if content_type in PICTURES else content, content_type)


def keep(folder: Path, file: Cleaned) -> StoredFile:
    """Keep it under a new name, durably; `NoSpace` when the disk is full, and no part of it stays behind."""
    key = uuid4().hex
    try:
        _write(folder, key, file.content)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise NoSpace(
            msg("There is no room left on the server for this file. Nothing was kept; tell the administrator.")
        ) from error
    return StoredFile(key, file.content_type, len(file.content), file.sha256)


def _write(folder: Path, key: str, content: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = folder / f"{UNFINISHED}{key}"
    try:
        with unfinished.open("xb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        unfinished.rename(folder / key)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    # The name itself must survive a power cut as well.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _opened(folder: Path, key: str) -> BinaryIO:
    try:
        return (folder / UUID(hex=key).hex).open("rb")
    except (ValueError, FileNotFoundError) as error:
        raise NotFound(msg("The file is not there.")) from error


def read(folder: Path, key: str) -> bytes:
    """The content of a stored file; `NotFound` when the key is not one of ours or its file is gone."""
    with _opened(folder, key) as source:
        return source.read()


def pieces_of(folder: Path, key: str) -> Iterator[bytes]:
    """A stored file in pieces, whatever its size; `NotFound` at once, as in `read`."""
    source = _opened(folder, key)

    def pieces() -> Iterator[bytes]:
        with source:
            while piece := source.read(CHUNK):
                yield piece

    return pieces()
