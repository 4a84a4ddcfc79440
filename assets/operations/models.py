"""Tables of operations: agencies, units, seizures with several substances, equipment's contribution, corrections."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Index, Integer, Numeric, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Account, Organisation, Region, Unit
from assets.registry.models import EquipmentClass

KINDS = ("joint_operation", "controlled_delivery", "patrol", "checkpoint", "search")
CONTRIBUTIONS = ("none", "supported", "decisive")

operation_agency = Table(
    "operation_agency",
    Base.metadata,
    Column("operation_id", ForeignKey("operation.id"), primary_key=True),
    Column("organisation_id", ForeignKey("organisation.id"), primary_key=True),
)
operation_unit = Table(
    "operation_unit",
    Base.metadata,
    Column("operation_id", ForeignKey("operation.id"), primary_key=True),
    Column("unit_id", ForeignKey("unit.id"), primary_key=True),
)


class Operation(Base):
    """What a team did: a joint operation, controlled delivery, patrol, checkpoint or search, with its results.

    Open, it is known to those who take part and to the coordinator only. Closed, it is changed by corrections alone,
    each with its reason and what stood there before. `code` is what people and uses name it by.
    """

    __tablename__ = "operation"
    # What is still going on is known to few; the journal is read by more, and says of these only that they changed.
    __private__ = frozenset({"code", "kind", "delivery", "region_id", "starts_on", "ends_on", "note"})
    __table_args__ = (
        CheckConstraint(
            "kind IN ('joint_operation','controlled_delivery','patrol','checkpoint','search')", name="kind_known"
        ),
        CheckConstraint("(kind = 'controlled_delivery') = (delivery <> '')", name="delivery_has_a_type"),
        CheckConstraint("delivery IN ('','internal','international')", name="delivery_known"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates_in_order"),
        CheckConstraint("arrests >= 0", name="arrests_not_negative"),
        CheckConstraint("searches IS NULL OR searches >= 0", name="searches_not_negative"),
        CheckConstraint(
            "finds IS NULL OR (searches IS NOT NULL AND finds BETWEEN 0 AND searches)", name="finds_of_searches"
        ),
        CheckConstraint("(annulled_at IS NULL) = (annulled_reason = '')", name="annulled_has_a_reason"),
        Index("ix_operation_starts_on", "starts_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(24))
    delivery: Mapped[str] = mapped_column(String(16), default="")
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    arrests: Mapped[int] = mapped_column(Integer, default=0)
    searches: Mapped[int | None] = mapped_column(Integer)
    finds: Mapped[int | None] = mapped_column(Integer)
    note: Mapped[str] = mapped_column(Text, default="")
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    annulled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    annulled_reason: Mapped[str] = mapped_column(String(300), default="")
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}  # noqa: RUF012  # SQLAlchemy's own form

    unit: Mapped[Unit] = relationship()
    region: Mapped[Region] = relationship()
    recorded_by: Mapped[Account | None] = relationship(foreign_keys=[recorded_by_id])
    closed_by: Mapped[Account | None] = relationship(foreign_keys=[closed_by_id])
    agencies: Mapped[list[Organisation]] = relationship(secondary=operation_agency)
    units: Mapped[list[Unit]] = relationship(secondary=operation_unit)
    seizures: Mapped[list[Seizure]] = relationship(back_populates="operation", order_by="Seizure.id")
    contributions: Mapped[list[EquipmentContribution]] = relationship(
        back_populates="operation", order_by="EquipmentContribution.id"
    )


class Seizure(Base):
    """One seizure of an operation; its substances are its items. Struck out by a correction, it no longer counts."""

    __tablename__ = "seizure"
    __private__ = frozenset({"seized_on", "concealment"})

    id: Mapped[int] = mapped_column(primary_key=True)
    operation_id: Mapped[int] = mapped_column(ForeignKey("operation.id"), index=True)
    seized_on: Mapped[date]
    concealment: Mapped[str] = mapped_column(String(40), default="")
    struck_out: Mapped[bool] = mapped_column(default=False)

    operation: Mapped[Operation] = relationship(back_populates="seizures")
    items: Mapped[list[SeizureItem]] = relationship(back_populates="seizure", order_by="SeizureItem.id")


class SeizureItem(Base):
    """One substance of a seizure as it was weighed or counted, and its kilogrammes where they can be told.

    `kg` follows from quantity and unit by the conversion table of this version; None where no conversion is known.
    """

    __tablename__ = "seizure_item"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("kg IS NULL OR kg >= 0", name="kg_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seizure_id: Mapped[int] = mapped_column(ForeignKey("seizure.id"), index=True)
    substance: Mapped[str] = mapped_column(String(40))
    quantity: Mapped[Decimal] = mapped_column(Numeric(16, 6))
    unit: Mapped[str] = mapped_column(String(16))
    kg: Mapped[Decimal | None] = mapped_column(Numeric(16, 6))
    conversion_version: Mapped[str] = mapped_column(String(16))
    struck_out: Mapped[bool] = mapped_column(default=False)

    seizure: Mapped[Seizure] = relationship(back_populates="items")


class EquipmentContribution(Base):
    """What one class of equipment did for the result, as those said who were there."""

    __tablename__ = "equipment_contribution"
    __private__ = frozenset({"note"})
    __table_args__ = (
        CheckConstraint("contribution IN ('none','supported','decisive')", name="contribution_known"),
        Index("uq_equipment_contribution_operation_class", "operation_id", "class_id", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    operation_id: Mapped[int] = mapped_column(ForeignKey("operation.id"))
    class_id: Mapped[int] = mapped_column(ForeignKey("equipment_class.id"))
    contribution: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(String(500), default="")

    operation: Mapped[Operation] = relationship(back_populates="contributions")
    equipment_class: Mapped[EquipmentClass] = relationship()


class OperationCorrection(Base):
    """A change of a closed operation: why, by whom, and what stood there before and after."""

    __tablename__ = "operation_correction"

    id: Mapped[int] = mapped_column(primary_key=True)
    operation_id: Mapped[int] = mapped_column(ForeignKey("operation.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    actor_name: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(300))
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)

    operation: Mapped[Operation] = relationship()
    account: Mapped[Account | None] = relationship()
