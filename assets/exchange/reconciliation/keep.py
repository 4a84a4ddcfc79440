"""Keeps what a comparison found, under its day, for a month: the register goes on, and the result must not.

It changes nothing, so no row and no journal entry tells of it; who needs it longer downloads it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.exchange.reconciliation.result import Reconciliation, result_of, stored_result

KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True)
class KeptResult:
    """A result with the file that it is of, whose it is, and when the register was as it says."""

    key: str
    account_id: int
    file_name: str
    at: datetime
    result: Reconciliation


def keep_result(data_dir: Path, account_id: int, file_name: str, result: Reconciliation, now: datetime) -> str:
    """Keep a result and give its key."""
    key = uuid4().hex
    folder = _root(data_dir)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {
        "account_id": account_id, "file_name": file_name[:200], "at": now.isoformat(), "result": stored_result(result)
    }  # fmt: skip
    descriptor = os.open(folder / f".{key}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        json.dump(kept, target, ensure_ascii=False)
    (folder / f".{key}").rename(folder / key)
    return key


def kept_result(data_dir: Path, key: UUID, account_id: int) -> KeptResult:
    """The result; `NotFound` when it is another account's, too old or was never there: all look the same."""
    try:
        kept: dict[str, Any] = json.loads((_root(data_dir) / key.hex).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise _gone() from error
    if kept["account_id"] != account_id:
        raise _gone()
    return KeptResult(
        key.hex, account_id, kept["file_name"], datetime.fromisoformat(kept["at"]), result_of(kept["result"])
    )


def forget_results(data_dir: Path, now: datetime) -> int:
    """Remove results that are older than a month; answers how many."""
    root, gone = _root(data_dir), 0
    for path in list(root.iterdir()) if root.is_dir() else []:
        kept = json.loads(path.read_text(encoding="utf-8")) if not path.name.startswith(".") else {}
        # What has no day was broken off while it was written.
        if not kept or datetime.fromisoformat(kept["at"]) < now - KEPT_FOR:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _gone() -> NotFound:
    return NotFound(msg("This comparison is not kept any more. Upload the list again."), code="upload_expired")


def _root(data_dir: Path) -> Path:
    return data_dir / "reconciliations"
