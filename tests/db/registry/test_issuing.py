"""Issue of consumables: first expired first out, to whom it goes, how it comes back, and what is refused and why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from assets.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.registry.models import StockMovement
from tests.support.lots import KIT, Store
from tests.support.world import Clock, World

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def test_another_lot_than_the_first_to_expire_needs_a_reason_that_is_kept(store: Store) -> None:
    late = store.receive("LATE", expires_on=store.in_days(200))
    soon = store.receive("SOON", expires_on=store.in_days(20))
    with pytest.raises(InvalidInput, match="SOON") as refused:
        store.issue(late)
    assert refused.value.fields[0].code == "not_first_expired"
    store.issue(soon)
    store.issue(late, reason="The others lie in the other yard")
    ((part,),) = [store.issue(late, reason="The others lie in the other yard").parts]
    assert (part.out_of_order, part.movement.reason) == (True, "The others lie in the other yard")
    assert (store.held(soon), store.held(late)) == (9, 8)


def test_the_order_is_by_lots_of_the_same_item_and_unit_alone(store: Store, world: World, clock: Clock) -> None:
    mine = store.receive("A", expires_on=store.in_days(200))
    store.receive("B", item="Another filter", expires_on=store.in_days(2))
    Store(store.app, world, clock, "logistics2").receive("C", unit="IMT-FA", expires_on=store.in_days(3))
    assert store.order(mine, clock.now.date()) == [mine]
    store.issue(mine)


@pytest.mark.parametrize("why", ["expired", "recalled", "suspect"])
def test_what_must_not_be_used_is_not_issued_and_the_words_say_what_to_do(store: Store, why: str) -> None:
    lot = store.receive("BAD", **KIT, expires_on=store.in_days(1))
    store.receive("GOOD", **KIT, expires_on=store.in_days(90))
    if why == "expired":
        store.clock.advance(2 * DAY)
    elif why == "recalled":
        store.recall(lot)
    else:
        store.open(lot, "failed")
    store.clock.advance(MINUTE)
    with pytest.raises(RuleViolation, match="Issue lot GOOD instead") as refused:
        store.issue(lot)
    assert refused.value.code == why


def test_a_lot_may_be_issued_on_the_day_that_it_expires(store: Store) -> None:
    lot = store.receive(quantity=10, expires_on=store.in_days(0))
    store.issue(lot, 3)
    assert store.held(lot) == 7


def test_what_was_issued_before_the_lot_expired_or_was_recalled_is_taken_late_with_a_notice(store: Store) -> None:
    lot = store.receive(expires_on=store.in_days(1))
    store.clock.advance(DAY + HOUR)
    store.recall(lot)
    store.clock.advance(2 * DAY)
    issued = store.issue(lot, ago=2 * DAY + 2 * HOUR, is_late=True)
    assert "recalled since" in str(issued.notice)
    with pytest.raises(RuleViolation) as refused:
        store.issue(lot, ago=2 * DAY - HOUR, is_late=True)
    assert refused.value.code == "recalled"


def test_what_happened_out_of_order_is_kept_without_a_reason_and_marked(store: Store) -> None:
    late = store.receive("LATE", expires_on=store.in_days(200))
    store.receive("SOON", expires_on=store.in_days(20))
    store.clock.advance(2 * HOUR)
    (part,) = store.issue(late, ago=HOUR, is_late=True).parts
    assert part.out_of_order


def test_what_comes_back_is_no_more_than_went_and_goes_on_the_same_account(store: Store) -> None:
    lot = store.receive(quantity=10)
    (part,) = store.issue(lot, 6, "P-002").parts
    store.recall(lot)
    store.give_back(lot, part.movement_id, 2)
    (out,) = store.out(lot)
    assert (out.issue.person_id, float(out.quantity)) == (store.world.persons["P-002"].id, 4)
    with pytest.raises(InvalidInput):
        store.give_back(lot, part.movement_id, 5)
    store.give_back(lot, part.movement_id, 4, "Issued by mistake")
    assert (store.held(lot), store.out(lot)) == (10, [])
    with pytest.raises(NotFound):
        store.give_back(store.receive("L-2"), part.movement_id)


def test_the_same_issue_sent_again_is_done_once(store: Store) -> None:
    lot = store.receive(quantity=10)
    event_id = "00000000-0000-4000-8000-000000000001"
    store.issue(lot, 2, event_id=event_id)
    with pytest.raises(Conflict):
        store.issue(lot, 2, event_id=event_id)
    assert store.held(lot) == 8


def test_issues_stay_within_reach_and_go_to_nobody_who_left(store: Store, world: World) -> None:
    lot = store.receive()
    for to in ("P-101", "IMT-FA", "nobody"):
        with pytest.raises(InvalidInput) as refused:
            store.issue(lot, to=to)
        assert refused.value.fields[0].code == "unknown_person"
    for login in ("officer", "commander"):
        with pytest.raises((NotAllowed, InvalidInput)):
            Store(store.app, world, store.clock, login).issue(lot)
    with store.app.transaction(world.actors["coordinator"], store.clock.now) as session:
        session.merge(world.persons["P-002"]).left_on = store.clock.now.date()
    with pytest.raises(RuleViolation) as gone:
        store.issue(lot, to="P-002")
    assert gone.value.code == "person_has_left"
    (part,) = store.issue(lot, to="IMT-TK").parts
    assert (part.person_id, part.unit_id) == (None, world.units["IMT-TK"].id)


def test_nothing_recorded_is_overwritten(store: Store) -> None:
    lot = store.receive(quantity=10)
    with store.app.reading() as session:
        before = list(session.execute(select(StockMovement.id, StockMovement.kind, StockMovement.quantity)))
    (part,) = store.issue(lot, 4).parts
    store.give_back(lot, part.movement_id, 4, "Issued by mistake")
    store.count(lot, 9)
    with store.app.reading() as session:
        after = list(session.execute(select(StockMovement.id, StockMovement.kind, StockMovement.quantity)))
    assert after[: len(before)] == before
    assert [row.kind for row in after] == ["received", "issued", "returned", "counted"]
