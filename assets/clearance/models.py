"""The table of clearances."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Account, Person, Unit


class Clearance(Base):
    """Somebody leaves: open until he has nothing of ours. Of one person at most one is open.

    `unit_id` is his unit when it was opened, which sees to it. `override_reason`: why he was entered as gone although
    something was open.
    """

    __tablename__ = "clearance"
    __table_args__ = (
        CheckConstraint("cause IN ('asked','leaving','overridden','account_closed')", name="cause_known"),
        CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name="times_in_order"),
        CheckConstraint("cause <> 'overridden' OR override_reason <> ''", name="override_has_a_reason"),
        Index(
            "uq_clearance_open", "person_id", unique=True,
            sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_clearance_person_id", "person_id"),
        Index("ix_clearance_unit_id_closed_at", "unit_id", "closed_at"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    cause: Mapped[str] = mapped_column(String(16))
    leaves_on: Mapped[date | None]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    override_reason: Mapped[str] = mapped_column(String(500), default="")
    note: Mapped[str] = mapped_column(String(500), default="")
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    person: Mapped[Person] = relationship()
    unit: Mapped[Unit] = relationship()
    opened_by: Mapped[Account | None] = relationship(foreign_keys=[opened_by_id])
    closed_by: Mapped[Account | None] = relationship(foreign_keys=[closed_by_id])
