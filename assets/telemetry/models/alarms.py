"""Alarms: what a tracker told or its silence tells, what it was told by, and when we listened at all."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, TelemetryBase, UtcDateTime
from assets.core.journal import Derived, Raw
from assets.people.models import Account, Unit
from assets.registry.models import Asset, EquipmentClass
from assets.telemetry.models.samples import Serial


class Alarm(Base):
    """Something that somebody should see to, with what was done about it.

    `asset_id` and `unit_id` are the vehicle that carried the tracker and the unit that had it, both at `raised_at`
    (event time); a unit of None is not known any more, or there was no vehicle. `late`: it was heard too late to be
    acted on. `ended_at`: when the cause was over by the tracker's own word. `times`: how often it was told.
    """

    __tablename__ = "alarm"
    __derived__ = frozenset({"times", "last_at"})
    __table_args__ = (
        CheckConstraint("state IN ('open','acknowledged','closed')", name="state_known"),
        CheckConstraint(
            "kind IN ('power_cut','tamper','sos','tow','crash','low_battery','silent','key_reused','flapping')",
            name="kind_known",
        ),
        CheckConstraint("state <> 'closed' OR closed_at IS NOT NULL", name="closed_has_a_time"),
        CheckConstraint("state <> 'acknowledged' OR acknowledged_at IS NOT NULL", name="acknowledged_has_a_time"),
        UniqueConstraint("tracker_id", "kind", "key"),
        Index("ix_alarm_state_raised_at_id", "state", "raised_at", "id"),
        Index("ix_alarm_tracker_id_raised_at", "tracker_id", "raised_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tracker_id: Mapped[str] = mapped_column(ForeignKey("tracker.id"))
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    key: Mapped[str] = mapped_column(String(80))
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    late: Mapped[bool] = mapped_column(default=False)
    times: Mapped[int] = mapped_column(Integer, default=1)
    state: Mapped[str] = mapped_column(String(12), default="open")
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    note: Mapped[str] = mapped_column(String(500), default="")

    asset: Mapped[Asset | None] = relationship()
    unit: Mapped[Unit | None] = relationship()
    acknowledged_by: Mapped[Account | None] = relationship(foreign_keys=[acknowledged_by_id])
    closed_by: Mapped[Account | None] = relationship(foreign_keys=[closed_by_id])


class AlarmWord(Raw, Base):
    """One word of one sample that raised, repeated or ended an alarm: the same word again changes nothing.

    `dated` says how its time is known, as of a sample. Without an alarm: an end whose beginning was not heard (yet).
    """

    __tablename__ = "alarm_word"
    __table_args__ = (
        UniqueConstraint("tracker_id", "life", "boot", "seq", "word"),
        Index("ix_alarm_word_tracker_id_word_at", "tracker_id", "word", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    alarm_id: Mapped[int | None] = mapped_column(ForeignKey("alarm.id"), index=True)
    tracker_id: Mapped[str] = mapped_column(ForeignKey("tracker.id"))
    life: Mapped[str] = mapped_column(String(8))
    boot: Mapped[int] = mapped_column(Integer)
    seq: Mapped[int] = mapped_column(Serial)
    word: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    dated: Mapped[int] = mapped_column(SmallInteger)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ContactLimit(Base):
    """How many hours trackers on items of a class may be silent before that is an alarm."""

    __tablename__ = "contact_limit"
    __table_args__ = (CheckConstraint("hours BETWEEN 1 AND 2160", name="hours_sensible"),)

    class_id: Mapped[int] = mapped_column(ForeignKey("equipment_class.id"), primary_key=True)
    hours: Mapped[int] = mapped_column(Integer)

    equipment_class: Mapped[EquipmentClass] = relationship()


class Listening(Derived, TelemetryBase):
    """A time in which ingest was connected to the broker; what lies between two of them is an outage of ours."""

    __tablename__ = "listening"

    id: Mapped[int] = mapped_column(primary_key=True)
    from_ms: Mapped[int] = mapped_column(Serial)
    until_ms: Mapped[int] = mapped_column(Serial, index=True)
