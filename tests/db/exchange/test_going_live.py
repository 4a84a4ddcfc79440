"""Show 3: 400 opening balances imported, 7 differences found against the paper, undone, imported again."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import func, select

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.journal import first_bad_entry
from assets.exchange.imports import ImportReport, Mode
from assets.exchange.models import ImportRun
from assets.exchange.reconciliation import Reconciliation, reconcile
from assets.exchange.runs import ask_for_import, execute
from assets.exchange.tables import read_table, write_csv, write_xlsx
from assets.exchange.undo import undo_run
from assets.maintenance.models import MaintenancePlan, PlanState
from assets.people.service import add_person
from assets.registry.models import Asset, AssetEvent, Label, MeterReading
from tests.support.world import SETUP, Clock, build_world

HEAD = [
    "class", "unit", "model", "serial_number", "inventory_number", "condition", "value", "currency", "holder", "place",
    "odometer_km", "odometer_on", "last_service_on", "last_service_km", "calibrated_on", "taken_over_on",
]  # fmt: skip
Row = dict[str, object]


def paper() -> list[Row]:
    """400 items of one team: 80 vehicles, 120 instruments, 160 radios, 40 kits without any number."""
    rows: list[Row] = []
    for n in range(400):
        row: Row = {
            "unit": "IMT-TK",
            "condition": "B" if n % 3 else "A",
            "place": "store",
            "taken_over_on": "2026-11-01",
        }
        if n < 80:
            row |= {
                "class": "vehicle.patrol", "model": "UAZ Patriot", "serial_number": f"V-{n:04}",
                "inventory_number": f"AG/{n:04}", "odometer_km": 40_000 + n * 100, "odometer_on": "2026-10-30",
                "last_service_on": "2026-07-15", "last_service_km": 38_000 + n * 100, "holder": f"H-{n % 20:02}",
                "value": 21_000, "currency": "USD",
            }  # fmt: skip
        elif n < 200:
            row |= {"class": "search.density_meter", "serial_number": f"D-{n:04}", "calibrated_on": "2026-05-05"}
        elif n < 360:
            row |= {"class": "comms.radio", "model": "Motorola DP4400", "serial_number": f"R-{n:04}"}
        else:
            row |= {"class": "kit", "model": "Search kit"}
        rows.append(row)
    return rows


def sheet(rows: list[Row]) -> bytes:
    return write_xlsx(HEAD, [[row.get(name, "") for name in HEAD] for row in rows])


class Office:
    """What the logistics officer does, through the services that the page and the command line call."""

    def __init__(self, app: App, actor: Actor, clock: Clock) -> None:
        self.app, self.actor, self.clock = app, actor, clock

    def take(self, content: bytes) -> tuple[int, ImportReport]:
        with self.app.transaction(self.actor, self.clock.now) as session:
            run = ask_for_import(
                self.app, session, self.actor, "assets", "paper.xlsx", content, Mode.ALL_OR_NOTHING, self.clock.now
            )
        report = execute(self.app, run.id, self.actor)
        assert report is not None
        return run.id, report

    def compare(self, rows: list[Row]) -> Reconciliation:
        columns = [name for name in HEAD if name not in {"odometer_on", "taken_over_on"}]
        content = b"".join(write_csv(columns, [[row.get(name, "") for name in columns] for row in rows]))
        with self.app.reading() as session:
            return reconcile(session, self.actor, read_table("paper.csv", content))

    def undo(self, run_id: int) -> int:
        with self.app.transaction(self.actor, self.clock.now) as session:
            run = session.get_one(ImportRun, run_id)
            return undo_run(session, self.actor, run, "Entered before the list was checked", self.clock.now)


def assert_due_from_the_paper(app: App) -> None:
    with app.reading() as session:
        rows = session.execute(
            select(Asset.serial_number, MaintenancePlan.last_done_meter, PlanState.due_at_meter, PlanState.due_on)
            .join(MaintenancePlan, MaintenancePlan.asset_id == Asset.id)
            .join(PlanState, PlanState.plan_id == MaintenancePlan.id)
            .where(MaintenancePlan.code == "oil")
        ).all()
    assert len(rows) == 80
    for serial, counted_from, due_at, due_on in rows:
        serviced_at = Decimal(38_000 + int(serial.removeprefix("V-")) * 100)
        # Patrol vehicles are in severe use: 5,000 km or half a year.
        assert (counted_from, due_at, due_on) == (serviced_at, serviced_at + 5_000, date(2027, 1, 13))


def test_opening_balances_of_400_assets_are_reconciled_undone_and_taken_again_without_doubling(
    sqlite_app: App, clock: Clock
) -> None:
    app, world = sqlite_app, build_world(sqlite_app, clock.now)
    with app.transaction(SETUP, clock.now) as session:
        for n in range(20):
            unit = session.merge(world.units["IMT-TK"], load=False)
            add_person(session, SETUP, number=f"H-{n:02}", unit=unit)
    office = Office(app, world.actors["logistics_officer"], clock)
    run_id, report = office.take(sheet(paper()))
    assert (report.saved, report.counts["new"], report.counts["error"]) == (True, 400, 0)
    assert_due_from_the_paper(app)

    # The paper again, as the agency has it by now: seven differences, one of each kind that there is, and no more.
    other = paper()
    other[3]["value"] = 25_000
    other[4]["condition"] = "D"
    other[5]["holder"] = "H-19"
    other[100]["serial_number"] = "D-9999"  # not in the register; and the register has one that is not on paper
    del other[399]  # a kit less
    other.append(dict(other[250]))  # a radio twice
    other[251]["serial_number"] = "R-О251"  # a Cyrillic О for the zero: the same radio
    found = office.compare(other)
    assert found.counts == {
        "same": 395, "differs": 3, "paper_only": 1, "register_only": 2, "twice": 1, "unreadable": 0
    }  # fmt: skip
    assert found.to_look_at == 7
    differing = {(d.name, d.on_paper, d.in_register) for line in found.lines for d in line.differences}
    assert differing == {
        ("value", "25000.00", "21000.00"), ("condition", "D", "B"), ("holder", "H-19", "H-05")
    }  # fmt: skip

    clock.advance(timedelta(days=1))
    assert office.undo(run_id) == 400
    with app.reading() as session:
        assert session.scalar(select(func.count()).where(Asset.annulled_at.is_(None))) == 0
        labels = set(session.scalars(select(Label.code)))
    empty = office.compare(paper())
    assert (empty.counts["paper_only"], empty.counts["register_only"]) == (400, 0)

    clock.advance(timedelta(days=1))
    _, again = office.take(sheet(paper()))
    assert (again.saved, again.counts["new"]) == (True, 400)
    with app.reading() as session:
        assert session.scalar(select(func.count()).select_from(Asset)) == 400
        assert set(session.scalars(select(Label.code))) == labels
        told = session.execute(select(AssetEvent.kind, func.count()).group_by(AssetEvent.kind)).all()
        kinds = {kind: count for kind, count in told}  # noqa: C416  # rows are no pairs to mypy
        assert {kind: kinds[kind] for kind in ("registered", "annulled", "reinstated")} == {
            "registered": 400, "annulled": 400, "reinstated": 400
        }  # fmt: skip
        assert kinds["taken_over"] == 800
        standing = select(func.count()).select_from(MeterReading).where(MeterReading.annulled_at.is_(None))
        assert session.scalar(standing) == 80
        assert first_bad_entry(session) is None
    assert_due_from_the_paper(app)
    assert office.compare(paper()).counts["same"] == 400
    _, third = office.take(sheet(paper()))
    assert (third.counts["known"], third.counts["new"]) == (400, 0)
