"""No stock is ever below zero: whoever takes at once, and whatever is heard of late or in another order."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.core.errors import DomainError, InvalidInput, RuleViolation
from tests.support.lots import KIT, Store, never_below_zero

HOUR = timedelta(hours=1)


def test_no_more_is_issued_than_is_there_and_whole_packs_go(store: Store) -> None:
    lot = store.receive(quantity=3)
    with pytest.raises(RuleViolation) as refused:
        store.issue(lot, 4)
    assert refused.value.code == "not_enough"
    store.issue(lot, "2.5")
    kit = store.receive("K", **KIT, quantity=3)
    with pytest.raises(InvalidInput):
        store.issue(kit, "1.5")
    assert (store.held(lot), store.held(kit)) == (0.5, 3)


def test_a_late_issue_never_makes_a_moment_between_negative(store: Store) -> None:
    lot = store.receive(quantity=5)
    store.clock.advance(2 * HOUR)
    store.issue(lot, 4)
    store.clock.advance(HOUR)
    with pytest.raises(RuleViolation):
        store.issue(lot, 2, ago=2 * HOUR, is_late=True)
    store.issue(lot, 1, ago=2 * HOUR, is_late=True)
    assert store.held(lot) == 0
    assert never_below_zero(store.moves(lot))


@pytest.mark.parametrize("counted", [8, 10])
def test_what_is_heard_of_after_a_count_and_left_before_it_does_not_change_what_is_there(
    store: Store, counted: int
) -> None:
    lot = store.receive(quantity=10)
    store.clock.advance(2 * HOUR)
    store.count(lot, counted)
    store.clock.advance(HOUR)
    store.issue(lot, 2, ago=2 * HOUR, is_late=True)
    assert store.held(lot) == counted
    assert [out.quantity for out in store.out(lot)] == [2]
    store.issue(lot, 3)
    assert store.held(lot) == counted - 3


def test_two_who_take_the_last_pieces_at_once_do_not_take_more_than_there_is(store: Store) -> None:
    lot = store.receive(quantity=3)
    ready = threading.Barrier(2)
    outcomes: list[str] = []

    def take() -> None:
        ready.wait()
        try:
            store.issue(lot, 2)
            outcomes.append("issued")
        except RuleViolation as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["issued", "not_enough"]
    assert store.held(lot) == 1


ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["issue", "issue", "issue", "late", "late", "return", "write_off", "open", "fail", "use", "close", "count",
             "recall"]
        ),
        st.integers(0, 2), st.integers(1, 6), st.integers(0, 30),
    ),
    max_size=14,
)  # fmt: skip


NUMBERS = count()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(acts=ACTS)
def test_in_whatever_order_things_are_done_and_heard_of_no_stock_is_ever_below_zero(
    store: Store, acts: list[tuple[str, int, int, int]]
) -> None:
    item = f"Kit {next(NUMBERS)}"
    lots = [
        store.receive(f"N{n}", **(KIT | {"item": item}), quantity=4 + n, expires_on=store.in_days(days))
        for n, days in enumerate((3, 40, 400))
    ]
    for name, which, amount, hours in acts:
        store.clock.advance(7 * HOUR)
        try:
            act(store, name, lots[which], amount, hours * HOUR)
        except DomainError:
            continue
    today = store.clock.now.date()
    for lot_id in lots:
        assert never_below_zero(store.moves(lot_id)), store.moves(lot_id)
        stored = [view.pack for view in store.packs(lot_id) if view.pack.is_in_store()]
        assert store.held(lot_id) >= len(stored)
        assert all(out.quantity > 0 for out in store.out(lot_id))
    usable = [
        lot_id
        for lot_id in lots
        if (lot := store.lot(lot_id)).recalled_on is None
        and lot.suspect_since is None
        and (lot.expires_on or today) >= today
        and store.held(lot_id) > sum(v.pack.is_in_store() and v.pack.tests_left == 0 for v in store.packs(lot_id))
    ]
    opened = {lot_id for lot_id in usable if any(v.pack.is_in_store() for v in store.packs(lot_id))}
    assert store.order(lots[0], today) == sorted(usable, key=lambda lot_id: (lot_id not in opened, lots.index(lot_id)))


def act(store: Store, name: str, lot: int, amount: int, ago: timedelta) -> None:
    packs, out = store.packs(lot), store.out(lot)
    if name == "issue":
        store.issue(lot, amount, reason="It lay on top")
    elif name == "late":
        store.issue(lot, amount, ago=ago, is_late=True)
    elif name == "return" and out:
        store.give_back(lot, out[0].issue.movement_id, amount)
    elif name == "write_off":
        store.write_off(lot, amount)
    elif name in {"open", "fail"}:
        store.open(lot, "passed" if name == "open" else "failed")
    elif name == "use" and packs:
        store.use(lot, packs[0].row.id, amount)
    elif name == "close" and packs:
        store.close(lot, packs[0].row.id)
    elif name == "count":
        store.count(lot, amount)
    elif name == "recall" and amount == 6:
        store.recall(lot)
