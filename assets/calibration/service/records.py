"""Record calibrations, verifications and checks; add their certificates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from sqlalchemy.orm import Session

from assets.calibration.models import (
    CalibrationCertificate,
    CalibrationPlan,
    CalibrationPoint,
    CalibrationRecord,
)
from assets.calibration.queries.records import correction_of
from assets.calibration.rules import (
    DecisionRule,
    Kind,
    Point,
    check_performed_at,
    check_standard,
    decide,
    valid_until,
)
from assets.calibration.service.plans import refresh_plan
from assets.calibration.service.texts import short
from assets.core import files
from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import Conflict, RuleViolation, invalid
from assets.core.i18n import msg
from assets.people.models import Organisation
from assets.people.rules import Permission
from assets.registry.scope import require_asset
from assets.registry.service.meters import meter_of, record_reading, value_at
from assets.registry.service.timeline import happening_now, record


@dataclass(frozen=True)
class Performed:
    """What is said about a calibration, verification or check beside its points.

    `workshop`: the organisation that did it, None for whoever enters it. `meter`: what the instrument's meter showed.
    """

    performed_at: datetime
    standard: str = ""
    standard_valid_until: date | None = None
    environment: str = ""
    adjusted: bool = False
    workshop: Organisation | None = None
    meter: Decimal | None = None
    note: str = ""


def record_calibration(
    session: Session,
    actor: Actor,
    plan: CalibrationPlan,
    done: Performed,
    points: Sequence[Point],
    now: datetime,
    *,
    corrects: CalibrationRecord | None = None,
) -> CalibrationRecord:
    """Record what was done; the plan's rule decides whether it passed, and until when that holds.

    A pass that rests on a standard out of date is refused. `corrects` names a record that this one stands in for.
    """
    asset = plan.asset
    require_asset(actor, Permission.CALIBRATION_WRITE, asset)
    if not plan.active:
        raise RuleViolation(msg("This plan has ended."), code="plan_ended")
    done = _cleaned(done)
    points = [replace(point, name=" ".join(point.name.split()), note=point.note.strip()) for point in points]
    check_performed_at(done.performed_at, now)
    _check_correction(session, plan, corrects)
    rule = DecisionRule(plan.decision_rule)
    decision = decide(rule, points, adjusted=done.adjusted)
    performed_on = local_date(done.performed_at, zone_of(session))
    check_standard(Kind(plan.kind), done.standard, done.standard_valid_until, performed_on, passed=decision.passed)
    made = CalibrationRecord(
        asset=asset,
        plan=plan,
        kind=plan.kind,
        performed_at=done.performed_at,
        recorded_at=now,
        account_id=actor.account_id,
        organisation=done.workshop,
        standard=done.standard,
        standard_valid_until=done.standard_valid_until,
        environment=done.environment,
        adjusted=done.adjusted,
        decision_rule=rule.value,
        as_found_result=_word(decision.as_found),
        as_left_result=_word(decision.as_left),
        result=_word(decision.passed),
        valid_until=valid_until(performed_on, plan.interval_days, passed=decision.passed),
        meter_value=_meter(session, plan, done, now),
        note=done.note,
        corrects_id=corrects.id if corrects else None,
    )
    made.points = [_row(position, point) for position, point in enumerate(points, start=1)]
    session.add(made)
    session.flush()
    _tell_record(session, actor, made, now)
    refresh_plan(session, plan)
    return made


def attach_certificate(
    session: Session, actor: Actor, made: CalibrationRecord, folder: Path, content: bytes, now: datetime
) -> CalibrationCertificate:
    """Keep a certificate file (PDF or image, told by its content) with a record."""
    require_asset(actor, Permission.CALIBRATION_WRITE, made.asset)
    stored = files.store(folder, content)
    certificate = CalibrationCertificate(
        record=made,
        file_key=stored.key,
        content_type=stored.content_type,
        size=stored.size,
        sha256=stored.sha256,
        added_at=now,
    )
    session.add(certificate)
    session.flush()
    return certificate


def _cleaned(done: Performed) -> Performed:
    return replace(
        done,
        standard=short("standard", done.standard, 200),
        environment=short("environment", done.environment, 300),
        note=short("note", done.note, 4000),
    )


def _check_correction(session: Session, plan: CalibrationPlan, corrects: CalibrationRecord | None) -> None:
    if corrects is None:
        return
    if corrects.plan_id != plan.id:
        raise invalid("corrects", msg("A record is corrected by one of the same plan."))
    if correction_of(session, corrects.id) is not None:
        raise Conflict(msg("This record has been corrected already. Correct the newer one."), code="already_corrected")


def _meter(session: Session, plan: CalibrationPlan, done: Performed, now: datetime) -> Decimal | None:
    kind = plan.meter_kind or plan.asset.equipment_class.usage_meter
    if done.meter is not None:
        if not kind:
            raise invalid("meter", msg("This item has no meter."))
        record_reading(session, plan.asset, kind, done.meter, done.performed_at, now, source="manual")
        return done.meter
    if not plan.meter_kind:
        return None
    value = value_at(session, meter_of(session, plan.asset, plan.meter_kind), done.performed_at)
    if value is None:
        raise invalid("meter", msg("Enter what the meter shows: the next due reading follows from it."))
    return value


def _row(position: int, point: Point) -> CalibrationPoint:
    return CalibrationPoint(
        position=position,
        name=point.name,
        nominal=point.nominal,
        tolerance_low=point.tolerance_low,
        tolerance_high=point.tolerance_high,
        unit=point.unit,
        as_found=point.as_found,
        as_left=point.as_left,
        ok=point.ok,
        note=point.note,
    )


def _tell_record(session: Session, actor: Actor, made: CalibrationRecord, now: datetime) -> None:
    data: dict[str, object] = {
        "record": made.id,
        "plan": made.plan.name,
        "kind": made.kind,
        "result": made.result,
        "valid_until": made.valid_until.isoformat() if made.valid_until else None,
    }
    if made.corrects_id is not None:
        data["corrects"] = made.corrects_id
    occurrence = replace(happening_now(now), occurred_at=made.performed_at)
    made.event_id = record(session, actor, made.asset, "calibration", occurrence, data).id
    session.flush()


def _word(passed: bool | None) -> str:
    return "" if passed is None else "pass" if passed else "fail"
