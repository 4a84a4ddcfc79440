"""Which papers are due, and what driving took and cost, on both engines."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from assets.core.clock import local_date
from assets.maintenance import service as maintenance
from assets.maintenance.models import MaintenancePlan
from assets.maintenance.rules.orders import Kind, Payer, Severity
from assets.registry.models import Asset
from assets.registry.scope import asset_by_code
from assets.registry.service.meters import Increment, add_increment, record_reading
from assets.vehicles.queries.costs import Figures, figures_of
from assets.vehicles.queries.papers import PaperFilter, PaperLine, lines_of, paper_lines, papers_due, papers_of
from assets.vehicles.rules.entries import PaperKind
from assets.vehicles.rules.papers import Standing
from tests.db.vehicles.conftest import Garage
from tests.support.care import put_asset
from tests.support.world import SETUP

TODAY = date(2026, 11, 2)


def days(first: int, last: int) -> tuple[date, date]:
    return TODAY + timedelta(days=first), TODAY + timedelta(days=last)


def lines(garage: Garage, login: str = "coordinator", **wanted: Any) -> list[PaperLine]:
    with garage.app.reading() as session:
        return paper_lines(session, garage.world.actors[login], PaperFilter(**wanted), TODAY)


SPANS = [
    [], [(-300, -1)], [(1, 365)], [(-300, 0)], [(-300, 6)], [(-300, 7)], [(-300, 29)], [(-300, 30)],
    [(-300, 3), (4, 369)], [(-900, -500), (-300, 3)],
]  # fmt: skip


def test_list_says_of_each_paper_what_the_rule_says(garage: Garage) -> None:
    """The database and the rule are two writings of one thing."""
    codes = {}
    for spans in SPANS:
        code = garage.vehicle()
        for span in spans:
            garage.paper(code, *days(*span))
        codes[code] = spans
    shown = {line.asset.code: line for line in lines(garage, kind="insurance")}
    with garage.app.reading() as session:
        for code in codes:
            asset = session.scalars(select(Asset).where(Asset.code == code)).one()
            papers = papers_of(session, [asset.id])
            known = {kind.value: papers[asset.id, kind.value] for kind in PaperKind}
            of_one = {line.kind: line for line in lines_of(asset, known, TODAY)}["insurance"]
            assert (code, shown[code].standing) == (code, of_one.standing)
    assert {line.standing for line in shown.values()} == set(Standing)


def test_list_goes_on_where_a_page_ended_and_begins_with_what_ends_first(garage: Garage) -> None:
    for last in (40, 3, 200):
        garage.paper(garage.vehicle(), *days(-10, last), kind="inspection")
    coordinator = garage.world.actors["coordinator"]
    whole = lines(garage)
    assert len(whole) == 3 * len(PaperKind)
    ends = [line.paper.valid_until if line.paper else date.max for line in whole]
    assert all(one <= other for one, other in pairwise(ends))
    found: list[PaperLine] = []
    after = None
    with garage.app.reading() as session:
        while page := paper_lines(session, coordinator, PaperFilter(), TODAY, limit=5, after=after):
            found += page
            after = page[-1].key
    assert [line.key for line in found] == [line.key for line in whole]


def test_due_list_leaves_out_the_void_the_withdrawn_the_foreign_and_what_is_no_vehicle(garage: Garage) -> None:
    mine, foreign = garage.vehicle(), garage.vehicle(unit="IMT-FA")
    garage.vehicle(life="withdrawn")
    garage.vehicle("radiation.prd")
    garage.paper(mine, *days(-300, 3))
    garage.void_paper(garage.paper(mine, *days(-300, 300)))
    garage.paper(foreign, *days(-300, -3), login="logistics2")
    due = [(line.asset.code, line.kind, line.standing) for line in lines(garage, "officer", due=True)]
    assert due == [(mine, "insurance", Standing.WITHIN_7)]
    with garage.app.reading() as session:

        def count(login: str, *standings: Standing) -> int:
            return session.scalar(papers_due(garage.world.actors[login], TODAY, *standings)) or 0

        assert count("officer", Standing.WITHIN_7, Standing.WITHIN_30) == 1
        assert (count("officer", Standing.OVERDUE), count("coordinator", Standing.OVERDUE)) == (0, 1)
        assert count("officer", Standing.MISSING) == 3


def insured_from(garage: Garage, code: str) -> tuple[date, str]:
    with garage.app.reading() as session:
        plan = session.scalars(
            select(MaintenancePlan).join(Asset).where(Asset.code == code, MaintenancePlan.code == "insurance")
        ).one()
        return plan.last_done_on, plan.basis


def test_paper_is_what_the_plan_of_its_class_counts_from_until_it_is_taken_back(garage: Garage) -> None:
    """Else an insured vehicle would be blocked for a plan that nobody ticked."""
    with garage.app.transaction(SETUP, garage.clock.now) as session:
        code = put_asset(session, garage.world, "vehicle.patrol", garage.clock.now).code
    before = insured_from(garage, code)
    assert before[1] == "start"
    first, last = days(-40, 325)
    paper_id = garage.paper(code, first, last)
    assert insured_from(garage, code) == (first, "done")
    ahead = garage.paper(code, *days(20, 385))
    assert insured_from(garage, code) == (TODAY, "done")
    garage.paper(code, *days(-40, 325), kind="first_aid")
    garage.void_paper(ahead)
    assert insured_from(garage, code) == (first, "done")
    garage.void_paper(paper_id)
    assert insured_from(garage, code) == before


def figures(garage: Garage, code: str, back: int = 365) -> Figures:
    with garage.app.reading() as session:
        asset = session.scalars(select(Asset).where(Asset.code == code)).one()
        return figures_of(session, [asset], (garage.clock.now - timedelta(days=back), garage.clock.now))[asset.id]


def ago(garage: Garage, days_back: float) -> datetime:
    return garage.clock.now - timedelta(days=days_back)


def repair(garage: Garage, code: str, cost: Decimal | None, currency: str = "UZS") -> None:
    with garage.by("logistics_officer") as (session, actor):
        asset = asset_by_code(session, actor, code)
        at = ago(garage, 1)
        order = maintenance.open_work_order(
            session, actor, asset, kind=Kind.CORRECTIVE, title="Brakes", now=at, severity=Severity.MINOR
        )
        payer = Payer.RECIPIENT_BUDGET if cost is not None else None
        done = maintenance.Completion(at, "Done", cost=cost, currency=currency, payer=payer)
        maintenance.close_work_order(session, actor, order, done, garage.clock.now)


def test_use_and_cost_follow_from_fills_orders_and_premiums(garage: Garage) -> None:
    code = garage.vehicle()
    garage.fill(code, 60, 10_000, at=ago(garage, 100), cost=Decimal(600_000))
    garage.fill(code, 20, full=False, at=ago(garage, 50), cost=Decimal(200_000))
    garage.fill(code, 30, 10_500, at=ago(garage, 10), cost=Decimal(25), currency="USD")
    repair(garage, code, Decimal(500_000))
    since = local_date(ago(garage, 100), garage.app.settings.zone)
    garage.paper(code, since, since + timedelta(days=99), cost=Decimal(100_000))
    found = figures(garage, code)
    assert found.consumption is not None
    assert found.consumption.per_100km == Decimal("10.0")
    assert found.km == 500
    spent = {cost.currency: (cost.fuel, cost.maintenance, cost.insurance) for cost in found.costs.listed}
    assert spent == {
        "UZS": (Decimal(800_000), Decimal(500_000), Decimal(100_000)),
        "USD": (Decimal(25), Decimal(0), Decimal(0)),
    }
    assert {cost.currency: cost.per_km(found.km) for cost in found.costs.listed} == {
        "UZS": Decimal(2800), "USD": Decimal("0.05"),
    }  # fmt: skip
    assert found.costs.unknown == 0


def test_what_is_not_known_is_none_and_never_zero(garage: Garage) -> None:
    code = garage.vehicle()
    assert figures(garage, code).consumption is None
    assert figures(garage, code).driven is None
    assert figures(garage, code).costs.listed == []
    garage.fill(code, 60, at=ago(garage, 5), cost=Decimal(1))
    repair(garage, code, None)
    found = figures(garage, code)
    assert found.km is None
    assert [cost.per_km(found.km) for cost in found.costs.listed] == [None]
    assert found.costs.unknown == 1


def test_kilometres_are_those_of_readings_and_of_telemetry_after_them(garage: Garage) -> None:
    code = garage.vehicle()
    with garage.app.transaction(SETUP, garage.clock.now) as session:
        asset = asset_by_code(session, SETUP, code)
        for back, km in ((400, 1000), (100, 3000)):
            record_reading(session, asset, "odometer_km", Decimal(km), ago(garage, back), garage.clock.now)
        for back, km in ((380, 100), (200, 1700), (50, 70)):
            add_increment(
                session, asset, "odometer_km", "telemetry", Increment(ago(garage, back), Decimal(km), str(back))
            )
    assert figures(garage, code).km == 3000 + 70 - (1000 + 100)
    with garage.app.transaction(SETUP, garage.clock.now) as session:
        asset = asset_by_code(session, SETUP, code)
        record_reading(
            session,
            asset,
            "odometer_km",
            Decimal(5),
            ago(garage, 20),
            garage.clock.now,
            source="replaced",
            reason="new",
        )
        record_reading(session, asset, "odometer_km", Decimal(45), ago(garage, 2), garage.clock.now)
    found = figures(garage, code)
    assert found.driven is not None
    assert (found.km, found.driven.since) == (Decimal(40), ago(garage, 20))


@pytest.mark.parametrize("many", [1, 12])
def test_figures_take_as_many_queries_for_one_as_for_all(garage: Garage, many: int) -> None:
    from tests.web.conftest import counted

    codes = [garage.vehicle() for _ in range(many)]
    with garage.app.reading() as session, counted(garage.app.main.engine) as seen:
        assets = session.scalars(select(Asset).where(Asset.code.in_(codes))).all()
        figures_of(session, assets, (ago(garage, 30), garage.clock.now))
    assert len(seen) == 6
