"""Commands seen before: an accepted command, sent again, gets its first answer and changes nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from assets.core.db import Base, UtcDateTime
from assets.core.errors import Conflict
from assets.core.i18n import msg
from assets.core.journal import Raw


class CommandReceipt(Raw, Base):
    """An accepted command of one account: its body's hash and what was answered."""

    __tablename__ = "command_receipt"

    account_id: Mapped[int] = mapped_column(Integer, ForeignKey("account.id"), primary_key=True)
    command_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(Text)
    accepted_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class Outcome:
    """The answer to an accepted command."""

    code: str
    message: str


def body_hash(body: object) -> str:
    """SHA-256 of a body's canonical JSON (keys sorted, so that a resend in other order is the same)."""
    return hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()


def seen_before(session: Session, account_id: int, command_id: str, hash_: str) -> Outcome | None:
    """The first answer to this command, or None; `Conflict` when its id was used for another body."""
    receipt = session.get(CommandReceipt, (account_id, command_id))
    if receipt is None:
        return None
    if receipt.body_hash != hash_:
        raise Conflict(msg("This id was used before for something else."), code="id_reused")
    return Outcome(receipt.code, receipt.message)


def remember(session: Session, account_id: int, command_id: str, hash_: str, outcome: Outcome, now: datetime) -> None:
    """Keep the answer to an accepted command; refused ones are judged anew and are not kept."""
    session.add(
        CommandReceipt(
            account_id=account_id, command_id=command_id, body_hash=hash_,
            code=outcome.code, message=outcome.message, accepted_at=now,
        )
    )  # fmt: skip
