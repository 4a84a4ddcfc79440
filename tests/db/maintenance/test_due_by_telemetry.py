"""Show 6: a vehicle that drives past its oil change is due, gets a work order, is closed, and is due again rightly."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import RuleViolation
from assets.fitness.queries import fitness_of
from assets.maintenance import queries, service
from assets.maintenance.models import MaintenancePlan
from assets.maintenance.rules.due import Standing, Trigger
from assets.maintenance.rules.orders import Payer, State
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.service.meters import Increment, record_reading, replace_increments
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World

KM = "odometer_km"


def _patrol_car(app: App, world: World, clock: Clock) -> int:
    with app.transaction(SETUP, clock.now) as session:
        car = put_asset(session, world, "vehicle.patrol", clock.now)
        record_reading(session, car, KM, Decimal(40_000), clock.now, clock.now, source="registered")
        plans = session.scalars(select(MaintenancePlan).where(MaintenancePlan.asset_id == car.id)).all()
        service.refresh_plans(session, plans, clock.now)
        return car.id


def _drive(app: App, clock: Clock, asset_id: int, days: int, km_a_day: int) -> None:
    """Telemetry as the rebuild writes it: increments per day."""
    with app.transaction(SETUP, clock.now) as session:
        car = session.get_one(Asset, asset_id)
        start = clock.now
        rows = [
            Increment(start + timedelta(days=n, hours=8), Decimal(km_a_day), f"day-{start:%Y%m%d}-{n}")
            for n in range(days)
        ]
        clock.advance(timedelta(days=days))
        replace_increments(session, car, KM, "trip", (start, clock.now), rows)


def _oil(app: App, actor: Actor, clock: Clock, within_days: int = 0) -> queries.DueRow | None:
    with app.reading() as session:
        rows = queries.due_rows(session, actor, clock.now, within_days=within_days)
        assert len(rows) == queries.due_count(session, actor, clock.now, within_days=within_days)
        return next((row for row in rows if row.plan.code == "oil"), None)


def test_oil_change_crossed_by_telemetry_is_due_worked_closed_and_due_again(
    app: App, world: World, clock: Clock
) -> None:
    officer, technician = world.actors["logistics_officer"], world.actors["technician"]
    car_id = _patrol_car(app, world, clock)
    assert _oil(app, officer, clock) is None

    _drive(app, clock, car_id, days=30, km_a_day=150)  # 4,500 of 5,000 km
    with app.transaction(SETUP, clock.now) as session:
        service.refresh_due_dates(session, clock.now)
    assert _oil(app, officer, clock) is None
    soon = _oil(app, officer, clock, within_days=14)
    assert soon is not None
    assert soon.due.forecast_on == date(2026, 12, 6)  # 500 km at 150 a day: the fourth day from 2 December
    assert (soon.due.trigger, soon.due.meter_left) == (Trigger.METER, Decimal(500))
    assert "150.0 a day" in str(soon.due.assumption)

    _drive(app, clock, car_id, days=4, km_a_day=150)  # 5,100 km: nobody refreshed anything
    due = _oil(app, officer, clock)
    assert due is not None
    assert (due.due.standing, due.due.due_at_meter) == (Standing.DUE, Decimal(45_000))

    with app.transaction(officer, clock.now) as session:
        plan = queries.plan_by_id(session, officer, due.plan.id, Permission.WORK_WRITE)
        order_id = service.open_work_order_from_plan(session, officer, plan, clock.now).id
    assert _oil(app, officer, clock) is not None, "an open order is not a done one"

    done_at = clock.advance(timedelta(days=1))
    with app.transaction(technician, clock.now) as session:
        order = queries.work_order(session, technician, order_id, lock=True)
        service.close_work_order(
            session,
            technician,
            order,
            service.Completion(
                done_at=done_at, done_text="Oil and filter changed", meter=Decimal("45130"), cost=Decimal(120),
                currency="usd", payer=Payer.DONOR,
            ),
            clock.now,
        )  # fmt: skip
    with app.reading() as session:
        order = queries.work_order(session, technician, order_id)
        assert (order.state, order.on_time, order.done_meter) == (State.DONE, True, Decimal(45_130))
        assert order.fell_due_on == date(2026, 12, 5)
        assert order.plan is not None
        view = next(v for v in queries.plan_views(session, order.asset, clock.now) if v.plan.code == "oil")
        assert view.due.due_at_meter == Decimal(50_130)
        assert view.due.due_on == date(2026, 12, 7) + timedelta(days=182)
    assert _oil(app, officer, clock) is None

    _drive(app, clock, car_id, days=40, km_a_day=130)  # 5,200 km on
    again = _oil(app, officer, clock)
    assert again is not None
    assert again.due.due_at_meter == Decimal(50_130)


def test_overdue_never_clears_itself(app: App, world: World, clock: Clock) -> None:
    officer = world.actors["logistics_officer"]
    car_id = _patrol_car(app, world, clock)
    _drive(app, clock, car_id, days=50, km_a_day=130)  # 6,500 km: beyond the grace of 1,000
    with app.transaction(officer, clock.now) as session:
        plan = session.scalars(
            select(MaintenancePlan).where(MaintenancePlan.asset_id == car_id, MaintenancePlan.code == "oil")
        ).one()
        order = service.open_work_order_from_plan(session, officer, plan, clock.now)
        service.cancel_work_order(session, officer, order, "garage closed", clock.now)
    clock.advance(timedelta(days=400))
    with app.transaction(SETUP, clock.now) as session:
        service.refresh_due_dates(session, clock.now)
        service.adopt_missing_plans(session, SETUP, clock.now)
    overdue = _oil(app, officer, clock)
    assert overdue is not None
    assert overdue.due.standing is Standing.OVERDUE
    with app.reading() as session:
        fitness = fitness_of(session, [session.get_one(Asset, car_id)], clock.now)[car_id]
        assert not fitness.fit
        assert "service_overdue" in {reason.code for reason in fitness.reasons}


@pytest.mark.parametrize("value", [Decimal(1), Decimal(39_999)])
def test_close_refuses_a_reading_that_falls(app: App, world: World, clock: Clock, value: Decimal) -> None:
    officer = world.actors["logistics_officer"]
    car_id = _patrol_car(app, world, clock)
    with app.transaction(officer, clock.now) as session:
        plan = session.scalars(
            select(MaintenancePlan).where(MaintenancePlan.asset_id == car_id, MaintenancePlan.code == "oil")
        ).one()
        order = service.open_work_order_from_plan(session, officer, plan, clock.now)
        done = service.Completion(done_at=clock.now, meter=value)
        with pytest.raises(RuleViolation, match="reading_falls"):
            service.close_work_order(session, officer, order, done, clock.now)
