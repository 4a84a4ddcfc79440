"""Packs of test kits: opened with a control, counted test by test, and never used or issued when they must not be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assets.core.errors import InvalidInput, NotAllowed, RuleViolation
from assets.registry.queries.stock_packs import packs_of
from tests.support.lots import KIT, Store
from tests.support.world import World

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def test_opened_packs_go_first_and_the_same_pack_comes_back(store: Store) -> None:
    near = store.receive("NEAR", **KIT, quantity=5, expires_on=store.in_days(20))
    lot = store.receive("OPEN", **KIT, quantity=3, expires_on=store.in_days(200))
    opened = store.open(lot, "passed").pack
    assert store.order(near, store.clock.now.date()) == [lot, near]
    with pytest.raises(InvalidInput, match="OPEN is open"):
        store.issue(near)
    assert store.use(lot, opened.id, 4) == 6
    first, second = store.issue(lot, 2).parts
    assert (first.pack_id, second.pack_id) == (opened.id, None)
    assert store.packs(lot)[0].pack.is_out
    assert store.order(near, store.clock.now.date()) == [near, lot]
    store.use(lot, opened.id, 1)
    store.give_back(lot, first.movement_id)
    assert (store.held(lot), store.packs(lot)[0].pack.tests_left) == (2, 5)
    assert store.packs(lot)[0].pack.is_in_store()


def test_a_pack_that_is_used_up_leaves_the_store_or_the_hands_that_hold_it(store: Store) -> None:
    lot = store.receive(**KIT, quantity=2)
    inside = store.open(lot, "passed").pack
    assert store.use(lot, inside.id, 10) == 0
    assert (store.held(lot), store.out(lot)) == (1, [])
    with pytest.raises(RuleViolation):
        store.use(lot, inside.id, 1)
    outside = store.open(lot, "passed").pack
    (part,) = store.issue(lot).parts
    store.use(lot, outside.id, 10)
    assert (store.held(lot), store.out(lot)) == (0, [])
    with pytest.raises(InvalidInput):
        store.give_back(lot, part.movement_id)


def test_a_failed_control_writes_the_pack_off_and_bars_the_lot_until_another_passes(store: Store) -> None:
    lot = store.receive(**KIT, quantity=3)
    with pytest.raises(InvalidInput):
        store.open(lot)
    notice = store.open(lot, "failed").notice
    assert "suspect" in str(notice)
    assert store.held(lot) == 2
    assert store.order(lot, store.clock.now.date()) == []
    store.clock.advance(MINUTE)
    store.open(lot, "passed")
    assert store.order(lot, store.clock.now.date()) == [lot]
    store.issue(lot, 2)
    assert store.held(lot) == 0


def test_a_pack_that_is_open_for_too_long_is_neither_used_nor_issued(store: Store) -> None:
    lot = store.receive(**KIT, quantity=2, use_within_days=7)
    pack = store.open(lot, "passed").pack
    store.clock.advance(8 * DAY)
    with pytest.raises(RuleViolation) as refused:
        store.use(lot, pack.id, 1)
    assert refused.value.code == "open_too_long"
    (part,) = store.issue(lot).parts
    assert part.pack_id is None
    with pytest.raises(RuleViolation):
        store.issue(lot)
    for take in (store.write_off, lambda lot_id, _n: store.count(lot_id, 0)):
        with pytest.raises(RuleViolation) as open_pack:
            take(lot, 1)
        assert open_pack.value.code == "packs_open"
    store.close(lot, pack.id)
    assert store.held(lot) == 0


def test_an_officer_opens_packs_and_counts_tests_and_does_not_write_off(store: Store, world: World) -> None:
    lot = store.receive(**KIT, quantity=2)
    officer = Store(store.app, world, store.clock, "officer")
    pack = officer.open(lot, "passed").pack
    assert officer.use(lot, pack.id, 3) == 7
    with pytest.raises(NotAllowed):
        officer.close(lot, pack.id)
    with pytest.raises(NotAllowed):
        Store(store.app, world, store.clock, "officer2").use(lot, pack.id, 1)


@pytest.mark.parametrize("login", ["monitor", "technician", "administrator"])
def test_who_records_no_operations_opens_no_pack(store: Store, world: World, login: str) -> None:
    lot = store.receive(**KIT, quantity=2)
    with pytest.raises(NotAllowed):
        Store(store.app, world, store.clock, login).open(lot, "passed")


def test_of_closed_packs_the_last_few_are_read_and_of_open_ones_all(store: Store) -> None:
    lot_id = store.receive("A", **KIT)
    for _ in range(5):
        store.open(lot_id, "passed")
    opened = sorted(view.row.id for view in store.packs(lot_id))
    for pack_id in opened[1:4]:
        store.close(lot_id, pack_id)
    with store.app.reading() as session:
        read = {n: [view.row.id for view in packs_of(session, [lot_id], closed=n).get(lot_id, [])] for n in (0, 2, 9)}
    first, _, third, fourth, last = opened
    assert read == {0: [last, first], 2: [last, fourth, third, first], 9: opened[::-1]}
