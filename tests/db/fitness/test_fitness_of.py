"""Fitness from the real tables: calibration, faults and care; and the filter says the same as the rule."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import joinedload

from assets.calibration import queries, service
from assets.calibration.models import CalibrationPlan
from assets.calibration.rules import Point
from assets.core.app import App
from assets.core.errors import Conflict
from assets.fitness.queries import fitness_of, unfit_assets_condition
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import report_fault
from assets.registry.models import Asset
from assets.registry.service.timeline import happening_now
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World


def _codes(app: App, clock: Clock, asset_id: int) -> tuple[bool, list[str]]:
    with app.reading() as session:
        fitness = fitness_of(session, [session.get_one(Asset, asset_id)], clock.now)[asset_id]
        return fitness.fit, [reason.code for reason in fitness.reasons]


def _record(app: App, world: World, clock: Clock, asset_id: int, value: int, corrects: int | None = None) -> int:
    technician = world.actors["technician"]
    with app.transaction(technician, clock.now) as session:
        plan = session.scalars(select(CalibrationPlan).where(CalibrationPlan.asset_id == asset_id)).one()
        done = service.Performed(clock.now, "Source 17", date(2030, 1, 1))
        point = Point("100 nSv/h", tolerance_low=Decimal(90), tolerance_high=Decimal(110), as_found=Decimal(value))
        old = queries.record_by_id(session, technician, corrects) if corrects else None
        return service.record_calibration(session, technician, plan, done, [point], clock.now, corrects=old).id


def _pager(app: App, world: World, clock: Clock) -> int:
    with app.transaction(SETUP, clock.now) as session:
        return put_asset(session, world, "radiation.prd", clock.now).id


def test_instrument_is_unfit_until_it_passes_and_again_when_out_of_date(app: App, world: World, clock: Clock) -> None:
    pager = _pager(app, world, clock)
    assert _codes(app, clock, pager) == (False, ["never_calibrated"])
    _record(app, world, clock, pager, 150)
    assert _codes(app, clock, pager) == (False, ["calibration_failed"])
    clock.advance(timedelta(days=1))
    _record(app, world, clock, pager, 101)
    assert _codes(app, clock, pager) == (True, [])
    clock.advance(timedelta(days=365))
    assert _codes(app, clock, pager)[0] is False  # its battery check is overdue by then
    assert "calibration_soon" in _codes(app, clock, pager)[1]
    clock.advance(timedelta(days=1))
    assert "calibration_overdue" in _codes(app, clock, pager)[1]


def test_correction_stands_in_for_the_record_it_names_and_changes_no_row(app: App, world: World, clock: Clock) -> None:
    pager = _pager(app, world, clock)
    wrong = _record(app, world, clock, pager, 150)
    clock.advance(timedelta(hours=1))
    right = _record(app, world, clock, pager, 105, corrects=wrong)
    assert _codes(app, clock, pager) == (True, [])
    with app.reading() as session:
        kept = queries.record_by_id(session, world.actors["technician"], wrong)
        assert (kept.result, kept.points[0].as_found) == ("fail", Decimal(150))
        assert queries.correction_of(session, wrong) == right
        (validity,) = queries.calibration_validity(session, [pager])[pager]
        assert [span[0] for span in validity.valid] == [clock.now]
    with pytest.raises(Conflict):
        _record(app, world, clock, pager, 105, corrects=wrong)


def test_record_entered_late_does_not_undo_a_later_result(app: App, world: World, clock: Clock) -> None:
    pager = _pager(app, world, clock)
    clock.advance(timedelta(days=20))
    _record(app, world, clock, pager, 101)
    technician = world.actors["technician"]
    with app.transaction(technician, clock.now) as session:
        plan = session.scalars(select(CalibrationPlan).where(CalibrationPlan.asset_id == pager)).one()
        earlier = service.Performed(clock.now - timedelta(days=5), "Source 17", date(2030, 1, 1))
        service.record_calibration(session, technician, plan, earlier, [Point("alarm", ok=False)], clock.now)
    assert _codes(app, clock, pager)[0] is True


def test_fitness_of_a_page_takes_four_queries_and_the_filter_agrees(app: App, world: World, clock: Clock) -> None:
    with app.transaction(SETUP, clock.now) as session:
        made = [
            put_asset(session, world, code, clock.now, life=life)
            for code in ("radiation.prd", "search.mirror_uvss", "search.videoscope", "vehicle.patrol", "kit")
            for life in ("in_service", "received", "withdrawn")
        ]
        report_fault(session, SETUP, made[3], Severity.CRITICAL, "cracked", happening_now(clock.now))
        made[6].condition, made[12].condition = "D", None
    for days in (0, 100, 120, 400):
        clock.advance(timedelta(days=days))
        with app.reading() as session:
            assets = session.scalars(select(Asset).options(joinedload(Asset.equipment_class))).all()
            seen: list[str] = []

            def note(_connection: object, _cursor: object, statement: str, *_: object, into: list[str] = seen) -> None:
                into.append(statement)

            event.listen(app.main.engine, "before_cursor_execute", note)
            fitness = fitness_of(session, assets, clock.now)
            event.remove(app.main.engine, "before_cursor_execute", note)
            assert len(seen) <= 4
            unfit = set(session.scalars(select(Asset.id).where(unfit_assets_condition(clock.now))))
            fit = set(session.scalars(select(Asset.id).where(~unfit_assets_condition(clock.now))))
        assert unfit == {asset_id for asset_id, judged in fitness.items() if not judged.fit}
        assert unfit | fit == set(fitness)
