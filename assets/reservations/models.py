"""Tables of reservations, and of the hours that they keep."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.core.journal import Derived
from assets.people.models import Account, Unit
from assets.registry.models import Asset


class Reservation(Base):
    """A unit asked for an asset for a time (half-open), and what became of it; the time itself never changes.

    A change of time cancels one and makes another, which names the first in `replaces_id`. `reason` is why it was
    declined or cancelled.
    """

    __tablename__ = "reservation"
    # What it is for may tell of an operation; the journal is read by more than may know of it.
    __private__ = frozenset({"purpose"})
    __table_args__ = (
        CheckConstraint("state IN ('asked','approved','declined','cancelled')", name="state_known"),
        CheckConstraint("ends_at > starts_at", name="times_in_order"),
        CheckConstraint("state NOT IN ('declined','cancelled') OR reason <> ''", name="refusal_has_a_reason"),
        CheckConstraint("(state = 'asked') = (answered_at IS NULL)", name="answered_has_a_time"),
        Index("ix_reservation_asset_id_starts_at", "asset_id", "starts_at"),
        Index("ix_reservation_unit_id_starts_at", "unit_id", "starts_at"),
        Index("ix_reservation_starts_at_id", "starts_at", "id"),
        Index("ix_reservation_state_ends_at", "state", "ends_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    purpose: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(12))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str] = mapped_column(String(300), default="")
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("reservation.id"), unique=True)

    asset: Mapped[Asset] = relationship()
    unit: Mapped[Unit] = relationship()
    asked_by: Mapped[Account | None] = relationship(foreign_keys=[asked_by_id])
    answered_by: Mapped[Account | None] = relationship(foreign_keys=[answered_by_id])

    @property
    def number(self) -> str:
        """How people call it."""
        return f"R-{self.id:06d}"


class ReservationHour(Derived, Base):
    """An hour of an asset that a reservation keeps: its key is why two can never keep the same, on either engine.

    `hour` is a number of `rules.hours`. Made from the reservation; gone when it is declined or cancelled.
    """

    __tablename__ = "reservation_hour"

    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"), primary_key=True)
    hour: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    reservation_id: Mapped[int] = mapped_column(ForeignKey("reservation.id"), index=True)
