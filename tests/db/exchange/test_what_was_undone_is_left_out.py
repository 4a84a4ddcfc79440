"""What an undone import had brought in is left out everywhere: lists, labels, jobs, figures, summaries."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from assets.calibration import service as calibration
from assets.core.app import App
from assets.core.errors import Conflict, DomainError, NotFound
from assets.exchange.imports import Mode
from assets.exchange.label_sheets import print_zpl
from assets.exchange.models import ImportRun
from assets.exchange.runs import ask_for_import, execute
from assets.exchange.undo import undo_run
from assets.maintenance import service as maintenance
from assets.maintenance.queries import due_rows
from assets.metrics.models import AssetDay
from assets.metrics.roll_up import roll_up_days
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.queries.assets import asset_page
from assets.registry.queries.filters import AssetFilters
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.scope import asset_by_code
from assets.registry.service.assets import register_asset
from tests.support.world import SETUP, Clock, World

CAR = b"""class,unit,serial_number,vin,life,last_service_on
vehicle.patrol,IMT-TK,V-1,JT123456789012345,in_service,2020-01-01
"""


@pytest.fixture
def run_id(app: App, world: World, clock: Clock) -> int:
    actor = world.actors["logistics_officer"]
    with app.transaction(actor, clock.now) as session:
        made = ask_for_import(app, session, actor, "assets", "t.csv", CAR, Mode.SAVE_VALID, clock.now)
    report = execute(app, made.id, actor)
    assert report is not None
    assert report.counts["saved"] == 1
    return made.id


def undo(app: App, world: World, clock: Clock, run_id: int) -> None:
    actor = world.actors["logistics_officer"]
    with app.transaction(actor, clock.now) as session:
        undo_run(session, actor, session.get_one(ImportRun, run_id), "Entered by mistake", clock.now)


def test_it_stands_on_no_list_and_no_label_is_printed_for_it(app: App, world: World, clock: Clock, run_id: int) -> None:
    coordinator = world.actors["coordinator"]
    with app.reading() as session:
        code = session.scalars(select(Asset.code)).one()
        assert len(asset_page(session, coordinator, AssetFilters(query="V-1", now=clock.now)).assets) == 1
        assert due_rows(session, coordinator, clock.now, within_days=0)
    undo(app, world, clock, run_id)
    with app.reading() as session:
        assert asset_page(session, coordinator, AssetFilters(query="V-1", now=clock.now)).assets == []
        assert due_rows(session, coordinator, clock.now, within_days=0) == []
        assert due_rows(session, SETUP, clock.now, within_days=0) == [], "the job that mails has no scope"
        with pytest.raises(NotFound):
            asset_by_code(session, coordinator, code, Permission.ASSET_READ)
    for chosen in ({"unit": "IMT-TK", "codes": None}, {"unit": None, "codes": [code]}):
        with pytest.raises(DomainError):
            print_zpl(app, coordinator, **chosen, blank=None, label_mm=(50.0, 25.0), dpi=203, now=clock.now)


def test_no_job_gives_it_plans(app: App, world: World, clock: Clock) -> None:
    actor = world.actors["logistics_officer"]
    content = b"class,unit,serial_number\nsearch.density_meter,IMT-TK,D-1\n"
    with app.transaction(actor, clock.now) as session:
        made = ask_for_import(app, session, actor, "assets", "t.csv", content, Mode.SAVE_VALID, clock.now)
    execute(app, made.id, actor)
    undo(app, world, clock, made.id)
    with app.transaction(SETUP, clock.now) as session:
        assert maintenance.adopt_missing_plans(session, SETUP, clock.now) == 0
        assert calibration.adopt_missing_plans(session, SETUP, clock.now) == 0


def test_its_days_were_never_on_the_register(app: App, world: World, clock: Clock, run_id: int) -> None:
    def on_register() -> list[bool]:
        roll_up_days(lambda: app.transaction(SETUP, clock.now), clock.now, app.settings.zone)
        with app.reading() as session:
            return list(session.scalars(select(AssetDay.on_register).order_by(AssetDay.day)))

    clock.advance(timedelta(days=3))
    assert on_register() == [True] * 3
    undo(app, world, clock, run_id)
    assert on_register() == [False] * 3
    actor = world.actors["logistics_officer"]
    with app.transaction(actor, clock.now) as session:
        made = ask_for_import(app, session, actor, "assets", "t.csv", CAR, Mode.SAVE_VALID, clock.now)
    execute(app, made.id, actor)
    assert on_register() == [True] * 3


def test_registered_by_hand_it_is_the_same_asset_and_in_another_unit_it_is_refused_in_silence(
    app: App, world: World, clock: Clock, run_id: int
) -> None:
    undo(app, world, clock, run_id)
    draft = parse_asset({"class": "vehicle.patrol", "unit": "IMT-TK", "serial_number": "v1", "value": 5})
    elsewhere = parse_asset({"class": "vehicle.patrol", "unit": "IMT-FA", "serial_number": "V-1"})
    with app.transaction(world.actors["logistics2"], clock.now) as session, pytest.raises(Conflict) as refused:
        register_asset(session, world.actors["logistics2"], elsewhere, clock.now)
    with app.transaction(world.actors["logistics_officer"], clock.now) as session:
        code = session.scalars(select(Asset.code)).one()
        again = register_asset(session, world.actors["logistics_officer"], draft, clock.now)
        assert (again.code, again.annulled_at, again.vin, again.life) == (code, None, "", "received")
    assert code not in str(refused.value.message)
    assert code[:5] not in str(refused.value.message)


def test_a_day_of_the_service_on_paper_is_kept_when_the_plan_is_late_already(
    app: App, world: World, clock: Clock, run_id: int
) -> None:
    with app.reading() as session:
        rows = due_rows(session, world.actors["coordinator"], clock.now, within_days=0)
    assert {row.plan.last_done_on for row in rows} == {date(2020, 1, 1)}
