"""What samples mean: trips and days of vehicles, what changed of a day that was over, and which samples are doubted."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from assets.core.db import Base, TelemetryBase, UtcDateTime
from assets.core.journal import Derived
from assets.telemetry.models.samples import Serial

REVISION_REASONS = ("late_data", "flag_decided", "tracker_moved", "derived_anew")
"""Why the figures of a day changed after it was over."""


class _Figures:
    """What adds up over a trip or a day; `distance_m` is measured, `estimated_m` apart and not in it.

    `can_m` and `device_m` are the shares of the distance that the vehicle's bus and the device's own counter measured.
    `gaps` says why something was estimated or unknown: {reason: [metres estimated, seconds unknown]}.
    """

    distance_m: Mapped[float] = mapped_column(Float)
    estimated_m: Mapped[float] = mapped_column(Float)
    can_m: Mapped[float] = mapped_column(Float, default=0.0, server_default=text("0"))
    device_m: Mapped[float] = mapped_column(Float, default=0.0, server_default=text("0"))
    moving_s: Mapped[float] = mapped_column(Float)
    idle_s: Mapped[float] = mapped_column(Float)
    engine_s: Mapped[float] = mapped_column(Float)
    unknown_s: Mapped[float] = mapped_column(Float)
    gaps: Mapped[dict[str, list[float]] | None] = mapped_column(JSON(none_as_null=True))


class TripRow(_Figures, Derived, Base):
    """One trip; `source` measured most of it (`can`, `device` or `gps`)."""

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
    source: Mapped[str] = mapped_column(String(8))


class TrackerDay(_Figures, Derived, Base):
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
    trips: Mapped[int] = mapped_column(Integer)
    samples: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer, default=1)


class DayRevision(Derived, Base):
    """What changed of a day after it was over: all changes for one reason within one later local day in one row.

    Distances are measured metres; `late_samples` is how many samples more the day has than before.
    """

    __tablename__ = "day_revision"
    __table_args__ = (
        Index("ix_day_revision_tracker_id_day", "tracker_id", "day"),
        Index("ix_day_revision_asset_id_day", "asset_id", "day"),
        CheckConstraint(f"reason IN {REVISION_REASONS}", name="reason_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tracker_id: Mapped[str] = mapped_column(ForeignKey("tracker.id"))
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    day: Mapped[date]
    revised_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    revision: Mapped[int] = mapped_column(Integer)
    before_m: Mapped[float] = mapped_column(Float)
    after_m: Mapped[float] = mapped_column(Float)
    late_samples: Mapped[int] = mapped_column(Integer)


class FlagDecision(Base):
    """A person's word on one flag of one sample: genuine (it counts again), or not after all. The last one holds.

    `event_at` is when the sample happened by what was known then; `marked`: its stretch was marked to be derived anew.
    """

    __tablename__ = "flag_decision"
    __derived__ = frozenset({"marked"})
    __table_args__ = (
        CheckConstraint("reason <> ''", name="has_a_reason"),
        Index("ix_flag_decision_tracker_id_id", "tracker_id", "id"),
        Index("ix_flag_decision_waiting", "id", sqlite_where=text("NOT marked"), postgresql_where=text("NOT marked")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tracker_id: Mapped[str] = mapped_column(ForeignKey("tracker.id"))
    life: Mapped[str] = mapped_column(String(8))
    boot: Mapped[int] = mapped_column(Integer)
    seq: Mapped[int] = mapped_column(Serial)
    flag: Mapped[str] = mapped_column(String(24))
    genuine: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[str] = mapped_column(String(300))
    event_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    marked: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())


class SampleDoubt(Derived, TelemetryBase):
    """A flag that only the neighbours of a sample tell (`trips.Doubt`); replaced with the rebuild of its stretch."""

    __tablename__ = "sample_doubt"
    __table_args__ = (
        UniqueConstraint("boot_id", "seq", "flag"),
        Index("ix_sample_doubt_device_id_event_ms", "device_id", "event_ms"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("telemetry.device.id"))
    boot_id: Mapped[int] = mapped_column(ForeignKey("telemetry.boot.id"))
    seq: Mapped[int] = mapped_column(Serial)
    event_ms: Mapped[int] = mapped_column(Serial)
    flag: Mapped[str] = mapped_column(String(24))
