"""What a summary says: values from deeds and rates, plans by their items, closed operations only, nothing annulled."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update

from assets.core.app import App
from assets.handover.models import HandoverLine
from assets.metrics.models import AssetDay
from assets.operations.models import Operation
from assets.people.models import Organisation
from assets.registry.models import Asset, EquipmentModel, Grant, GrantTarget, HandoverBatch
from assets.reports.donor_summary import figures_for
from assets.reports.figures import Figures
from assets.reports.queries.given import counted_in_late, given_items
from assets.reports.render.blocks import Answer, Answers, Number
from assets.reports.render.sections import summary
from assets.reports.render.words import Voice
from tests.db.metrics.days import FIRST, SETUP, ZONE, add_asset, add_standstill, local, roll_up
from tests.db.reports.given import AFTER, DAYS, UNTIL, give
from tests.support.world import World, build_world


@pytest.fixture
def given(sqlite_app: App) -> World:
    """What was given, on SQLite: every statement runs on both engines in the tests of the release."""
    world = build_world(sqlite_app, AFTER)
    give(sqlite_app, world)
    return world


def figures(app: App, world: World, code: str = "JPN") -> Figures:
    with app.reading() as session:
        donor = session.get_one(Organisation, world.organisations[code].id)
        return figures_for(session, donor, FIRST, UNTIL, AFTER, ZONE)


def test_only_closed_operations_count(sqlite_app: App, given: World) -> None:
    results = figures(sqlite_app, given).results
    assert (results.totals.operations, results.totals.seizures) == (22, 17)
    # The open one has 777 arrests and 7.6 tonnes of MDMA.
    assert results.totals.arrests == 21
    assert "mdma" not in {line.substance for line in results.substances}
    with sqlite_app.transaction(SETUP, AFTER) as session:
        twice = session.query(Operation).filter_by(code="OP-TK-0000").one()
        twice.annulled_at, twice.annulled_reason = AFTER, "entered twice"
    assert figures(sqlite_app, given).results.totals.operations == 21


def test_weight_stands_with_two_digits_its_interval_and_the_share_of_the_largest_case(
    sqlite_app: App, given: World
) -> None:
    opium = next(line for line in figures(sqlite_app, given).results.substances if line.substance == "opium")
    assert (opium.cases, opium.weighed, opium.largest) == (6, 6, "over_half")
    assert opium.kg is not None
    assert opium.low is not None
    assert opium.high is not None
    assert opium.low < opium.kg < opium.high
    assert float(f"{opium.kg:.2g}") == opium.kg


def test_kinds_of_one_or_two_operations_are_left_out_together(sqlite_app: App, given: World) -> None:
    kinds = {line.kind: line.now for line in figures(sqlite_app, given).results.kinds}
    # One search and two controlled deliveries; the two together leave three numbers possible for each.
    assert kinds["search"] is None
    assert kinds["controlled_delivery.internal"] is None
    assert (kinds["joint_operation"], kinds["patrol"], kinds["checkpoint"]) == (9, 6, 4)


def test_item_registered_by_mistake_is_in_no_figure(sqlite_app: App, given: World) -> None:
    before = figures(sqlite_app, given)
    with sqlite_app.transaction(SETUP, AFTER) as session:
        batch = session.query(HandoverBatch).filter_by(number="R1").one()
        session.query(Asset).filter_by(batch_id=batch.id).order_by(Asset.id).first().annulled_at = AFTER  # type: ignore[union-attr]  # there are twelve
    after = figures(sqlite_app, given)
    assert after.whereabouts.handed_over == before.whereabouts.handed_over - 1
    assert after.vehicles.count == before.vehicles.count - 1
    assert after.measure("verification_rate").denominator == before.measure("verification_rate").denominator - 1


def test_value_comes_from_the_lines_of_the_deed_at_the_rate_of_its_day(sqlite_app: App, given: World) -> None:
    with sqlite_app.transaction(SETUP, AFTER) as session:
        grant = session.query(Grant).filter_by(code="JPN-2018").one()
        batch = HandoverBatch(
            number="R4", grant_id=grant.id, handed_over_on=date(2024, 3, 1), currency="JPY", usd_rate=Decimal(150),
            rate_on=date(2024, 2, 28),
        )  # fmt: skip
        session.add(batch)
        session.flush()
        model = EquipmentModel(class_id=given.classes["ident.raman"].id, maker="Maker", name="Analyser 3")
        session.add(model)
        session.flush()
        session.add(
            HandoverLine(
                batch_id=batch.id, number=1, class_id=model.class_id, model_id=model.id, quantity=3,
                unit_id=given.units["IMT-TK"].id, unit_value=Decimal(1_500_000),
            )
        )  # fmt: skip
        for _ in range(2):
            add_asset(session, given, "ident.raman", batch_id=batch.id, model_id=model.id)
    found = figures(sqlite_app, given)
    line = next(line for line in found.batches if line.number == "R4")
    assert (line.value, line.currency, line.usd) == (Decimal("4500000.00"), "JPY", Decimal("30000.00"))
    assert (line.items, line.promised, line.rate_on) == (2, 3, date(2024, 2, 28))
    assert [(item.model, item.items) for item in found.asset_list if item.batch == "R4"] == [("Maker Analyser 3", 2)]


def enter_deed(app: App, world: World, *, received_on: date | None) -> None:
    """A donor's first round: three items on its deed, handed over within the period, counted in when it says."""
    with app.transaction(SETUP, AFTER) as session:
        grant = session.query(Grant).filter_by(code="OTH-1").one()
        batch = HandoverBatch(
            number="N1", grant_id=grant.id, handed_over_on=FIRST + timedelta(days=9), value=Decimal(34_500)
        )
        session.add(batch)
        session.flush()
        radio, unit = world.classes["comms.radio"].id, world.units["IMT-TK"].id
        session.add(HandoverLine(batch_id=batch.id, number=1, class_id=radio, quantity=3, unit_id=unit))
        life = "expected" if received_on is None else "received"
        for _ in range(3):
            add_asset(session, world, "comms.radio", batch_id=batch.id, life=life, received_on=received_on)
        session.delete(session.query(HandoverBatch).filter_by(number="X1").one())


def page_one(found: Figures) -> list[Answer]:
    (answers,) = [block for block in summary.blocks(found, Voice("en")) if isinstance(block, Answers)]
    return list(answers.answers)


@pytest.mark.parametrize("received_on", [None, UNTIL])
def test_round_counted_in_after_the_period_is_nought_of_its_deed_and_in_no_band(
    sqlite_app: App, given: World, received_on: date | None
) -> None:
    enter_deed(sqlite_app, given, received_on=received_on)
    found = figures(sqlite_app, given, "OTHER")
    measure = found.measure("handed_over")
    assert (measure.value, found.batches[0].items, found.batches[0].promised) == (0, 0, 3)
    provided, there, working, used = page_one(found)[:4]
    last = Voice("en").day(UNTIL - timedelta(days=1))
    assert provided.lines == (f"3 items on the deed of 1 handover, worth USD 34,500; 0 counted in by {last}",)
    assert (provided.figure, provided.against) == (Number("0", 0, 0), ())
    for answer in (there, working, used):
        assert (answer.lines, answer.against) == ((f"no item had been counted in by {last}",), ())
    with sqlite_app.reading() as session:
        donor = given.organisations["OTHER"].id
        assert counted_in_late(session, donor, UNTIL, ZONE) == [("N1", 3)]


def test_round_counted_in_on_the_last_day_is_received(sqlite_app: App, given: World) -> None:
    enter_deed(sqlite_app, given, received_on=UNTIL - timedelta(days=1))
    found = figures(sqlite_app, given, "OTHER")
    provided = page_one(found)[0]
    assert provided.lines == ("items in 1 handover, worth USD 34,500",)
    assert [against.words for against in provided.against] == ["3 of 3 items on the deeds"]
    with sqlite_app.reading() as session:
        assert counted_in_late(session, given.organisations["OTHER"].id, UNTIL, ZONE) == []


def test_what_the_figures_count_is_not_late_whatever_day_of_receipt_was_typed_afterwards(
    sqlite_app: App, given: World
) -> None:
    donor = given.organisations["JPN"].id
    with sqlite_app.transaction(SETUP, AFTER) as session:
        for asset in session.query(Asset).filter(Asset.batch_id.is_not(None), Asset.life == "in_service"):
            asset.received_on = UNTIL
    with sqlite_app.reading() as session:
        counted = given_items(session, donor, UNTIL, ZONE)
        assert counted
        late = sum(items for _, items in counted_in_late(session, donor, UNTIL, ZONE))
        of_donor = session.query(Asset).join(HandoverBatch, HandoverBatch.id == Asset.batch_id).join(Grant)
        before = (Grant.donor_id == donor, HandoverBatch.handed_over_on < UNTIL, Asset.annulled_at.is_(None))
        assert len(counted) + late == of_donor.filter(*before).count()


def test_models_of_vehicles_are_in_no_list(sqlite_app: App, given: World) -> None:
    with sqlite_app.transaction(SETUP, AFTER) as session:
        model = EquipmentModel(class_id=given.classes["vehicle.investigation"].id, maker="Plain", name="Sedan")
        session.add(model)
        session.flush()
        for asset in session.query(Asset).filter_by(class_id=model.class_id):
            asset.model_id = model.id
    assert {item.model for item in figures(sqlite_app, given).asset_list if item.class_name == "Vehicles"} == {""}


def test_plans_of_several_grants_count_by_their_items(sqlite_app: App, given: World) -> None:
    with sqlite_app.transaction(SETUP, AFTER) as session:
        donor = given.organisations["JPN"].id
        second = Grant(code="JPN-2024", title="Second", donor_id=donor)
        session.add(second)
        session.flush()
        batch = HandoverBatch(number="S1", grant_id=second.id, handed_over_on=date(2024, 1, 1))
        session.add(batch)
        session.flush()
        for _ in range(53):
            add_asset(session, given, "comms.radio", batch_id=batch.id)
        session.add(GrantTarget(grant_id=second.id, kpi="verification_rate", value=Decimal("0.5"), set_at=local(0)))
        # Entered only now: the agreement is older than its entry here.
        session.add(GrantTarget(grant_id=second.id, kpi="pm_compliance", value=Decimal("0.9"), set_at=local(DAYS + 40)))
        ended = GrantTarget(grant_id=second.id, kpi="availability_rate", value=Decimal("0.1"), set_at=local(0))
        ended.ended_at = local(DAYS - 1)
        session.add(ended)
    found = figures(sqlite_app, given)
    plan = found.plan("verification_rate")
    assert plan is not None
    # 53 items were promised to be seen, all of them; of as many others the half.
    assert (plan.value, plan.items, plan.of_items) == (0.75, 106, 106)
    available = found.plan("availability_rate")
    assert available is not None
    assert (available.value, available.items) == (0.9, 53)
    late = found.plan("pm_compliance")
    assert late is not None
    assert late.value == 0.9


def test_nothing_before_is_said_and_not_a_row_of_noughts(sqlite_app: App, given: World) -> None:
    assert figures(sqlite_app, given).before is None


def test_kilometres_of_the_only_two_vehicles_with_a_tracker_are_left_out(sqlite_app: App, given: World) -> None:
    with sqlite_app.transaction(SETUP, AFTER) as session:
        vehicles = [a.id for a in session.query(Asset) if a.vin]
    with sqlite_app.main.engine.begin() as connection:
        quiet = update(AssetDay).where(AssetDay.asset_id.in_(vehicles[2:]))
        connection.execute(quiet.values(heard=False, known=False, used=False))
    found = figures(sqlite_app, given)
    assert found.measure("distance_per_vehicle_month").hidden
    assert found.measure("utilisation_days_rate").hidden
    assert not found.measure("availability_rate").hidden
    assert [month.km for month in found.vehicles.months] == [None, None, None]
    assert found.results.rates == ()


def test_one_or_two_vehicles_have_no_figures_of_their_own(sqlite_app: App, given: World) -> None:
    with sqlite_app.transaction(SETUP, AFTER) as session:
        vehicles = [a for a in session.query(Asset) if a.vin]
        for asset in vehicles[2:]:
            asset.annulled_at = AFTER
    found = figures(sqlite_app, given)
    distance = found.measure("distance_per_vehicle_month")
    assert (distance.hidden, distance.value, distance.numerator) == (True, None, 0.0)
    assert found.vehicles.count == 0
    assert "Vehicles" not in {line.name for line in found.classes}
    assert found.results.rates == ()


def test_uses_of_one_item_do_not_follow_from_those_of_the_country(sqlite_app: App, given: World) -> None:
    with sqlite_app.transaction(SETUP, AFTER) as session:
        of_class = given.classes["ident.raman"].id
        analysers = [asset.id for asset in session.query(Asset).filter_by(class_id=of_class)]
    with sqlite_app.main.engine.begin() as connection:
        quiet = update(AssetDay).where(AssetDay.asset_id.in_(analysers[1:]))
        connection.execute(quiet.values(known=False, used=False, uses=0))
    found = figures(sqlite_app, given)
    lines = {line.name: line.uses for line in found.instruments.lines if line.uses.hidden or line.uses.denominator}
    assert lines[given.classes["ident.raman"].name].hidden
    hidden = [name for name, uses in lines.items() if uses.hidden]
    assert len(hidden) >= 2, "one class left out alone is what is missing from the sum of the country"
    assert len(hidden) < len(lines), "no more is left out than needed"


def test_hours_of_one_standstill_do_not_follow_from_the_share_that_waited_for_parts(
    sqlite_app: App, given: World
) -> None:
    found = figures(sqlite_app, given)
    # Three vehicles waited for parts, one had a failure: all hours less those of waiting would be its own.
    assert [line.cause for line in found.work.downtime] == [""]
    assert found.measure("waiting_parts_share").hidden
    assert found.measure("waiting_parts_share").denominator == 0
    with sqlite_app.transaction(SETUP, AFTER) as session:
        for asset in session.query(Asset).filter(Asset.vin_folded.is_(None)).limit(3):
            add_standstill(session, asset, local(20), local(22))
    roll_up(sqlite_app, AFTER)
    found = figures(sqlite_app, given)
    assert {line.cause for line in found.work.downtime} == {"waiting_parts", "failure"}
    assert not found.measure("waiting_parts_share").hidden
