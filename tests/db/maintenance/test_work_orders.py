"""Faults, downtime, reminders and the measures, on both engines."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.core.errors import Conflict, InvalidInput, NotAllowed, RuleViolation
from assets.core.outbox import OutboxMail
from assets.maintenance import queries, service
from assets.maintenance.models import MaintenancePlan
from assets.maintenance.rules.due import Terms
from assets.maintenance.rules.orders import Cause, Severity, State
from assets.people.models import Account
from assets.registry.models import Asset, AssetEvent
from assets.registry.service.meters import Increment, meter_of, record_reading, replace_increments
from assets.registry.service.timeline import Occurrence, happening_now
from tests.support.care import put_asset
from tests.support.due_mails import assert_names_in
from tests.support.world import SETUP, Clock, World

HOUR = timedelta(hours=1)


def _mirror(app: App, world: World, clock: Clock, unit: str = "IMT-TK") -> int:
    with app.transaction(SETUP, clock.now) as session:
        return put_asset(session, world, "search.mirror_uvss", clock.now, unit=unit).id


def test_downtime_follows_the_order_from_fault_to_done(app: App, world: World, clock: Clock) -> None:
    officer, technician = world.actors["officer"], world.actors["technician"]
    asset_id, start = _mirror(app, world, clock), clock.now
    with app.transaction(officer, clock.now) as session:
        asset = session.get_one(Asset, asset_id)
        said = Occurrence(start - 2 * HOUR, start)
        order_id = service.report_fault(session, officer, asset, Severity.MAJOR, "Glass broken", said).id
    steps = [
        (State.IN_PROGRESS, Cause.WAITING_PARTS),
        (State.WAITING_PARTS, Cause.WAITING_BUDGET),
        (State.IN_PROGRESS, Cause.WAITING_PARTS),
    ]
    for target, waiting_for in steps:
        clock.advance(HOUR)
        with app.transaction(technician, clock.now) as session:
            order = queries.work_order(session, technician, order_id, lock=True)
            service.move_work_order(session, technician, order, target, clock.now, waiting_for=waiting_for)
    clock.advance(HOUR)
    with app.transaction(technician, clock.now) as session:
        order = queries.work_order(session, technician, order_id, lock=True)
        done = service.Completion(done_at=clock.now, done_text="New glass", cause=Cause.ACCIDENT)
        service.close_work_order(session, technician, order, done, clock.now)
    with app.reading() as session:
        rows = queries.downtimes(session, (start - timedelta(days=1), clock.now))
        found = [(row.cause, row.started_at - start, row.ended_at and row.ended_at - start) for row in rows]
        assert found == [
            ("accident", -2 * HOUR, 2 * HOUR),
            ("waiting_budget", 2 * HOUR, 3 * HOUR),
            ("accident", 3 * HOUR, 4 * HOUR),
        ]
        kinds = session.scalars(select(AssetEvent.kind).where(AssetEvent.asset_id == asset_id)).all()
        assert sorted(kinds) == ["fault", "work_done", "work_moved", "work_moved", "work_moved"]


def test_downtime_not_recorded_while_it_lasted_is_told_at_the_end(app: App, world: World, clock: Clock) -> None:
    technician, asset_id = world.actors["technician"], _mirror(app, world, clock)
    clock.advance(timedelta(days=2))
    with app.transaction(technician, clock.now) as session:
        asset = session.get_one(Asset, asset_id)
        minor = service.report_fault(session, technician, asset, Severity.MINOR, "Scratch", happening_now(clock.now))
        done = service.Completion(clock.now, "Polished", down_from=clock.now - 5 * HOUR, down_until=clock.now - HOUR)
        service.close_work_order(session, technician, minor, done, clock.now)
        assert [(d.started_at, d.ended_at) for d in minor.downtimes] == [(clock.now - 5 * HOUR, clock.now - HOUR)]


def test_officer_of_another_unit_cannot_report_or_work(app: App, world: World, clock: Clock) -> None:
    asset_id = _mirror(app, world, clock)
    stranger = world.actors["officer2"]
    with app.transaction(stranger, clock.now) as session:
        asset = session.get_one(Asset, asset_id)
        with pytest.raises(NotAllowed):
            service.report_fault(session, stranger, asset, Severity.MINOR, "x", happening_now(clock.now))


def test_plan_is_opened_once_and_ended_only_when_nothing_is_open(app: App, world: World, clock: Clock) -> None:
    officer, asset_id = world.actors["logistics_officer"], _mirror(app, world, clock)
    with app.transaction(officer, clock.now) as session:
        plan = session.scalars(select(MaintenancePlan).where(MaintenancePlan.asset_id == asset_id)).one()
        order = service.open_work_order_from_plan(session, officer, plan, clock.now)
        with pytest.raises(Conflict):
            service.open_work_order_from_plan(session, officer, plan, clock.now)
        with pytest.raises(RuleViolation):
            service.retire_plan(session, officer, plan, reason="not needed here", now=clock.now)
        service.cancel_work_order(session, officer, order, "wrong item", clock.now)
        service.retire_plan(session, officer, plan, reason="not needed here", now=clock.now)
    clock.advance(timedelta(days=4000))
    with app.reading() as session:
        assert queries.due_rows(session, officer, clock.now, within_days=0) == []


def test_plan_changes_only_with_a_reason_that_stays(app: App, world: World, clock: Clock) -> None:
    officer, asset_id = world.actors["logistics_officer"], _mirror(app, world, clock)
    with app.transaction(officer, clock.now) as session:
        plan = session.scalars(select(MaintenancePlan).where(MaintenancePlan.asset_id == asset_id)).one()
        with pytest.raises(InvalidInput):
            service.change_plan(session, officer, plan, terms=Terms(30), reason=" ", now=clock.now)
        service.change_plan(session, officer, plan, terms=Terms(30), reason="dusty post", now=clock.now)
    with app.reading() as session:
        event = session.scalars(select(AssetEvent).where(AssetEvent.kind == "plan_changed")).one()
        assert (event.data["reason"], event.data["before"]["interval_days"]) == ("dusty post", 182)


def test_severe_intervals_are_the_default_of_patrol_cars_only(app: App, world: World, clock: Clock) -> None:
    with app.transaction(SETUP, clock.now) as session:
        for code, interval, severe in (("vehicle.patrol", 5_000, True), ("vehicle.investigation", 10_000, False)):
            car = put_asset(session, world, code, clock.now)
            plan = session.scalars(
                select(MaintenancePlan).where(MaintenancePlan.asset_id == car.id, MaintenancePlan.code == "oil")
            ).one()
            assert (plan.meter_interval, plan.severe) == (Decimal(interval), severe)


def test_adoption_reaches_what_came_by_any_door_and_repeats_nothing(app: App, world: World, clock: Clock) -> None:
    with app.transaction(SETUP, clock.now) as session:
        asset = put_asset(session, world, "search.mirror_uvss", clock.now)
        assert service.adopt_default_plans(session, SETUP, asset, clock.now) == []
        assert service.adopt_missing_plans(session, SETUP, clock.now) == 0
    with app.transaction(SETUP, clock.now) as session:
        asset = put_asset(session, world, "search.mirror_uvss", clock.now, plans=False)
        put_asset(session, world, "protect.gloves_suit", clock.now, plans=False)
        assert service.adopt_missing_plans(session, SETUP, clock.now) == 1
        assert [view.plan.code for view in queries.plan_views(session, asset, clock.now)] == ["visual"]


def test_reminder_goes_to_the_units_officers_once_a_week(app: App, world: World, clock: Clock) -> None:
    _mirror(app, world, clock)
    _mirror(app, world, clock, "IMT-FA")
    clock.advance(timedelta(days=175))
    with app.transaction(SETUP, clock.now) as session:
        assert service.queue_due_mails(session, SETUP, clock.now, "https://assets.example") == 2
        assert service.queue_due_mails(session, SETUP, clock.now, "https://assets.example") == 0
    with app.reading() as session:
        mails = session.scalars(select(OutboxMail).order_by(OutboxMail.recipient)).all()
        assert [mail.recipient for mail in mails] == ["logistics2@example.org", "logistics_officer@example.org"]
        assert "https://assets.example/a/" in mails[0].body
    clock.advance(timedelta(days=7))
    with app.transaction(SETUP, clock.now) as session:
        assert service.queue_due_mails(session, SETUP, clock.now, "https://assets.example") == 2


def test_reminder_names_class_and_plan_in_the_language_of_its_reader(app: App, world: World, clock: Clock) -> None:
    _mirror(app, world, clock)
    clock.advance(timedelta(days=175))
    with app.transaction(SETUP, clock.now) as session:
        session.query(Account).filter_by(login="logistics_officer").one().locale = "ru"
        service.queue_due_mails(session, SETUP, clock.now, "https://assets.example")
        mail = session.scalars(select(OutboxMail)).one()
        plan = session.scalars(select(MaintenancePlan)).one()
        assert_names_in("ru", mail.body, plan)


def test_pm_orders_count_what_nobody_opened_as_not_done(app: App, world: World, clock: Clock) -> None:
    technician, asset_id = world.actors["technician"], _mirror(app, world, clock)
    other_id, start = _mirror(app, world, clock), clock.now
    clock.advance(timedelta(days=190))
    with app.transaction(technician, clock.now) as session:
        plan = session.scalars(select(MaintenancePlan).where(MaintenancePlan.asset_id == asset_id)).one()
        order = service.open_work_order_from_plan(session, technician, plan, clock.now)
        service.close_work_order(session, technician, order, service.Completion(clock.now), clock.now)
    clock.advance(timedelta(days=60))
    with app.reading() as session:
        found = queries.pm_orders(session, (start, clock.now), clock.now)
        due = date(2026, 11, 2) + timedelta(days=182)
        assert [(o.asset_id, o.fell_due_on, o.on_time) for o in found] == [
            (asset_id, due, True),
            (other_id, due, False),
        ]
        earlier = (start, start + timedelta(days=100))
        assert queries.pm_orders(session, earlier, clock.now) == []


def test_daily_use_restarts_at_a_replaced_meter_and_counts_telemetry(app: App, world: World, clock: Clock) -> None:
    with app.transaction(SETUP, clock.now) as session:
        car = put_asset(session, world, "vehicle.patrol", clock.now)
        start = clock.now
        record_reading(session, car, "odometer_km", Decimal(80_000), start, start, source="registered")
        clock.advance(timedelta(days=100))
        rows = [Increment(start + timedelta(days=n, hours=1), Decimal(40), f"d{n}") for n in range(100)]
        replace_increments(session, car, "odometer_km", "trip", (start, clock.now), rows)
        meter = meter_of(session, car, "odometer_km")
        use = queries.daily_uses(session, [meter.id], clock.now)[meter.id]
        assert (round(use.per_day, 6), use.days) == (40, 90)
        record_reading(
            session, car, "odometer_km", Decimal(5), clock.now, clock.now, source="replaced", reason="new dashboard"
        )
        assert queries.daily_uses(session, [meter.id], clock.now) == {}
        clock.advance(timedelta(days=10))
        record_reading(session, car, "odometer_km", Decimal(205), clock.now, clock.now)
        use = queries.daily_uses(session, [meter.id], clock.now)[meter.id]
        assert (round(use.per_day, 6), use.days) == (20, 10)
