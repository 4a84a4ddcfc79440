"""Orders: commands to trackers, and the windows in which a vehicle's places may not be kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Account
from assets.registry.models import Asset

_ONE_AT_A_TIME = text("cmd IN ('server','reboot') AND state IN ('waiting','sent')")


class TrackerCommand(Base):
    """An order to a tracker, and what became of it. `uuid` is its name on the wire.

    What is secret among its arguments stands apart in `secrets`, for as long as it may have to be sent again.
    """

    __tablename__ = "tracker_command"
    __private__ = frozenset({"secrets"})
    __table_args__ = (
        CheckConstraint("cmd IN ('config','locate','silent','resend','server','reboot')", name="cmd_known"),
        CheckConstraint("state IN ('waiting','sent','done','failed','expired','cancelled')", name="state_known"),
        CheckConstraint("state IN ('waiting','sent') OR secrets = ''", name="secrets_end_with_it"),
        CheckConstraint("expires_at > given_at", name="expires_later"),
        Index("ix_tracker_command_tracker_id_id", "tracker_id", "id"),
        Index(
            "ix_tracker_command_open",
            "state",
            sqlite_where=text("state IN ('waiting','sent')"),
            postgresql_where=text("state IN ('waiting','sent')"),
        ),
        Index(
            "uq_tracker_command_one_at_a_time",
            "tracker_id",
            unique=True,
            sqlite_where=_ONE_AT_A_TIME,
            postgresql_where=_ONE_AT_A_TIME,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    tracker_id: Mapped[str] = mapped_column(ForeignKey("tracker.id"))
    cmd: Mapped[str] = mapped_column(String(16))
    args: Mapped[dict[str, Any]] = mapped_column(JSON)
    secrets: Mapped[str] = mapped_column(String(400), default="")
    given_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    times_sent: Mapped[int] = mapped_column(Integer, default=0)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    why: Mapped[str] = mapped_column(String(120), default="")

    given_by: Mapped[Account | None] = relationship()


class SilentWindowRow(Base):
    """A time (half-open) in which no place of an asset is kept, and why; `ended_at` when it was ended before its time.

    `operation` is the code of the operation that it is for, if one was named.
    """

    __tablename__ = "silent_window"
    # Why a vehicle is silent may tell of an operation; the journal is read by more than may know of it.
    __private__ = frozenset({"reason", "operation"})
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="times_in_order"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
        CheckConstraint("ended_at IS NULL OR ended_at <= ends_at", name="ended_within"),
        Index("ix_silent_window_asset_id_starts_at", "asset_id", "starts_at"),
        Index("ix_silent_window_ends_at", "ends_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(300))
    operation: Mapped[str] = mapped_column(String(32), default="")
    given_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    asset: Mapped[Asset] = relationship()
    given_by: Mapped[Account | None] = relationship(foreign_keys=[given_by_id])
    ended_by: Mapped[Account | None] = relationship(foreign_keys=[ended_by_id])

    @property
    def until(self) -> datetime:
        """When it ends or ended, whichever comes first; before its beginning for one that was called off."""
        return self.ends_at if self.ended_at is None else self.ended_at
