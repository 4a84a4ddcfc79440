"""Anchors: the journal's head, kept outside the database, so that a chain that was cut or exchanged is noticed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.app import App
from assets.core.journal import Head, JournalEntry, first_bad_entry, head


@dataclass(frozen=True)
class Verdict:
    """Whether the chain holds, how many entries it has, its head's hash, and the words."""

    ok: bool
    entries: int
    head: str
    text: str


def anchor_file(app: App) -> Path:
    """The file of anchors, one JSON line each, oldest first."""
    return app.settings.data_dir / "journal-anchors.jsonl"


def last_anchor(app: App) -> Head | None:
    """The newest anchor, or None before the first."""
    path = anchor_file(app)
    if not path.exists():
        return None
    lines = path.read_text().splitlines()
    if not lines:
        return None
    newest = json.loads(lines[-1])
    return Head(int(newest["seq"]), str(newest["hash"]))


def anchor(app: App) -> str:
    """Verify, then append the head to the anchor file; answers what was done. An OSError when the chain is broken."""
    result = verify(app)
    if not result.ok:
        raise OSError(result.text)
    with app.reading() as session:
        newest = head(session)
    known = last_anchor(app)
    if known is not None and known.seq == newest.seq:
        return f"nothing new since entry {newest.seq}"
    line = json.dumps({"at": app.clock().isoformat(), "seq": newest.seq, "hash": newest.hash})
    with anchor_file(app).open("a") as target:
        target.write(f"{line}\n")
        target.flush()
        os.fsync(target.fileno())
    return f"anchored entry {newest.seq}, {newest.hash[:16]}…"


def verify(app: App) -> Verdict:
    """Check every entry against its predecessor, and the chain against the last anchor."""
    with app.reading() as session:
        newest = head(session)
        bad = first_bad_entry(session)
        if bad is not None:
            return Verdict(
                False, newest.seq, newest.hash, f"entry {bad} does not fit the chain: it was changed or removed"
            )
        known = last_anchor(app)
        if known is not None and not _holds(session, known):
            text = f"the chain does not contain the anchored entry {known.seq}: entries were removed or exchanged"
            return Verdict(False, newest.seq, newest.hash, text)
    return Verdict(True, newest.seq, newest.hash, f"{newest.seq} entries, all in order; head {newest.hash[:16]}…")


def _holds(session: Session, known: Head) -> bool:
    if known.seq == 0:
        return True
    return session.scalar(select(JournalEntry.hash).where(JournalEntry.seq == known.seq)) == known.hash
