"""What a backup says of itself: `about.json` comes first in the archive, `manifest.json` last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assets import __version__
from assets.core.journal import Head
from assets.safekeeping.archive import Packed

FORMAT = 1
ABOUT, MANIFEST = "about.json", "manifest.json"
SETTINGS = "settings.json"
DATABASES, FILES = "database/", "files/"


@dataclass(frozen=True)
class About:
    """What can be judged before anything else is read. Sizes are of what is unpacked, in bytes."""

    format: int
    product: str
    engine: str
    revisions: tuple[str, str]
    made_at: datetime
    database_size: int
    size: int

    def as_json(self) -> dict[str, Any]:
        """Plain values; `revisions` by database."""
        main, telemetry = self.revisions
        return {
            "format": self.format, "product": self.product, "engine": self.engine,
            "revisions": {"main": main, "telemetry": telemetry}, "made_at": self.made_at.isoformat(),
            "database_size": self.database_size, "size": self.size,
        }  # fmt: skip

    def dumped(self) -> bytes:
        """The file in the archive."""
        return json.dumps(self.as_json(), indent=1).encode()


@dataclass(frozen=True)
class Manifest:
    """Rows of every table as `database.table`, the journal's head, and every file with size and SHA-256."""

    about: About
    journal: Head
    tables: Mapping[str, int]
    files: tuple[Packed, ...]

    def dumped(self) -> bytes:
        """The file in the archive."""
        values = {
            "about": self.about.as_json(),
            "journal": {"seq": self.journal.seq, "hash": self.journal.hash},
            "tables": dict(self.tables),
            "files": [{"name": f.name, "size": f.size, "sha256": f.sha256} for f in self.files],
        }
        return json.dumps(values, indent=1).encode()


def about_now(engine: str, revisions: tuple[str, str], made_at: datetime, sizes: tuple[int, int]) -> About:
    """About a backup that is being made by this program; sizes of the databases and of everything, in bytes."""
    return About(FORMAT, __version__, engine, revisions, made_at, *sizes)


def read_about(content: bytes) -> About:
    """ValueError, KeyError or TypeError when it is none."""
    return _about(json.loads(content))


def read_manifest(content: bytes) -> Manifest:
    """ValueError, KeyError or TypeError when it is none."""
    values = json.loads(content)
    return Manifest(
        _about(values["about"]),
        Head(int(values["journal"]["seq"]), str(values["journal"]["hash"])),
        {str(name): int(rows) for name, rows in values["tables"].items()},
        tuple(Packed(str(f["name"]), int(f["size"]), str(f["sha256"])) for f in values["files"]),
    )


def _about(values: dict[str, Any]) -> About:
    revisions = values["revisions"]
    return About(
        int(values["format"]), str(values["product"]), str(values["engine"]),
        (str(revisions["main"]), str(revisions["telemetry"])), datetime.fromisoformat(values["made_at"]),
        int(values["database_size"]), int(values["size"]),
    )  # fmt: skip
