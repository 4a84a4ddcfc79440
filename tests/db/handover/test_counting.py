"""Counting in: the newest count holds and the asset follows, what is short follows up, and nobody counts for others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from sqlalchemy import select

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.handover.models import HandoverCount
from assets.handover.queries import ItemFilters, item_of, items_page, round_by_id, rounds_still_to_come, summed, tally
from assets.handover.rules import Count
from assets.handover.service.counting import count_item
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.scope import asset_by_code, assets_for
from assets.registry.service.assets import change_asset
from tests.db.handover.conftest import Entered
from tests.support.rounds import found, line
from tests.support.world import SETUP, START, Clock

Enter = Callable[..., Entered]
ActorFor = Callable[[str], Actor]
CRACKED = {"grade": "C", "note": "Screen cracked"}


def events_of(app: App, asset: Asset) -> list[AssetEvent]:
    with app.reading() as session:
        statement = select(AssetEvent).where(AssetEvent.asset_id == asset.id)
        return list(session.scalars(statement.order_by(AssetEvent.received_at, AssetEvent.n, AssetEvent.kind)))


def state_of(entered: Entered, place: int) -> tuple[object, ...]:
    asset, item = entered.asset(place), entered.item(place)
    return item.outcome, asset.life, asset.serial_number, asset.condition, asset.received_on, asset.annulled_at is None


def test_what_is_received_lives_on_as_received_and_was_seen(enter: Enter, app: App, clock: Clock) -> None:
    entered = enter()
    result = entered.say(0)
    asset = entered.asset(0)
    assert (result.status, result.outcome) == ("accepted", "received")
    assert (asset.life, asset.received_on, asset.last_seen_at) == ("received", START.date(), clock.now)
    assert entered.item(0).counted_at == clock.now
    told = [(event.kind, event.data.get("outcome"), event.seen) for event in events_of(app, asset)]
    assert told == [("registered", None, False), ("counted", "received", True), ("life", None, False)]


def test_what_is_damaged_is_received_in_its_condition_and_says_what_is_wrong(enter: Enter, app: App) -> None:
    entered = enter()
    entered.say(0, "damaged", **CRACKED)
    assert state_of(entered, 0)[:4] == ("damaged", "received", "TN-1001", "C")
    event = next(event for event in events_of(app, entered.asset(0)) if event.kind == "counted")
    assert (event.grade, event.data["note"]) == ("C", "Screen cracked")


def test_a_wrong_serial_is_taken_and_the_paper_is_kept(enter: Enter, app: App) -> None:
    entered = enter()
    entered.say(0, "wrong_serial", serial="TN-9999")
    asset, item = entered.asset(0), entered.item(0)
    assert (asset.serial_number, asset.serial_folded, asset.life) == ("TN-9999", "TN9999", "received")
    assert (item.serial_on_paper, item.outcome) == ("TN-1001", "wrong_serial")
    assert all("TN-9999" not in str(event.data) for event in events_of(app, asset)), "a number stands in an event"
    with app.reading() as session:
        by_number = items_page(session, SETUP, ItemFilters(number="тn 9999"))
        assert [found_item.id for found_item in by_number] == [item.id]


def test_a_vehicles_number_is_its_vin(enter: Enter) -> None:
    entered = enter(line(class_="vehicle.patrol", model="Chevrolet Cobalt", quantity=1, serials="XWB11"))
    entered.say(0, "wrong_serial", serial="XWB22")
    asset = entered.asset(0)
    assert (asset.vin, asset.serial_number) == ("XWB22", "")


@pytest.mark.parametrize("number", ["TN-1002", "ТN 1OO2"])
def test_a_found_number_that_another_item_has_is_refused_and_says_which(enter: Enter, number: str) -> None:
    entered = enter()
    code = entered.asset(1).code
    with pytest.raises(Conflict) as caught:
        entered.say(0, "wrong_serial", serial=number)
    assert f"{code[:5]}-{code[5:]}" in str(caught.value.message)
    assert state_of(entered, 0)[:3] == ("pending", "expected", "TN-1001")


def test_an_item_without_a_number_on_paper_takes_the_one_found(enter: Enter) -> None:
    entered = enter(line(serials="", quantity=1))
    entered.say(0, "received", serial="TN-5")
    assert entered.asset(0).serial_number == "TN-5"


@pytest.mark.parametrize(
    ("outcome", "serial", "code"),
    [("received", "TN-77", "wrong_serial"), ("wrong_serial", "тn 1OO1", "same_number")],
)
def test_a_number_that_contradicts_its_outcome_is_refused(enter: Enter, outcome: str, serial: str, code: str) -> None:
    entered = enter()
    with pytest.raises(InvalidInput) as caught:
        entered.say(0, outcome, serial=serial)
    assert [error.code for error in caught.value.fields] == [code]
    assert entered.say(0, "received", serial="TN 1001").outcome == "received"


def test_a_refused_count_costs_the_others_nothing(enter: Enter) -> None:
    entered = enter(line(quantity=4, serials="A1\nA2\nA3\nA4"))
    items = entered.items
    results = entered.count(
        found(items[0]), found(items[1], "wrong_serial", serial="A3"), found(999_999), found(items[2], "damaged"),
        found(items[3]),
    )  # fmt: skip
    assert [result.status for result in results] == ["accepted", "refused", "refused", "refused", "accepted"]
    assert [type(result.error) for result in results[1:4]] == [Conflict, NotFound, InvalidInput]
    assert [entered.item(place).outcome for place in range(4)] == ["received", "pending", "pending", "received"]
    assert entered.asset(1).serial_number == "A2"


def test_a_count_sent_twice_is_one_count(enter: Enter, app: App) -> None:
    entered = enter()
    count = found(entered.items[0], "damaged", **CRACKED)
    assert [entered.count(count)[0].status for _ in range(3)] == ["accepted", "repeated", "repeated"]
    with app.reading() as session:
        assert len(list(session.scalars(select(HandoverCount)))) == 1
    for other in (
        found(entered.items[1], "damaged", id=count.id, **CRACKED), found(entered.items[0], "short", id=count.id)
    ):  # fmt: skip
        (result,) = entered.count(other)
        assert result.error is not None
        assert result.error.code == "id_reused"


def test_an_id_that_is_an_events_is_refused(enter: Enter, app: App) -> None:
    entered = enter()
    (registered,) = events_of(app, entered.asset(0))
    (result,) = entered.count(found(entered.items[0], id=registered.id))
    assert result.error is not None
    assert result.error.code == "id_reused"


def test_a_wrong_count_is_corrected_by_counting_again(enter: Enter, app: App) -> None:
    entered = enter()
    entered.say(0, "wrong_serial", serial="TN-7")
    entered.say(0, "damaged", **CRACKED)
    assert state_of(entered, 0)[:4] == ("damaged", "received", "TN-1001", "C")
    entered.say(0, "wrong_serial", serial="TN-8")
    entered.say(0, "short")
    assert state_of(entered, 0) == ("short", "expected", "TN-1001", None, None, True)
    assert entered.asset(0).last_seen_at is None
    entered.say(0)
    assert state_of(entered, 0)[:4] == ("received", "received", "TN-1001", None)
    with app.reading() as session:
        item = item_of(session, SETUP, round_by_id(session, entered.id), entered.items[0])
        assert [count.outcome for count in item.counts] == [
            "wrong_serial", "damaged", "wrong_serial", "short", "received",
        ]  # fmt: skip
    corrected = [event.corrects_id is not None for event in events_of(app, entered.asset(0)) if event.kind == "counted"]
    assert corrected == [False, True, True, True, False]


def test_counts_in_any_order_end_as_the_newest_says(enter: Enter, clock: Clock) -> None:
    told = [
        ("received", {}), ("damaged", CRACKED), ("wrong_serial", {"serial": "NEW"}), ("short", {}),
        ("not_delivered", {"note": "stopped"}),
    ]  # fmt: skip
    for round_number, last in enumerate(range(len(told))):
        counts = [
            (outcome, {**more, "at": clock.now + timedelta(minutes=-60 + (30 if place == last else place))})
            for place, (outcome, more) in enumerate(told)
        ]
        endings = set()
        orders = list(permutations(counts))[:: 17 + round_number]
        for number, order in enumerate(orders):
            serials = [f"P-{round_number}-{number}"]
            entered = enter(line(quantity=1, serials=serials), number=f"R-{round_number}-{number}")
            for outcome, more in order:
                serial = {"serial": f"N-{round_number}-{number}"} if "serial" in more else {}
                entered.say(0, outcome, **{**more, **serial})
            outcome_now, life, serial_now, *rest = state_of(entered, 0)
            endings.add((outcome_now, life, str(serial_now)[0], *rest))
        assert len(orders) > 4
        assert {ending[0] for ending in endings} == {told[last][0]}
        assert len(endings) == 1, endings


def test_a_count_cannot_lie_in_the_future(enter: Enter, clock: Clock) -> None:
    entered = enter()
    entered.say(0, "short", at=clock.now + timedelta(days=3))
    entered.say(0, "received")
    assert entered.item(0).outcome == "received"


def test_what_is_in_use_is_not_counted_away(enter: Enter, app: App, clock: Clock) -> None:
    entered = enter()
    entered.say(0)
    with app.transaction(SETUP, clock.now) as session:
        asset = asset_by_code(session, SETUP, entered.asset(0).code)
        change_asset(session, SETUP, asset, parse_asset({"life": "in_service"}, partial=True), clock.now)
    with pytest.raises(RuleViolation) as caught:
        entered.say(0, "short")
    assert caught.value.code == "in_use"
    entered.say(0, "damaged", **CRACKED)
    assert state_of(entered, 0)[:2] == ("damaged", "in_service")


def test_nobody_counts_items_of_units_out_of_reach(enter: Enter, app: App, actor_for: ActorFor) -> None:
    entered = enter(line(), line(unit="IMT-FA", serials="F1\nF2"))
    own, other = entered.items[0], entered.items[2]
    officer = actor_for("logistics_officer")
    results = entered.count(found(own), found(other), actor=officer)
    assert [result.status for result in results] == ["accepted", "refused"]
    assert isinstance(results[1].error, NotFound)
    assert entered.item(2).outcome == "pending"
    for login in ("officer", "commander", "technician", "auditor"):
        with pytest.raises(NotAllowed):
            entered.count(found(own), actor=actor_for(login))
    with app.reading() as session:
        batch = round_by_id(session, entered.id)
        assert len(items_page(session, officer, ItemFilters(batch_id=entered.id))) == 2
        assert sum(summed(tally(session, officer, [batch.id])[batch.id]).values()) == 2
        with pytest.raises(NotFound):
            item_of(session, officer, batch, other)


def test_an_item_is_counted_in_its_own_round_only(enter: Enter) -> None:
    first, second = enter(), enter(line(serials=""), number="R-2")
    (result,) = first.count(found(second.items[0]))
    assert isinstance(result.error, NotFound)


def test_an_asset_that_moved_is_counted_where_it_is_now(
    enter: Enter, app: App, clock: Clock, actor_for: ActorFor
) -> None:
    entered = enter()
    with app.transaction(SETUP, clock.now) as session:
        asset = asset_by_code(session, SETUP, entered.asset(0).code)
        change_asset(session, SETUP, asset, parse_asset({"unit": "IMT-FA"}, partial=True), clock.now)
    (refused,) = entered.count(found(entered.items[0]), actor=actor_for("logistics_officer"))
    (taken,) = entered.count(found(entered.items[0]), actor=actor_for("logistics2"))
    assert (refused.status, taken.status) == ("refused", "accepted")


def test_what_was_short_follows_up_until_it_comes_or_never_will(enter: Enter, app: App) -> None:
    entered = enter(line(quantity=3, serials="A1\nA2\nA3"))

    def to_come() -> list[tuple[int, int]]:
        with app.reading() as session:
            return [(pending, short) for _, pending, short in rounds_still_to_come(session, SETUP)]

    assert to_come() == [(3, 0)]
    entered.say(0)
    entered.say(1, "short")
    entered.say(2, "short")
    assert to_come() == [(0, 2)]
    entered.close()
    assert to_come() == [(0, 2)]
    entered.say(1)
    assert (to_come(), entered.asset(1).life) == ([(0, 1)], "received")
    entered.say(2, "not_delivered", note="The maker stopped it; letter 17")
    assert to_come() == []
    with app.reading() as session:
        visible = session.scalars(select(Asset).where(assets_for(SETUP, Permission.ASSET_READ))).all()
        assert {asset.id for asset in visible} == {entered.asset(0).id, entered.asset(1).id}
        rows = items_page(session, SETUP, ItemFilters(batch_id=entered.id))
        assert [item.outcome for item in rows] == ["received", "received", "not_delivered"]
    entered.say(2, "received")
    assert (entered.asset(2).annulled_at, entered.asset(2).life) == (None, "received")


def test_the_count_closes_when_all_is_counted_and_keeps_what_was_found(enter: Enter) -> None:
    entered = enter()
    entered.say(0)
    with pytest.raises(RuleViolation) as caught:
        entered.close()
    assert (caught.value.code, caught.value.data) == ("not_counted", {"pending": 1})
    entered.say(1, "short")
    assert entered.close().closed_at is not None
    with pytest.raises(RuleViolation):
        entered.close()
    with pytest.raises(RuleViolation) as caught:
        entered.say(0, "short")
    assert caught.value.code == "count_closed"
    entered.say(1, "wrong_serial", serial="A9")
    entered.say(1, "received")
    assert entered.item(1).outcome == "received"


def test_only_who_may_count_everything_closes(enter: Enter, actor_for: ActorFor) -> None:
    entered = enter(line(quantity=1, serials=""), line(quantity=1, serials="", unit="IMT-FA"))
    entered.count(*(found(item) for item in entered.items))
    for login in ("logistics_officer", "logistics2", "auditor"):
        with pytest.raises(NotAllowed):
            entered.close(actor_for(login))
    entered.close(actor_for("coordinator"))


def test_one_count_alone_raises_what_is_wrong(enter: Enter, app: App, clock: Clock) -> None:
    entered = enter()

    def count(given: Count) -> DomainError | None:
        try:
            with app.transaction(SETUP, clock.now) as session:
                count_item(session, SETUP, round_by_id(session, entered.id), given, clock.now)
        except DomainError as error:
            return error
        return None

    assert count(found(entered.items[0])) is None
    assert isinstance(count(found(entered.items[1], "wrong_serial", serial="TN-1001")), Conflict)
    assert isinstance(count(replace(found(entered.items[1]), item_id=0, id=str(uuid4()))), NotFound)
