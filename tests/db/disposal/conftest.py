"""An item and the people around it: one keeps it, another decides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.app import App
from assets.disposal import queries, service
from assets.registry.models import Asset, AssetEvent
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World

TODAY = date(2026, 11, 2)


@dataclass
class Ending:
    """Acts at the end of an item's life, each in a transaction of its own, by a login."""

    app: App
    world: World
    clock: Clock

    @contextmanager
    def by(self, login: str) -> Iterator[tuple[Session, Actor]]:
        actor = self.world.actors[login]
        with self.app.transaction(actor, self.clock.now) as session:
            yield session, actor

    def item(self, class_code: str = "vehicle.patrol", *, unit: str = "IMT-TK", life: str = "in_service") -> int:
        with self.app.transaction(SETUP, self.clock.now) as session:
            return put_asset(session, self.world, class_code, self.clock.now, unit=unit, life=life, plans=False).id

    def life(self, asset_id: int) -> str:
        with self.app.reading() as session:
            return session.get_one(Asset, asset_id).life

    def told(self, asset_id: int) -> list[tuple[str, dict[str, Any]]]:
        with self.app.reading() as session:
            rows = session.execute(
                select(AssetEvent.kind, AssetEvent.data)
                .where(AssetEvent.asset_id == asset_id)
                .order_by(AssetEvent.received_at, AssetEvent.n)
            )
            return [(kind, data) for kind, data in rows]

    def withdraw(self, asset_id: int, reason: str = "worn out", login: str = "logistics_officer") -> None:
        with self.by(login) as (session, actor):
            service.withdraw(session, actor, session.get_one(Asset, asset_id), reason, self.clock.now)

    def put_back(self, asset_id: int, reason: str = "repaired", login: str = "logistics_officer") -> None:
        with self.by(login) as (session, actor):
            service.put_back(session, actor, session.get_one(Asset, asset_id), reason, self.clock.now)

    def report_loss(self, asset_id: int, login: str = "officer", lost_on: date = TODAY) -> int:
        with self.by(login) as (session, actor):
            asset = session.get_one(Asset, asset_id)
            case = service.report_loss(
                session, actor, asset, lost_on=lost_on, circumstances="Not in the van", now=self.clock.now
            )
            return case.id

    def inquire(self, case_id: int, login: str = "logistics_officer") -> None:
        with self.by(login) as (session, actor):
            case = queries.loss_case(session, actor, case_id)
            service.open_inquiry(session, actor, case, inquiry_by="Commission 5", opened_on=TODAY, now=self.clock.now)

    def settle(self, case_id: int, decision: str, login: str = "coordinator", **more: Any) -> None:
        values: dict[str, Any] = {"decided_on": TODAY, "paper_number": "P-7", **more}
        result = values.pop("inquiry_result", "Stolen from the yard")
        with self.by(login) as (session, actor):
            case = queries.loss_case(session, actor, case_id)
            given = service.LossDecision(decision, **values)
            service.decide_loss(session, actor, case, given, inquiry_result=result, now=self.clock.now)

    def propose(self, asset_id: int, trigger: str = "age", login: str = "logistics_officer") -> int:
        with self.by(login) as (session, actor):
            asset = session.get_one(Asset, asset_id)
            case = service.propose_disposal(
                session, actor, asset, trigger=trigger, assessment="Frame cracked", now=self.clock.now
            )
            return case.id

    def approve(self, case_id: int, method: str = "sale", login: str = "coordinator") -> None:
        with self.by(login) as (session, actor):
            case = queries.disposal_case(session, actor, case_id)
            service.approve_disposal(session, actor, case, service.Decision("B-12", TODAY, method), self.clock.now)

    def reject(self, case_id: int, login: str = "coordinator") -> None:
        with self.by(login) as (session, actor):
            case = queries.disposal_case(session, actor, case_id)
            service.reject_disposal(session, actor, case, service.Decision("B-13", TODAY), self.clock.now)

    def reverse(self, case_id: int, login: str = "coordinator") -> None:
        with self.by(login) as (session, actor):
            case = queries.disposal_case(session, actor, case_id)
            service.reverse_disposal(session, actor, case, "Wrong vehicle", self.clock.now)

    def carry_out(self, case_id: int, login: str = "logistics_officer", **more: Any) -> None:
        values: dict[str, Any] = {
            "carried_out_on": TODAY, "paper_number": "C-1", "recipient": "A buyer", "proceeds": Decimal(100), **more,
        }  # fmt: skip
        with self.by(login) as (session, actor):
            case = queries.disposal_case(session, actor, case_id)
            service.carry_out_disposal(session, actor, case, service.CarriedOut(**values), self.clock.now)


@pytest.fixture
def ending(app: App, world: World, clock: Clock) -> Ending:
    return Ending(app, world, clock)
