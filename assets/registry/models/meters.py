"""Tables of meters: readings, and what telemetry and uses add."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.core.journal import Derived
from assets.registry.models.assets import Meter
from assets.registry.models.kinds import one_of


class MeterReading(Base):
    """An absolute reading: what a person read off, or a correction that says why. Never changed.

    `annulled_at`: its entry was a mistake (an import that was undone) and an event says so; it does not count any more.
    """

    __tablename__ = "meter_reading"
    __table_args__ = (
        Index("ix_meter_reading_meter_id_at", "meter_id", "at"),
        one_of("source", ("registered", "manual", "return", "work_order", "correction", "replaced"), "source_known"),
        CheckConstraint("value >= 0", name="not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"))
    value: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    source: Mapped[str] = mapped_column(String(16))
    event_id: Mapped[str | None] = mapped_column(ForeignKey("asset_event.id"))
    reason: Mapped[str] = mapped_column(String(300), default="")
    annulled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    meter: Mapped[Meter] = relationship()


class MeterIncrement(Derived, Base):
    """What telemetry or a use adds to a meter at a moment; replaced as a whole when its source is rebuilt."""

    __tablename__ = "meter_increment"
    __table_args__ = (
        Index("ix_meter_increment_meter_id_at", "meter_id", "at"),
        UniqueConstraint("meter_id", "source", "source_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    source: Mapped[str] = mapped_column(String(16))
    source_key: Mapped[str] = mapped_column(String(80))

    meter: Mapped[Meter] = relationship()
