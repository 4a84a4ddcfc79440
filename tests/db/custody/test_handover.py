"""Issue, return and correction on both engines: who has it, what is refused, and what is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.core.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.custody import queries
from assets.custody.models import CustodyEntry, UseSession
from assets.custody.service import field, labels, use
from assets.custody.service.use import MeterShown, UseGiven
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import report_fault
from assets.registry.models import AssetEvent, Label, Meter
from assets.registry.scope import asset_by_code
from assets.registry.service.labels import register_label_blank
from tests.support.custody import Custody
from tests.support.world import SETUP, World

Make = Callable[..., str]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def meter(app: App, code: str, kind: str) -> Decimal | None:
    with app.reading() as session:
        asset = asset_by_code(session, SETUP, code)
        return session.scalar(select(Meter.value).where(Meter.asset_id == asset.id, Meter.kind == kind))


def test_an_issued_asset_is_with_the_person_until_it_is_returned(custody: Custody, make: Make, world: World) -> None:
    code = make()
    until = custody.clock.now + timedelta(days=3)
    event = custody.event(custody.issue(code, "P-001", until=until))
    asset = custody.asset(code)
    assert asset.custodian_person_id == world.persons["P-001"].id
    assert (asset.custody_since, asset.custody_until) == (custody.clock.now, until)
    assert (event.seen, event.data["person_id"]) == (True, world.persons["P-001"].id)
    custody.clock.advance(HOUR)
    custody.give_back(code, condition="B")
    asset = custody.asset(code)
    assert (asset.custodian_person_id, asset.custody_until, asset.condition) == (None, None, "B")
    assert asset.custody_since == custody.clock.now


def test_what_another_has_is_refused_and_nothing_is_written(custody: Custody, make: Make, app: App) -> None:
    code = make()
    custody.issue(code, "P-001")
    custody.clock.advance(MINUTE)
    with pytest.raises(RuleViolation) as caught:
        custody.issue(code, "P-002")
    assert caught.value.code == "already_issued"
    with app.reading() as session:
        assert len(session.scalars(select(CustodyEntry)).all()) == 1
        assert len(session.scalars(select(AssetEvent).where(AssetEvent.kind == "issue")).all()) == 1


def test_a_late_issue_is_kept_and_the_later_event_has_it(custody: Custody, make: Make, world: World, app: App) -> None:
    code = make()
    custody.issue(code, "P-001", occurrence=custody.occurrence(ago=HOUR))
    late = custody.issue(code, "P-002", occurrence=custody.occurrence(ago=2 * HOUR))
    asset = custody.asset(code)
    assert asset.custodian_person_id == world.persons["P-001"].id
    with app.reading() as session:
        chain = queries.custody_chain(session, [asset.id])[asset.id]
        assert [holding.conflict for holding in chain] == [False, True]
        assert chain[0].entry_id == late
        assert chain[0].ended == chain[1].since
        assert queries.current_custody(session, asset.id).conflict


def test_of_two_at_once_exactly_one_gets_it(custody: Custody, make: Make) -> None:
    code = make()
    start, outcomes = threading.Barrier(2), []

    def try_it(person: str) -> None:
        start.wait()
        try:
            custody.issue(code, person)
            outcomes.append("issued")
        except DomainError as error:
            outcomes.append(error.code)

    racers = [threading.Thread(target=try_it, args=(person,)) for person in ("P-001", "P-002")]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(outcomes) == ["already_issued", "issued"]


def test_what_is_not_fit_goes_out_only_with_a_stated_reason(custody: Custody, make: Make, app: App) -> None:
    code = make()
    with custody.by("technician") as (session, actor):
        asset = asset_by_code(session, actor, code)
        report_fault(session, actor, asset, Severity.CRITICAL, "Crack in the glass", custody.occurrence())
    custody.clock.advance(MINUTE)
    with pytest.raises(RuleViolation) as caught:
        custody.issue(code, "P-001")
    assert caught.value.code == "not_fit"
    assert caught.value.data["reasons"]
    event = custody.event(custody.issue(code, "P-001", override_reason="  Only for training  "))
    assert event.data["override_reason"] == "Only for training"
    assert event.data["overridden"] == caught.value.data["reasons"]
    with app.reading() as session:
        listed = queries.overridden_issues(session, custody.asset(code).id)
        assert [row.override_reason for row in listed] == ["Only for training"]


@pytest.mark.parametrize("life", ["received", "withdrawn"])
def test_only_what_is_in_service_is_issued(custody: Custody, make: Make, life: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        custody.issue(make(life=life), "P-001")
    assert caught.value.code == "not_in_service"


def test_an_issue_needs_the_right_for_the_units_of_asset_and_person(custody: Custody, make: Make) -> None:
    code = make()
    for login, person, error in (
        ("officer", "P-001", NotAllowed),
        ("technician", "P-001", NotAllowed),
        ("auditor", "P-001", NotAllowed),
        ("logistics2", "P-001", NotFound),
        ("logistics_officer", "P-101", NotAllowed),
    ):
        with pytest.raises(error):
            custody.issue(code, person, login=login)
    custody.issue(code, "P-101", login="coordinator")


def test_a_person_who_left_gets_nothing(custody: Custody, make: Make, world: World) -> None:
    with custody.by("coordinator") as (session, _):
        session.merge(world.persons["P-002"]).left_on = custody.clock.now.date()
    with pytest.raises(RuleViolation) as caught:
        custody.issue(make(), "P-002")
    assert caught.value.code == "person_has_left"


def test_a_return_credits_the_use_to_who_had_it(custody: Custody, make: Make, world: World, app: App) -> None:
    code = make()
    custody.issue(code, "P-101", login="coordinator")
    issued_at = custody.clock.now
    custody.clock.advance(HOUR)
    given = UseGiven(count=3, contribution="supported")
    event_id = custody.give_back(code, use=given)
    with app.reading() as session:
        row = session.get_one(UseSession, event_id)
        assert (row.person_id, row.unit_id) == (world.persons["P-101"].id, world.units["IMT-FA"].id)
        assert (row.started_at, row.ended_at, row.count, row.contribution) == (
            issued_at, custody.clock.now, 3, "supported",
        )  # fmt: skip
        span = (issued_at, custody.clock.now + MINUTE)
        assert [each.event_id for each in queries.use_sessions(session, span)] == [event_id]
        assert queries.use_sessions(session, (issued_at, custody.clock.now)) == []
    assert meter(app, code, "uses") == 3


def test_a_return_reads_the_odometer(custody: Custody, make: Make, app: App) -> None:
    code = make("vehicle.patrol")
    custody.issue(code, "P-001", override_reason="first day")
    custody.clock.advance(HOUR)
    custody.give_back(code, meter=MeterShown(Decimal("1250.5")))
    assert meter(app, code, "odometer_km") == Decimal("1250.5")
    custody.clock.advance(HOUR)
    custody.issue(code, "P-001", override_reason="second day")
    custody.clock.advance(HOUR)
    with pytest.raises(RuleViolation) as caught:
        custody.give_back(code, meter=MeterShown(Decimal("1200")))
    assert caught.value.code == "reading_falls"
    assert custody.holder(code) is not None, "a return with an impossible reading was half done"


def test_what_nobody_has_is_not_returned(custody: Custody, make: Make) -> None:
    with pytest.raises(RuleViolation) as caught:
        custody.give_back(make())
    assert caught.value.code == "not_issued"


def test_a_corrected_issue_leaves_the_chain_and_stays_on_record(
    custody: Custody, make: Make, world: World, app: App
) -> None:
    code = make()
    wrong = custody.issue(code, "P-001")
    issued_at = custody.clock.advance(HOUR) - HOUR
    custody.correct(code, wrong, reason="Wrong person tapped", to="P-002")
    asset = custody.asset(code)
    assert (asset.custodian_person_id, asset.custody_since) == (world.persons["P-002"].id, issued_at)
    assert custody.event(wrong).data == {"person_id": world.persons["P-001"].id}
    with pytest.raises(Conflict):
        custody.correct(code, wrong, reason="again")


def test_a_corrected_return_takes_its_use_and_condition_back(custody: Custody, make: Make, app: App) -> None:
    code = make()
    custody.issue(code, "P-001")
    custody.clock.advance(HOUR)
    wrong = custody.give_back(code, condition="D", use=UseGiven(count=5))
    span = (custody.clock.now - HOUR, custody.clock.now + HOUR)
    custody.correct(code, wrong, reason="Another mirror")
    asset = custody.asset(code)
    assert asset.custodian_person_id is not None
    assert asset.condition is None
    assert not meter(app, code, "uses")
    with app.reading() as session:
        assert queries.use_sessions(session, span) == []
        assert {each.kind for each in queries.sightings(session, span)} == {"issue"}


def test_only_who_may_hand_over_corrects_and_only_with_a_reason(custody: Custody, make: Make) -> None:
    code = make()
    wrong = custody.issue(code, "P-001")
    with pytest.raises(NotAllowed):
        custody.correct(code, wrong, login="officer", reason="no")
    with pytest.raises(InvalidInput):
        custody.correct(code, wrong, login="commander", reason="  ")


def test_a_failed_check_is_a_sighting_and_a_fault_and_keeps_the_item_in_store(
    custody: Custody, make: Make, app: App
) -> None:
    code = make()
    with custody.by("officer") as (session, actor):
        asset = asset_by_code(session, actor, code)
        items = {"glass": False, "lamp": True}
        field.check(session, actor, asset, custody.occurrence(), items=items, passed=False)
    custody.clock.advance(MINUTE)
    with pytest.raises(RuleViolation) as caught:
        custody.issue(code, "P-001")
    assert caught.value.code == "not_fit"
    with app.reading() as session:
        events = session.scalars(select(AssetEvent).where(AssetEvent.kind.in_(["check", "fault"]))).all()
        assert {event.kind: event.seen for event in events} == {"check": True, "fault": False}


def test_a_use_on_its_own_is_counted_once_and_for_the_unit(
    custody: Custody, make: Make, app: App, world: World
) -> None:
    code = make()
    started = custody.clock.now - HOUR
    with custody.by("officer") as (session, actor):
        asset = asset_by_code(session, actor, code)
        use.record_use(session, actor, asset, custody.occurrence(), started_at=started, ended_at=custody.clock.now)
    with app.reading() as session:
        rows = queries.use_sessions(session, (started, custody.clock.now + MINUTE))
        assert [(row.count, row.hours, row.unit_id) for row in rows] == [(1, Decimal(1), world.units["IMT-TK"].id)]
    assert meter(app, code, "uses") == 1


def test_a_claimed_label_is_the_assets_code_and_the_old_one_leads_on(custody: Custody, make: Make, app: App) -> None:
    code = make()
    with app.transaction(SETUP, custody.clock.now) as session:
        blank = register_label_blank(session, SETUP, custody.clock.now).code
    with custody.by("logistics_officer") as (session, actor):
        labels.claim_label(session, actor, blank, asset_by_code(session, actor, code), custody.occurrence())
    assert custody.asset(blank).id == custody.asset(code).id
    assert custody.asset(code).code == blank
    with app.reading() as session:
        states = {label.code: label.state for label in session.scalars(select(Label))}
        assert states == {blank: "active", code: "void"}
    other = make()
    with custody.by("logistics_officer") as (session, actor), pytest.raises(Conflict):
        labels.claim_label(session, actor, blank, asset_by_code(session, actor, other), custody.occurrence())


def test_persons_are_found_by_number_and_by_name_in_either_script(custody: Custody, world: World) -> None:
    today = custody.clock.now.date()
    with custody.by("coordinator") as (session, actor):
        for text, number in (("p-10", "P-101"), ("ogiloy", "P-101"), ("Yuldasheva", "P-002"), ("КАРИМОВ", "P-001")):
            assert [p.number for p in queries.persons_like(session, actor, text, today)] == [number]
        assert len(queries.persons_like(session, actor, "", today)) == len(world.persons)
    with custody.by("logistics_officer") as (session, actor):
        assert [p.number for p in queries.persons_like(session, actor, "", today)] == ["P-001", "P-002"]
        assert queries.persons_like(session, actor, "P-101", today) == []
