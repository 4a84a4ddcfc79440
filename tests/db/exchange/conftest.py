"""Sheets of radios, imports of them at once, and imports that are asked for and wait."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from assets.core.actor import Actor
from assets.core.app import App
from assets.exchange.imports import ImportReport, Mode, run_import
from assets.exchange.runs import ask_for_import
from assets.exchange.tables import read_table, write_xlsx
from tests.support.world import SETUP, Clock, World

Ask = Callable[..., int]


HEAD = ["class", "unit", "model", "serial_number", "vin", "value", "currency", "received_on"]


def sheet(*rows: list[object], head: list[str] | None = None) -> bytes:
    return write_xlsx(head or HEAD, rows)


def radio(n: int, unit: str = "IMT-TK") -> list[object]:
    return ["comms.radio", unit, "Motorola DP4400", f"SN-{n:05}", "", Decimal("350.50"), "USD", "2021-05-06"]


def count(app: App, model: type) -> int:
    with app.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def load(app: App, world: World, clock: Clock) -> Callable[..., ImportReport]:
    def run(
        content: bytes, mode: Mode = Mode.SAVE_VALID, *, kind: str = "assets", login: str = "logistics_officer",
        name: str = "sheet.xlsx",
    ) -> ImportReport:  # fmt: skip
        actor: Actor = SETUP if login == "system" else world.actors[login]
        return run_import(app, actor, kind, read_table(name, content), mode, clock.now)

    return run


@pytest.fixture
def ask(app: App, world: World, clock: Clock) -> Ask:
    def new(
        content: bytes, mode: Mode = Mode.SAVE_VALID, *, kind: str = "assets", login: str = "logistics_officer"
    ) -> int:
        actor = world.actors[login]
        with app.transaction(actor, clock.now) as session:
            return ask_for_import(app, session, actor, kind, "t.csv", content, mode, clock.now).id

    return new
