"""Readiness of a whole register says of each item what `fitness_of` says, in a handful of queries."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select

from assets.calibration import service as calibration
from assets.calibration.models import CalibrationPlan, CalibrationState
from assets.calibration.rules import Point
from assets.core.app import App
from assets.fitness.queries import ReadinessFilter, fitness_of, readiness
from assets.fitness.readiness import Item, matrix
from assets.maintenance.models import MaintenancePlan, PlanState
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import report_fault
from assets.registry.models import Asset
from assets.registry.service.meters import record_reading
from assets.registry.service.timeline import happening_now
from tests.support.care import put_asset
from tests.support.custody import Custody
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import counted

CLASSES = ("radiation.prd", "search.mirror_uvss", "search.videoscope", "vehicle.patrol", "kit", "it.other")
LIVES = ("in_service", "received", "expected", "withdrawn", "lost")


def _varied_register(app: App, world: World, clock: Clock) -> list[int]:
    """Items of several classes in every life and condition, with faults, meters, calibrations that hold or failed."""
    with app.transaction(SETUP, clock.now) as session:
        made = [
            put_asset(session, world, code, clock.now, life=life, plans=(code, life) != ("kit", "received"))
            for code in CLASSES
            for life in LIVES
        ]
        made += [put_asset(session, world, "vehicle.patrol", clock.now, unit="IMT-FA") for _ in range(6)]
        for n, grade in enumerate(("B", "C", "D", "A", "A", None)):
            made[n * 5].condition = grade  # the one in service of each class
        for n, severity in enumerate((Severity.MINOR, Severity.MAJOR, Severity.CRITICAL)):
            report_fault(session, SETUP, made[n * 5 + 5], severity, "cracked", happening_now(clock.now))
        for asset, km in zip(made[-6:], (100, 4_999, 5_000, 5_999, 6_001, 40_000), strict=True):
            record_reading(session, asset, "odometer_km", Decimal(km), clock.now, clock.now, source="manual")
            for plan in session.scalars(select(MaintenancePlan).where(MaintenancePlan.asset_id == asset.id)):
                plan.last_done_meter = Decimal(0)
        technician = world.actors["technician"]
        calibrated = session.scalars(select(CalibrationPlan).where(CalibrationPlan.asset_id.in_([a.id for a in made])))
        for n, subject in enumerate(calibrated):
            done = calibration.Performed(clock.now, "Source 17", date(2030, 1, 1))
            reading = Decimal(100 if n % 3 else 150)
            point = Point("level", tolerance_low=Decimal(90), tolerance_high=Decimal(110), as_found=reading)
            if n % 4:
                calibration.record_calibration(session, technician, subject, done, [point], clock.now)
        return [asset.id for asset in made]


def _days_that_matter(app: App, clock: Clock) -> list[date]:
    """Today, every day on which something falls due, passes its grace, ends or ends soon, and the day after each."""
    with app.reading() as session:
        due = session.execute(select(PlanState.due_on, PlanState.grace_day)).all()
        ends = session.scalars(select(CalibrationState.valid_until)).all()
    turns = {row.due_on for row in due} | {date.fromordinal(row.grace_day) for row in due if row.grace_day is not None}
    turns |= {end - timedelta(days=before) for end in ends if end is not None for before in (0, 30)}
    known = {turn for turn in turns if turn is not None} | {clock.now.date()}
    return sorted(known | {turn + timedelta(days=1) for turn in known})


def _all(app: App, world: World, clock: Clock, wanted: ReadinessFilter | None = None) -> list[Item]:
    with app.reading() as session:
        return readiness(session, world.actors["coordinator"], wanted or ReadinessFilter(), clock.now)


def test_readiness_says_what_fitness_says_on_every_day(app: App, world: World, clock: Clock) -> None:
    ids = _varied_register(app, world, clock)
    seen: set[str] = set()
    codes: set[str] = set()
    for day in _days_that_matter(app, clock):
        clock.now = clock.now.replace(year=day.year, month=day.month, day=day.day)
        items = {item.code: item for item in _all(app, world, clock)}
        with app.reading() as session:
            assets = session.scalars(select(Asset).where(Asset.id.in_(ids))).all()
            fitness = fitness_of(session, assets, clock.now)
            assert len(items) == len(assets)
            for asset in assets:
                item, judged = items[asset.code], fitness[asset.id]
                assert (item.state, item.fitness.fit) == (judged.state, judged.fit)
                told = sorted((reason.code, str(reason.message)) for reason in item.reasons)
                assert told == sorted((reason.code, str(reason.message)) for reason in judged.reasons)
                seen.add(item.state)
                codes |= {reason.code for reason in item.reasons}
    assert seen == {"ready", "due", "blocked", "unknown", "away"}
    assert {"service_due", "service_overdue", "meter_unknown", "calibration_failed", "calibration_soon"} <= codes


def test_a_plan_whose_state_is_not_worked_out_is_still_judged(app: App, world: World, clock: Clock) -> None:
    with app.transaction(SETUP, clock.now) as session:
        asset = put_asset(session, world, "comms.radio", clock.now)
        for state in session.scalars(select(PlanState).where(PlanState.asset_id == asset.id)):
            session.delete(state)
    clock.advance(timedelta(days=2_000))
    assert [item.state for item in _all(app, world, clock)] == ["blocked"]


def test_readiness_takes_the_same_few_queries_however_many_items(app: App, world: World, clock: Clock) -> None:
    _varied_register(app, world, clock)
    with counted(app.main.engine) as seen:
        _all(app, world, clock)
    assert len(seen) <= 6


def test_what_another_unit_has_is_away_and_what_its_own_has_is_counted_as_issued(
    app: App, world: World, clock: Clock
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        own, lent, stored = (put_asset(session, world, "it.other", clock.now) for _ in range(3))
        codes = own.code, lent.code, stored.code
    custody = Custody(app, world, clock)
    custody.issue(codes[0], "P-001")
    custody.issue(codes[1], "P-101", login="coordinator")
    found = {item.code: item for item in _all(app, world, clock)}
    assert [found[code].state for code in codes] == ["ready", "away", "ready"]
    assert found[codes[1]].reasons[0].code == "elsewhere"
    assert matrix(found.values()).total.issued == 2


def test_disposed_and_annulled_items_are_not_counted(app: App, world: World, clock: Clock) -> None:
    with app.transaction(SETUP, clock.now) as session:
        put_asset(session, world, "kit", clock.now, life="disposed")
        put_asset(session, world, "kit", clock.now).annulled_at = clock.now
        kept = put_asset(session, world, "kit", clock.now, life="lost").code
    assert [(item.code, item.state) for item in _all(app, world, clock)] == [(kept, "blocked")]


def test_readiness_is_for_the_coordinator_alone(app: App, world: World, clock: Clock) -> None:
    with app.transaction(SETUP, clock.now) as session:
        put_asset(session, world, "kit", clock.now)
    with app.reading() as session:
        for login in set(world.actors) - {"coordinator"}:
            assert readiness(session, world.actors[login], ReadinessFilter(), clock.now) == []
        assert readiness(session, world.actors["coordinator"], ReadinessFilter(), clock.now)


def test_filters_narrow_to_a_unit_a_class_and_a_region(app: App, world: World, clock: Clock) -> None:
    _varied_register(app, world, clock)
    everything = _all(app, world, clock)
    narrowed: tuple[tuple[ReadinessFilter, str, str], ...] = (
        (ReadinessFilter(unit="IMT-FA"), "unit", "IMT-FA"),
        (ReadinessFilter(class_code="kit"), "class_code", "kit"),
        (ReadinessFilter(region="UZ-TK"), "region", "UZ-TK"),
        (ReadinessFilter("IMT-FA", "vehicle.patrol", "UZ-FA"), "unit", "IMT-FA"),
    )
    for wanted, field, value in narrowed:
        found = _all(app, world, clock, wanted)
        assert found == [item for item in everything if getattr(item, field) == value]
        assert found
