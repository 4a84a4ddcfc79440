"""Life to its end: withdrawal, loss, disposal, each step with its person, its day and its paper."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.custody.models import CustodyEntry
from assets.disposal import queries, service
from assets.registry.models import Asset, Grant, HandoverBatch, Meter
from assets.telemetry.models import Tracker, TrackerInstallation
from tests.db.disposal.conftest import TODAY, Ending
from tests.support.custody import Custody
from tests.support.world import SETUP, Clock, World


def code_of(app: App, asset_id: int) -> str:
    with app.reading() as session:
        return session.get_one(Asset, asset_id).code


def test_withdrawn_item_goes_back_to_what_it_was(ending: Ending) -> None:
    stored, used = ending.item(life="received"), ending.item()
    for asset_id, before in ((stored, "received"), (used, "in_service")):
        ending.withdraw(asset_id)
        assert ending.life(asset_id) == "withdrawn"
        ending.put_back(asset_id)
        assert ending.life(asset_id) == before
    assert [data["reason"] for kind, data in ending.told(used) if kind == "life"] == ["worn out", "repaired"]


def test_issued_item_is_returned_before_it_is_withdrawn(app: App, ending: Ending, world: World, clock: Clock) -> None:
    asset_id = ending.item("search.mirror_uvss")
    custody, code = Custody(app, world, clock), code_of(app, asset_id)
    custody.issue(code, "P-002")
    with pytest.raises(RuleViolation, match="still_issued"):
        ending.withdraw(asset_id)
    clock.advance(timedelta(minutes=5))
    custody.give_back(code)
    ending.withdraw(asset_id)


def test_each_act_needs_its_right_and_its_unit(ending: Ending) -> None:
    asset_id = ending.item()
    with pytest.raises(NotAllowed):
        ending.withdraw(asset_id, login="officer")
    with pytest.raises(NotAllowed):
        ending.withdraw(asset_id, login="logistics2")
    case_id = ending.report_loss(asset_id)
    with pytest.raises(NotAllowed):
        ending.inquire(case_id, login="officer")
    with pytest.raises(NotFound):
        ending.inquire(case_id, login="logistics2")
    with pytest.raises(NotAllowed):
        ending.settle(case_id, "found", login="logistics_officer")


def test_lost_item_that_is_found_is_back_where_it_was_and_with_whom(
    app: App, ending: Ending, world: World, clock: Clock
) -> None:
    asset_id = ending.item("search.mirror_uvss")
    Custody(app, world, clock).issue(code_of(app, asset_id), "P-002")
    clock.advance(timedelta(minutes=5))
    case_id = ending.report_loss(asset_id)
    assert ending.life(asset_id) == "lost"
    with pytest.raises(Conflict, match="loss_open"):
        ending.report_loss(asset_id, login="logistics_officer")
    clock.advance(timedelta(minutes=5))
    ending.settle(case_id, "found", paper_number="", condition="C")
    with app.reading() as session:
        asset = session.get_one(Asset, asset_id)
        assert (asset.life, asset.condition, asset.last_seen_at) == ("in_service", "C", clock.now)
        assert asset.custodian_person_id == world.persons["P-002"].id
    ending.report_loss(asset_id)  # a decided case stands in nobody's way


def test_who_reported_a_loss_does_not_decide_it(ending: Ending) -> None:
    case_id = ending.report_loss(ending.item(), login="coordinator")
    with pytest.raises(RuleViolation, match="second_person"):
        ending.settle(case_id, "found")
    ending.settle(case_id, "found", login="administrator")


def test_loss_is_written_off_only_after_an_inquiry_that_found_something(ending: Ending) -> None:
    asset_id = ending.item()
    case_id = ending.report_loss(asset_id)
    with pytest.raises(RuleViolation, match="inquiry_missing"):
        ending.settle(case_id, "written_off")
    ending.inquire(case_id)
    for missing in ({"inquiry_result": " "}, {"paper_number": ""}, {"decided_on": TODAY - timedelta(days=1)}):
        with pytest.raises(InvalidInput):
            ending.settle(case_id, "written_off", **missing)
    with pytest.raises(InvalidInput):
        ending.settle(case_id, "recovered_value")
    ending.settle(case_id, "recovered_value", recovered_amount=Decimal("1500.50"))
    assert ending.life(asset_id) == "lost"


def test_written_off_item_is_nobodys_any_more_and_may_be_disposed_of(
    app: App, ending: Ending, world: World, clock: Clock
) -> None:
    asset_id = ending.item("search.mirror_uvss")
    Custody(app, world, clock).issue(code_of(app, asset_id), "P-002")
    clock.advance(timedelta(minutes=5))
    case_id = ending.report_loss(asset_id)
    with pytest.raises(RuleViolation, match="loss_not_decided"):
        ending.propose(asset_id, "loss")
    ending.inquire(case_id)
    clock.advance(timedelta(minutes=5))
    ending.settle(case_id, "written_off")
    with app.reading() as session:
        asset = session.get_one(Asset, asset_id)
        assert (asset.life, asset.custodian_person_id) == ("lost", None)
        kinds = session.scalars(select(CustodyEntry.kind).where(CustodyEntry.asset_id == asset_id))
        assert sorted(kinds) == ["issue", "return"]
    disposal_id = ending.propose(asset_id, "loss")
    with pytest.raises(InvalidInput):
        ending.approve(disposal_id, "sale")
    ending.approve(disposal_id, "write_off")
    ending.carry_out(disposal_id, recipient="", proceeds=None)
    assert ending.life(asset_id) == "disposed"


def test_disposal_goes_from_proposal_to_the_end_and_nothing_is_deleted(app: App, ending: Ending) -> None:
    asset_id = ending.item()
    with pytest.raises(RuleViolation, match="not_withdrawn"):
        ending.propose(asset_id)
    ending.withdraw(asset_id)
    case_id = ending.propose(asset_id)
    with pytest.raises(Conflict, match="disposal_open"):
        ending.propose(asset_id)
    with pytest.raises(Conflict, match="disposal_open"):
        ending.put_back(asset_id)
    with pytest.raises(RuleViolation, match="not_approved"):
        ending.carry_out(case_id)
    ending.approve(case_id)
    with pytest.raises(RuleViolation, match="already_decided"):
        ending.reject(case_id)
    with pytest.raises(InvalidInput):
        ending.carry_out(case_id, paper_number=" ")
    ending.carry_out(case_id)
    with app.reading() as session:
        asset = session.get_one(Asset, asset_id)
        case = queries.disposal_case(session, SETUP, case_id)
        assert (asset.life, case.state, case.proceeds) == ("disposed", "carried_out", Decimal(100))
        assert case.decided_by_id != case.proposed_by_id
    assert [kind for kind, _ in ending.told(asset_id)] == [
        "life", "disposal_proposed", "disposal_decided", "disposed", "life",
    ]  # fmt: skip
    with pytest.raises(RuleViolation, match="life_ended"):
        ending.report_loss(asset_id)
    with pytest.raises(RuleViolation, match="carried_out"):
        ending.reverse(case_id)


def test_who_proposed_a_disposal_does_not_decide_it(ending: Ending) -> None:
    asset_id = ending.item()
    ending.withdraw(asset_id)
    case_id = ending.propose(asset_id, login="coordinator")
    with pytest.raises(RuleViolation, match="second_person"):
        ending.approve(case_id)
    with pytest.raises(RuleViolation, match="second_person"):
        ending.reject(case_id)
    with pytest.raises(NotAllowed):
        ending.approve(case_id, login="commander")
    ending.approve(case_id, login="administrator")


def test_wrong_approval_is_reversed_and_says_why(app: App, ending: Ending) -> None:
    asset_id = ending.item()
    ending.withdraw(asset_id)
    case_id = ending.propose(asset_id)
    ending.approve(case_id)
    ending.reverse(case_id)
    with app.reading() as session:
        case = queries.disposal_case(session, SETUP, case_id)
        assert (case.state, case.reversal_reason, case.decision_number) == ("reversed", "Wrong vehicle", "B-12")
    ending.put_back(asset_id)
    ending.withdraw(asset_id)
    ending.propose(asset_id)


def test_item_lost_after_its_approval_is_not_sold(ending: Ending) -> None:
    asset_id = ending.item()
    ending.withdraw(asset_id)
    case_id = ending.propose(asset_id)
    ending.approve(case_id, "sale")
    ending.report_loss(asset_id)
    with pytest.raises(RuleViolation, match="lost_since"):
        ending.carry_out(case_id)


def test_vehicle_is_not_handed_on_with_its_tracker(app: App, ending: Ending, clock: Clock) -> None:
    asset_id = ending.item()
    with app.transaction(SETUP, clock.now) as session:
        session.add(Tracker(id="TR-001", added_at=clock.now, secret_at=clock.now))
        session.flush()
        mounted = TrackerInstallation(tracker_id="TR-001", asset_id=asset_id, started_at=clock.now)
        session.add(mounted)
    ending.withdraw(asset_id)
    case_id = ending.propose(asset_id)
    ending.approve(case_id, "gift")
    with pytest.raises(RuleViolation, match="tracker_mounted"):
        ending.carry_out(case_id, proceeds=None)
    clock.advance(timedelta(hours=1))
    with app.transaction(SETUP, clock.now) as session:
        session.scalars(select(TrackerInstallation)).one().ended_at = clock.now
    ending.carry_out(case_id, proceeds=None)


def test_cases_of_another_unit_are_not_there(app: App, ending: Ending, world: World) -> None:
    loss_id = ending.report_loss(ending.item(unit="IMT-FA"), login="officer2")
    with app.reading() as session:
        assert queries.loss_case(session, world.actors["coordinator"], loss_id).id == loss_id
        for login in ("officer", "donor", "approver"):
            with pytest.raises(NotFound):
                queries.loss_case(session, world.actors[login], loss_id)
        assert queries.loss_count(session, world.actors["officer"], "reported") == 0
        assert queries.loss_cases(session, world.actors["officer"], queries.CaseFilter()) == []


def test_old_and_far_vehicles_and_the_unusable_are_to_be_assessed_until_a_board_looked(
    app: App, ending: Ending, world: World, clock: Clock
) -> None:
    old, far, young, mirror, bad = (
        ending.item(), ending.item(), ending.item(), ending.item("search.mirror_uvss"), ending.item("comms.radio"),
    )  # fmt: skip
    with app.transaction(SETUP, clock.now) as session:
        session.get_one(Asset, old).in_service_on = TODAY.replace(year=2021)
        session.get_one(Asset, mirror).in_service_on = date(2012, 1, 1)
        session.get_one(Asset, young).in_service_on = TODAY.replace(year=2022)
        session.get_one(Asset, bad).condition = "D"
        for asset_id, km in ((far, 150_000), (young, 149_999)):
            session.add(Meter(asset_id=asset_id, kind="odometer_km", value=Decimal(km), value_at=clock.now))

    def due(login: str = "coordinator", day: date = TODAY) -> dict[int, tuple[str, ...]]:
        with app.reading() as session:
            rows = queries.assessment_due(session, world.actors[login], day)
            assert queries.assessment_count(session, world.actors[login], day) == len(rows)
            return {row.asset.id: row.triggers for row in rows}

    assert due() == {old: ("age",), far: ("distance",), bad: ("condition",)}
    assert due("logistics2") == {}
    ending.withdraw(old)
    assert old in due()
    case_id = ending.propose(old)
    assert old not in due()
    ending.reject(case_id)
    assert old not in due()
    assert due(day=TODAY + timedelta(days=365))[old] == ("age",)


def test_assessment_list_is_paged_without_gaps(app: App, ending: Ending, clock: Clock) -> None:
    made = {ending.item("comms.radio") for _ in range(5)}
    with app.transaction(SETUP, clock.now) as session:
        for asset_id in made:
            session.get_one(Asset, asset_id).condition = "D"
    seen: list[int] = []
    after = None
    with app.reading() as session:
        while rows := queries.assessment_due(session, SETUP, TODAY, limit=2, after=after):
            seen += [row.asset.id for row in rows]
            after = rows[-1].key
    assert sorted(seen) == sorted(made)


def test_counts_of_a_period_stay_what_they_were_at_its_end(
    app: App, ending: Ending, world: World, clock: Clock
) -> None:
    lost, sold, foreign = ending.item(), ending.item(), ending.item()
    with app.transaction(SETUP, clock.now) as session:
        for code, given_by, assets in (("G-1", "JPN", (lost, sold)), ("G-2", "OTHER", (foreign,))):
            grant = Grant(code=code, title=code, donor_id=world.organisations[given_by].id)
            batch = HandoverBatch(number=code, grant=grant, handed_over_on=date(2020, 1, 1))
            session.add_all((grant, batch))
            session.flush()
            for asset_id in assets:
                session.get_one(Asset, asset_id).batch_id = batch.id
    ending.report_loss(foreign)
    loss_id = ending.report_loss(lost)
    ending.withdraw(sold)
    case_id = ending.propose(sold)
    until = TODAY + timedelta(days=1)
    donor = world.organisations["JPN"].id

    def counts(first: date, end: date) -> tuple[dict[str, int], dict[str, int]]:
        with app.reading() as session:
            return queries.loss_counts(session, donor, first, end), queries.disposal_counts(session, donor, first, end)

    nothing = {"proposed": 0, "approved": 0, "rejected": 0, "carried_out": 0, "reversed": 0}
    before = ({"reported": 1, "inquiry": 0, "decided": 0}, nothing | {"proposed": 1})
    assert counts(TODAY, until) == before
    clock.advance(timedelta(days=3))
    later = TODAY + timedelta(days=3)
    with ending.by("coordinator") as (session, actor):
        case = queries.disposal_case(session, actor, case_id)
        service.approve_disposal(session, actor, case, service.Decision("B", later, "destruction"), clock.now)
    ending.carry_out(case_id, carried_out_on=later, recipient="", proceeds=None)
    ending.settle(loss_id, "found", decided_on=later)
    assert counts(TODAY, until) == before
    after = ({"reported": 0, "inquiry": 0, "decided": 1}, nothing | {"carried_out": 1})
    assert counts(TODAY, later + timedelta(days=1)) == after
    assert counts(later + timedelta(days=1), later + timedelta(days=9)) == (
        {"reported": 0, "inquiry": 0, "decided": 0}, nothing,
    )  # fmt: skip


def test_memo_values_are_summed_by_class_and_currency(app: App, ending: Ending, clock: Clock) -> None:
    van, dear, unknown, yen = ending.item(), ending.item(), ending.item(), ending.item()
    with app.transaction(SETUP, clock.now) as session:
        for asset_id, value, currency in ((van, 7200, "USD"), (dear, 72_000, "USD"), (yen, 720_000, "JPY")):
            asset = session.get_one(Asset, asset_id)
            asset.value, asset.currency, asset.in_service_on = Decimal(value), currency, date(2025, 12, 15)
    with app.reading() as session:
        totals = queries.memo_totals(queries.memo_rows(session, SETUP, TODAY))
        by_currency = {total.currency: total for total in totals}
        # A year of the six is charged from December to November.
        assert by_currency["USD"].value == Decimal(66_000)
        assert (by_currency["USD"].items, by_currency["USD"].unknown) == (2, 1)
        assert by_currency["JPY"].value == Decimal(600_000)
        assert session.get_one(Asset, unknown).value is None
    ending.withdraw(van)
    case_id = ending.propose(van)
    ending.approve(case_id)
    ending.carry_out(case_id)
    with app.reading() as session:
        sold = next(row for row in queries.memo_rows(session, SETUP, TODAY) if row.life == "disposed")
        assert sold.memo is not None
        assert sold.memo.value == Decimal(6100)  # not in the month of disposal
        left = queries.memo_totals(queries.memo_rows(session, SETUP, TODAY))
        assert {total.currency: total.value for total in left} == {"USD": Decimal(60_000), "JPY": Decimal(600_000)}
