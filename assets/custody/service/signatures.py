"""Signatures on glass: a picture and the entries that name it, joined whichever of them comes first."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from assets.core import files
from assets.core.actor import Actor
from assets.core.errors import Conflict, FieldError, InvalidInput, NotFound, invalid
from assets.core.i18n import msg
from assets.custody.models import CustodyEntry, Signature, SignedEvent
from assets.custody.rules.confirming import Method
from assets.custody.service.confirmation import GIVES, add_witnessed
from assets.people.models import Account
from assets.registry.models import AssetEvent

MOST_BYTES = 300_000
LONGEST_SIDE_PX = 4000
SIGNED_WITHIN = timedelta(minutes=30)
"""How far apart things may have happened that one signature stands for: a basket, a kit."""


def read_signature(content: bytes) -> files.Cleaned:
    """Decode the picture of a signature, which takes its time: before any transaction.

    PNG alone, small; `InvalidInput` for `photo` says what is wrong with anything else.
    """
    if files.content_type_of(content) != "image/png":
        raise invalid("photo", msg("A signature is a PNG picture."), code="file_type")
    too_large = len(content) > MOST_BYTES
    if too_large or len(content) < 24 or max(struct.unpack(">II", content[16:24])) > LONGEST_SIDE_PX:
        raise invalid("photo", msg("This picture is too large for a signature."), code="file_too_large")
    try:
        return files.cleaned(content)
    except InvalidInput as error:
        wrong = FieldError("photo", error.message, error.code)
        raise InvalidInput(error.message, code=error.code, fields=[wrong]) from error


def sign_event(
    session: Session, actor: Actor, event: AssetEvent, signature_id: str | None, *, on_paper: bool = False
) -> None:
    """Say of an event that it was signed: on glass under this id, or else on paper; nothing where neither is told.

    A signed issue is confirmed by whoever got it, once the picture is there too. `Conflict` signature_taken when the
    signature was given for something else: to another person, or at another time.
    """
    if actor.account_id is None or not (signature_id or on_paper):
        return
    if session.get(SignedEvent, event.id) is None:
        _one_at_a_time(session, actor.account_id)
        if signature_id:
            _require_same_act(session, actor.account_id, event, signature_id)
        session.add(SignedEvent(event_id=event.id, account_id=actor.account_id, signature_id=signature_id))
        session.flush()
    if signature_id:
        _join(session, actor, signature_id)


def keep_signature(
    session: Session,
    actor: Actor,
    event_id: str,
    signature_id: str,
    picture: files.Cleaned,
    folder: Path,
    now: datetime,
) -> bool:
    """Keep the picture that an event of the actor's names; False when it was kept before.

    It belongs to every event of the account that names the same id, those that come later as well, as far as they were
    signed together (`sign_event`). `NotFound` for an event that names another or is not his, `Conflict` when another
    picture stands under the id.
    """
    account_id = require_signed(session, actor, event_id, signature_id)
    _one_at_a_time(session, account_id)
    known = signature_of(session, account_id, signature_id)
    if known is not None:
        if known.sha256 != picture.sha256:
            raise Conflict(msg("Another picture is kept as this signature."), code="signature_taken")
        return False
    stored = files.keep(folder, picture)
    session.add(
        Signature(
            account_id=account_id, signature_id=signature_id, file_key=stored.key, size=stored.size,
            sha256=stored.sha256, received_at=now,
        )
    )  # fmt: skip
    session.flush()
    _join(session, actor, signature_id)
    return True


def require_signed(session: Session, actor: Actor, event_id: str, signature_id: str) -> int:
    """The actor's account, when his event names this signature; `NotFound` otherwise, as if it were unknown."""
    signed = session.get(SignedEvent, event_id)
    if actor.account_id is None or signed is None or signed.account_id != actor.account_id:
        raise NotFound(msg("You have recorded no action with this id."))
    if signed.signature_id != signature_id:
        raise NotFound(msg("This action names no such signature."))
    return actor.account_id


def signature_of(session: Session, account_id: int, signature_id: str) -> Signature | None:
    """The picture that this account's events mean by the id; None while it has not come."""
    same = (Signature.account_id == account_id, Signature.signature_id == signature_id)
    return session.scalar(select(Signature).where(*same))


def _require_same_act(session: Session, account_id: int, event: AssetEvent, signature_id: str) -> None:
    """One signature stands for what one person got, or nobody got, within `SIGNED_WITHIN`, whatever comes first."""
    gives = and_(CustodyEntry.event_id == AssetEvent.id, CustodyEntry.kind.in_(GIVES))
    receiver = select(CustodyEntry.person_id).where(
        CustodyEntry.event_id == event.id, CustodyEntry.kind.in_(GIVES)
    )  # fmt: skip
    person_id = session.scalar(receiver)
    signed = session.execute(
        select(CustodyEntry.person_id, func.min(AssetEvent.occurred_at), func.max(AssetEvent.occurred_at))
        .select_from(SignedEvent)
        .join(AssetEvent, AssetEvent.id == SignedEvent.event_id)
        .join(CustodyEntry, gives, isouter=True)
        .where(SignedEvent.account_id == account_id, SignedEvent.signature_id == signature_id)
        .group_by(CustodyEntry.person_id)
    )
    for other_id, first, last in signed:
        if other_id != person_id or not last - SIGNED_WITHIN <= event.occurred_at <= first + SIGNED_WITHIN:
            raise Conflict(
                msg("This signature was given for something else. Have this signed anew."), code="signature_taken"
            )


def _join(session: Session, actor: Actor, signature_id: str) -> None:
    """Confirm every issue that names a signature whose picture is there."""
    if actor.account_id is None or signature_of(session, actor.account_id, signature_id) is None:
        return
    issues = session.execute(
        select(AssetEvent, CustodyEntry.person_id)
        .join(SignedEvent, SignedEvent.event_id == AssetEvent.id)
        .join(CustodyEntry, CustodyEntry.event_id == AssetEvent.id)
        .where(
            SignedEvent.account_id == actor.account_id, SignedEvent.signature_id == signature_id,
            CustodyEntry.kind.in_(GIVES),
        )
    )  # fmt: skip
    for event, person_id in issues.all():
        if person_id is not None:
            add_witnessed(session, actor, event, person_id, Method.SIGNATURE)


def _one_at_a_time(session: Session, account_id: int) -> None:
    """A picture and an entry that names it, told at the same moment, must not miss each other."""
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))
