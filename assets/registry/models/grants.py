"""Tables of grants with their targets, and of handover batches."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Numeric, String, Table, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Organisation
from assets.registry.models.classes import EquipmentClass


class Grant(Base):
    """What a donor gave money for; E/N and G/A numbers as printed in the agreements."""

    __tablename__ = "grant_agreement"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    title: Mapped[str] = mapped_column(String(300))
    donor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    implementing_agency_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    en_number: Mapped[str] = mapped_column(String(64), default="")
    ga_number: Mapped[str] = mapped_column(String(64), default="")
    en_signed_on: Mapped[date | None]
    ga_signed_on: Mapped[date | None]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    currency: Mapped[str] = mapped_column(String(3), default="USD")

    donor: Mapped[Organisation] = relationship(foreign_keys=[donor_id])
    implementing_agency: Mapped[Organisation | None] = relationship(foreign_keys=[implementing_agency_id])


_IN_FORCE = text("ended_at IS NULL")
_IN_FORCE_FOR_ALL = text("ended_at IS NULL AND class_id IS NULL")


class GrantTarget(Base):
    """What was promised of a grant's equipment: the planned value of one figure, for one class or for all of it.

    `kpi` is a code of `metrics/rules/kpi.py`; `value` in that figure's unit, shares from 0 to 1. Ended, never changed:
    a new plan is a new row, so that an older summary can say against which plan it was measured.
    """

    __tablename__ = "grant_target"
    __table_args__ = (
        CheckConstraint("value >= 0", name="not_negative"),
        CheckConstraint("ended_at IS NULL OR ended_at >= set_at", name="times_in_order"),
        Index(
            "uq_grant_target_of_all", "grant_id", "kpi",
            unique=True, sqlite_where=_IN_FORCE_FOR_ALL, postgresql_where=_IN_FORCE_FOR_ALL,
        ),
        Index(
            "uq_grant_target_of_class", "grant_id", "kpi", "class_id",
            unique=True, sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey("grant_agreement.id"))
    kpi: Mapped[str] = mapped_column(String(40))
    class_id: Mapped[int | None] = mapped_column(ForeignKey("equipment_class.id"))
    value: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    note: Mapped[str] = mapped_column(String(300), default="")
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    grant: Mapped[Grant] = relationship()
    equipment_class: Mapped[EquipmentClass | None] = relationship()


batch_recipient = Table(
    "batch_recipient",
    Base.metadata,
    Column("batch_id", ForeignKey("handover_batch.id"), primary_key=True),
    Column("organisation_id", ForeignKey("organisation.id"), primary_key=True),
)


class HandoverBatch(Base):
    """A round of delivery: the natural unit of donation.

    `usd_rate` is how many units of `currency` made one US dollar on `rate_on`. `closed_at` is the
    end of its count.
    """

    __tablename__ = "handover_batch"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey("grant_agreement.id"), index=True)
    handed_over_on: Mapped[date]
    place: Mapped[str] = mapped_column(String(200), default="")
    value: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    currency: Mapped[str] = mapped_column(String(3), default="USD")
    usd_rate: Mapped[Decimal | None] = mapped_column(Numeric(18, 6))
    rate_on: Mapped[date | None]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(Text, default="")

    grant: Mapped[Grant] = relationship()
    recipients: Mapped[list[Organisation]] = relationship(secondary=batch_recipient)
