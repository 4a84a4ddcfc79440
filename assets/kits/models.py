"""Tables of kits: the list of each, the entries of what is in it, its checks, and what follows from the entries."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.core.journal import Derived
from assets.people.models import Account
from assets.registry.models import Asset, EquipmentClass, EquipmentModel, StockLot


class Kit(Base):
    """An asset that has a list or was given parts. `version`: of its list.

    `checked_at` caches its newest check that named all that was in it.
    """

    __tablename__ = "kit"
    __derived__ = frozenset({"checked_at"})

    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"), primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, default=0)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    asset: Mapped[Asset] = relationship()


class KitLine(Base):
    """What belongs in a kit: so many of a class, of a model of it, or of an item kept by lots.

    A line that was taken off the list is no longer `active`; it stays.
    """

    __tablename__ = "kit_line"
    __table_args__ = (
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint("model_id IS NULL OR item = ''", name="model_or_item"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kit_id: Mapped[int] = mapped_column(ForeignKey("kit.asset_id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    class_id: Mapped[int] = mapped_column(ForeignKey("equipment_class.id"))
    model_id: Mapped[int | None] = mapped_column(ForeignKey("equipment_model.id"))
    item: Mapped[str] = mapped_column(String(120), default="")
    number: Mapped[int] = mapped_column(Integer)
    required: Mapped[bool] = mapped_column(default=True)
    active: Mapped[bool] = mapped_column(default=True)

    equipment_class: Mapped[EquipmentClass] = relationship()
    model: Mapped[EquipmentModel | None] = relationship()


class KitEntry(Base):
    """A part or so much of a lot was put into a kit, taken out or used, or looked for there. Never changed."""

    __tablename__ = "kit_entry"
    __table_args__ = (
        CheckConstraint("(part_id IS NULL) <> (lot_id IS NULL)", name="part_or_lot"),
        CheckConstraint("(lot_id IS NULL) = (quantity IS NULL)", name="lots_have_a_quantity"),
        CheckConstraint("quantity IS NULL OR quantity >= 0", name="not_negative"),
        CheckConstraint(
            "(part_id IS NOT NULL AND kind IN ('put','take','found','missing')) OR "
            "(lot_id IS NOT NULL AND kind IN ('put','take','used','counted'))",
            name="kind_known",
        ),
        CheckConstraint("part_id IS NULL OR part_id <> kit_id", name="not_in_itself"),
        Index("ix_kit_entry_part_id_at", "part_id", "at"),
        Index("ix_kit_entry_kit_id_at", "kit_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"), index=True)
    kit_id: Mapped[int] = mapped_column(ForeignKey("kit.asset_id"))
    part_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("stock_lot.id"))
    kind: Mapped[str] = mapped_column(String(8))
    quantity: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    n: Mapped[int] = mapped_column(Integer, default=0)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    actor_name: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(String(300), default="")

    part: Mapped[Asset | None] = relationship(foreign_keys=[part_id])
    lot: Mapped[StockLot | None] = relationship()


class KitCheck(Base):
    """Somebody looked whether a kit is complete: what he found and missed stands in the entries of the same event.

    `extras`: label codes that he found in it and that are not its parts.
    """

    __tablename__ = "kit_check"
    __table_args__ = (Index("ix_kit_check_kit_id_at", "kit_id", "at"),)

    event_id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"), primary_key=True)
    kit_id: Mapped[int] = mapped_column(ForeignKey("kit.asset_id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    n: Mapped[int] = mapped_column(Integer, default=0)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    actor_name: Mapped[str] = mapped_column(String(80))
    found: Mapped[int] = mapped_column(Integer)
    missing: Mapped[int] = mapped_column(Integer)
    extras: Mapped[list[Any]] = mapped_column(JSON, default=list)
    note: Mapped[str] = mapped_column(String(500), default="")

    account: Mapped[Account | None] = relationship()


class KitPart(Derived, Base):
    """The kit that a part is in, by its entries: one at most, for the part is the key. Written by nobody else."""

    __tablename__ = "kit_part"
    __table_args__ = (CheckConstraint("asset_id <> kit_id", name="not_in_itself"),)

    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"), primary_key=True, autoincrement=False)
    kit_id: Mapped[int] = mapped_column(ForeignKey("kit.asset_id"), index=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    missing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)


class KitCount(Derived, Base):
    """How much of a lot is in a kit, by its entries; `short`: so much more left it than was known to be there."""

    __tablename__ = "kit_count"
    __table_args__ = (CheckConstraint("quantity >= 0 AND short >= 0", name="not_negative"),)

    kit_id: Mapped[int] = mapped_column(ForeignKey("kit.asset_id"), primary_key=True, autoincrement=False)
    lot_id: Mapped[int] = mapped_column(ForeignKey("stock_lot.id"), primary_key=True, autoincrement=False)
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    short: Mapped[Decimal] = mapped_column(Numeric(14, 3))
