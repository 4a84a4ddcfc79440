"""Tables of fuel fills, dated vehicle papers and accidents: entries that only later entries correct."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Account
from assets.registry.models import Asset
from assets.vehicles.rules.entries import MAX_LITRES, PaperKind


class Entered:
    """What every entry bears: its event on the timeline, by whom and when it was entered, and what it corrects.

    An entry counts while no later one names it in `corrects_id`; a `void` one says that the named entry was a mistake
    and puts nothing in its place.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"), unique=True)
    void: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(String(500), default="")
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    actor_name: Mapped[str] = mapped_column(String(80))

    @declared_attr
    def asset(self) -> Mapped[Asset]:
        return relationship()

    @declared_attr
    def account(self) -> Mapped[Account | None]:
        return relationship()


def _corrections() -> tuple[CheckConstraint, CheckConstraint]:
    return (
        CheckConstraint("(corrects_id IS NULL) = (reason = '')", name="correction_has_a_reason"),
        CheckConstraint("NOT void OR corrects_id IS NOT NULL", name="void_corrects"),
    )


class FuelFill(Entered, Base):
    """Fuel that went into a vehicle: `is_full` when the tank was full afterwards; the odometer is a reading."""

    __tablename__ = "fuel_fill"
    __table_args__ = (
        CheckConstraint(f"litres > 0 AND litres <= {MAX_LITRES}", name="litres_possible"),
        CheckConstraint("cost IS NULL OR cost >= 0", name="cost_not_negative"),
        *_corrections(),
        Index("ix_fuel_fill_asset_id_at", "asset_id", "at"),
    )

    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("fuel_fill.id"), unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    litres: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    is_full: Mapped[bool]
    odometer_km: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    cost: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    currency: Mapped[str] = mapped_column(String(3), default="UZS")
    station: Mapped[str] = mapped_column(String(120), default="")


class VehiclePaper(Entered, Base):
    """A dated paper or safety item of a vehicle, valid on both of its days; the current one is the newest valid."""

    __tablename__ = "vehicle_paper"
    __table_args__ = (
        CheckConstraint("kind IN ({})".format(",".join(f"'{kind}'" for kind in PaperKind)), name="kind_known"),
        CheckConstraint("valid_until >= valid_from", name="days_in_order"),
        CheckConstraint("cost IS NULL OR cost >= 0", name="cost_not_negative"),
        *_corrections(),
        Index("ix_vehicle_paper_asset_id_kind", "asset_id", "kind"),
    )

    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("vehicle_paper.id"), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    number: Mapped[str] = mapped_column(String(80), default="")
    issuer: Mapped[str] = mapped_column(String(120), default="")
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    cost: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    currency: Mapped[str] = mapped_column(String(3), default="UZS")


class Accident(Entered, Base):
    """An accident with a vehicle, as it was told; `work_order_id` is the repair that was asked for with it."""

    __tablename__ = "accident"
    __table_args__ = (*_corrections(), Index("ix_accident_asset_id_at", "asset_id", "at"))

    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("accident.id"), unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    place: Mapped[str] = mapped_column(String(200), default="")
    what: Mapped[str] = mapped_column(Text)
    injured: Mapped[bool]
    other_party: Mapped[str] = mapped_column(Text, default="")
    damage: Mapped[str] = mapped_column(Text, default="")
    police_number: Mapped[str] = mapped_column(String(80), default="")
    work_order_id: Mapped[int | None] = mapped_column(ForeignKey("work_order.id"))
