"""Uploaded tables between the dry run and the decision: kept on the server for their account, for a day."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.exchange.imports import ImportReport

KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Upload:
    """A kept table: whose it is, what it is called, and the report of its last run, in the words of then."""

    key: str
    account_id: int
    kind: str
    filename: str
    kept_at: datetime
    report: dict[str, Any]
    lines: list[list[Any]]


def keep_upload(data_dir: Path, account_id: int, kind: str, filename: str, content: bytes, now: datetime) -> str:
    """Keep an uploaded table and give its key; what has expired is removed on the way."""
    root = _root(data_dir)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_expired(root, now)
    key = uuid4().hex
    folder = root / key
    folder.mkdir(mode=0o700)
    (folder / "table").write_bytes(content)
    facts = {"account_id": account_id, "kind": kind, "filename": filename[:200], "kept_at": now.isoformat()}
    _write(folder / "facts.json", facts)
    return key


def keep_report(data_dir: Path, key: str, report: ImportReport, locale: str) -> None:
    """Keep what a run reported, without the secrets that it made."""
    found = report.to_dict(locale)
    for row in found["rows"]:  # type: ignore[attr-defined]  # a list of rows
        row.pop("secret", None)
    _write(_root(data_dir) / key / "report.json", {"report": found, "lines": report.table(locale)})


def upload(data_dir: Path, key: UUID, account_id: int, now: datetime) -> Upload:
    """The kept table; `NotFound` when it is another account's, has expired or was never there: all look the same."""
    folder = _root(data_dir) / key.hex
    try:
        facts = json.loads((folder / "facts.json").read_text())
        kept = json.loads((folder / "report.json").read_text())
    except FileNotFoundError as error:
        raise _gone() from error
    kept_at = datetime.fromisoformat(facts["kept_at"])
    if facts["account_id"] != account_id or now >= kept_at + KEPT_FOR:
        raise _gone()
    return Upload(
        key.hex, account_id, facts["kind"], facts["filename"], kept_at, kept["report"], kept["lines"]
    )  # fmt: skip


def uploaded_table(data_dir: Path, kept: Upload) -> bytes:
    """The bytes as they were uploaded."""
    try:
        return (_root(data_dir) / kept.key / "table").read_bytes()
    except FileNotFoundError as error:
        raise _gone() from error


def _gone() -> NotFound:
    return NotFound(msg("This file is not kept any more. Upload it again."), code="upload_expired")


def _root(data_dir: Path) -> Path:
    return data_dir / "imports"


def _write(path: Path, value: object) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(value, ensure_ascii=False, default=str))
    unfinished.replace(path)


def _remove_expired(root: Path, now: datetime) -> None:
    for folder in root.iterdir():
        try:
            kept_at = datetime.fromisoformat(json.loads((folder / "facts.json").read_text())["kept_at"])
        except FileNotFoundError:
            continue
        if now >= kept_at + KEPT_FOR:
            shutil.rmtree(folder, ignore_errors=True)
