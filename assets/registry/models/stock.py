"""Tables of lots of consumables, of what was counted in and out of them, of issues and of opened packs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Index, Integer, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Account, Person, Unit
from assets.registry.models.assets import Label
from assets.registry.models.classes import EquipmentClass, EquipmentModel
from assets.registry.models.grants import HandoverBatch
from assets.registry.models.kinds import one_of

STOCK_MOVES = ("received", "counted", "written_off", "annulled", "issued", "returned")
PACK_ENTRIES = ("used", "counted", "went_out", "came_back", "closed")


class StockLot(Base):
    """A counted supply of one kind with one lot number and one expiry, kept by one unit.

    How much there is, is the sum of its movements. `opened_on`: the first pack was opened; `recalled_on`: it may not
    be used any more, whatever its expiry says; `suspect_since`: a pack of it failed its positive control, and none has
    passed since; `counted_at`: it was last counted. `tests_per_pack`: it is counted in packs, and each holds so many
    tests; `use_within_days`: an opened pack may be used so many days after it was opened.
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
    recalled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    suspect_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tests_per_pack: Mapped[int | None] = mapped_column(Integer)
    use_within_days: Mapped[int | None] = mapped_column(Integer)
    counted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

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


class StockLotLabel(Base):
    """A label code that leads to a lot; a void one leads to it as well."""

    __tablename__ = "stock_lot_label"

    code: Mapped[str] = mapped_column(ForeignKey("label.code"), primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("stock_lot.id"), index=True)

    label: Mapped[Label] = relationship()
    lot: Mapped[StockLot] = relationship()


class StockIssue(Base):
    """Who got what a movement took out of a lot, or who brought back what it put in again.

    `event_id` is the command's or form's own id: what is sent twice is done once; an issue that takes an opened pack
    and sealed ones is several movements, its parts. `unit_id` is whose use it goes to. `issue_id` names the issue that
    a return belongs to. `pack_id`: an opened pack went, or was used up where it lay. `out_of_order`: another lot of
    the item should have gone first; why it did not is the movement's reason.
    """

    __tablename__ = "stock_issue"
    __table_args__ = (
        UniqueConstraint("event_id", "part"),
        Index("ix_stock_issue_issue_id", "issue_id"),
        Index("ix_stock_issue_person_id", "person_id"),
        Index("ix_stock_issue_unit_id", "unit_id"),
    )

    movement_id: Mapped[int] = mapped_column(ForeignKey("stock_movement.id"), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(36))
    part: Mapped[int] = mapped_column(Integer, default=0)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    pack_id: Mapped[int | None] = mapped_column(ForeignKey("stock_pack.id"))
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("stock_issue.movement_id"))
    out_of_order: Mapped[bool] = mapped_column(default=False)
    noted: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    movement: Mapped[StockMovement] = relationship()
    person: Mapped[Person | None] = relationship()
    unit: Mapped[Unit] = relationship()
    pack: Mapped[StockPack | None] = relationship()


class StockPack(Base):
    """A pack of a lot that somebody opened: how many tests were in it, until when it may be used, and its control."""

    __tablename__ = "stock_pack"
    __table_args__ = (
        CheckConstraint("control IS NULL OR control IN ('passed','failed')", name="control_known"),
        CheckConstraint("tests IS NULL OR tests > 0", name="holds_tests"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("stock_lot.id"), index=True)
    event_id: Mapped[str] = mapped_column(String(36), unique=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    actor_name: Mapped[str] = mapped_column(String(80))
    tests: Mapped[int | None] = mapped_column(Integer)
    use_by: Mapped[date | None] = mapped_column(Date)
    control: Mapped[str | None] = mapped_column(String(8))
    control_note: Mapped[str] = mapped_column(String(300), default="")

    lot: Mapped[StockLot] = relationship()


class StockPackEntry(Base):
    """What happened to an opened pack; `count` is by how much its tests changed. Never changed itself."""

    __tablename__ = "stock_pack_entry"
    __table_args__ = (
        one_of("kind", PACK_ENTRIES, "kind_known"),
        CheckConstraint("count IS NULL OR count <> 0", name="counts_something"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pack_id: Mapped[int] = mapped_column(ForeignKey("stock_pack.id"), index=True)
    event_id: Mapped[str] = mapped_column(String(36), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    count: Mapped[int | None] = mapped_column(Integer)
    operation: Mapped[str] = mapped_column(String(64), default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    actor_name: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(300), default="")

    pack: Mapped[StockPack] = relationship()
