"""Tables of maintenance plans with where they stand, work orders and downtime."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, Numeric, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.core.journal import Derived
from assets.maintenance.rules.due import LastDone, Terms
from assets.maintenance.rules.orders import Cause, Kind, Payer, Severity, State
from assets.registry.models import Asset, Meter

PLAN_SOURCES = ("class", "model", "asset")


def _one_of(column: str, values: tuple[str, ...], name: str) -> CheckConstraint:
    listed = ",".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


class MaintenancePlan(Base):
    """Periodic care of one asset: by days, by a meter, or both (whichever first).

    `code` names the class default it came from. `source` says whose intervals they are; a model's or an asset's own
    carry their reason. `last_done_*` is what the plan counts from; `basis` whether that was a completion ('done') or
    the day the item came into use ('start').
    """

    __tablename__ = "maintenance_plan"
    __table_args__ = (
        UniqueConstraint("asset_id", "code"),
        _one_of("source", PLAN_SOURCES, "source_known"),
        _one_of("basis", ("start", "done"), "basis_known"),
        CheckConstraint("interval_days IS NULL OR interval_days > 0", name="days_positive"),
        CheckConstraint("meter_interval IS NULL OR meter_interval > 0", name="meter_positive"),
        CheckConstraint("interval_days IS NOT NULL OR meter_interval IS NOT NULL", name="has_a_trigger"),
        CheckConstraint("(meter_interval IS NULL) = (meter_kind = '')", name="meter_has_a_kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    interval_days: Mapped[int | None] = mapped_column(Integer)
    meter_kind: Mapped[str] = mapped_column(String(24), default="")
    meter_interval: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    severe: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(String(8), default="class")
    reason: Mapped[str] = mapped_column(String(300), default="")
    active: Mapped[bool] = mapped_column(default=True)
    last_done_on: Mapped[date]
    last_done_meter: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    basis: Mapped[str] = mapped_column(String(8), default="start")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    asset: Mapped[Asset] = relationship()
    state: Mapped[PlanState | None] = relationship(back_populates="plan", uselist=False)

    @property
    def terms(self) -> Terms:
        return Terms(self.interval_days, self.meter_kind, self.meter_interval)

    @property
    def last_done(self) -> LastDone:
        return LastDone(self.last_done_on, self.last_done_meter)


class PlanState(Derived, Base):
    """Where an active plan stands, so that the due list is an indexed query; rebuilt from the plan and the meters.

    `due_day` is `due_on` as a day number, for sorting on both engines. `daily_use` is the mean of the last `use_days`
    days until `measured_on`, in the meter's unit.
    """

    __tablename__ = "maintenance_plan_state"
    __table_args__ = (Index("ix_maintenance_plan_state_meter_id", "meter_id"),)

    plan_id: Mapped[int] = mapped_column(ForeignKey("maintenance_plan.id"), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"), index=True)
    due_on: Mapped[date | None] = mapped_column(index=True)
    due_day: Mapped[int | None] = mapped_column(Integer)
    grace_day: Mapped[int | None] = mapped_column(Integer, index=True)
    meter_id: Mapped[int | None] = mapped_column(ForeignKey("meter.id"))
    due_at_meter: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    grace_at_meter: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    daily_use: Mapped[float | None] = mapped_column(Float)
    use_days: Mapped[int | None] = mapped_column(Integer)
    measured_on: Mapped[date | None]

    plan: Mapped[MaintenancePlan] = relationship(back_populates="state")
    meter: Mapped[Meter | None] = relationship()


class WorkOrder(Base):
    """Work to be done on one asset, from request to completion.

    A preventive order copies its plan's due date, reading and intervals when it is opened, so that a later change of
    the plan does not rewrite whether it was on time.
    """

    __tablename__ = "work_order"
    __table_args__ = (
        _one_of("kind", tuple(Kind), "kind_known"),
        _one_of("state", tuple(State), "state_known"),
        _one_of("fault_cause", tuple(Cause), "fault_cause_known"),
        CheckConstraint("severity = '' OR severity IN ('minor','major','critical')", name="severity_known"),
        CheckConstraint("payer = '' OR payer IN ('donor','recipient_budget')", name="payer_known"),
        CheckConstraint("cost IS NULL OR cost >= 0", name="cost_not_negative"),
        CheckConstraint("(state IN ('done','cancelled')) = (closed_at IS NOT NULL)", name="closed_has_a_time"),
        CheckConstraint("state <> 'cancelled' OR reason <> ''", name="cancelled_has_a_reason"),
        Index("ix_work_order_asset_id_state", "asset_id", "state"),
        Index("ix_work_order_state_opened_at", "state", "opened_at"),
        Index("ix_work_order_kind_closed_at", "kind", "closed_at"),
        Index(
            "uq_work_order_open_plan",
            "plan_id",
            unique=True,
            sqlite_where=text("state NOT IN ('done','cancelled')"),
            postgresql_where=text("state NOT IN ('done','cancelled')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    kind: Mapped[str] = mapped_column(String(12))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("maintenance_plan.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    severity: Mapped[str] = mapped_column(String(8), default="")
    fault_cause: Mapped[str] = mapped_column(String(20), default=Cause.FAILURE.value)
    state: Mapped[str] = mapped_column(String(16), default=State.REQUESTED.value)
    event_id: Mapped[str | None] = mapped_column(ForeignKey("asset_event.id"), unique=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    scheduled_on: Mapped[date | None]
    due_on: Mapped[date | None]
    due_at_meter: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    interval_days: Mapped[int | None] = mapped_column(Integer)
    meter_kind: Mapped[str] = mapped_column(String(24), default="")
    meter_interval: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fell_due_on: Mapped[date | None]
    on_time: Mapped[bool | None]
    done_meter: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    done_text: Mapped[str] = mapped_column(Text, default="")
    cost: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    currency: Mapped[str] = mapped_column(String(3), default="USD")
    payer: Mapped[str] = mapped_column(String(20), default="")
    reason: Mapped[str] = mapped_column(String(300), default="")
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy's own form

    asset: Mapped[Asset] = relationship()
    plan: Mapped[MaintenancePlan | None] = relationship()
    downtimes: Mapped[list[Downtime]] = relationship(back_populates="work_order", order_by="Downtime.started_at")

    @property
    def number(self) -> str:
        """How people call it."""
        return f"W-{self.id:06d}"

    @property
    def terms(self) -> Terms:
        return Terms(self.interval_days, self.meter_kind, self.meter_interval)

    @property
    def severity_value(self) -> Severity | None:
        return Severity(self.severity) if self.severity else None

    @property
    def payer_value(self) -> Payer | None:
        return Payer(self.payer) if self.payer else None


class Downtime(Base):
    """A stretch of time in which an asset could not be used, half-open, with its cause; open while it lasts."""

    __tablename__ = "downtime"
    __table_args__ = (
        _one_of("cause", tuple(Cause), "cause_known"),
        CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="times_in_order"),
        Index("ix_downtime_asset_id_started_at", "asset_id", "started_at"),
        Index("ix_downtime_started_at", "started_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    work_order_id: Mapped[int] = mapped_column(ForeignKey("work_order.id"), index=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cause: Mapped[str] = mapped_column(String(20))

    work_order: Mapped[WorkOrder] = relationship(back_populates="downtimes")
