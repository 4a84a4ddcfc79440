"""What backups were made and whether each was proven: one JSON line each, in the data directory, newest last.

A file and no table: a restored database must not forget what was backed up after it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from assets.settings import Settings

NAME = "backup-log.jsonl"


@dataclass(frozen=True)
class Made:
    """One backup: when its content was read, where it lies, and how its proof went.

    `kind`: 'nightly', 'asked', 'manual', 'before-upgrade' or 'before-downgrade'. `proven_at` None: not proven, and
    `reason` says why. Sizes in bytes, times taken in seconds. `revisions` are the schema's, main and telemetry.
    `missing_files`: stored files that the database names and that were gone already when the backup was made.
    """

    file: str
    kind: str
    made_at: datetime
    size: int
    sha256: str
    took_s: float
    proven_at: datetime | None
    reason: str
    journal_seq: int
    revisions: tuple[str, str]
    missing_files: int = 0

    @property
    def path(self) -> Path:
        return Path(self.file)

    @property
    def is_there(self) -> bool:
        """Whether the file still lies where it was put, with its size."""
        try:
            return self.path.stat().st_size == self.size
        except OSError:
            return False

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the log and the proof beside the file hold them."""
        values = asdict(self)
        values["made_at"] = self.made_at.isoformat()
        values["proven_at"] = self.proven_at.isoformat() if self.proven_at else None
        values["revisions"] = list(self.revisions)
        return values


def from_json(values: dict[str, Any]) -> Made:
    """The value of a line; ValueError, KeyError or TypeError when it is none."""
    proven, (main, telemetry) = values["proven_at"], values["revisions"]
    return Made(
        file=str(values["file"]), kind=str(values["kind"]), made_at=datetime.fromisoformat(values["made_at"]),
        size=int(values["size"]), sha256=str(values["sha256"]), took_s=float(values["took_s"]),
        proven_at=datetime.fromisoformat(proven) if proven else None, reason=str(values["reason"]),
        journal_seq=int(values["journal_seq"]), revisions=(str(main), str(telemetry)),
        missing_files=int(values.get("missing_files", 0)),
    )  # fmt: skip


def write(data_dir: Path, made: Made) -> None:
    """Append a line, durably."""
    with (data_dir / NAME).open("a") as target:
        target.write(json.dumps(made.as_json(), ensure_ascii=False) + "\n")
        target.flush()
        os.fsync(target.fileno())


def routine(settings: Settings) -> list[Made]:
    """Those that were made in the folder of the backups, by which the rule of what is kept goes; newest first."""
    return [made for made in entries(settings.data_dir) if made.path.parent == settings.backup_folder]


def entries(data_dir: Path) -> list[Made]:
    """Every backup that was made here, newest first. A line that was cut by a power loss is passed over."""
    try:
        lines = (data_dir / NAME).read_text().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(from_json(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            continue
    return sorted(found, key=lambda made: made.made_at, reverse=True)


def last_proven(data_dir: Path) -> datetime | None:
    """When the content of the newest backup was read that was proven by restoring it and is still there."""
    return next((made.made_at for made in entries(data_dir) if made.proven_at and made.is_there), None)
