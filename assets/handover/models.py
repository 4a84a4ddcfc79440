"""Tables of a handover round: its lines, and each item with what was found at the count."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Account, Organisation, Unit
from assets.registry.models import Asset, EquipmentClass, EquipmentModel, HandoverBatch

OUTCOMES = ("pending", "received", "short", "damaged", "wrong_serial", "not_delivered")


class HandoverLine(Base):
    """One line of the deed: so many of one model for one unit, each of this value (in the batch's currency)."""

    __tablename__ = "handover_line"
    __table_args__ = (
        UniqueConstraint("batch_id", "number"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("unit_value IS NULL OR unit_value >= 0", name="value_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("handover_batch.id"))
    number: Mapped[int] = mapped_column(Integer)
    class_id: Mapped[int] = mapped_column(ForeignKey("equipment_class.id"))
    model_id: Mapped[int | None] = mapped_column(ForeignKey("equipment_model.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    quantity: Mapped[int] = mapped_column(Integer)
    unit_value: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))

    batch: Mapped[HandoverBatch] = relationship()
    equipment_class: Mapped[EquipmentClass] = relationship()
    model: Mapped[EquipmentModel | None] = relationship()
    unit: Mapped[Unit] = relationship()
    agency: Mapped[Organisation | None] = relationship()
    items: Mapped[list[HandoverItem]] = relationship(back_populates="line", order_by="HandoverItem.number")


class HandoverItem(Base):
    """One promised item: an asset that is expected, until it is counted in.

    `serial_on_paper` is what the deed says; a wrong serial stays recorded there when the asset carries the right one.
    `outcome` and the columns with it follow the newest `HandoverCount`.
    """

    __tablename__ = "handover_item"
    __table_args__ = (
        UniqueConstraint("line_id", "number"),
        CheckConstraint(
            "outcome IN ('pending','received','short','damaged','wrong_serial','not_delivered')", name="outcome_known"
        ),
        Index("ix_handover_item_outcome", "outcome"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("handover_line.id"))
    number: Mapped[int] = mapped_column(Integer)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"), unique=True)
    serial_on_paper: Mapped[str] = mapped_column(String(80), default="")
    outcome: Mapped[str] = mapped_column(String(16), default="pending")
    counted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    line: Mapped[HandoverLine] = relationship(back_populates="items")
    asset: Mapped[Asset] = relationship()
    counts: Mapped[list[HandoverCount]] = relationship(back_populates="item", order_by="HandoverCount.id")


class HandoverCount(Base):
    """What somebody found when an item was counted. Append-only: a later count follows an earlier one.

    `uid` is the count's own id, given by the page or program that sent it (a count sent twice is one count); it is the
    id of its event, too. `at` is when it was counted, `recorded_at` when we heard of it; the newest `at` holds.
    """

    __tablename__ = "handover_count"
    __table_args__ = (
        CheckConstraint(
            "outcome IN ('received','short','damaged','wrong_serial','not_delivered')", name="outcome_known"
        ),
        CheckConstraint("grade IS NULL OR grade IN ('A','B','C','D')", name="grade_known"),
        Index("ix_handover_count_item_id", "item_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("handover_item.id"))
    outcome: Mapped[str] = mapped_column(String(16))
    serial_found: Mapped[str] = mapped_column(String(80), default="")
    note: Mapped[str] = mapped_column(String(500), default="")
    grade: Mapped[str | None] = mapped_column(String(1))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    actor_name: Mapped[str] = mapped_column(String(80))

    item: Mapped[HandoverItem] = relationship(back_populates="counts")
    account: Mapped[Account | None] = relationship()
