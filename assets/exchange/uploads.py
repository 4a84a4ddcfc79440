"""The files of imports: the table as it was sent, its report, how far it is; named by the server, readable by it alone.

They lie under `imports/` in the data directory and not with the papers: those are PDF and pictures, these are never
shown to anyone as they came.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.exchange.imports.report import ImportReport, report_of, stored_report

_TABLE, _REPORT, _PROGRESS = "table", "report.json", "progress.json"


@dataclass(frozen=True)
class Progress:
    """How far a run is: rows done, of how many, since when it has been at it, and when it said so."""

    done: int
    of: int
    started_at: datetime
    at: datetime

    def left_s(self, now: datetime) -> float | None:
        """Seconds that the rest will take at the pace so far; None while there is nothing to go by."""
        spent = (self.at - self.started_at).total_seconds()
        if self.done <= 0 or spent <= 0 or self.of <= self.done:
            return None
        return max(0.0, spent / self.done * (self.of - self.done) - (now - self.at).total_seconds())


def keep_table(data_dir: Path, content: bytes) -> str:
    """Keep an uploaded table durably and give its key."""
    key = uuid4().hex
    folder = _root(data_dir) / key
    folder.mkdir(mode=0o700, parents=True)
    _write(folder / _TABLE, content)
    return key


def kept_table(data_dir: Path, key: str) -> bytes:
    """The bytes as they were uploaded."""
    try:
        return (_folder(data_dir, key) / _TABLE).read_bytes()
    except FileNotFoundError as error:
        raise _gone() from error


def keep_report(data_dir: Path, key: str, report: ImportReport) -> None:
    """Keep what a run reported, without the secrets that it made."""
    _write(_folder(data_dir, key) / _REPORT, json.dumps(stored_report(report), ensure_ascii=False).encode())


def kept_report(data_dir: Path, key: str) -> ImportReport | None:
    """What the run reported last; None while it has not."""
    found = _read(data_dir, key, _REPORT)
    return report_of(found) if found is not None else None


def keep_progress(data_dir: Path, key: str, progress: Progress) -> None:
    """Say how far a run is, in a file: the database is held by the run's own transaction."""
    told = {
        "done": progress.done, "of": progress.of, "started_at": progress.started_at.isoformat(),
        "at": progress.at.isoformat(),
    }  # fmt: skip
    _write(_folder(data_dir, key) / _PROGRESS, json.dumps(told).encode(), durable=False)


def kept_progress(data_dir: Path, key: str) -> Progress | None:
    """How far a run said it is; None when it has said nothing."""
    found = _read(data_dir, key, _PROGRESS)
    if found is None:
        return None
    at = {name: datetime.fromisoformat(found[name]) for name in ("started_at", "at")}
    return Progress(found["done"], found["of"], **at)


def remove_files(data_dir: Path, key: str) -> None:
    """Remove the files of a run of which nothing was kept."""
    shutil.rmtree(_folder(data_dir, key), ignore_errors=True)


def _root(data_dir: Path) -> Path:
    return data_dir / "imports"


def _folder(data_dir: Path, key: str) -> Path:
    try:
        return _root(data_dir) / UUID(hex=key).hex
    except ValueError as error:
        raise _gone() from error


def _gone() -> NotFound:
    return NotFound(msg("This file is not kept any more. Upload it again."), code="upload_expired")


def _read(data_dir: Path, key: str, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((_folder(data_dir, key) / name).read_bytes())
    except FileNotFoundError:
        return None
    return found


def _write(path: Path, content: bytes, *, durable: bool = True) -> None:
    unfinished = path.with_name(f".{path.name}.new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        target.write(content)
        if durable:
            target.flush()
            os.fsync(target.fileno())
    unfinished.replace(path)
