"""Vehicles, and what is entered of them by a login, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.app import App
from assets.registry.models import Asset, AssetEvent, Meter
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import Occurrence
from assets.vehicles import service
from assets.vehicles.models import FuelFill, VehiclePaper
from assets.vehicles.queries.entries import entry_by_id
from assets.vehicles.rules.entries import AccidentGiven, FillGiven, PaperGiven
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World


@dataclass
class Garage:
    """What people enter of vehicles."""

    app: App
    world: World
    clock: Clock

    @contextmanager
    def by(self, login: str) -> Iterator[tuple[Session, Actor]]:
        actor = self.world.actors[login]
        with self.app.transaction(actor, self.clock.now) as session:
            yield session, actor

    def vehicle(self, class_code: str = "vehicle.patrol", unit: str = "IMT-TK", life: str = "in_service") -> str:
        with self.app.transaction(SETUP, self.clock.now) as session:
            return put_asset(session, self.world, class_code, self.clock.now, unit=unit, life=life, plans=False).code

    def fill(
        self,
        code: str,
        litres: int = 40,
        km: int | None = None,
        *,
        full: bool = True,
        at: datetime | None = None,
        login: str = "officer",
        **more: Any,
    ) -> int:
        with self.by(login) as (session, actor):
            at = at or self.clock.now
            asset = asset_by_code(session, actor, code)
            given = FillGiven(at, Decimal(litres), full, None if km is None else Decimal(km), **more)
            return service.enter_fill(session, actor, asset, given, Occurrence(at, self.clock.now), self.clock.now).id

    def correct_fill(
        self, fill_id: int, km: int | None = None, *, litres: int = 40, void: bool = False, login: str = "officer"
    ) -> int:
        with self.by(login) as (session, actor):
            wrong = entry_by_id(session, actor, FuelFill, fill_id, lock=True)
            given = FillGiven(wrong.at, Decimal(litres), True, None if km is None else Decimal(km))
            why = service.Correction("misread the meter", void)
            return service.correct_fill(session, actor, wrong, None if void else given, why, self.clock.now).id

    def paper(
        self, code: str, first: date, last: date, kind: str = "insurance", login: str = "logistics_officer", **more: Any
    ) -> int:
        with self.by(login) as (session, actor):
            given = PaperGiven(kind, first, last, **more)
            happened = Occurrence(self.clock.now, self.clock.now)
            asset = asset_by_code(session, actor, code)
            return service.enter_paper(session, actor, asset, given, happened, self.clock.now).id

    def void_paper(self, paper_id: int) -> None:
        with self.by("logistics_officer") as (session, actor):
            wrong = entry_by_id(session, actor, VehiclePaper, paper_id, lock=True)
            service.correct_paper(
                session, actor, wrong, None, service.Correction("another car's", True), self.clock.now
            )

    def accident(self, code: str, login: str = "officer", **more: Any) -> int:
        with self.by(login) as (session, actor):
            given = AccidentGiven(self.clock.now - timedelta(hours=1), "Hit a post", injured=False, damage="Bumper")
            happened = Occurrence(given.at, self.clock.now)
            asset = asset_by_code(session, actor, code)
            return service.report_accident(session, actor, asset, given, happened, self.clock.now, **more).id

    def odometer(self, code: str) -> Decimal | None:
        with self.app.reading() as session:
            return session.scalar(
                select(Meter.value).join(Asset).where(Asset.code == code, Meter.kind == "odometer_km")
            )

    def told(self, code: str) -> list[str]:
        with self.app.reading() as session:
            return list(
                session.scalars(
                    select(AssetEvent.kind)
                    .join(AssetEvent.asset)
                    .where(Asset.code == code)
                    .order_by(AssetEvent.received_at, AssetEvent.occurred_at)
                )
            )


@pytest.fixture
def garage(app: App, world: World, clock: Clock) -> Garage:
    return Garage(app, world, clock)
