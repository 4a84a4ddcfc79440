"""Opening balances: what was so before us is taken over, undone as a whole, and brought back without doubling."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from assets.calibration import service as calibration
from assets.calibration.models import CalibrationPlan, CalibrationRecord, CalibrationState
from assets.core.app import App
from assets.core.clock import day_start
from assets.core.errors import RuleViolation
from assets.core.journal import first_bad_entry
from assets.custody.queries import current_custody
from assets.custody.service.field import sight
from assets.exchange.imports import ImportReport, Mode
from assets.exchange.models import ImportedThing, ImportRun
from assets.exchange.runs import ask_for_import, execute
from assets.exchange.tables import write_xlsx
from assets.exchange.undo import undo_plan, undo_run
from assets.maintenance.models import MaintenancePlan
from assets.maintenance.queries.due import plan_views
from assets.maintenance.service import adopt_missing_plans
from assets.registry.models import Asset, AssetEvent, Label, Meter, MeterReading
from assets.registry.rules.classes import CLASSES
from assets.registry.service.timeline import happening_now
from tests.support.world import SETUP, Clock, World

HEAD = [
    "class", "unit", "serial_number", "inventory_number", "condition", "odometer_km", "odometer_on", "holder", "place",
    "last_service_on", "last_service_km", "calibrated_on", "calibration_valid_until", "warranty_until", "taken_over_on",
]  # fmt: skip
Load = Callable[..., tuple[int, ImportReport | None]]


def car(n: int, **more: object) -> dict[str, object]:
    given: dict[str, object] = {
        "class": "vehicle.investigation", "unit": "IMT-TK", "serial_number": f"CAR-{n:04}",
        "inventory_number": f"I-{n}",
        "condition": "B", "odometer_km": 45_500, "odometer_on": "2026-10-20", "holder": "P-001",
        "place": "Yard 2, row 4", "last_service_on": "2026-08-01", "last_service_km": 42_000,
        "warranty_until": "2027-05-01", "taken_over_on": "2026-10-25",
    }  # fmt: skip
    return given | more


def meter(n: int, **more: object) -> dict[str, object]:
    given: dict[str, object] = {
        "class": "search.density_meter", "unit": "IMT-TK", "serial_number": f"DM-{n:04}", "calibrated_on": "2026-03-10",
        "calibration_valid_until": "2027-06-30", "taken_over_on": "2026-10-25",
    }  # fmt: skip
    return given | more


def sheet(*rows: dict[str, object]) -> bytes:
    return write_xlsx(HEAD, [[row.get(name, "") for name in HEAD] for row in rows])


@pytest.fixture
def load(app: App, world: World, clock: Clock) -> Load:
    def run(
        content: bytes, *, login: str = "logistics_officer", kind: str = "assets", mode: Mode = Mode.ALL_OR_NOTHING
    ) -> tuple[int, ImportReport | None]:
        actor = world.actors[login]
        with app.transaction(actor, clock.now) as session:
            made = ask_for_import(app, session, actor, kind, "paper.xlsx", content, mode, clock.now)
        return made.id, execute(app, made.id, actor)

    return run


def undo(app: App, world: World, clock: Clock, run_id: int, login: str = "logistics_officer") -> int:
    actor = world.actors[login]
    with app.transaction(actor, clock.now) as session:
        run = session.get_one(ImportRun, run_id)
        return undo_run(session, actor, run, "The list was of another unit", clock.now)


def only(app: App, model: type, **where: object) -> Any:
    with app.reading() as session:
        return session.scalars(select(model).filter_by(**where)).one()


def test_what_was_before_us_is_taken_over_and_plans_are_due_from_it(
    app: App, load: Load, world: World, clock: Clock
) -> None:
    _, report = load(sheet(car(1)))
    assert report is not None
    assert (report.saved, report.counts["new"]) == (True, 1)
    asset = only(app, Asset)
    zone = app.settings.zone
    assert (asset.life, asset.condition, asset.warranty_until) == ("in_service", "B", date(2027, 5, 1))
    assert asset.condition_at == day_start(date(2026, 10, 25), zone)
    with app.reading() as session:
        reading = session.scalars(select(MeterReading)).one()
        assert (reading.value, reading.at) == (Decimal(45_500), day_start(date(2026, 10, 20), zone))
        held = current_custody(session, asset.id)
        assert held.person_id == world.persons["P-001"].id
        assert held.since == day_start(date(2026, 10, 25), zone)
        due = {view.plan.code: view.due for view in plan_views(session, session.get_one(Asset, asset.id), clock.now)}
        # Oil: a year or 10,000 km from the service on paper, not from the day of import nor from what the meter shows.
        assert (due["oil"].due_at_meter, due["oil"].due_on) == (Decimal(52_000), date(2027, 8, 1))
        assert due["oil"].meter_left == Decimal(6_500)
        # A visit to the workshop renews no insurance.
        assert due["insurance"].due_on == date(2027, 11, 2)
        told = session.scalars(select(AssetEvent).where(AssetEvent.kind == "taken_over")).one()
    assert told.data["place"] == "Yard 2, row 4"
    assert told.data["last_service_km"] == "42000.000"
    assert told.occurred_at == day_start(date(2026, 10, 25), zone)
    assert not told.seen
    with app.transaction(SETUP, clock.now) as session:
        assert adopt_missing_plans(session, SETUP, clock.now) == 0


def test_imported_items_have_their_plans_at_once_and_the_job_finds_nothing_to_add(
    app: App, load: Load, clock: Clock
) -> None:
    without_past: dict[str, object] = {"class": "search.density_meter", "unit": "IMT-TK", "serial_number": "DM-9"}
    load(sheet(car(1, last_service_on="", last_service_km=""), meter(1), without_past))
    with app.reading() as session:
        for model, of_class in ((MaintenancePlan, "maintenance_plans"), (CalibrationPlan, "calibration_plans")):
            found = session.execute(select(model.asset_id, model.code).order_by(model.asset_id, model.code)).all()
            wanted = [
                (asset.id, default.code)
                for asset in session.scalars(select(Asset).options(joinedload(Asset.equipment_class)))
                for default in getattr(CLASSES[asset.equipment_class.code], of_class)
            ]
            assert wanted
            assert [tuple(row) for row in found] == sorted(wanted)
        states = session.scalars(select(func.count()).select_from(CalibrationState)).one()
        assert states == session.scalars(select(func.count()).select_from(CalibrationPlan)).one()
    with app.transaction(SETUP, clock.now) as session:
        assert adopt_missing_plans(session, SETUP, clock.now) == 0
        assert calibration.adopt_missing_plans(session, SETUP, clock.now) == 0


def test_what_is_still_to_come_has_no_plans_yet(app: App, load: Load) -> None:
    row = {"class": "search.density_meter", "unit": "IMT-TK", "serial_number": "DM-9", "life": "expected"}
    load(write_xlsx(list(row), [list(row.values())]))
    with app.reading() as session:
        assert session.scalars(select(CalibrationPlan)).all() == []
        assert session.scalars(select(MaintenancePlan)).all() == []


def test_a_calibration_on_paper_counts_and_is_marked_as_not_ours(app: App, load: Load) -> None:
    load(sheet(meter(1)))
    with app.reading() as session:
        record = session.scalars(select(CalibrationRecord)).one()
        state = session.get_one(CalibrationState, record.plan_id)
        never = session.scalars(
            select(CalibrationState.result).join(CalibrationPlan, CalibrationPlan.id == CalibrationState.plan_id)
            .where(CalibrationPlan.code == "leak_test")
        ).one()  # fmt: skip
        kinds = set(session.scalars(select(AssetEvent.kind)))
    assert (record.taken_over, record.as_found_result, record.valid_until) == (True, "", date(2027, 6, 30))
    assert (state.result, state.valid_until) == ("pass", date(2027, 6, 30))
    assert never == ""
    assert "calibration" not in kinds


def test_a_yearly_certificate_does_not_stand_for_a_monthly_check(app: App, load: Load) -> None:
    row = meter(1) | {"class": "ident.ims_trace", "calibrated_on": "2026-10-20"}
    load(sheet(row))
    with app.reading() as session:
        rows = session.execute(select(CalibrationPlan.code, CalibrationRecord.valid_until).join(CalibrationRecord.plan))
        assert dict(rows.all()) == {"leak_test": date(2027, 6, 30), "swab": date(2026, 11, 19)}


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        (car(1, holder="P-999"), "holder", "unknown_person"),
        (car(1, holder="P-101"), "holder", "unknown_person"),
        (car(1, odometer_on="2026-12-01"), "odometer_on", "in_the_future"),
        (car(1, odometer_km=""), "odometer_km", "required"),
        (car(1, last_service_km=46_000), "last_service_km", "reading_above_later"),
        (car(1, last_service_on=""), "last_service_on", "required"),
        (car(1, calibrated_on="2026-01-01"), "calibrated_on", "no_plan"),
        (meter(1, calibrated_on=""), "calibrated_on", "required"),
        (meter(1, calibration_valid_until="2026-01-01"), "calibration_valid_until", "out_of_range"),
        (meter(1, last_service_km=5), "last_service_on", "required"),
        (car(1, taken_over_on="soon"), "taken_over_on", "not_a_date"),
    ],
)
def test_what_cannot_have_been_is_refused_by_its_field(
    app: App, load: Load, row: dict[str, object], field: str, code: str
) -> None:
    _, report = load(sheet(row))
    assert report is not None
    assert (field, code) in {(error.field, error.code) for error in report.rows[0].errors}
    with app.reading() as session:
        assert session.scalar(select(func.count()).select_from(Asset)) == 0


def test_an_undone_import_hides_its_assets_and_the_same_file_brings_the_same_ones_back(
    app: App, load: Load, world: World, clock: Clock
) -> None:
    kit: dict[str, object] = {"class": "kit", "unit": "IMT-TK", "condition": "A"}
    content = sheet(car(1), meter(1), kit, kit)
    first, _ = load(content)
    with app.reading() as session:
        labels = set(session.scalars(select(Label.code)))
    clock.advance(timedelta(days=1))
    assert undo(app, world, clock, first) == 4
    with app.reading() as session:
        assert {asset.annulled_at for asset in session.scalars(select(Asset))} == {clock.now}
        assert session.scalars(select(Asset.custodian_person_id)).all() == [None] * 4
        assert session.scalars(select(Meter.value)).one() is None
        assert set(session.scalars(select(CalibrationState.result))) == {""}
        run = session.get_one(ImportRun, first)
        assert (run.state, run.undo_reason) == ("undone", "The list was of another unit")
    clock.advance(timedelta(days=1))
    mended = sheet(car(1, last_service_km=41_000, odometer_km=44_000), meter(1, calibrated_on="2026-02-10"), kit, kit)
    _, again = load(mended)
    assert again is not None
    assert (again.counts["new"], again.counts["error"]) == (4, 0)
    with app.reading() as session:
        assert set(session.scalars(select(Label.code))) == labels
        assert session.scalars(select(Asset.id).where(Asset.annulled_at.is_not(None))).all() == []
        auto = session.scalars(select(Asset).where(Asset.serial_number == "CAR-0001")).one()
        kinds = session.scalars(
            select(AssetEvent.kind).where(AssetEvent.asset_id == auto.id).order_by(AssetEvent.received_at, AssetEvent.n)
        ).all()
        due = {view.plan.code: view.due for view in plan_views(session, auto, clock.now)}
        assert due["oil"].due_at_meter == Decimal(51_000)
        assert session.scalars(select(Meter.value)).one() == Decimal(44_000)
        assert current_custody(session, auto.id).person_id == world.persons["P-001"].id
        valid = session.scalars(select(CalibrationState.valid_until).where(CalibrationState.result == "pass")).one()
        assert valid == date(2027, 6, 30)
        assert first_bad_entry(session) is None
    assert kinds.count("registered") == 1
    assert [kind for kind in kinds if kind in {"annulled", "reinstated"}] == ["annulled", "reinstated"]


def test_an_import_of_which_something_was_used_is_not_undone_at_all(
    app: App, load: Load, world: World, clock: Clock
) -> None:
    run_id, _ = load(sheet(car(1), car(2)))
    clock.advance(timedelta(hours=1))
    officer = world.actors["logistics_officer"]
    with app.transaction(officer, clock.now) as session:
        asset = session.scalars(select(Asset).where(Asset.serial_number == "CAR-0002")).one()
        sight(session, officer, asset, happening_now(clock.now))
    with app.reading() as session:
        plan = undo_plan(session, session.get_one(ImportRun, run_id))
    assert [blocked.code for blocked in plan.blocked] == [asset.code]
    with pytest.raises(RuleViolation) as refused:
        undo(app, world, clock, run_id)
    assert refused.value.code == "used_since"
    with app.reading() as session:
        assert session.scalars(select(Asset.id).where(Asset.annulled_at.is_not(None))).all() == []
        assert session.scalars(select(ImportedThing.undone)).all() == [False, False]


def test_nobody_undoes_what_lies_in_another_unit(app: App, load: Load, world: World, clock: Clock) -> None:
    from assets.core.errors import NotAllowed

    run_id, _ = load(sheet(car(1)))
    with pytest.raises(NotAllowed):
        undo(app, world, clock, run_id, "logistics2")
