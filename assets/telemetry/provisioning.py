"""Provisioning: a tracker gets its secret, an asset to sit on, another secret, or none any more."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import pbkdf2_hmac

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, NotFound, RuleViolation, invalid
from assets.core.i18n import msg
from assets.registry.models import Asset
from assets.telemetry.models import TRACKER_KINDS, Tracker, TrackerInstallation
from assets.telemetry.topics import is_tracker_id, publish_topics, subscribe_topics

SECRET_BYTES = 24
HASH_ITERATIONS = 101
"""What mosquitto_passwd uses. Enough here: a secret is 192 random bits, which no guessing reaches."""
SALT_BYTES = 12
LONGEST_SECRET = 200


@dataclass(frozen=True, slots=True)
class Credential:
    """What a tracker needs to sign in; the secret is known here once and never again."""

    tracker: str
    secret: str

    def shown(self, host: str, port: int) -> dict[str, object]:
        """The answer of `tracker add --json`."""
        return {
            "tracker": self.tracker,
            "username": self.tracker,
            "password": self.secret,
            "host": host,
            "port": port,
            "topics": {"publish": publish_topics(self.tracker), "subscribe": subscribe_topics(self.tracker)},
        }


def add_tracker(session: Session, tracker: str, asset: Asset, now: datetime, *, kind: str = "native") -> Credential:
    """Makes a tracker, puts it on `asset` from `now`, and gives its secret, once.

    `InvalidInput` for an id that is none, `Conflict` when the id is taken or the asset carries a tracker. The caller
    has checked the right, and afterwards calls `broker.refresh`.
    """
    if not is_tracker_id(tracker):
        raise invalid("id", msg("A tracker id is 1 to 64 of A-Z, a-z, 0-9, _ and -."))
    if kind not in TRACKER_KINDS:
        raise invalid("kind", msg("This kind of tracker is not known."))
    if session.get(Tracker, tracker) is not None:
        raise Conflict(msg("A tracker %(id)s exists already.", id=tracker))
    _refuse_second(session, asset)
    secret = _new_secret()
    session.add(Tracker(id=tracker, kind=kind, password_hash=hashed(secret), added_at=now, secret_at=now))
    session.flush()
    session.add(TrackerInstallation(tracker_id=tracker, asset_id=asset.id, started_at=now))
    session.flush()
    return Credential(tracker, secret)


def rotate_secret(session: Session, tracker: str, now: datetime) -> Credential:
    """Gives a tracker (a revoked one too) another secret; the old one ends with the broker's next refresh."""
    row = _tracker(session, tracker)
    secret = _new_secret()
    row.password_hash, row.secret_at, row.revoked_at = hashed(secret), now, None
    session.flush()
    return Credential(tracker, secret)


def revoke_tracker(session: Session, tracker: str, now: datetime) -> None:
    """Takes a tracker's secret away; what it sent stays."""
    row = _tracker(session, tracker)
    row.password_hash = None
    row.revoked_at = row.revoked_at or now
    session.flush()


def move_tracker(session: Session, tracker: str, asset: Asset, at: datetime, now: datetime) -> None:
    """Puts a tracker on another asset from `at` (event time). Afterwards the caller calls `rebuild.mark_span`.

    `RuleViolation` when `at` lies in the future or not after the beginning of the present installation.
    """
    _tracker(session, tracker)
    if at > now:
        raise RuleViolation(msg("A tracker cannot be moved in the future."))
    current = session.scalar(
        select(TrackerInstallation).where(
            TrackerInstallation.tracker_id == tracker, TrackerInstallation.ended_at.is_(None)
        )
    )
    if current is not None and current.asset_id == asset.id:
        return
    _refuse_second(session, asset)
    if current is not None:
        if at <= current.started_at:
            raise RuleViolation(msg("The move must be after the tracker came onto its present asset."))
        current.ended_at = at
        session.flush()
    session.add(TrackerInstallation(tracker_id=tracker, asset_id=asset.id, started_at=at))
    session.flush()


def is_secret_of(session: Session, tracker: str, secret: str) -> bool:
    """Whether `secret` is the tracker's own; takes as long for trackers that do not exist."""
    row = session.get(Tracker, tracker) if is_tracker_id(tracker) else None
    kept = row.password_hash if row is not None else None
    if len(secret) > LONGEST_SECRET:
        return False
    _, _, iterations, salt, expected = (kept or _NOBODY).split("$")
    found = pbkdf2_hmac("sha512", secret.encode("utf-8", "replace"), b64decode(salt), int(iterations))
    return hmac.compare_digest(found, b64decode(expected)) and kept is not None


def hashed(secret: str) -> str:
    """The form of mosquitto's password file: `$7$iterations$salt$hash`, PBKDF2 with SHA-512, base64."""
    salt = secrets.token_bytes(SALT_BYTES)
    found = pbkdf2_hmac("sha512", secret.encode(), salt, HASH_ITERATIONS)
    return f"$7${HASH_ITERATIONS}${b64encode(salt).decode()}${b64encode(found).decode()}"


def _new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


_NOBODY = hashed(_new_secret())


def _tracker(session: Session, tracker: str) -> Tracker:
    row = session.get(Tracker, tracker)
    if row is None:
        raise NotFound(msg("There is no tracker %(id)s.", id=tracker))
    return row


def _refuse_second(session: Session, asset: Asset) -> None:
    carried = session.scalar(
        select(TrackerInstallation.tracker_id).where(
            TrackerInstallation.asset_id == asset.id, TrackerInstallation.ended_at.is_(None)
        )
    )
    if carried is not None:
        raise Conflict(msg("The asset carries the tracker %(id)s already.", id=carried))
