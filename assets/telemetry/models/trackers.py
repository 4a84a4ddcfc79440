"""Trackers: who may speak, what carries it, and what its samples mean for the asset."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from assets.core.db import Base, UtcDateTime
from assets.core.journal import Derived

TRACKER_KINDS = ("native",)


class Tracker(Base):
    """A tracker that may speak, with the broker's hash of its secret (the secret itself is nowhere)."""

    __tablename__ = "tracker"
    __table_args__ = (CheckConstraint("kind IN ('native')", name="kind_known"),)
    __private__ = frozenset({"password_hash"})

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), default="native")
    password_hash: Mapped[str | None] = mapped_column(String(200))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    secret_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


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


class TripRow(Derived, Base):
    """One trip; `distance_m` is measured, `estimated_m` apart and not in it."""

    __tablename__ = "trip"
    __table_args__ = (
        Index("ix_trip_tracker_id_started_at", "tracker_id", "started_at"),
        Index("ix_trip_asset_id_started_at", "asset_id", "started_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tracker_id: Mapped[str] = mapped_column(ForeignKey("tracker.id"))
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    distance_m: Mapped[float] = mapped_column(Float)
    estimated_m: Mapped[float] = mapped_column(Float)
    moving_s: Mapped[float] = mapped_column(Float)
    idle_s: Mapped[float] = mapped_column(Float)
    engine_s: Mapped[float] = mapped_column(Float)
    unknown_s: Mapped[float] = mapped_column(Float)
    source: Mapped[str] = mapped_column(String(8))


class TrackerDay(Derived, Base):
    """One local day of one tracker on one asset; `revision` grows when its figures change later."""

    __tablename__ = "tracker_day"
    __table_args__ = (
        Index("ix_tracker_day_tracker_id_day", "tracker_id", "day"),
        Index("ix_tracker_day_asset_id_day", "asset_id", "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tracker_id: Mapped[str] = mapped_column(ForeignKey("tracker.id"))
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    day: Mapped[date]
    distance_m: Mapped[float] = mapped_column(Float)
    estimated_m: Mapped[float] = mapped_column(Float)
    moving_s: Mapped[float] = mapped_column(Float)
    idle_s: Mapped[float] = mapped_column(Float)
    engine_s: Mapped[float] = mapped_column(Float)
    unknown_s: Mapped[float] = mapped_column(Float)
    trips: Mapped[int] = mapped_column(Integer)
    samples: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer, default=1)
