"""Lists and mails of consumables: how long they last, who has them, what expires, and how little is read for it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from assets.core.outbox import OutboxMail
from assets.registry.models import StockLot
from assets.registry.queries.stock_issues import items_page, out_count, out_of_lot
from assets.registry.queries.stock_packs import lots_of_item
from assets.registry.service.lot_mail import queue_lot_mails
from tests.support.lots import Store
from tests.support.world import World

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def test_cover_is_what_is_usable_by_what_went_out_on_balance_in_ninety_days(store: Store, world: World) -> None:
    lot = store.receive(quantity=100)
    store.issue(lot, 40)
    store.clock.advance(100 * DAY)
    (part,) = store.issue(lot, 35).parts
    store.give_back(lot, part.movement_id, 5)
    bad = store.receive("BAD", quantity=7)
    store.recall(bad)
    actor = world.actors["logistics_officer"]
    with store.app.reading() as session:
        (row,) = items_page(session, actor, store.clock.now.date())
        assert (float(row.usable), float(row.unusable), float(row.issued)) == (30, 7, 30)
        assert row.cover == Decimal(90)
        assert items_page(session, world.actors["logistics2"], store.clock.now.date()) == []


def test_each_unit_is_told_once_a_week_of_lots_that_expire_or_must_not_be_used(store: Store, world: World) -> None:
    store.receive("SOON", expires_on=store.in_days(60))
    store.recall(store.receive("BACK", expires_on=store.in_days(400)))
    store.receive("FINE", expires_on=store.in_days(400))
    empty = store.receive("GONE", quantity=1, expires_on=store.in_days(5))
    store.issue(empty)
    actor = world.actors["administrator"]
    for expected in (1, 0):
        with store.app.transaction(actor, store.clock.now) as session:
            assert queue_lot_mails(session, actor, store.clock.now, "http://localhost") == expected
    with store.app.reading() as session:
        body = session.scalars(select(OutboxMail.body)).one()
    assert "SOON" in body
    assert "BACK" in body
    assert "FINE" not in body
    assert "GONE" not in body


def test_who_has_how_much_is_read_in_portions_and_counted_whole(store: Store) -> None:
    lot_id = store.receive("A", quantity="10")
    for _ in range(3):
        store.clock.advance(MINUTE)
        store.issue(lot_id, "0.1")
    back = store.issue(lot_id, "0.3").parts[0].movement_id
    for part in ("0.1", "0.2"):
        store.give_back(lot_id, back, Decimal(part))
    with store.app.reading() as session:
        lot = session.get_one(StockLot, lot_id)
        assert out_count(session, lot) == len(out_of_lot(session, lot)) == 3, "what came back in parts is not out"
        assert [each.quantity for each in out_of_lot(session, lot, 1)] == [Decimal("0.1")]


def test_lots_that_are_used_up_are_not_read_for_an_issue(store: Store) -> None:
    gone, left = store.receive("GONE", 2), store.receive("LEFT", 2)
    store.write_off(gone, 2)
    with store.app.reading() as session:
        read = {
            lot_id: {each.id for each in lots_of_item(session, session.get_one(StockLot, lot_id))}
            for lot_id in (gone, left)
        }
    assert read == {gone: {gone, left}, left: {left}}
