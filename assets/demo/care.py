"""Fifteen months of care of the made-up equipment: planned work, faults and repairs, calibrations and verifications."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from assets.calibration import service as calibration
from assets.calibration.models import CalibrationPlan
from assets.calibration.rules import Kind as CheckKind
from assets.calibration.rules import Point
from assets.calibration.service import Performed
from assets.core.app import App
from assets.core.clock import local_date
from assets.demo.programme import FAULTS
from assets.demo.setting import SETUP, Setting, logistics_actor
from assets.maintenance import service as maintenance
from assets.maintenance.models import MaintenancePlan
from assets.maintenance.rules.due import LastDone
from assets.maintenance.rules.orders import Cause, Payer, Severity, State
from assets.people.models import Unit
from assets.registry.models import Asset, Meter, MeterIncrement
from assets.registry.service.timeline import Occurrence

TAKEN_OVER = timedelta(days=100)
"""Plans for what is not a vehicle were taken over from paper so long ago."""
EVER = datetime.max.replace(tzinfo=UTC)
DONE_LATE, LEFT_UNDONE = 0.05, 0.006
REPAIR_OPEN = 9


@dataclass(frozen=True)
class Task:
    """One thing to be done to one asset: planned work, a check, or a fault with its repair."""

    at: datetime
    asset_id: int
    kind: str
    plan_id: int = 0
    days: float = 0.0
    severity: str = ""
    text: str = ""
    open: bool = False


def adopt_plans(app: App, assets: Sequence[Asset], since: datetime, now: datetime, rng: random.Random) -> None:
    """Give each asset its class's plans: vehicles and checks from the start, other care when it was taken over."""
    with app.transaction(SETUP, since) as session:
        for asset in _loaded(session, [a.id for a in assets]).values():
            calibration.adopt_default_plans(session, SETUP, asset, since)
            if asset.equipment_class.is_vehicle:
                maintenance.adopt_default_plans(session, SETUP, asset, since)
    taken = now - TAKEN_OVER
    with app.transaction(SETUP, taken) as session:
        for asset in _loaded(session, [a.id for a in assets if not a.equipment_class.is_vehicle]).values():
            for plan in maintenance.adopt_default_plans(session, SETUP, asset, taken):
                ago = timedelta(days=rng.uniform(0, min(plan.interval_days or 90, 300)))
                last = LastDone(local_date(taken - ago, app.settings.zone), None)
                maintenance.change_plan(
                    session,
                    SETUP,
                    plan,
                    terms=plan.terms,
                    reason="taken over from the paper log",
                    now=taken,
                    last_done=last,
                )


def make_care(
    app: App,
    made: Setting,
    assets: Sequence[Asset],
    since: datetime,
    now: datetime,
    leaving: Mapping[int, datetime],
    rng: random.Random,
) -> int:
    """Carry out all care until now, or until an asset leaves; answers how many pieces of work were recorded."""
    with app.reading() as session:
        tasks = [*_planned(session, since, now, rng), *_checks(session, since, now, rng)]
    tasks += _faults(assets, since, now, rng)
    tasks = [task for task in tasks if task.at + timedelta(days=task.days + 1) < leaving.get(task.asset_id, EVER)]
    tasks.sort(key=lambda task: (task.at, task.asset_id))
    for _, part in groupby(tasks, key=lambda task: (task.at.year, task.at.month, task.at.day // 11)):
        stretch = list(part)
        with app.transaction(SETUP, stretch[-1].at) as session:
            _carry_out(session, made, stretch, now, rng)
    return len(tasks)


def _loaded(session: Session, ids: Sequence[int]) -> dict[int, Asset]:
    found = session.scalars(
        select(Asset)
        .options(joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.equipment_class))
        .where(Asset.id.in_(ids))
        .order_by(Asset.id)
    )
    return {asset.id: asset for asset in found}


def _planned(session: Session, since: datetime, now: datetime, rng: random.Random) -> Iterator[Task]:
    daily_km = _daily_km(session, since, now)
    for plan in session.scalars(select(MaintenancePlan).where(MaintenancePlan.active).order_by(MaintenancePlan.id)):
        interval = float(plan.interval_days or 365)
        if plan.meter_interval is not None:
            interval = min(interval, float(plan.meter_interval) / daily_km.get(plan.asset_id, 50.0))
        begun = datetime.combine(plan.last_done_on, since.timetz())
        at = max(begun, since)
        while rng.random() > LEFT_UNDONE:
            late = rng.uniform(1.25, 1.6) if rng.random() < DONE_LATE else rng.uniform(0.86, 1.04)
            at = (at if at > begun else begun) + timedelta(days=interval * late)
            if at >= now - timedelta(hours=4):
                break
            yield Task(max(at, since), plan.asset_id, "planned", plan.id)


def _daily_km(session: Session, since: datetime, now: datetime) -> dict[int, float]:
    """How far each vehicle goes on a mean day."""
    driven = session.execute(
        select(Meter.asset_id, func.sum(MeterIncrement.amount))
        .join(MeterIncrement, MeterIncrement.meter_id == Meter.id)
        .where(Meter.kind == "odometer_km")
        .group_by(Meter.asset_id)
    )
    return {asset_id: max(5.0, float(km) / (now - since).days) for asset_id, km in driven}


def _checks(session: Session, since: datetime, now: datetime, rng: random.Random) -> Iterator[Task]:
    for plan in session.scalars(select(CalibrationPlan).where(CalibrationPlan.active).order_by(CalibrationPlan.id)):
        at = since + timedelta(days=rng.uniform(0.2, 4), hours=1)
        while True:
            yield Task(at, plan.asset_id, "check", plan.id)
            if rng.random() < 0.012:
                break
            at += timedelta(days=float(plan.interval_days or 365) * rng.uniform(0.88, 1.01))
            if at >= now - timedelta(hours=4):
                break


def _faults(assets: Sequence[Asset], since: datetime, now: datetime, rng: random.Random) -> list[Task]:
    tasks = []
    span_days = (now - since).days
    for asset in assets:
        code = asset.equipment_class.code
        usual = 1.2 if asset.equipment_class.is_vehicle else 0.22 if code.startswith(("search.", "ident.")) else 0.05
        for _ in range(int(usual + rng.random())):
            severity, text = rng.choice(FAULTS.get(code.split(".")[0], FAULTS[""]))
            at = since + timedelta(days=rng.uniform(3, span_days - 40), hours=2)
            days = rng.choice((0.6, 1, 2, 3, 5, 9, 16, 33))
            tasks.append(Task(at, asset.id, "fault", 0, days, severity, text))
    for asset in rng.sample(list(assets), REPAIR_OPEN):
        severity, text = rng.choice(FAULTS.get(asset.equipment_class.code.split(".")[0], FAULTS[""]))
        at = now - timedelta(days=rng.uniform(1, 25))
        tasks.append(Task(at, asset.id, "fault", 0, 0.0, severity, text, open=True))
    return tasks


def _carry_out(session: Session, made: Setting, tasks: Sequence[Task], now: datetime, rng: random.Random) -> None:
    assets = _loaded(session, sorted({task.asset_id for task in tasks}))
    for task in tasks:
        asset = assets[task.asset_id]
        if task.kind == "planned":
            _do_planned(session, made, task, rng)
        elif task.kind == "check":
            _do_check(session, made, task, rng)
        else:
            _do_fault(session, made, asset, task, now, rng)


def _do_planned(session: Session, made: Setting, task: Task, rng: random.Random) -> None:
    plan = session.get_one(MaintenancePlan, task.plan_id)
    technician = made.actors["technician"]
    opened = task.at - timedelta(hours=rng.uniform(2, 70))
    order = maintenance.open_work_order_from_plan(session, technician, plan, opened)
    payer = Payer.DONOR if rng.random() < 0.25 else Payer.RECIPIENT_BUDGET
    cost = Decimal(rng.randrange(15, 160)) if plan.meter_kind else Decimal(rng.randrange(0, 25))
    done = maintenance.Completion(done_at=task.at, cost=cost, payer=payer, done_text="Done as planned")
    maintenance.close_work_order(session, technician, order, done, task.at)


def _do_check(session: Session, made: Setting, task: Task, rng: random.Random) -> None:
    plan = session.get_one(CalibrationPlan, task.plan_id)
    failed = rng.random() < 0.025
    done = Performed(
        performed_at=task.at,
        standard="Reference set No. 14 (made up)",
        standard_valid_until=(task.at + timedelta(days=200)).date(),
        environment="21 °C, 45 % RH",
        adjusted=failed and rng.random() < 0.7,
        workshop=made.organisations["STANDART"] if plan.kind == CheckKind.CALIBRATION else None,
    )
    record = calibration.record_calibration(
        session, made.actors["technician"], plan, done, _points(plan, done, failed=failed, rng=rng), task.at
    )
    if record.result != "pass":  # repaired and done again within days, as it should be
        again = Performed(**{**done.__dict__, "performed_at": task.at + timedelta(hours=3), "adjusted": False})
        good = _points(plan, again, failed=False, rng=rng)
        later = task.at + timedelta(hours=3)
        calibration.record_calibration(session, made.actors["technician"], plan, again, good, later)


def _points(plan: CalibrationPlan, done: Performed, *, failed: bool, rng: random.Random) -> list[Point]:
    if plan.kind != CheckKind.CALIBRATION:
        return [
            Point("Reference sample recognised", ok=not failed),
            Point("Background is clear", ok=True),
        ]
    points = []
    for nominal in (Decimal(20), Decimal(50), Decimal(90)):
        error = Decimal(str(round(rng.gauss(0, 0.6), 2)))
        found = nominal + (Decimal("3.4") if failed and nominal == 90 else error)
        left = nominal + error if done.adjusted else None
        points.append(
            Point(f"{nominal} units", nominal, nominal - 2, nominal + 2, "units", as_found=found, as_left=left)
        )
    return points


def _do_fault(session: Session, made: Setting, asset: Asset, task: Task, now: datetime, rng: random.Random) -> None:
    reporter, technician = logistics_actor(made, asset.unit), made.actors["technician"]
    order = maintenance.report_fault(
        session, reporter, asset, Severity(task.severity), task.text, Occurrence(task.at, task.at)
    )
    if task.open:
        state = rng.choice((State.REQUESTED, State.PLANNED, State.IN_PROGRESS, State.WAITING_PARTS))
        if state is State.WAITING_PARTS:
            maintenance.move_work_order(session, technician, order, State.PLANNED, task.at + timedelta(hours=1))
        if state is not State.REQUESTED:
            maintenance.move_work_order(session, technician, order, state, task.at + timedelta(hours=2))
        return
    finished = min(task.at + timedelta(days=task.days), now - timedelta(hours=2))
    started = task.at + timedelta(hours=min(5.0, task.days * 12))
    maintenance.move_work_order(session, technician, order, State.IN_PROGRESS, started)
    if task.days > 4:
        waiting = rng.choice((Cause.WAITING_PARTS, Cause.WAITING_PARTS, Cause.WAITING_BUDGET))
        maintenance.move_work_order(
            session, technician, order, State.WAITING_PARTS, started + timedelta(hours=6), waiting_for=waiting
        )
    done = maintenance.Completion(
        done_at=finished, done_text="Repaired and tried out", cost=Decimal(rng.randrange(20, 640)),
        payer=Payer.RECIPIENT_BUDGET, cause=Cause.FAILURE,
    )  # fmt: skip
    maintenance.close_work_order(session, technician, order, done, finished)
