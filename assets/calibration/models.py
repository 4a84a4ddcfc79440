"""Tables of calibration plans with where they stand, records with their points, and certificates."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.calibration.rules import DecisionRule, Kind
from assets.core.db import Base, UtcDateTime
from assets.core.journal import Derived
from assets.people.models import Account, Organisation
from assets.registry.models import Asset, Meter


def _one_of(column: str, values: tuple[str, ...], name: str) -> CheckConstraint:
    listed = ",".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


class CalibrationPlan(Base):
    """What keeps one instrument fit: a calibration, verification or functional check, by days, a meter, or both."""

    __tablename__ = "calibration_plan"
    __table_args__ = (
        UniqueConstraint("asset_id", "code"),
        _one_of("kind", tuple(Kind), "kind_known"),
        _one_of("source", ("class", "model", "asset"), "source_known"),
        _one_of("decision_rule", tuple(DecisionRule), "decision_rule_known"),
        CheckConstraint("interval_days IS NULL OR interval_days > 0", name="days_positive"),
        CheckConstraint("meter_interval IS NULL OR meter_interval > 0", name="meter_positive"),
        CheckConstraint("interval_days IS NOT NULL OR meter_interval IS NOT NULL", name="has_a_trigger"),
        CheckConstraint("(meter_interval IS NULL) = (meter_kind = '')", name="meter_has_a_kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    code: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120))
    interval_days: Mapped[int | None] = mapped_column(Integer)
    meter_kind: Mapped[str] = mapped_column(String(24), default="")
    meter_interval: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    decision_rule: Mapped[str] = mapped_column(String(16), default=DecisionRule.SIMPLE.value)
    source: Mapped[str] = mapped_column(String(8), default="class")
    reason: Mapped[str] = mapped_column(String(300), default="")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    asset: Mapped[Asset] = relationship()


class CalibrationRecord(Base):
    """One calibration, verification or check as it was done. Never changed: a mistake is corrected by a new record.

    `account_id` entered it; `organisation_id` did it where a workshop did. `result` is decided by the rule from the
    points, never typed. A record that another one names in `corrects_id` does not count any more. `taken_over`: it was
    done before this register and stands here as on paper, without points; once its import was undone it does not count
    any more (`annulled_at`).
    """

    __tablename__ = "calibration_record"
    __table_args__ = (
        _one_of("kind", tuple(Kind), "kind_known"),
        _one_of("result", ("pass", "fail"), "result_known"),
        _one_of("as_found_result", ("", "pass", "fail"), "as_found_known"),
        _one_of("as_left_result", ("", "pass", "fail"), "as_left_known"),
        CheckConstraint("result = 'pass' OR valid_until IS NULL", name="failed_is_not_valid"),
        Index("ix_calibration_record_plan_id_performed_at", "plan_id", "performed_at"),
        Index("ix_calibration_record_asset_id_performed_at", "asset_id", "performed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("calibration_plan.id"))
    kind: Mapped[str] = mapped_column(String(20))
    performed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    standard: Mapped[str] = mapped_column(String(200), default="")
    standard_valid_until: Mapped[date | None]
    environment: Mapped[str] = mapped_column(String(300), default="")
    adjusted: Mapped[bool] = mapped_column(default=False)
    decision_rule: Mapped[str] = mapped_column(String(16))
    as_found_result: Mapped[str] = mapped_column(String(4), default="")
    as_left_result: Mapped[str] = mapped_column(String(4), default="")
    result: Mapped[str] = mapped_column(String(4))
    valid_until: Mapped[date | None] = mapped_column(index=True)
    meter_value: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    note: Mapped[str] = mapped_column(Text, default="")
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("calibration_record.id"), unique=True)
    event_id: Mapped[str | None] = mapped_column(ForeignKey("asset_event.id"), unique=True)
    taken_over: Mapped[bool | None]
    annulled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    asset: Mapped[Asset] = relationship()
    plan: Mapped[CalibrationPlan] = relationship()
    account: Mapped[Account | None] = relationship()
    organisation: Mapped[Organisation | None] = relationship()
    points: Mapped[list[CalibrationPoint]] = relationship(back_populates="record", order_by="CalibrationPoint.position")
    certificates: Mapped[list[CalibrationCertificate]] = relationship(
        back_populates="record", order_by="CalibrationCertificate.id"
    )


class CalibrationPoint(Base):
    """One measured point or one item of the checklist, as read."""

    __tablename__ = "calibration_point"

    record_id: Mapped[int] = mapped_column(ForeignKey("calibration_record.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(120))
    nominal: Mapped[Decimal | None] = mapped_column(Numeric(20, 8))
    tolerance_low: Mapped[Decimal | None] = mapped_column(Numeric(20, 8))
    tolerance_high: Mapped[Decimal | None] = mapped_column(Numeric(20, 8))
    unit: Mapped[str] = mapped_column(String(20), default="")
    as_found: Mapped[Decimal | None] = mapped_column(Numeric(20, 8))
    as_left: Mapped[Decimal | None] = mapped_column(Numeric(20, 8))
    ok: Mapped[bool | None]
    note: Mapped[str] = mapped_column(String(300), default="")

    record: Mapped[CalibrationRecord] = relationship(back_populates="points")


class CalibrationCertificate(Base):
    """A certificate file of a record: kept under a name of ours, its type found from its content."""

    __tablename__ = "calibration_certificate"

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("calibration_record.id"), index=True)
    file_key: Mapped[str] = mapped_column(String(32), unique=True)
    content_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)

    record: Mapped[CalibrationRecord] = relationship(back_populates="certificates")


class CalibrationState(Derived, Base):
    """Where an active plan stands from its newest record that counts, so that due lists are an indexed query.

    `result` '' means that there is no record. `valid_day` is `valid_until` as a day number, for sorting.
    """

    __tablename__ = "calibration_plan_state"

    plan_id: Mapped[int] = mapped_column(ForeignKey("calibration_plan.id"), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    record_id: Mapped[int | None] = mapped_column(ForeignKey("calibration_record.id"))
    result: Mapped[str] = mapped_column(String(4), default="", index=True)
    valid_until: Mapped[date | None] = mapped_column(index=True)
    valid_day: Mapped[int | None] = mapped_column(Integer)
    meter_id: Mapped[int | None] = mapped_column(ForeignKey("meter.id"), index=True)
    due_at_meter: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))

    meter: Mapped[Meter | None] = relationship()
    record: Mapped[CalibrationRecord | None] = relationship()
