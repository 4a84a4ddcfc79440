"""Anchors: the journal's head, kept outside the database, so that a chain that was cut or exchanged is noticed.

They are kept in the data directory, where the settings say so in a second file on another disk, and in mails. Whoever
restores an older state knowingly gives the later anchors up with a reason; that is itself written into each file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, select
from sqlalchemy.orm import Session

from assets.core.actor import Actor, system_actor
from assets.core.app import App
from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import msg
from assets.core.journal import Head, JournalEntry, first_bad_entry, head, note
from assets.core.outbox import queue_mail
from assets.core.rows import touched_rows
from assets.settings import Settings, SettingsError

NAME = "journal-anchors.jsonl"
_AT_ONCE = 500


@dataclass(frozen=True)
class Verdict:
    """Whether the chain holds, how many entries it has, its head's hash, and the words."""

    ok: bool
    entries: int
    head: str
    text: str


@dataclass(frozen=True)
class Kept:
    """What one file of anchors says: those in force, oldest first, the newest giving up of older ones, and damage."""

    path: Path
    anchors: tuple[Head, ...]
    given_up: str = ""
    bad_line: int | None = None

    @property
    def newest(self) -> Head | None:
        return self.anchors[-1] if self.anchors else None


def anchor_file(app: App) -> Path:
    """The file of anchors in the data directory, one JSON line each, oldest first."""
    return app.settings.data_dir / NAME


def places(settings: Settings) -> tuple[Path, ...]:
    """Every file of anchors: the data directory's, and the one outside where there is one."""
    own = settings.data_dir / NAME
    return (own, Path(settings.anchor_file).absolute()) if settings.anchor_file else (own,)


def kept(path: Path) -> Kept:
    """What a file of anchors says; nothing where there is none."""
    lines = path.read_text().splitlines() if path.exists() else []
    anchors: list[Head] = []
    given_up, bad = "", None
    for number, line in enumerate(lines, 1):
        try:
            values = json.loads(line)
            read = Head(int(values["seq"]), str(values["hash"]))
            reason = str(values.get("accepted", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            # A last line that a power loss cut is no damage: the anchor is made anew.
            bad = number if number < len(lines) else bad
            continue
        if reason:
            anchors, given_up = [], f"on {str(values.get('at', ''))[:10]} earlier anchors were given up: {reason}"
        anchors.append(read)
    return Kept(path, tuple(anchors), given_up, bad)


def last_anchor(app: App) -> Head | None:
    """The newest anchor of the data directory, or None before the first."""
    return kept(anchor_file(app)).newest


def anchor(app: App) -> str:
    """Verify, then keep the head in every place; answers what was done. An OSError when the chain is broken."""
    result = verify(app)
    if not result.ok:
        raise OSError(result.text)
    now = app.clock()
    with app.reading() as session:
        newest = head(session)
    behind = [path for path in places(app.settings) if kept(path).newest != newest]
    if not behind:
        return f"nothing new since entry {newest.seq}"
    _append(behind, {"at": now.isoformat(), "seq": newest.seq, "hash": newest.hash})
    if app.settings.anchor_mail:
        with app.transaction(system_actor("anchor"), now) as session:
            _queue(session, app.settings.anchor_mail, newest, now)
    return f"anchored entry {newest.seq}, {newest.hash[:16]}…"


def _append(paths: Sequence[Path], line: dict[str, object]) -> None:
    """Add a line to each file, durably. One that cannot be written does not keep the others from it."""
    errors = []
    for path in paths:
        try:
            with path.open("a") as target:
                target.write(json.dumps(line, ensure_ascii=False) + "\n")
                target.flush()
                os.fsync(target.fileno())
        except OSError as error:
            errors.append(f"the anchor file {path} cannot be written: {error.strerror}")
    if errors:
        raise OSError("; ".join(errors))


def _queue(session: Session, recipient: str, newest: Head, now: datetime) -> None:
    body = (
        f"On {now:%Y-%m-%d %H:%M} UTC the journal ended at entry {newest.seq} with\n\n    {newest.hash}\n\n"
        "Keep this mail. Whether that entry is still there, unchanged, is told by\n\n"
        f"    assets journal verify --anchor {newest.seq}:{newest.hash}\n"
    )
    queue_mail(
        session, dedupe_key=f"anchor:{newest.seq}:{newest.hash[:16]}", recipient=recipient,
        subject=f"Anchor of the journal: entry {newest.seq}", body=body, now=now,
    )  # fmt: skip


def parse_anchor(text: str) -> Head:
    """An anchor as the mail says it: SEQ:HASH."""
    seq, _, hash_ = text.strip().partition(":")
    if not seq.isdigit() or len(seq) > 18 or len(hash_) != 64:
        raise invalid("anchor", msg("An anchor is a number, a colon and 64 characters, as in the mail."))
    return Head(int(seq), hash_.lower())


def verify(app: App, *, also: Sequence[Head] = (), rows: bool = False) -> Verdict:
    """Check every entry against its predecessor, and the chain against every anchor, and those of mails in `also`.

    With `rows` also every row of every journalled table against what the journal says of it, which takes longer.
    """
    with app.reading() as session:
        newest = head(session)
        problem = _problem(session, app.settings, also) or (_touched(session) if rows else None)
    if problem is not None:
        return Verdict(False, newest.seq, newest.hash, problem)
    files = [kept(path) for path in places(app.settings)]
    said = "".join(f"; {file.given_up}" for file in files[:1] if file.given_up)
    count = sum(len(file.anchors) for file in files) + len(also)
    text = f"{newest.seq} entries, all in order; head {newest.hash[:16]}…; {count} anchors fit{said}"
    return Verdict(True, newest.seq, newest.hash, text)


def _problem(session: Session, settings: Settings, also: Sequence[Head]) -> str | None:
    bad = first_bad_entry(session)
    if bad is not None:
        return f"entry {bad} does not fit the chain: it was changed or removed"
    lost = next(_not_held(session, also), None)
    if lost is not None:
        return f"the chain does not contain the anchored entry {lost.seq} of the mail"
    for file in (kept(path) for path in places(settings)):
        if file.bad_line is not None:
            return f"line {file.bad_line} of {file.path} is no anchor: the file was changed or damaged"
        lost = next(_not_held(session, file.anchors), None)
        if lost is not None:
            return f"the chain does not contain the anchored entry {lost.seq}: entries were removed or exchanged"
    return None


def _touched(session: Session) -> str | None:
    found = touched_rows(session)
    if not found:
        return None
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{found[0].text}{more}"


def _not_held(session: Session, anchors: Sequence[Head]) -> Iterator[Head]:
    """The anchors whose entry is not there, or is another one."""
    for start in range(0, len(anchors), _AT_ONCE):
        some = anchors[start : start + _AT_ONCE]
        query = select(JournalEntry.seq, JournalEntry.hash).where(JournalEntry.seq.in_([one.seq for one in some]))
        found = {row.seq: row.hash for row in session.execute(query)}
        yield from (one for one in some if one.seq and found.get(one.seq) != one.hash)


def behind_anchor(connection: Connection, settings: Settings) -> str | None:
    """Why a database is not the one that was anchored last, in words; None when it is, or goes on from there.

    Looks at the newest anchor of each file only, so that a start is not held up; `verify` looks at all of it.
    """
    there = inspect(connection).has_table(JournalEntry.__tablename__)
    with Session(connection) as session:
        newest = head(session) if there else Head(0, "")
        for file in (kept(path) for path in places(settings)):
            known = file.newest
            if known is None or known.seq == 0 or (there and next(_not_held(session, [known]), None) is None):
                continue
            where = f"anchored in {file.path}"
            if newest.seq < known.seq:
                return f"its journal ends at entry {newest.seq}, and entry {known.seq} is {where}"
            return f"its entry {known.seq} is not the one {where}"
    return None


def refuse_older(app: App) -> None:
    """`SettingsError` when the database is older than the last anchor, or another one: nothing may start on it."""
    with app.main.engine.connect() as connection:
        why = behind_anchor(connection, app.settings)
    if why is not None:
        raise SettingsError(
            f"this database is older than what was recorded, or another one: {why}. If an old copy was put here by"
            " mistake, restore the newest backup (assets restore FILE --replace). If it is meant to be, say so, which"
            " is recorded: assets journal accept-older REASON"
        )


def accept_older(app: App, actor: Actor, reason: str) -> str:
    """Give up the anchors that this database does not reach; recorded in the journal and in each file of anchors."""
    reason = " ".join(reason.split())
    if not reason:
        raise invalid("reason", msg("Say why an older database is taken."))
    with app.main.engine.connect() as connection:
        why = behind_anchor(connection, app.settings)
    if why is None:
        raise RuleViolation(msg("The database is not older than its anchors: there is nothing to accept."))
    check_writable(app.settings)
    newest = note_accepted(app, actor, reason, why)
    write_accepted(app.settings, newest, reason, actor, app.clock())
    if app.settings.anchor_mail:
        with app.transaction(actor) as session:
            _queue(session, app.settings.anchor_mail, newest, app.clock())
    return f"accepted: {why}. From now on the journal is held to entry {newest.seq}"


def check_writable(settings: Settings) -> None:
    """OSError naming the first file of anchors that cannot be written: giving up must be recorded in each of them."""
    for path in places(settings):
        with path.open("a"):
            pass


def note_accepted(app: App, actor: Actor, reason: str, why: str) -> Head:
    """Write into the journal that later anchors are given up; answers the head from then on."""
    with app.transaction(actor) as session:
        note(session, "journal", "", "accepted_older", reason=" ".join(reason.split()), why=why)
    with app.reading() as session:
        return head(session)


def write_accepted(settings: Settings, newest: Head, reason: str, actor: Actor, now: datetime) -> None:
    """Write the same into every file of anchors, durably."""
    line = {
        "at": now.isoformat(), "seq": newest.seq, "hash": newest.hash, "accepted": " ".join(reason.split()),
        "by": actor.name,
    }  # fmt: skip
    _append(places(settings), line)
