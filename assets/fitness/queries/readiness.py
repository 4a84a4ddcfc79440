"""The readiness of every asset in reach, from columns alone: seven queries and no objects however many there are.

What it says of an asset is what `fitness_of` says, by the same rules; only what cannot change the answer (care and
calibration with nothing to say) is not read. A test holds the two together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from assets.calibration import queries as calibration
from assets.calibration import rules as calibration_rules
from assets.calibration.models import CalibrationPlan, CalibrationState
from assets.calibration.rules import BINDING
from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.fitness.models import BeforeUseCheck
from assets.fitness.queries.checks import failed_check, last_checks, standing_failures
from assets.fitness.queries.kits import judged as contents_judged
from assets.fitness.queries.kits import parts_of, with_parts
from assets.fitness.readiness import Item, is_elsewhere
from assets.fitness.rules import CalibrationFact, CareFact, CheckFact, Facts, Fitness, judge
from assets.kits.queries import contents
from assets.kits.rules.completeness import Part
from assets.maintenance.models import MaintenancePlan, PlanState, WorkOrder
from assets.maintenance.rules import due as due_rules
from assets.maintenance.rules.orders import OPEN, Kind
from assets.people.models import Person, Region, Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, EquipmentClass, EquipmentModel, Meter
from assets.registry.scope import assets_for


@dataclass(frozen=True)
class ReadinessFilter:
    """Codes of a unit, a class and a region; empty does not narrow."""

    unit: str = ""
    class_code: str = ""
    region: str = ""


Fields = tuple[Any, ...]
# What stands for every plan that is in date: it says nothing, but the item does have one.
_IN_DATE: Fields = ("", True, calibration_rules.Standing.VALID.value)


def readiness(session: Session, actor: Actor, wanted: ReadinessFilter, now: datetime) -> list[Item]:
    """Every asset for which the actor reads readiness, with its state and reasons, by unit, class and label code.

    Without what was disposed of. Seven queries, one more where parts of kits lie beyond them.
    """
    today = local_date(now, zone_of(session))
    chosen = _chosen(actor, wanted)
    kits = contents(session, and_(*chosen), today)
    wide = with_parts(chosen, kits)
    faults = _faults(session, wide)
    care = _care(session, wide, today)
    calibrations, planned = _calibrations(session, wide, today)
    subject = calibration.subject_class_ids(session)
    judged: dict[Any, Fitness] = {}  # most items are alike: each kind is judged once
    items: list[Item] = []
    known: dict[int, Fitness] = {}
    of_kits: list[tuple[int, int, Facts]] = []
    for (
        asset_id,
        class_id,
        unit_id,
        holder,
        holder_unit,
        life,
        condition,
        code,
        class_code,
        unit,
        unit_name,
        region,
        maker,
        model,
        way_to,
        borrower,
        check_id,
        failed,
    ) in _assets(session, chosen):
        plans = calibrations.get(asset_id, ())
        if asset_id in planned:
            plans = (*plans, _IN_DATE)
        check = None if check_id is None else CheckFact(class_code, tuple(failed))
        key = (life, condition, faults.get(asset_id, ()), care.get(asset_id, ()), class_id in subject, plans, check)
        fitness = judged.get(key)
        if fitness is None:
            fitness = judged[key] = judge(_facts(*key))
        known[asset_id] = fitness
        if asset_id in kits:
            of_kits.append((len(items), asset_id, _facts(*key)))
        items.append(
            Item(
                code, class_code, unit, unit_name, region, maker, model, life,
                holder is not None, is_elsewhere(unit_id, holder_unit), fitness,
                "in_transit" if way_to is not None else "lent" if borrower is not None else "",
            )
        )  # fmt: skip
    beyond = [part_id for part_id in parts_of(kits.values()) if part_id not in known]
    checks = last_checks(session, [Asset.id.in_(beyond)]) if beyond else {}

    def judge_part(part: Part) -> Fitness:
        if part.asset_id in known:
            return known[part.asset_id]
        plans = calibrations.get(part.asset_id, ())
        return judge(
            _facts(
                part.life, part.condition, faults.get(part.asset_id, ()), care.get(part.asset_id, ()),
                part.must_be_calibrated, (*plans, _IN_DATE) if part.asset_id in planned else plans,
                failed_check(checks.get(part.asset_id)),
            )
        )  # fmt: skip

    for place, kit_id, facts in of_kits:
        found = contents_judged(kits[kit_id], judge_part).findings()
        items[place] = items[place]._replace(fitness=judge(replace(facts, kit=found)))
    return items


def _facts(
    life: str,
    condition: str | None,
    faults: tuple[str, ...],
    care: tuple[Fields, ...],
    subject: bool,
    calibrations: tuple[Fields, ...],
    failed_check: CheckFact | None,
) -> Facts:
    return Facts(
        life, condition, faults,
        tuple(CareFact(name, standing, meter_unknown=unknown) for name, standing, unknown in care),
        subject, tuple(CalibrationFact(*fields) for fields in calibrations), failed_check,
    )  # fmt: skip


def _chosen(actor: Actor, wanted: ReadinessFilter) -> list[ColumnElement[bool]]:
    """The conditions on `Asset`, the same for each of the queries."""
    conditions = [assets_for(actor, Permission.READINESS_READ), Asset.life != "disposed"]
    if wanted.unit:
        conditions.append(Asset.unit_id.in_(select(Unit.id).where(Unit.code == wanted.unit)))
    if wanted.class_code:
        conditions.append(Asset.class_id.in_(select(EquipmentClass.id).where(EquipmentClass.code == wanted.class_code)))
    if wanted.region:
        conditions.append(Asset.unit_id.in_(select(Unit.id).join(Region).where(Region.code == wanted.region)))
    return conditions


def _assets(session: Session, chosen: list[ColumnElement[bool]]) -> Iterable[Any]:
    return session.execute(
        select(
            Asset.id, Asset.class_id, Asset.unit_id, Asset.custodian_person_id, Person.unit_id, Asset.life,
            Asset.condition, Asset.code, EquipmentClass.code, Unit.code, Unit.name, Region.code,
            EquipmentModel.maker, EquipmentModel.name, Asset.transit_unit_id, Asset.holding_unit_id,
            BeforeUseCheck.event_id, BeforeUseCheck.failed,
        )
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .join(Unit, Unit.id == Asset.unit_id)
        .join(Region, Region.id == Unit.region_id)
        .outerjoin(EquipmentModel, EquipmentModel.id == Asset.model_id)
        .outerjoin(Person, Person.id == Asset.custodian_person_id)
        .outerjoin(BeforeUseCheck, and_(BeforeUseCheck.asset_id == Asset.id, standing_failures()))
        .where(*chosen)
        .order_by(Unit.name, Unit.id, EquipmentClass.code, Asset.code)
    )  # fmt: skip


def _faults(session: Session, chosen: list[ColumnElement[bool]]) -> dict[int, tuple[str, ...]]:
    rows = session.execute(
        select(WorkOrder.asset_id, WorkOrder.severity)
        .join(Asset, Asset.id == WorkOrder.asset_id)
        .where(WorkOrder.state.in_(OPEN), WorkOrder.kind == Kind.CORRECTIVE, *chosen)
    )
    return _grouped((row.asset_id, row.severity) for row in rows)


def _care(session: Session, chosen: list[ColumnElement[bool]], today: date) -> dict[int, tuple[Fields, ...]]:
    """The care of each asset that is due, overdue, or counts on a meter that is not known: fields of `CareFact`.

    Plain tuples, because thousands of them are compared and few are judged.
    """
    to_say = or_(
        PlanState.plan_id.is_(None),
        PlanState.due_on <= today,
        and_(
            MaintenancePlan.meter_interval.is_not(None),
            or_(PlanState.due_at_meter.is_(None), Meter.value.is_(None), Meter.value >= PlanState.due_at_meter),
        ),
    )
    rows = session.execute(
        select(
            MaintenancePlan.asset_id, MaintenancePlan.name, MaintenancePlan.interval_days, MaintenancePlan.meter_kind,
            MaintenancePlan.meter_interval, MaintenancePlan.last_done_on, MaintenancePlan.last_done_meter, Meter.value,
        )
        .join(Asset, Asset.id == MaintenancePlan.asset_id)
        .outerjoin(PlanState, PlanState.plan_id == MaintenancePlan.id)
        .outerjoin(Meter, Meter.id == PlanState.meter_id)
        .where(MaintenancePlan.active, to_say, *chosen)
        .order_by(MaintenancePlan.id)
    )  # fmt: skip
    return _grouped(
        (asset_id, _care_fields(name, due_rules.Terms(days, kind, every), due_rules.LastDone(on, at), meter, today))
        for asset_id, name, days, kind, every, on, at, meter in rows
    )


def _care_fields(
    name: str, terms: due_rules.Terms, last: due_rules.LastDone, meter: Decimal | None, today: date
) -> Fields:
    due_on, due_at = due_rules.due_day(terms, last), due_rules.due_meter(terms, last)
    days_left = None if due_on is None else (due_on - today).days
    meter_left = None if due_at is None or meter is None else due_at - meter
    # Care that is only near says nothing of readiness, so that no forecast is needed.
    standing = due_rules.standing(terms, days_left, meter_left, None, today)
    return (name, standing.value, terms.meter_interval is not None and meter_left is None)


def _calibrations(
    session: Session, chosen: list[ColumnElement[bool]], today: date
) -> tuple[dict[int, tuple[Fields, ...]], set[int]]:
    """The calibrations of each asset that have something to say, and the assets that have a binding one at all."""
    soon = today + timedelta(days=calibration_rules.SOON_DAYS)
    to_say = or_(
        CalibrationState.result != "pass",
        CalibrationState.valid_until <= soon,
        Meter.value >= CalibrationState.due_at_meter,
    )
    rows = session.execute(
        select(
            CalibrationPlan.asset_id, CalibrationPlan.name, CalibrationPlan.kind, CalibrationState.result,
            CalibrationState.valid_until, CalibrationState.due_at_meter, Meter.value,
        )
        .join(Asset, Asset.id == CalibrationPlan.asset_id)
        .join(CalibrationState, CalibrationState.plan_id == CalibrationPlan.id)
        .outerjoin(Meter, Meter.id == CalibrationState.meter_id)
        .where(CalibrationPlan.active, or_(to_say, CalibrationPlan.kind.in_(tuple(BINDING))), *chosen)
        .order_by(CalibrationPlan.name, CalibrationPlan.id)
    )  # fmt: skip
    found: list[tuple[int, Fields]] = []
    planned: set[int] = set()
    for asset_id, name, kind, result, until, due_at, meter in rows:
        binding = kind in BINDING
        if binding:
            planned.add(asset_id)
        left = None if due_at is None or meter is None else due_at - meter
        standing = calibration_rules.standing(result, until, left, today)
        if standing is not calibration_rules.Standing.VALID:
            found.append((asset_id, (name, binding, standing.value)))
    return _grouped(found), planned


def _grouped(pairs: Iterable[tuple[int, Any]]) -> dict[int, tuple[Any, ...]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for asset_id, value in pairs:
        found[asset_id].append(value)
    return {asset_id: tuple(values) for asset_id, values in found.items()}
