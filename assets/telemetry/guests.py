"""Guests: which login may speak for which trackers, and what a phone, a server or a device of others is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import system_actor
from assets.core.app import App
from assets.core.errors import Conflict, invalid
from assets.core.i18n import msg
from assets.telemetry import topics
from assets.telemetry.models import GuestAccount, GuestBinding, Tracker
from assets.telemetry.passwords import is_secret_in

ACTOR = system_actor("guests")
CLEARED_AFTER = timedelta(seconds=5)
"""By then the broker has ended the connection of a login that was revoked, and published its will."""
LONGEST_DEVICE = 128
_DEVICE = re.compile(rf"[^\x00-\x1f\x7f#]{{1,{LONGEST_DEVICE}}}")


@dataclass(frozen=True, slots=True)
class Bound:
    """The login of a guest's tracker, where it writes, and whether the login was made just now."""

    account: str
    topics: tuple[str, ...]
    is_new: bool = False


def bind(session: Session, tracker: Tracker, account_id: str, device: str, password_hash: str, now: datetime) -> Bound:
    """Binds a tracker to a login, which is made with `password_hash` if there is none of this id.

    `device` is its name at a Traccar server (`uniqueId`) or the IMEI of a Teltonika device; empty: its IMEI as written
    down, else its id. `Conflict` when the login is of another format or of a tracker, or the device is bound already.
    """
    account = session.get(GuestAccount, account_id)
    is_new = account is None
    if account is None:
        account = _open(session, tracker, account_id, password_hash, now)
    if account.format != tracker.kind:
        raise Conflict(msg("The login %(id)s is one of %(format)s.", id=account_id, format=account.format))
    source = _source(account, tracker, device or tracker.imei or tracker.id)
    _refuse_taken(session, source)
    session.add(GuestBinding(tracker_id=tracker.id, account_id=account.id, source=source))
    session.flush()
    return Bound(account.id, tuple(topics.guest_topics(account.format, source)), is_new)


def _open(session: Session, tracker: Tracker, account_id: str, password_hash: str, now: datetime) -> GuestAccount:
    if not topics.is_tracker_id(account_id):
        raise invalid("account", msg("The name of a login is 1 to 64 of A-Z, a-z, 0-9, _ and -."))
    # At the broker logins and native trackers share their names: one of both could speak for the other.
    if account_id != tracker.id and session.get(Tracker, account_id) is not None:
        raise Conflict(msg("A tracker %(id)s exists already.", id=account_id))
    topic = None
    if tracker.kind == "traccar":
        first = session.scalar(select(GuestAccount.id).where(GuestAccount.topic == topics.TRACCAR))
        topic = topics.TRACCAR if first is None else f"traccar/{account_id}/positions"
    account = GuestAccount(
        id=account_id, format=tracker.kind, topic=topic, password_hash=password_hash, added_at=now, secret_at=now
    )
    session.add(account)
    session.flush()
    return account


def _source(account: GuestAccount, tracker: Tracker, device: str) -> str:
    if account.format == "owntracks":
        return f"owntracks/{account.id}/{tracker.id}"
    if account.topic is not None:
        if _DEVICE.fullmatch(device) is None:
            raise invalid("device", msg("The name of a device has at most %(n)s characters.", n=LONGEST_DEVICE))
        return topics.source_of_device(account.topic, device)
    if not topics.is_tracker_id(device):
        raise invalid("device", msg("An IMEI has 15 digits; the device shows it at *#06#."))
    return f"teltonika/{device}"


def _refuse_taken(session: Session, source: str) -> None:
    other = session.scalar(select(GuestBinding.tracker_id).where(GuestBinding.source == source))
    if other is not None:
        raise Conflict(msg("This device is bound to the tracker %(id)s already.", id=other))


def follow_imei(session: Session, tracker: Tracker, before: str) -> None:
    """Binds a Teltonika device to its IMEI as written down now, where it was bound to the one before or its id."""
    binding = session.get(GuestBinding, tracker.id) if tracker.kind == "teltonika" else None
    if binding is None or tracker.imei in {"", before} or binding.source not in _known_by(tracker.id, before):
        return
    source = f"teltonika/{tracker.imei}"
    _refuse_taken(session, source)
    binding.source = source
    session.flush()


def _known_by(tracker: str, imei: str) -> Collection[str]:
    return {f"teltonika/{tracker}", f"teltonika/{imei}"}


def bound(session: Session, tracker: Tracker) -> Bound | None:
    """The login of a tracker and where it writes, None for a native one."""
    binding = session.get(GuestBinding, tracker.id)
    if binding is None:
        return None
    return Bound(binding.account_id, tuple(topics.guest_topics(tracker.kind, binding.source)))


def account_of(session: Session, tracker: Tracker) -> GuestAccount | None:
    """The login of a guest's tracker, None for a native one."""
    binding = session.get(GuestBinding, tracker.id)
    return None if binding is None else session.get_one(GuestAccount, binding.account_id)


def admit(session: Session, tracker: Tracker, password_hash: str, now: datetime) -> GuestAccount | None:
    """Gives the login of a guest's tracker another secret, and takes the tracker back in; None for a native one."""
    account = account_of(session, tracker)
    if account is not None:
        account.password_hash, account.secret_at = password_hash, now
        session.get_one(GuestBinding, tracker.id).cleared_at = None
    return account


def dismiss(session: Session, tracker: Tracker) -> None:
    """Ends the login of a revoked tracker where no other tracker speaks through it."""
    account = account_of(session, tracker)
    if account is None:
        return
    others = session.scalar(
        select(Tracker.id)
        .join(GuestBinding, GuestBinding.tracker_id == Tracker.id)
        .where(GuestBinding.account_id == account.id, Tracker.revoked_at.is_(None), Tracker.id != tracker.id)
        .limit(1)
    )
    if others is None:
        account.password_hash = None


def topic_of(session: Session, account: str) -> str | None:
    """Where a Traccar server writes, None for other logins."""
    return session.scalar(select(GuestAccount.topic).where(GuestAccount.id == account))


def is_secret_of(session: Session, account: str, secret: str) -> bool:
    """Whether `secret` is of this login; takes as long for logins that do not exist."""
    row = session.get(GuestAccount, account) if topics.is_tracker_id(account) else None
    return is_secret_in(secret, row.password_hash if row is not None else None)


def to_clear(session: Session, before: datetime) -> list[tuple[str, list[str]]]:
    """(tracker, topics) whose messages were left retained at the broker by guests that were revoked before then."""
    rows = session.execute(
        select(GuestBinding.tracker_id, GuestBinding.source, Tracker.kind)
        .join(Tracker, Tracker.id == GuestBinding.tracker_id)
        .where(Tracker.revoked_at < before, GuestBinding.cleared_at.is_(None))
        .order_by(GuestBinding.tracker_id)
    )
    return [(row.tracker_id, _retained(row.kind, row.source)) for row in rows]


def _retained(form: str, source: str) -> list[str]:
    if form == "owntracks":
        return [source + below for below in topics.RETAINED_BELOW]
    # What a Traccar server retained is of whichever of its devices came last.
    return [] if form == "traccar" else topics.guest_topics(form, source)


def clear_revoked(app: App, clear: Callable[[list[str]], bool], now: datetime) -> int:
    """Has taken away what revoked guests left retained at the broker; how many there were.

    `clear` says whether it could; if not, it is tried again.
    """
    with app.reading() as session:
        waiting = to_clear(session, now - CLEARED_AFTER)
    cleared = [tracker for tracker, left in waiting if clear(left)]
    if cleared:
        with app.transaction(ACTOR, now) as session:
            for binding in session.scalars(select(GuestBinding).where(GuestBinding.tracker_id.in_(cleared))):
                binding.cleared_at = now
    return len(cleared)


def accounts(session: Session) -> list[tuple[str, str, list[str]]]:
    """(login, its hash, the topics it may write) of every login that is alive."""
    rows = session.execute(
        select(GuestAccount.id, GuestAccount.format, GuestAccount.password_hash, GuestBinding.source)
        .join(GuestBinding, GuestBinding.account_id == GuestAccount.id)
        .join(Tracker, Tracker.id == GuestBinding.tracker_id)
        .where(GuestAccount.password_hash.is_not(None), Tracker.revoked_at.is_(None))
        .order_by(GuestAccount.id, GuestBinding.source)
    )
    found: dict[str, tuple[str, list[str]]] = {}
    for row in rows:
        # A phone may name any device below its login; one that is not bound to it is set aside by ingest.
        writes = [f"owntracks/{row.id}/#"] if row.format == "owntracks" else topics.guest_topics(row.format, row.source)
        _, known = found.setdefault(row.id, (row.password_hash or "", []))
        known += [topic for topic in writes if topic not in known]
    return [(account, kept, writes) for account, (kept, writes) in found.items()]
