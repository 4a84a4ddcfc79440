"""A kit is handed over as a whole: its parts go with it, and each keeps a chain of its own without a gap."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.core.errors import RuleViolation
from assets.custody import queries, rules
from assets.custody.models import CustodyEntry, Transfer
from assets.custody.service.transfers import Difference, cancel, receive, send
from assets.kits.rules.lists import LineDraft
from assets.labels.token import format_code
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import report_fault
from assets.people.models import Unit
from assets.registry.models import AssetEvent
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import happening_now
from tests.support.kits import Kits
from tests.support.world import SETUP, Clock, World


@pytest.fixture
def kits(app: App, world: World, clock: Clock) -> Kits:
    return Kits(app, world, clock)


def chain(kits: Kits, code: str) -> list[tuple[int | None, object]]:
    """Who had it, from when."""
    with kits.app.reading() as session:
        asset = asset_by_code(session, SETUP, code)
        found = rules.holdings(queries.entries(session, [asset.id])[asset.id])
        assert all(one.ended == other.since for one, other in pairwise(found))
        return [(each.person_id, each.since) for each in found]


def test_parts_go_and_come_back_with_the_kit(kits: Kits) -> None:
    kit, one, other = kits.full_kit()
    person = kits.world.persons["P-001"].id
    kits.issue(kit, "P-001")
    assert [kits.holder(code) for code in (kit, one, other)] == [person] * 3
    assert kits.reasons(kit) == []
    kits.give_back(kit)
    assert [kits.holder(code) for code in (kit, one, other)] == [None] * 3
    assert chain(kits, one) == chain(kits, kit) == chain(kits, other)


def test_nobody_is_said_to_have_seen_a_part_that_went_with_its_kit(kits: Kits) -> None:
    kit, one, _ = kits.full_kit()
    seen = kits.asset(one).last_seen_at
    kits.issue(kit, "P-001")
    assert kits.asset(one).last_seen_at == seen
    with kits.app.reading() as session:
        went = session.scalars(
            select(AssetEvent).where(AssetEvent.asset_id == kits.asset(one).id, AssetEvent.kind == "issue")
        ).one()
        assert went.data["kit"] == kit


def test_missing_part_and_one_that_is_elsewhere_are_not_pretended_to_go(kits: Kits) -> None:
    kit, one, other = kits.full_kit()
    kits.check(kit, {one: False})
    kits.issue(other, "P-002")
    kits.issue(kit, "P-001", override_reason="Needed at once")
    assert kits.holder(one) is None
    assert kits.holder(other) == kits.world.persons["P-002"].id
    kits.give_back(kit)
    assert kits.holder(other) == kits.world.persons["P-002"].id


def test_part_that_was_taken_out_before_stays(kits: Kits) -> None:
    kit, one, other = kits.full_kit()
    kits.take(one, kit)
    kits.issue(kit, "P-001", override_reason="Needed at once")
    assert (kits.holder(one), kits.holder(other)) == (None, kits.world.persons["P-001"].id)


def test_correcting_the_issue_of_a_kit_corrects_its_parts(kits: Kits) -> None:
    kit, one, other = kits.full_kit()
    wrong = kits.issue(kit, "P-001")
    kits.correct(kit, wrong, reason="It was Yuldasheva", to="P-002")
    assert [kits.holder(code) for code in (kit, one, other)] == [kits.world.persons["P-002"].id] * 3


def test_late_issue_of_a_kit_takes_along_what_was_in_it_then(kits: Kits) -> None:
    kit, one, other = kits.full_kit()
    kits.clock.advance(timedelta(hours=8))
    kits.take(one, kit)
    kits.issue(kit, "P-001", occurrence=kits.occurrence(timedelta(hours=4)), override_reason="It was complete then")
    assert [kits.holder(code) for code in (kit, one, other)] == [kits.world.persons["P-001"].id] * 3


def transfer_all(kits: Kits, kit: str, *, first: str) -> None:
    """Sends a kit from IMT-TK to IMT-FA and receives it, told in either order."""
    sent, got = kits.occurrence(timedelta(hours=5)), kits.occurrence(timedelta(hours=2))

    def do_send() -> None:
        with kits.by("logistics_officer") as (session, actor):
            to = session.get_one(Unit, kits.world.units["IMT-FA"].id)
            send(session, actor, asset_by_code(session, SETUP, kit), to, sent)

    def do_receive() -> None:
        with kits.by("logistics2") as (session, actor):
            receive(session, actor, asset_by_code(session, SETUP, kit), got, condition="A")

    for act in (do_send, do_receive) if first == "send" else (do_receive, do_send):
        act()


@pytest.mark.parametrize("first", ["send", "receive"])
def test_parts_are_sent_and_received_with_the_kit_in_either_order_of_hearing(kits: Kits, first: str) -> None:
    kit, one, other = kits.full_kit()
    kits.clock.advance(timedelta(hours=9))
    transfer_all(kits, kit, first=first)
    fergana = kits.world.units["IMT-FA"].id
    assert [kits.asset(code).unit_id for code in (kit, one, other)] == [fergana] * 3
    assert kits.reasons(kit) == []
    with kits.app.reading() as session:
        assert [row.state for row in session.scalars(select(Transfer))] == ["received"] * 3


def test_sending_of_a_kit_that_is_cancelled_leaves_its_parts_where_they_are(kits: Kits) -> None:
    kit, one, _ = kits.full_kit()
    with kits.by("logistics_officer") as (session, actor):
        to = session.get_one(Unit, kits.world.units["IMT-FA"].id)
        send(session, actor, asset_by_code(session, actor, kit), to, kits.occurrence())
    assert kits.asset(one).transit_unit_id == kits.world.units["IMT-FA"].id
    with kits.by("logistics_officer") as (session, actor):
        asset = asset_by_code(session, actor, kit)
        transfer = session.scalars(select(Transfer).where(Transfer.asset_id == asset.id)).one()
        cancel(session, actor, asset, transfer, kits.occurrence(), reason="The car did not leave")
    assert kits.asset(one).transit_unit_id is None
    assert kits.reasons(kit) == []


def test_kit_that_did_not_arrive_keeps_its_parts_on_the_way_with_it(kits: Kits) -> None:
    kit, one, _ = kits.full_kit()
    with kits.by("logistics_officer") as (session, actor):
        to = session.get_one(Unit, kits.world.units["IMT-FA"].id)
        send(session, actor, asset_by_code(session, actor, kit), to, kits.occurrence())
    with kits.by("logistics2") as (session, actor):
        asset = asset_by_code(session, SETUP, kit)
        receive(session, actor, asset, kits.occurrence(), differences=[Difference("missing", "not in the car")])
    with kits.app.reading() as session:
        assert {row.state for row in session.scalars(select(Transfer))} == {"question"}
    assert kits.asset(one).unit_id == kits.world.units["IMT-TK"].id


def test_part_on_its_way_alone_is_not_issued_with_the_kit(kits: Kits) -> None:
    kit, one, other = kits.full_kit()
    with kits.by("logistics_officer") as (session, actor):
        to = session.get_one(Unit, kits.world.units["IMT-FA"].id)
        send(session, actor, asset_by_code(session, actor, one), to, kits.occurrence())
    with pytest.raises(RuleViolation, match="not_fit"):
        kits.issue(kit, "P-001")
    kits.issue(kit, "P-001", override_reason="Needed at once")
    assert (kits.holder(one), kits.holder(other)) == (None, kits.world.persons["P-001"].id)


def break_it(kits: Kits, code: str) -> None:
    with kits.by("coordinator") as (session, actor):
        asset = asset_by_code(session, actor, code)
        report_fault(session, actor, asset, Severity.CRITICAL, "cracked", happening_now(kits.clock.now))


def issue_entry(kits: Kits, code: str) -> tuple[AssetEvent, CustodyEntry]:
    with kits.app.reading() as session:
        asset = asset_by_code(session, SETUP, code)
        event = session.scalars(
            select(AssetEvent).where(AssetEvent.asset_id == asset.id, AssetEvent.kind == "issue")
        ).one()
        return event, session.get_one(CustodyEntry, event.id)


@pytest.mark.parametrize(
    "lines", [(), (LineDraft("comms.radio", 1),), (LineDraft("search.mirror_uvss", 1, required=False),)]
)
def test_kit_carries_no_unfit_part_out_without_a_reason_whatever_its_list_says(
    kits: Kits, lines: tuple[LineDraft, ...]
) -> None:
    radio, mirror = kits.asset_of("comms.radio"), kits.asset_of("search.mirror_uvss")
    kit = kits.kit(radio, mirror, lines=lines)
    break_it(kits, mirror)
    assert kits.fitness(kit).fit
    with pytest.raises(RuleViolation) as refused:
        kits.issue(kit, "P-001")
    assert (refused.value.code, refused.value.data) == ("not_fit", {"reasons": ["kit_part_unfit"]})
    assert format_code(mirror) in str(refused.value.message)
    assert kits.holder(mirror) is None
    kits.issue(kit, "P-001", override_reason="Needed at once")
    event, entry = issue_entry(kits, mirror)
    assert (event.data["override_reason"], event.data["overridden"]) == ("Needed at once", ["fault_critical"])
    assert entry.override_reason == "Needed at once"
    event, entry = issue_entry(kits, radio)
    assert ("overridden" in event.data, entry.override_reason) == (False, "")


def test_part_that_its_list_requires_is_told_once_and_its_entry_says_the_reason(kits: Kits) -> None:
    kit, one, _ = kits.full_kit()
    break_it(kits, one)
    with pytest.raises(RuleViolation) as refused:
        kits.issue(kit, "P-001")
    assert str(refused.value.message).count(format_code(one)) == 1
    kits.issue(kit, "P-001", override_reason="Needed at once")
    assert issue_entry(kits, one)[0].data["overridden"] == ["fault_critical"]


def test_withdrawn_part_goes_with_its_kit_only_with_a_reason(kits: Kits) -> None:
    kit = kits.kit(radio := kits.asset_of("comms.radio"))
    with kits.app.transaction(SETUP, kits.clock.now) as session:
        asset_by_code(session, SETUP, radio).life = "withdrawn"
    with pytest.raises(RuleViolation, match="not_fit"):
        kits.issue(kit, "P-001")
    kits.issue(kit, "P-001", override_reason="Needed at once")
    assert issue_entry(kits, radio)[0].data["overridden"] == ["life_withdrawn"]


def test_late_issue_of_a_kit_is_judged_by_the_parts_that_were_in_it_then(kits: Kits) -> None:
    kit = kits.kit(radio := kits.asset_of("comms.radio"))
    kits.clock.advance(timedelta(hours=8))
    kits.take(radio, kit)
    break_it(kits, radio)
    with pytest.raises(RuleViolation, match="not_fit"):
        kits.issue(kit, "P-001", occurrence=kits.occurrence(timedelta(hours=4)))


def move_to_fergana(kits: Kits, code: str) -> None:
    """Sends it alone, now, and receives it there."""
    with kits.by("logistics_officer") as (session, actor):
        to = session.get_one(Unit, kits.world.units["IMT-FA"].id)
        send(session, actor, asset_by_code(session, actor, code), to, kits.occurrence())
    with kits.by("logistics2") as (session, actor):
        receive(session, actor, asset_by_code(session, SETUP, code), kits.occurrence(), condition="A")


def test_late_entry_of_a_kit_enters_nothing_of_what_another_unit_has_by_now(kits: Kits) -> None:
    kit, one, other = kits.full_kit()
    kits.clock.advance(timedelta(days=2))
    move_to_fergana(kits, one)
    before = kits.occurrence(timedelta(days=1))
    event_id = kits.issue(kit, "P-001", occurrence=before, override_reason="It was complete then")
    person = kits.world.persons["P-001"].id
    assert [kits.holder(code) for code in (kit, one, other)] == [person, None, person]
    assert chain(kits, one) == []
    assert kits.event(event_id).data["not_entered"] == [one]
    # Who may act for both units enters it of all.
    kits.correct(kit, event_id, login="coordinator", reason="Entered for the wrong kit")
    event_id = kits.issue(
        kit, "P-001", login="coordinator", occurrence=kits.occurrence(timedelta(hours=20)), override_reason="As before"
    )
    assert len(chain(kits, one)) == 1
    assert "not_entered" not in kits.event(event_id).data


def test_late_return_of_a_kit_enters_nothing_of_what_another_unit_has_by_now(kits: Kits) -> None:
    kit, one, other = kits.full_kit()
    kits.issue(kit, "P-001")
    kits.clock.advance(timedelta(days=2))
    kits.give_back(one)
    move_to_fergana(kits, one)
    with kits.app.reading() as session:
        known = queries.entries(session, [kits.asset(one).id])
    event_id = kits.give_back(kit, occurrence=kits.occurrence(timedelta(days=1)))
    assert kits.event(event_id).data["not_entered"] == [one]
    with kits.app.reading() as session:
        assert queries.entries(session, [kits.asset(one).id]) == known
    assert kits.holder(other) is None


def test_issue_of_a_kit_is_corrected_though_one_part_is_with_another_unit_by_now(kits: Kits) -> None:
    kit, one, other = kits.full_kit()
    wrong = kits.issue(kit, "P-001")
    kits.give_back(kit)
    kits.clock.advance(timedelta(days=1))
    move_to_fergana(kits, one)
    event_id = kits.correct(kit, wrong, reason="It was Yuldasheva", to="P-002")
    assert kits.event(event_id).data["not_entered"] == [one]
    names = {kits.world.persons[number].id: number for number in ("P-001", "P-002")}
    who = {code: [names.get(person or 0) for person, _ in chain(kits, code)] for code in (kit, one, other)}
    assert (who[kit][0], who[one][0], who[other][0]) == ("P-002", "P-001", "P-002")
