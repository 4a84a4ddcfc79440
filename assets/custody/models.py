"""Tables of custody entries and use sessions: append-only rows, each belonging to one event of the timeline."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Person, Unit
from assets.registry.models import Asset, AssetEvent


class CustodyEntry(Base):
    """An asset went to a person or came back, at event time `at`; who has it is a fold of these rows.

    `person_id` is who it was given to, for a return who brought it (None where nobody was known to have it).
    `corrects_id` names the event whose entry no longer counts; this one stands in its place, or for nothing ('void').
    """

    __tablename__ = "custody_entry"
    __table_args__ = (
        CheckConstraint("kind IN ('issue','return','assign','void')", name="kind_known"),
        CheckConstraint("kind NOT IN ('issue','assign') OR person_id IS NOT NULL", name="issue_has_a_person"),
        CheckConstraint("kind <> 'void' OR corrects_id IS NOT NULL", name="void_corrects"),
        CheckConstraint("until IS NULL OR until > at", name="until_after_at"),
        Index("ix_custody_entry_asset_id_at", "asset_id", "at"),
        Index("ix_custody_entry_person_id_at", "person_id", "at"),
    )

    event_id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    kind: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    n: Mapped[int] = mapped_column(Integer, default=0)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    override_reason: Mapped[str] = mapped_column(String(500), default="")
    corrects_id: Mapped[str | None] = mapped_column(ForeignKey("asset_event.id"), unique=True)

    event: Mapped[AssetEvent] = relationship(foreign_keys=[event_id])
    asset: Mapped[Asset] = relationship()
    person: Mapped[Person | None] = relationship()
    unit: Mapped[Unit | None] = relationship()


class UseSession(Base):
    """One use of an asset as a person told it: how often or how long, by whom, for which unit, to what effect.

    `at` is the moment that it counts for: its end, or its beginning where the end is not known.
    """

    __tablename__ = "use_session"
    __table_args__ = (
        CheckConstraint("contribution IN ('none','supported','decisive')", name="contribution_known"),
        CheckConstraint("count IS NULL OR count > 0", name="count_positive"),
        CheckConstraint("hours IS NULL OR hours > 0", name="hours_positive"),
        CheckConstraint(
            "started_at IS NULL OR ended_at IS NULL OR ended_at >= started_at", name="times_in_order"
        ),
        Index("ix_use_session_asset_id_at", "asset_id", "at"),
        Index("ix_use_session_at", "at"),
        Index("ix_use_session_operation", "operation"),
    )  # fmt: skip

    event_id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    count: Mapped[int | None] = mapped_column(Integer)
    hours: Mapped[Decimal | None] = mapped_column(Numeric(10, 3))
    contribution: Mapped[str] = mapped_column(String(12), default="none")
    operation: Mapped[str] = mapped_column(String(64), default="")

    event: Mapped[AssetEvent] = relationship()
    asset: Mapped[Asset] = relationship()
