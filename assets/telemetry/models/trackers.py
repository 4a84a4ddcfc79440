"""Trackers: who may speak, and what carries it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Account

TRACKER_KINDS = ("native", "owntracks", "traccar", "teltonika")


class Tracker(Base):
    """A tracker that may speak, with the broker's hash of its secret (the secret itself is nowhere).

    That of a guest stands with its account (`models/guests.py`).

    What is written down of it besides (`vendor` to `note`) is described in `inventory.py`.
    """

    __tablename__ = "tracker"
    __table_args__ = (
        CheckConstraint("kind IN ('native','owntracks','traccar','teltonika')", name="kind_known"),
        Index(
            "uq_tracker_imei", "imei", unique=True, sqlite_where=text("imei <> ''"), postgresql_where=text("imei <> ''")
        ),
        Index(
            "uq_tracker_iccid",
            "iccid",
            unique=True,
            sqlite_where=text("iccid <> ''"),
            postgresql_where=text("iccid <> ''"),
        ),
    )
    __private__ = frozenset({"password_hash"})

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), default="native")
    password_hash: Mapped[str | None] = mapped_column(String(200))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    secret_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    vendor: Mapped[str] = mapped_column(String(60), default="", server_default="")
    model: Mapped[str] = mapped_column(String(60), default="", server_default="")
    serial: Mapped[str] = mapped_column(String(60), default="", server_default="")
    imei: Mapped[str] = mapped_column(String(15), default="", server_default="")
    iccid: Mapped[str] = mapped_column(String(20), default="", server_default="")
    msisdn: Mapped[str] = mapped_column(String(16), default="", server_default="")
    sim_operator: Mapped[str] = mapped_column(String(40), default="", server_default="")
    note: Mapped[str] = mapped_column(String(400), default="", server_default="")


class TrackerDistrust(Base):
    """Since when, by event time, what a tracker says is not believed, as after a theft; taken back by the same row.

    Its samples are stored as before, and left out of what is derived from then on.
    """

    __tablename__ = "tracker_distrust"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="has_a_reason"),
        CheckConstraint("(taken_back_at IS NULL) = (taken_back_because = '')", name="taken_back_with_a_reason"),
        Index("ix_tracker_distrust_tracker_id_id", "tracker_id", "id"),
        Index(
            "uq_tracker_distrust_standing",
            "tracker_id",
            unique=True,
            sqlite_where=text("taken_back_at IS NULL"),
            postgresql_where=text("taken_back_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tracker_id: Mapped[str] = mapped_column(ForeignKey("tracker.id"))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(200))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    given_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    taken_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_back_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    taken_back_because: Mapped[str] = mapped_column(String(200), default="")

    given_by: Mapped[Account | None] = relationship(foreign_keys=[given_by_id])
    taken_back_by: Mapped[Account | None] = relationship(foreign_keys=[taken_back_by_id])


class TrackerRotation(Base):
    """Another secret that goes to a tracker by command; the present one counts until a hello came through the new.

    `tried_from`: since when the broker takes it, in turns with the old one (`rotation.py`).
    """

    __tablename__ = "tracker_rotation"
    __private__ = frozenset({"next_hash"})
    __table_args__ = (
        CheckConstraint("state IN ('ordered','tried','done','failed')", name="state_known"),
        CheckConstraint("(state IN ('ordered','tried')) = (next_hash <> '')", name="hash_ends_with_it"),
        Index("ix_tracker_rotation_tracker_id_id", "tracker_id", "id"),
        Index(
            "uq_tracker_rotation_open",
            "tracker_id",
            unique=True,
            sqlite_where=text("state IN ('ordered','tried')"),
            postgresql_where=text("state IN ('ordered','tried')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tracker_id: Mapped[str] = mapped_column(ForeignKey("tracker.id"))
    command_uuid: Mapped[str] = mapped_column(String(36))
    next_hash: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(8), default="ordered")
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tried_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    why: Mapped[str] = mapped_column(String(120), default="")


class TrackerInstallation(Base):
    """Which asset carries a tracker, from when until when (half-open, by event time)."""

    __tablename__ = "tracker_installation"
    __table_args__ = (
        Index(
            "uq_tracker_installation_current",
            "tracker_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint("ended_at IS NULL OR ended_at > started_at", name="ends_after_start"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tracker_id: Mapped[str] = mapped_column(ForeignKey("tracker.id"), index=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"), index=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
