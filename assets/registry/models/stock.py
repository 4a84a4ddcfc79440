"""Tables of lots of consumables and of what was counted in and out of them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Account, Unit
from assets.registry.models.classes import EquipmentClass, EquipmentModel
from assets.registry.models.grants import HandoverBatch
from assets.registry.models.kinds import one_of

STOCK_MOVES = ("received", "counted", "written_off", "annulled")


class StockLot(Base):
    """A counted supply of one kind with one lot number and one expiry, kept by one unit.

    How much there is, is the sum of its movements. `opened_on`: the first pack was opened; `recalled_on`: it may not
    be used any more, whatever its expiry says.
    """

    __tablename__ = "stock_lot"
    __table_args__ = (
        UniqueConstraint("unit_id", "class_id", "lot_number", "item"),
        CheckConstraint("recalled_on IS NULL OR recall_reason <> ''", name="recall_has_a_reason"),
        Index("ix_stock_lot_expires_on", "expires_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("equipment_class.id"), index=True)
    model_id: Mapped[int | None] = mapped_column(ForeignKey("equipment_model.id"))
    item: Mapped[str] = mapped_column(String(120))
    lot_number: Mapped[str] = mapped_column(String(60))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("handover_batch.id"), index=True)
    counted_in: Mapped[str] = mapped_column(String(24), default="pieces")
    expires_on: Mapped[date | None]
    received_on: Mapped[date | None]
    opened_on: Mapped[date | None]
    recalled_on: Mapped[date | None]
    recall_reason: Mapped[str] = mapped_column(String(300), default="")
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    annulled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    equipment_class: Mapped[EquipmentClass] = relationship()
    model: Mapped[EquipmentModel | None] = relationship()
    unit: Mapped[Unit] = relationship()
    batch: Mapped[HandoverBatch | None] = relationship()


class StockMovement(Base):
    """Something was counted into or out of a lot. Never changed: a mistake is corrected by a movement that says so."""

    __tablename__ = "stock_movement"
    __table_args__ = (
        one_of("kind", STOCK_MOVES, "kind_known"),
        CheckConstraint("quantity <> 0", name="moves_something"),
        Index("ix_stock_movement_lot_id_at", "lot_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("stock_lot.id"))
    kind: Mapped[str] = mapped_column(String(16))
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    actor_name: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(300), default="")

    lot: Mapped[StockLot] = relationship()
    account: Mapped[Account | None] = relationship()
