"""Tables of shifts, of what went out with them, and of the sets that stand ready for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Person, Unit
from assets.registry.models import Asset, AssetEvent, EquipmentClass


class Shift(Base):
    """A crew that goes out together. `id` was chosen on the phone, so that what is issued with it can name it.

    `event_id` is the entry that began it; `account_id` who entered it; closed, nothing more is expected of it.
    """

    __tablename__ = "shift"
    __table_args__ = (
        CheckConstraint("ends_at > started_at", name="ends_after_start"),
        Index("ix_shift_unit_id_started_at", "unit_id", "started_at"),
        Index("ix_shift_started_at_id", "started_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"), unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    vehicle_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(String(2000), default="")
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_note: Mapped[str] = mapped_column(String(500), default="")

    event: Mapped[AssetEvent] = relationship()
    unit: Mapped[Unit] = relationship()
    vehicle: Mapped[Asset | None] = relationship()
    members: Mapped[list[ShiftMember]] = relationship(order_by="ShiftMember.place", cascade="all")


class ShiftMember(Base):
    """One of the crew; the first answers for what nobody else holds."""

    __tablename__ = "shift_member"

    shift_id: Mapped[str] = mapped_column(ForeignKey("shift.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    place: Mapped[int] = mapped_column(Integer)

    person: Mapped[Person] = relationship()


class ShiftItem(Base):
    """An issue that went out with a shift: append-only, one row for each such issue.

    `shift_id` is what the phone said and no foreign key: an issue may be heard of before its shift, or without it.
    `unit_id` is the unit that had the item, `account_id` who issued it.
    """

    __tablename__ = "shift_item"
    __table_args__ = (
        Index("ix_shift_item_asset_id_at", "asset_id", "at"),
        Index("ix_shift_item_shift_id", "shift_id"),
    )

    event_id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"), primary_key=True)
    shift_id: Mapped[str] = mapped_column(String(36))
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    n: Mapped[int] = mapped_column(Integer, default=0)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    event: Mapped[AssetEvent] = relationship()
    asset: Mapped[Asset] = relationship()
    person: Mapped[Person] = relationship()
    unit: Mapped[Unit] = relationship()


class StandingSet(Base):
    """What a unit usually takes along together, by a name that its people know; retired, it is not offered any more."""

    __tablename__ = "standing_set"
    __table_args__ = (Index("ix_standing_set_unit_id_name", "unit_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    name: Mapped[str] = mapped_column(String(80))
    active: Mapped[bool] = mapped_column(default=True)

    unit: Mapped[Unit] = relationship()
    items: Mapped[list[StandingSetItem]] = relationship(
        order_by="StandingSetItem.place", cascade="all, delete-orphan", back_populates="set"
    )


class StandingSetItem(Base):
    """One thing of a set: this asset, or so many of a class, whichever they are."""

    __tablename__ = "standing_set_item"
    __table_args__ = (
        CheckConstraint("(asset_id IS NULL) <> (class_id IS NULL)", name="asset_or_class"),
        CheckConstraint("number BETWEEN 1 AND 50", name="number_in_range"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    set_id: Mapped[int] = mapped_column(ForeignKey("standing_set.id"), index=True)
    place: Mapped[int] = mapped_column(Integer)
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    class_id: Mapped[int | None] = mapped_column(ForeignKey("equipment_class.id"))
    number: Mapped[int] = mapped_column(Integer, default=1)

    set: Mapped[StandingSet] = relationship(back_populates="items")
    asset: Mapped[Asset | None] = relationship()
    equipment_class: Mapped[EquipmentClass | None] = relationship()
