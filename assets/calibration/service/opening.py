"""Taking over calibrations that were done before this register: plans count from them, and they say so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.calibration.models import CalibrationPlan, CalibrationRecord
from assets.calibration.rules import valid_until
from assets.calibration.service.adoption import first_state, plan_from_default
from assets.calibration.service.plans import refresh_plan
from assets.core.actor import Actor
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.rules.classes import CLASSES, CalibrationPlanDefault
from assets.registry.scope import require_unit
from assets.registry.service.meters import meter_of


@dataclass(frozen=True)
class CalibrationTaken:
    """An instrument's last calibration on paper: when, until when its certificate holds, and the event that says so.

    `is_new`: the instrument has no plans yet.
    """

    asset: Asset
    event: AssetEvent
    performed_at: datetime
    performed_on: date | None
    valid_until: date | None
    is_new: bool = True


def calibration_plans_of(class_code: str) -> tuple[CalibrationPlanDefault, ...]:
    """The plans of a class that its certificate on paper speaks of: those of its binding kind, longest first."""
    defaults = CLASSES.get(class_code)
    if defaults is None:
        return ()
    plans = [plan for plan in defaults.calibration_plans if plan.kind == defaults.calibration_kind]
    return tuple(sorted(plans, key=lambda plan: -(plan.interval_days or 0)))


def take_over_calibrations(session: Session, actor: Actor, given: Sequence[CalibrationTaken], now: datetime) -> None:
    """Give these instruments the plans of their class, with a record marked as taken over where the paper has one.

    The validity on paper holds for the plan with the longest interval; a shorter one ends by its own interval at the
    latest, because no yearly certificate stands for a monthly check.
    """
    made: list[tuple[CalibrationTaken, dict[str, CalibrationPlan]]] = []
    for one in given:
        require_unit(actor, Permission.IMPORT_RUN, one.asset.unit)
        made.append((one, _plans_of(session, one, now)))
    session.flush()
    records: dict[int, CalibrationRecord] = {}
    for one, plans in made:
        for position, default in enumerate(calibration_plans_of(one.asset.equipment_class.code)):
            plan = plans.get(default.code)
            if plan is not None and plan.active:
                records[plan.id] = _record(actor, plan, one, now, is_main=position == 0)
    session.add_all(records.values())
    session.flush()
    for one, plans in made:
        for plan in plans.values():
            if one.is_new:
                meter = meter_of(session, plan.asset, plan.meter_kind) if plan.meter_kind else None
                session.add(first_state(plan, meter, records.get(plan.id)))
            else:
                refresh_plan(session, plan)
    session.flush()


def take_back_calibrations(session: Session, actor: Actor, assets: Sequence[Asset], now: datetime) -> None:
    """Let records that were taken over for these instruments count no more; they stay and say when that was."""
    touched: dict[int, CalibrationPlan] = {}
    by_asset: dict[int, list[CalibrationRecord]] = defaultdict(list)
    ids = [asset.id for asset in assets]
    for first in range(0, len(ids), 400):
        rows = session.scalars(
            select(CalibrationRecord)
            .options(joinedload(CalibrationRecord.plan), joinedload(CalibrationRecord.asset).joinedload(Asset.unit))
            .where(
                CalibrationRecord.asset_id.in_(ids[first : first + 400]), CalibrationRecord.taken_over.is_(True),
                CalibrationRecord.annulled_at.is_(None),
            )
        )  # fmt: skip
        for row in rows:
            by_asset[row.asset_id].append(row)
    for records in by_asset.values():
        for row in records:
            require_unit(actor, Permission.IMPORT_RUN, row.asset.unit)
            row.annulled_at = now
            touched[row.plan_id] = row.plan
    session.flush()
    for plan in touched.values():
        refresh_plan(session, plan)


def _plans_of(session: Session, one: CalibrationTaken, now: datetime) -> dict[str, CalibrationPlan]:
    known: dict[str, CalibrationPlan] = {}
    if not one.is_new:
        rows = session.scalars(select(CalibrationPlan).where(CalibrationPlan.asset_id == one.asset.id))
        known = {plan.code: plan for plan in rows}
    for default in CLASSES[one.asset.equipment_class.code].calibration_plans:
        if default.code not in known:
            known[default.code] = plan_from_default(one.asset, default, now)
            session.add(known[default.code])
    return known


def _record(
    actor: Actor, plan: CalibrationPlan, one: CalibrationTaken, now: datetime, *, is_main: bool
) -> CalibrationRecord:
    by_interval = valid_until(one.performed_on or one.performed_at.date(), plan.interval_days, passed=True)
    until = one.valid_until or by_interval
    if not is_main and until is not None and by_interval is not None:
        until = min(until, by_interval)
    return CalibrationRecord(
        asset=one.asset,
        plan=plan,
        kind=plan.kind,
        performed_at=one.performed_at,
        recorded_at=now,
        account_id=actor.account_id,
        decision_rule=plan.decision_rule,
        result="pass",
        valid_until=until,
        event_id=one.event.id if is_main else None,
        taken_over=True,
    )
