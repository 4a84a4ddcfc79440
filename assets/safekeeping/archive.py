"""The file of a backup: a gzipped tar, encrypted with age for one key; written and read as a stream.

Nothing is ever half a backup: it is written beside its place under another name, made durable, and renamed. What is
read counts only once its end was reached: age seals each 64 KiB, and the last one as the last.
`age --decrypt -i KEYFILE FILE | tar -xz` opens it without this program.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import pyrage

from assets.safekeeping import refusals

CHUNK = 2**18
MAGIC = b"age-encryption.org/v1"
_COMPRESSION = 1
"""Fast: a nightly job shares two cores with an office at work, and papers and pictures are compressed already."""


@dataclass(frozen=True)
class Packed:
    """One file in the archive: its name there, size in bytes, SHA-256 of its content."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Sealed:
    """The finished file: size in bytes and SHA-256 of what lies on the disk."""

    size: int
    sha256: str


class Pack:
    """Takes files into an archive that is being written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: list[Packed] = []

    def add_bytes(self, name: str, content: bytes) -> None:
        """A small file of its own content; it is not listed in `files`."""
        self._tar.addfile(_info(name, len(content)), io.BytesIO(content))

    def add_file(self, name: str, path: Path) -> None:
        """A file as long as it is now: what is appended while it is read comes with the next backup."""
        with path.open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            reader = _Hashing(source)
            self._tar.addfile(_info(name, size), reader)
        self.files.append(Packed(name, size, reader.sha256))


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


class _Hashing:
    """Reads or writes through, and keeps SHA-256, size and the first error (the library below hides what it was)."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._hash = hashlib.sha256()
        self.size = 0
        self.error: OSError | None = None

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def read(self, size: int = -1) -> bytes:
        return self._passed(self._target.read(size))

    def write(self, content: bytes) -> int:
        try:
            self._target.write(content)
        except OSError as error:
            self.error = error
            raise
        self._passed(content)
        return len(content)

    def flush(self) -> None:
        self._target.flush()

    def _passed(self, content: bytes) -> bytes:
        self._hash.update(content)
        self.size += len(content)
        return content


@contextmanager
def writing(path: Path, recipient: pyrage.x25519.Recipient, done: Callable[[Sealed], None]) -> Iterator[Pack]:
    """Write an archive to `path`, which must not exist; `done` is called once it lies there, whole and durable.

    OSError when the disk refuses; then nothing is left behind.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already: a backup never takes the place of another file")
    part = path.with_name(f"{path.name}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            target = _Hashing(file)
            with (
                _through(lambda source: pyrage.encrypt_io(source, target, [recipient]), target) as pipe,
                gzip.GzipFile(fileobj=pipe, mode="wb", compresslevel=_COMPRESSION, mtime=0) as plain,
                tarfile.open(fileobj=plain, mode="w|", format=tarfile.PAX_FORMAT, bufsize=CHUNK) as tar,
            ):
                yield Pack(tar)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        _sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    done(Sealed(target.size, target.sha256))


@contextmanager
def _through(work: Callable[[IO[bytes]], None], target: _Hashing) -> Iterator[IO[bytes]]:
    """A pipe whose other end is read by `work` in a thread; its error comes before the broken pipe it causes."""
    incoming, outgoing = os.pipe()
    errors: list[BaseException] = []

    def run() -> None:
        try:
            with os.fdopen(incoming, "rb", CHUNK) as source:
                work(source)
        except BaseException as error:  # noqa: BLE001  # handed to the caller's thread, below
            errors.append(error)

    thread = threading.Thread(target=run, name="seal", daemon=True)
    thread.start()
    try:
        with os.fdopen(outgoing, "wb", CHUNK) as pipe:
            yield pipe
    except BrokenPipeError as broken:
        thread.join()
        raise target.error or (errors[0] if errors else broken) from broken
    finally:
        thread.join()
    if target.error or errors:
        raise target.error or errors[0]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sum_of(path: Path) -> Sealed:
    """Size and SHA-256 of a file as it lies on the disk."""
    with path.open("rb") as source:
        reader = _Hashing(source)
        while reader.read(CHUNK):
            pass
    return Sealed(reader.size, reader.sha256)


def read(path: Path, identity: pyrage.x25519.Identity, take: Callable[[str, IO[bytes]], None]) -> list[Packed]:
    """Give each file of the archive to `take`, in order, and answer what was read.

    `Refused` says why the file is not one to be restored. Until this returns, nothing that was taken is proven.
    """
    with path.open("rb") as sealed:
        beginning = sealed.read(len(MAGIC))
        if beginning != MAGIC:
            raise refusals.cut(path.name) if MAGIC.startswith(beginning) else refusals.not_ours(path.name)
        sealed.seek(0)
        errors: list[BaseException] = []
        incoming, outgoing = os.pipe()

        def run() -> None:
            with suppress(BrokenPipeError), os.fdopen(outgoing, "wb", CHUNK) as target:
                try:
                    pyrage.decrypt_io(sealed, target, [identity])
                except BaseException as error:  # noqa: BLE001  # handed to the caller's thread, below
                    errors.append(error)

        thread = threading.Thread(target=run, name="open", daemon=True)
        thread.start()
        try:
            with os.fdopen(incoming, "rb", CHUNK) as pipe:
                found = _read_plain(pipe, take)
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            thread.join()
            raise _refusal(path, errors) if errors else refusals.not_ours(path.name) from error
        finally:
            thread.join()
        if errors:
            raise _refusal(path, errors)
    return found


def _read_plain(pipe: IO[bytes], take: Callable[[str, IO[bytes]], None]) -> list[Packed]:
    found = []
    with gzip.GzipFile(fileobj=pipe, mode="rb") as plain:
        with tarfile.open(fileobj=plain, mode="r|", bufsize=CHUNK) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or not is_plain_name(member.name):
                    raise tarfile.TarError(f"{member.name!r} has no place in a backup")
                reader = _Hashing(content)
                take(member.name, reader)  # type: ignore[arg-type]  # only `read` is called
                while reader.read(CHUNK):
                    pass
                if reader.size != member.size:
                    raise EOFError(member.name)
                found.append(Packed(member.name, reader.size, reader.sha256))
        while plain.read(CHUNK):
            pass
    while pipe.read(CHUNK):
        pass
    return found


def is_plain_name(name: str) -> bool:
    """Whether a name stays inside the folder that it is unpacked into. Anybody can close a file for our key."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\0" not in name


def _refusal(path: Path, errors: list[BaseException]) -> BaseException:
    """What an error of the encryption means to a person."""
    error, words = errors[0], str(errors[0])
    if isinstance(error, pyrage.DecryptError):
        if "No matching keys" in words:
            return refusals.wrong_key(path.name)
        is_cut = "Incomplete" in words or "fill whole buffer" in words
        return refusals.cut(path.name) if is_cut else refusals.altered(path.name)
    if isinstance(error, OSError) and error.errno is None:
        return refusals.cut(path.name) if "truncated" in words else refusals.altered(path.name)
    return error


def copied(source: IO[bytes], path: Path) -> None:
    """Write what `source` holds to a new file, for its owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target:
        while piece := source.read(CHUNK):
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
