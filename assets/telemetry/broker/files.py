"""The broker's files: who may sign in at which of its doors, and what each may write and read."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import func, select

from assets.core.app import App
from assets.settings import Settings
from assets.telemetry.guests import accounts as guest_accounts
from assets.telemetry.models import Tracker, TrackerRotation
from assets.telemetry.passwords import hashed
from assets.telemetry.topics import DOWN_KINDS, GUEST_SUBSCRIPTIONS, PREFIX, UP_KINDS

INGEST_USER = "ingest.internal"
"""No tracker can have this name: a full stop is no character of a tracker id."""
PASSWORDS, ACCESS = "passwords", "access"
INGEST_PASSWORDS, INGEST_ACCESS = "ingest.passwords", "ingest.access"


def folder_of(settings: Settings) -> Path:
    """Where the broker's files are."""
    return settings.data_dir.absolute() / "broker"


def write_accounts(app: App, folder: Path) -> None:
    """Write who may sign in: trackers at their doors, ingest at its own, neither at the other's."""
    with app.reading() as session:
        # While a secret that went by command is tried, it counts in the place of the present one.
        tried = (TrackerRotation.tracker_id == Tracker.id) & (TrackerRotation.state == "tried")
        rows = session.execute(
            select(Tracker.id, func.coalesce(TrackerRotation.next_hash, Tracker.password_hash).label("password"))
            .outerjoin(TrackerRotation, tried)
            .where(Tracker.password_hash.is_not(None))
            .order_by(Tracker.id)
        )
        accounts = [(row.id, row.password) for row in rows]
        guests = guest_accounts(session)
    accounts += [(login, kept) for login, kept, _ in guests]
    write(folder / PASSWORDS, "".join(f"{user}:{password}\n" for user, password in accounts))
    write(folder / ACCESS, access_list([(login, topics) for login, _, topics in guests]))
    write(folder / INGEST_PASSWORDS, f"{INGEST_USER}:{hashed(ingest_secret(folder))}\n")
    write(folder / INGEST_ACCESS, ingest_access_list())


def access_list(guests: Sequence[tuple[str, Sequence[str]]] = ()) -> str:
    """At the trackers' doors: each writes its four topics and reads its two, and nobody anything else.

    `guests` are logins with the topics that they may write: a guest has no other, and reads nothing.
    """
    patterns: Sequence[str] = [
        *(f"pattern write {PREFIX}/%u/{kind}" for kind in UP_KINDS),
        *(f"pattern read {PREFIX}/%u/{kind}" for kind in DOWN_KINDS),
    ]
    named = [
        line
        for login, topics in guests
        # The patterns hold for every login: without the denial a guest could write topics of our own wire.
        for line in (f"user {login}", f"topic deny {PREFIX}/#", *(f"topic write {topic}" for topic in topics))
    ]
    return "\n".join([*named, *patterns, ""])


def ingest_access_list() -> str:
    """At ingest's door: it reads what trackers and guests write, and writes what trackers read."""
    own: Sequence[str] = [
        f"user {INGEST_USER}",
        *(f"topic read {PREFIX}/+/{kind}" for kind in UP_KINDS),
        *(f"topic write {PREFIX}/+/{kind}" for kind in DOWN_KINDS),
        # What revoked guests left retained, it takes away.
        *(f"topic readwrite {topic}" for topic in GUEST_SUBSCRIPTIONS),
    ]
    return "\n".join([*own, ""])


def ingest_secret(folder: Path) -> str:
    """The secret of ingest, made at the first start."""
    path = folder / "ingest.secret"
    if not path.exists():
        write(path, secrets.token_urlsafe(32))
    return path.read_text()


def write(path: Path, text: str) -> None:
    """Writes a file for its owner alone, whole or not at all."""
    beside = path.with_suffix(f"{path.suffix}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as target:
        target.write(text)
    beside.replace(path)
