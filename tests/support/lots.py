"""Lots in tests: received, issued, opened and taken back by a login, each act in a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.app import App
from assets.registry.models import StockLot
from assets.registry.queries.stock_issues import Out, out_of_lot
from assets.registry.queries.stock_packs import PackView, ledger, packs_of, proposal
from assets.registry.rules.issuing import Moved
from assets.registry.rules.stock import parse_lot
from assets.registry.service import packs, stock
from assets.registry.service.issuing import Issued, issue_stock, recipient_named, return_stock
from assets.registry.service.timeline import Occurrence
from tests.support.world import Clock, World

KIT: dict[str, Any] = {"class": "ident.test_kit", "item": "Colour test", "counted_in": "packs", "tests_per_pack": 10}


@dataclass
class Store:
    """A store of consumables; `ago` puts an act before the clock's time."""

    app: App
    world: World
    clock: Clock
    login: str = "logistics_officer"

    @contextmanager
    def acting(self, lot_id: int) -> Iterator[tuple[Session, Actor, StockLot]]:
        actor = self.world.actors[self.login]
        with self.app.transaction(actor, self.clock.now) as session:
            yield session, actor, session.get_one(StockLot, lot_id)

    def occurrence(self, ago: timedelta = timedelta(0), event_id: str = "") -> Occurrence:
        at = self.clock.now - ago
        return Occurrence(at, self.clock.now, event_id) if event_id else Occurrence(at, self.clock.now)

    def in_days(self, days: int) -> str:
        """The day so many days from the clock's, as it is typed."""
        return (self.clock.now + timedelta(days=days)).date().isoformat()

    def receive(self, number: str = "L-1", quantity: object = 10, **more: Any) -> int:
        """Answers the lot's id."""
        given = {"class": "protect.filter", "item": "Filter", "unit": "IMT-TK", "lot_number": number} | more
        with self.app.transaction(self.world.actors[self.login], self.clock.now) as session:
            draft = parse_lot({**given, "quantity": quantity})
            return stock.receive_lot(session, self.world.actors[self.login], draft, self.clock.now).id

    def issue(
        self, lot_id: int, quantity: object = 1, to: str = "P-001", *, ago: timedelta = timedelta(0), **options: Any
    ) -> Issued:
        with self.acting(lot_id) as (session, actor, lot):
            whose = recipient_named(session, actor, to)
            happening = self.occurrence(ago, options.pop("event_id", ""))
            return issue_stock(session, actor, lot, Decimal(str(quantity)), whose, happening, **options)

    def give_back(self, lot_id: int, issue_id: int, quantity: object = 1, reason: str = "") -> None:
        with self.acting(lot_id) as (session, actor, lot):
            return_stock(session, actor, lot, issue_id, Decimal(str(quantity)), self.occurrence(), reason)

    def open(self, lot_id: int, control: str | None = None) -> packs.Opened:
        with self.acting(lot_id) as (session, actor, lot):
            return packs.open_pack(session, actor, lot, self.occurrence(), control=control)

    def use(self, lot_id: int, pack_id: int, tests: int, operation: str = "") -> int:
        with self.acting(lot_id) as (session, actor, lot):
            return packs.use_tests(session, actor, lot, pack_id, tests, self.occurrence(), operation)

    def close(self, lot_id: int, pack_id: int) -> None:
        with self.acting(lot_id) as (session, actor, lot):
            packs.close_pack(session, actor, lot, pack_id, "Fell into water", self.occurrence())

    def count(self, lot_id: int, quantity: object) -> None:
        with self.acting(lot_id) as (session, actor, lot):
            stock.count_lot(session, actor, lot, Decimal(str(quantity)), "Counted in the store", self.clock.now)

    def write_off(self, lot_id: int, quantity: object) -> None:
        with self.acting(lot_id) as (session, actor, lot):
            stock.write_off(session, actor, lot, Decimal(str(quantity)), "Fell into water", self.clock.now)

    def recall(self, lot_id: int) -> None:
        with self.acting(lot_id) as (session, actor, lot):
            stock.recall_lot(session, actor, lot, "False results", self.clock.now)

    def held(self, lot_id: int) -> float:
        with self.app.reading() as session:
            return float(stock.on_hand(session, session.get_one(StockLot, lot_id)))

    def moves(self, lot_id: int) -> list[Moved]:
        with self.app.reading() as session:
            return ledger(session, session.get_one(StockLot, lot_id))

    def packs(self, lot_id: int) -> list[PackView]:
        with self.app.reading() as session:
            return packs_of(session, [lot_id]).get(lot_id, [])

    def out(self, lot_id: int) -> list[Out]:
        with self.app.reading() as session:
            return out_of_lot(session, session.get_one(StockLot, lot_id))

    def order(self, lot_id: int, day: date) -> list[int]:
        """The lots of the item in the order in which they should go."""
        with self.app.reading() as session:
            return [each.lot_id for each in proposal(session, session.get_one(StockLot, lot_id), day)]

    def lot(self, lot_id: int) -> StockLot:
        with self.app.reading() as session:
            return session.get_one(StockLot, lot_id)


def never_below_zero(moves: list[Moved]) -> bool:
    """Whether at no moment more had left than had come."""
    moments: dict[datetime, Decimal] = {}
    for move in moves:
        moments[move.at] = moments.get(move.at, Decimal(0)) + move.quantity
    total = Decimal(0)
    for at in sorted(moments):
        total += moments[at]
        if total < 0:
            return False
    return True
