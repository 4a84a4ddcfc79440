"""An import is taken back whole, or not at all once something of it was used since."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.core.errors import RuleViolation
from assets.exchange.models import ImportRun
from assets.exchange.runs import execute
from assets.exchange.undo import undo_plan, undo_run
from assets.operations.models import Operation
from assets.operations.rules.fields import parse_operation
from assets.operations.service import change_operation, close_operation, correct_operation
from assets.people.models import Person
from assets.registry.models import Meter, MeterReading, StockLot, StockMovement
from tests.db.exchange.conftest import Ask, count
from tests.support.world import Clock, World

LOTS = b"""class,item,lot_number,unit,quantity,expires_on
ident.test_kit,Colour test,L-1,IMT-TK,40,2027-01-31
ident.test_kit,Colour test,L-2,IMT-TK,12.5,2026-11-20
"""


OPERATIONS = b"""code,kind,unit,region,starts_on,agencies,arrests,substance,quantity,quantity_unit
OP-1,patrol,IMT-TK,UZ-TK,2026-10-01,MIA,2,heroin,1.5,kg
OP-1,,,,,,,opium,940,g
OP-2,search,IMT-TK,UZ-TK,2026-10-02,MIA,0,,,
"""


@pytest.mark.parametrize(
    ("kind", "content", "login"),
    [
        ("persons", b"number,unit\nP-301,IMT-TK\nP-302,IMT-TK\n", "logistics_officer"),
        ("lots", LOTS, "logistics_officer"),
        ("operations", OPERATIONS, "coordinator"),
    ],
)
def test_each_kind_is_undone_and_comes_back_as_itself(
    app: App, ask: Ask, world: World, clock: Clock, kind: str, content: bytes, login: str
) -> None:
    model: type = {"persons": Person, "lots": StockLot, "operations": Operation}[kind]
    before, actor = count(app, model), world.actors[login]
    run_id = ask(content, kind=kind, login=login)
    report = execute(app, run_id)
    assert report is not None
    assert not report.errors, report.errors
    assert count(app, model) == before + 2
    again = execute(app, ask(content, kind=kind, login=login))
    assert again is not None
    assert again.counts["known"] == len(again.rows)
    clock.advance(timedelta(days=1))
    with app.transaction(actor, clock.now) as session:
        assert undo_run(session, actor, session.get_one(ImportRun, run_id), "Wrong list", clock.now) == 2
    with app.reading() as session:
        if kind == "persons":
            gone = session.scalars(select(Person.left_on).where(Person.number.in_(["P-301", "P-302"]))).all()
            assert None not in gone
        else:
            annulled_at = StockLot.annulled_at if kind == "lots" else Operation.annulled_at
            assert None not in session.scalars(select(annulled_at)).all()
    back = execute(app, ask(content, kind=kind, login=login))
    assert back is not None
    assert back.counts["new"] == len(back.rows)
    assert count(app, model) == before + 2


def test_undoing_readings_leaves_the_meter_as_it_was(app: App, ask: Ask, world: World, clock: Clock) -> None:
    car = b"class,unit,vin,odometer_km\nvehicle.patrol,IMT-TK,JT123456789012345,1000\n"
    report = execute(app, ask(car))
    assert report is not None
    clock.advance(timedelta(hours=1))
    code, day = report.rows[0].code, clock.now.isoformat()
    content = f"code,value,occurred_at\n{code},5000,{day}\n".encode()
    run_id = ask(content, kind="readings")
    execute(app, run_id)
    actor = world.actors["logistics_officer"]
    with app.transaction(actor, clock.now) as session:
        assert session.scalars(select(Meter.value)).one() == 5000
        assert not undo_plan(session, session.get_one(ImportRun, run_id)).blocked
        undo_run(session, actor, session.get_one(ImportRun, run_id), "Read off another car", clock.now)
    with app.reading() as session:
        assert session.scalars(select(Meter.value)).one() == 1000
        assert len(session.scalars(select(MeterReading)).all()) == 2
    execute(app, ask(content, kind="readings"))
    with app.reading() as session:
        assert session.scalars(select(Meter.value)).one() == 5000


def test_units_are_not_taken_back_by_an_undo(app: App, ask: Ask, world: World, clock: Clock) -> None:
    run_id = ask(b"code,name,region\nX-1,Team,UZ-FA\n", kind="units", login="administrator")
    execute(app, run_id)
    with app.reading() as session, pytest.raises(RuleViolation) as refused:
        undo_plan(session, session.get_one(ImportRun, run_id))
    assert refused.value.code == "not_undoable"


def test_a_lot_that_was_counted_since_is_not_undone(app: App, ask: Ask, world: World, clock: Clock) -> None:
    from assets.registry.service.stock import count_lot

    content = b"class,item,lot_number,unit,quantity\nident.test_kit,Colour test,L-1,IMT-TK,40\n"
    run_id = ask(content, kind="lots")
    execute(app, run_id)
    actor = world.actors["logistics_officer"]
    with app.transaction(actor, clock.now) as session:
        lot = session.scalars(select(StockLot)).one()
        count_lot(session, actor, lot, session.scalars(select(StockMovement.quantity)).one() - 1, "one used", clock.now)
    with app.reading() as session:
        plan = undo_plan(session, session.get_one(ImportRun, run_id))
    assert [blocked.name for blocked in plan.blocked] == ["Colour test L-1"]


def test_operation_that_was_changed_or_corrected_since_is_not_undone(
    app: App, ask: Ask, world: World, clock: Clock
) -> None:
    head, actor = b"code,kind,unit,starts_on,closed\n", world.actors["coordinator"]
    content = head + b"OP-1,patrol,IMT-TK,2026-10-01,no\nOP-2,patrol,IMT-TK,2026-10-02,yes\n"
    run_id = ask(content, kind="operations", login="coordinator")
    execute(app, run_id)
    clock.advance(timedelta(hours=1))
    with app.transaction(actor, clock.now) as session:
        assert undo_plan(session, session.get_one(ImportRun, run_id)).blocked == ()
        undo_run(session, actor, session.get_one(ImportRun, run_id), "Wrong list", clock.now)
    back = ask(content, kind="operations", login="coordinator")
    execute(app, back)
    with app.transaction(actor, clock.now) as session:
        assert undo_plan(session, session.get_one(ImportRun, back)).blocked == ()
        first, second = session.scalars(select(Operation).order_by(Operation.code)).all()
        change_operation(session, actor, first, parse_operation({"arrests": "3"}, partial=True), clock.now)
        close_operation(session, actor, first, clock.now)
        two = parse_operation({"arrests": "2"}, partial=True)
        correct_operation(session, actor, second, two, "Miscount", clock.now)
    with app.transaction(actor, clock.now) as session:
        run = session.get_one(ImportRun, back)
        assert [blocked.name for blocked in undo_plan(session, run).blocked] == ["OP-1", "OP-2"]
        with pytest.raises(RuleViolation, match="used since"):
            undo_run(session, actor, run, "Wrong list", clock.now)
