"""Provisioning: a tracker gets its secret, an asset to sit on, another secret, or none any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, FieldError, NotFound, RuleViolation, invalid
from assets.core.i18n import msg
from assets.registry.models import Asset
from assets.telemetry import guests
from assets.telemetry.inventory import INVENTORY_FIELDS, UNIQUE, cleaned
from assets.telemetry.models import (
    TRACKER_KINDS,
    GuestAccount,
    Tracker,
    TrackerDistrust,
    TrackerInstallation,
    TrackerRotation,
)
from assets.telemetry.passwords import hashed, is_secret_in, new_secret
from assets.telemetry.topics import is_tracker_id, publish_topics, subscribe_topics

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Credential:
    """What a tracker needs to sign in; the secret is known here once and never again.

    A guest that joined a login which stands already has none of its own.
    """

    tracker: str
    secret: str
    guest: guests.Bound | None = None

    def shown(self, host: str, port: int) -> dict[str, object]:
        """The answer of `tracker add --json`."""
        writes, reads = publish_topics(self.tracker), subscribe_topics(self.tracker)
        if self.guest is not None:
            writes, reads = list(self.guest.topics), []
        return {
            "tracker": self.tracker,
            "username": self.tracker if self.guest is None else self.guest.account,
            "password": self.secret or None,
            "host": host,
            "port": port,
            "topics": {"publish": writes, "subscribe": reads},
        }


def add_tracker(
    session: Session,
    tracker: str,
    asset: Asset,
    now: datetime,
    *,
    kind: str = "native",
    since: datetime | None = None,
    details: Mapping[str, str] | None = None,
    account: str = "",
    device: str = "",
) -> Credential:
    """Makes a tracker, puts it on `asset` from `now` (or `since`, by event time), and gives its secret, once.

    `details` are boxes of `inventory.INVENTORY_FIELDS`. A guest signs in by `account` (empty: a login of its own name)
    and is `device` there (`guests.bind`). `InvalidInput` for an id or a box that is none, `Conflict` when the id, the
    IMEI or the SIM card is taken or the asset carries a tracker, `RuleViolation` for a `since` to come. The caller has
    checked the right, and afterwards calls `broker.refresh`.
    """
    if not is_tracker_id(tracker):
        raise invalid("id", msg("A tracker id is 1 to 64 of A-Z, a-z, 0-9, _ and -."))
    if kind not in TRACKER_KINDS:
        raise invalid("kind", msg("This kind of tracker is not known."))
    if session.get(Tracker, tracker) is not None:
        raise Conflict(msg("A tracker %(id)s exists already.", id=tracker))
    if session.get(GuestAccount, tracker) is not None:
        raise Conflict(msg("A login of this name stands already; choose another id."))
    if since is not None and since > now:
        raise RuleViolation(msg("A tracker cannot be mounted in the future."))
    _refuse_second(session, asset)
    kept = _unique(session, tracker, cleaned(details or {}))
    secret = new_secret()
    kept_hash = hashed(secret)
    row = Tracker(id=tracker, kind=kind, added_at=now, secret_at=now, **kept)
    session.add(row)
    session.flush()
    session.add(TrackerInstallation(tracker_id=tracker, asset_id=asset.id, started_at=since or now))
    if kind == "native":
        row.password_hash = kept_hash
        session.flush()
        return Credential(tracker, secret)
    bound = guests.bind(session, row, account or tracker, device, kept_hash, now)
    return Credential(tracker, secret if bound.is_new else "", bound)


def describe_tracker(session: Session, tracker: str, details: Mapping[str, str]) -> Tracker:
    """Writes down boxes of `inventory.INVENTORY_FIELDS` of a tracker; those not given stay as they are.

    `InvalidInput` names each wrong box, `Conflict` says which tracker has the IMEI or SIM card already.
    """
    row = _tracker(session, tracker)
    imei = row.imei
    for name, text in _unique(session, tracker, cleaned(details)).items():
        setattr(row, name, text)
    session.flush()
    guests.follow_imei(session, row, imei)
    return row


def _unique(session: Session, tracker: str, details: dict[str, str]) -> dict[str, str]:
    for name in UNIQUE:
        text = details.get(name)
        other = text and session.scalar(
            select(Tracker.id).where(getattr(Tracker, name) == text, Tracker.id != tracker).limit(1)
        )
        if other:
            words = msg("%(field)s %(value)s belongs to the tracker %(id)s already.",
                        field=INVENTORY_FIELDS[name].title, value=text, id=other)  # fmt: skip
            raise Conflict(words, fields=[FieldError(name, words, "taken")])
    return details


def rotate_secret(session: Session, tracker: str, now: datetime) -> Credential:
    """Gives a tracker (a revoked one too) another secret; the old one ends with the broker's next refresh.

    That of a guest is of its login, for all trackers that speak through it.
    """
    row = _tracker(session, tracker)
    _end_rotation(session, tracker, now)
    secret = new_secret()
    row.secret_at, row.revoked_at = now, None
    if guests.admit(session, row, hashed(secret), now) is None:
        row.password_hash = hashed(secret)
    session.flush()
    return Credential(tracker, secret, guests.bound(session, row))


def revoke_tracker(session: Session, tracker: str, now: datetime) -> None:
    """Takes a tracker's secret away; what it sent stays."""
    row = _tracker(session, tracker)
    _end_rotation(session, tracker, now)
    row.password_hash = None
    row.revoked_at = row.revoked_at or now
    guests.dismiss(session, row)
    session.flush()


def _end_rotation(session: Session, tracker: str, now: datetime) -> None:
    """A secret that is still on its way by command counts no more."""
    row = session.scalar(
        select(TrackerRotation).where(
            TrackerRotation.tracker_id == tracker, TrackerRotation.state.in_(("ordered", "tried"))
        )
    )
    if row is not None:
        row.state, row.next_hash, row.ended_at, row.why = "failed", "", now, "another secret was given meanwhile"


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


def correct_move(session: Session, tracker: str, asset: Asset, at: datetime, now: datetime) -> datetime:
    """Puts the last move right: it was to `asset`, at `at`. The journal keeps what stood there before.

    To the asset that carried it before means that there was no move. Answers since when something changed, for
    `rebuild.mark_span`. `RuleViolation` when there is nothing to put right, or `at` does not lie between the beginning
    of the installation before and now.
    """
    _tracker(session, tracker)
    spans = session.scalars(
        select(TrackerInstallation)
        .where(TrackerInstallation.tracker_id == tracker)
        .order_by(TrackerInstallation.started_at.desc())
        .limit(2)
    ).all()
    if not spans or spans[0].ended_at is not None:
        raise RuleViolation(msg("The tracker is on no asset; move it instead."))
    last, before = spans[0], spans[1] if len(spans) > 1 else None
    if at > now or (before is not None and at <= before.started_at):
        raise RuleViolation(msg("The time must be after the beginning of the installation before, and not to come."))
    changed = min(at, last.started_at)
    if before is not None and before.asset_id == asset.id:
        session.delete(last)
        session.flush()
        before.ended_at = None
        session.flush()
        return changed
    if asset.id != last.asset_id:
        _refuse_second(session, asset)
    if before is not None and before.ended_at == last.started_at:
        before.ended_at = at
    last.asset_id, last.started_at = asset.id, at
    session.flush()
    return changed


def distrust_tracker(
    session: Session, actor: Actor, tracker: str, since: datetime, reason: str, now: datetime
) -> TrackerDistrust:
    """From `since` on, by event time, what a tracker says is not believed; nothing that it sent is deleted.

    Afterwards the caller calls `rebuild.mark_span`. `Conflict` when it is distrusted already.
    """
    _tracker(session, tracker)
    if since > now:
        raise RuleViolation(msg("Since when it is not believed cannot lie in the future."))
    if _standing_distrust(session, tracker) is not None:
        raise Conflict(msg("The tracker %(id)s is not believed already; take that back first.", id=tracker))
    row = TrackerDistrust(
        tracker_id=tracker, since=since, reason=_reason(reason), given_at=now, given_by_id=actor.account_id,
        taken_back_because="",
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def trust_again(session: Session, actor: Actor, tracker: str, reason: str, now: datetime) -> datetime:
    """Takes a distrust back, with a reason; all it sent counts again. Answers since when, for `rebuild.mark_span`."""
    _tracker(session, tracker)
    row = _standing_distrust(session, tracker)
    if row is None:
        raise Conflict(msg("The tracker %(id)s is believed.", id=tracker))
    row.taken_back_at, row.taken_back_by_id, row.taken_back_because = now, actor.account_id, _reason(reason)
    session.flush()
    return row.since


def _standing_distrust(session: Session, tracker: str) -> TrackerDistrust | None:
    return session.scalar(
        select(TrackerDistrust).where(TrackerDistrust.tracker_id == tracker, TrackerDistrust.taken_back_at.is_(None))
    )


def _reason(text: str) -> str:
    kept = text.strip()
    if not kept or len(kept) > LONGEST_REASON:
        raise invalid("reason", msg("Give a reason of at most %(n)s characters.", n=LONGEST_REASON))
    return kept


def is_secret_of(session: Session, tracker: str, secret: str) -> bool:
    """Whether `secret` is the tracker's own; takes as long for trackers that do not exist."""
    row = session.get(Tracker, tracker) if is_tracker_id(tracker) else None
    return is_secret_in(secret, row.password_hash if row is not None else None)


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
