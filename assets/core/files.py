"""Stored files: named by the server, never by what was uploaded, in one folder of the data directory."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from assets.core.errors import InvalidInput, NotFound
from assets.core.i18n import msg

MAX_BYTES = 20 * 1024 * 1024
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)


@dataclass(frozen=True)
class StoredFile:
    """Where a file lies and what it is: type found from its content, size in bytes, SHA-256."""

    key: str
    content_type: str
    size: int
    sha256: str


def content_type_of(content: bytes) -> str | None:
    """The type that the content itself shows: PDF, PNG, JPEG or WebP; None for anything else."""
    for signature, content_type in _SIGNATURES:
        if content.startswith(signature):
            return content_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def store(folder: Path, content: bytes) -> StoredFile:
    """Write `content` under a new name, durably; `InvalidInput` for other types and sizes."""
    if len(content) > MAX_BYTES:
        raise InvalidInput(
            msg("The file is larger than %(limit)s MB.", limit=MAX_BYTES // 2**20), code="file_too_large"
        )
    content_type = content_type_of(content)
    if content_type is None:
        raise InvalidInput(msg("Only PDF, PNG, JPEG and WebP files are taken."), code="file_type")
    key = uuid4().hex
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = folder / f".{key}"
    with unfinished.open("wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
    unfinished.rename(folder / key)
    return StoredFile(key, content_type, len(content), hashlib.sha256(content).hexdigest())


def read(folder: Path, key: str) -> bytes:
    """The content of a stored file; `NotFound` when the key is not one of ours or its file is gone."""
    try:
        name = UUID(hex=key).hex
        return (folder / name).read_bytes()
    except (ValueError, FileNotFoundError) as error:
        raise NotFound(msg("The file is not there.")) from error
