"""Guests: the logins of other people's devices and servers, and the trackers that each may speak for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from assets.core.db import Base, UtcDateTime


class GuestAccount(Base):
    """A login at the broker for one format, with the broker's hash of its secret (None: no tracker of it is left).

    `topic` is where a Traccar server writes, the positions of all its devices.
    """

    __tablename__ = "guest_account"
    __table_args__ = (CheckConstraint("format IN ('owntracks','traccar','teltonika')", name="format_known"),)
    __private__ = frozenset({"password_hash"})

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    format: Mapped[str] = mapped_column(String(16))
    topic: Mapped[str | None] = mapped_column(String(200), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    secret_at: Mapped[datetime] = mapped_column(UtcDateTime)


class GuestBinding(Base):
    """A tracker that an account may speak for. `source` is where its readings come from, as `topics.py` names it.

    `cleared_at`: when the messages that it left retained at the broker were taken away, after it was revoked.
    """

    __tablename__ = "guest_binding"

    tracker_id: Mapped[str] = mapped_column(ForeignKey("tracker.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("guest_account.id"), index=True)
    source: Mapped[str] = mapped_column(String(340), unique=True)
    cleared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
