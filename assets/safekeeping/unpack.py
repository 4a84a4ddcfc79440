"""Opens a backup into a folder and holds every file against the manifest; what does not agree is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

import pyrage

from assets.core.i18n import msg
from assets.safekeeping import archive, manifest, refusals
from assets.safekeeping.engines import postgresql, sqlite
from assets.safekeeping.manifest import ABOUT, DATABASES, FILES, FORMAT, MANIFEST, SETTINGS, About, Manifest
from assets.safekeeping.refusals import Refused

_LARGEST = {ABOUT: 2**20, MANIFEST: 2**29, SETTINGS: 2**20}
_DATABASES = {
    "sqlite": {f"{DATABASES}{sqlite.MAIN}", f"{DATABASES}{sqlite.TELEMETRY}"},
    "postgresql": {f"{DATABASES}{postgresql.DUMP}"},
}
T = TypeVar("T")
SPARE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Unpacked:
    """An opened backup: the databases, and the files of the data directory if they were wanted."""

    manifest: Manifest
    databases: Path
    files: Path


def unpack(
    path: Path,
    identity: pyrage.x25519.Identity,
    folder: Path,
    *,
    with_files: bool,
    accept: Callable[[About], None] = lambda _: None,
) -> Unpacked:
    """Open `path` into the empty `folder`, whole and unchanged, or raise `Refused`. `accept` may refuse it early."""
    reader = _Reader(path.name, folder, with_files, accept)
    packed = archive.read(path, identity, reader.take)
    if reader.about is None or reader.manifest is None or reader.manifest.about != reader.about:
        raise refusals.not_ours(path.name)
    listed = {one.name: one for one in reader.manifest.files}
    found = {one.name: one for one in packed if one.name not in _LARGEST}
    if listed != found or not _DATABASES[reader.about.engine] <= set(found):
        raise refusals.altered(path.name)
    return Unpacked(reader.manifest, folder / DATABASES, folder / FILES)


class _Reader:
    """Takes the archive's files in their order: `about.json` first, `manifest.json` last."""

    def __init__(self, name: str, folder: Path, with_files: bool, accept: Callable[[About], None]) -> None:
        self._name, self._folder, self._with_files, self._accept = name, folder, with_files, accept
        self.about: About | None = None
        self.manifest: Manifest | None = None

    def take(self, name: str, content: IO[bytes]) -> None:
        """Put one file where it belongs."""
        if self.about is None:
            self._begin(name, content)
        elif self.manifest is not None:
            raise refusals.not_ours(self._name)
        elif name == MANIFEST:
            self.manifest = self._parsed(manifest.read_manifest, name, content)
        elif name in _DATABASES[self.about.engine] or name == SETTINGS or (name.startswith(FILES) and self._with_files):
            archive.copied(content, self._folder / name)
        elif not name.startswith(FILES):
            raise refusals.not_ours(self._name)

    def _begin(self, name: str, content: IO[bytes]) -> None:
        if name != ABOUT:
            raise refusals.not_ours(self._name)
        self.about = self._parsed(manifest.read_about, name, content)
        if self.about.format > FORMAT or self.about.engine not in _DATABASES:
            raise Refused(
                msg(
                    "%(file)s was made by version %(version)s of this product, in a form that this one does not know:"
                    " restore it with that version.",
                    file=self._name,
                    version=self.about.product,
                ),
                code="backup_newer",
            )
        self._accept(self.about)
        need_room(self._folder, self.about.size if self._with_files else self.about.database_size)

    def _parsed(self, parse: Callable[[bytes], T], name: str, content: IO[bytes]) -> T:
        try:
            return parse(content.read(_LARGEST[name]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise refusals.not_ours(self._name) from error


def need_room(folder: Path, size: int) -> None:
    """`Refused` when the disk of `folder` has no room for `size` more bytes."""
    free = shutil.disk_usage(folder).free
    if free < size + SPARE_BYTES:
        raise Refused(
            msg(
                "The disk of %(folder)s has %(free)s MB free, and %(needed)s MB are needed. What is kept there"
                " already is untouched. Make room, or name another disk.",
                folder=folder,
                free=f"{free // 2**20:,}",
                needed=f"{(size + SPARE_BYTES) // 2**20:,}",
            ),
            code="no_space",
        )
