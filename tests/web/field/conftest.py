"""Fixtures for bad input in the field: assets to aim at, and a count of everything that its doors write."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import func, select

from assets.core.app import App
from assets.core.idempotency import CommandReceipt
from assets.custody.models import TransferStep
from assets.documents.models import Document
from assets.registry.models import AssetEvent, Label, StockLot
from assets.vehicles.models import Accident, FuelFill, VehiclePaper
from tests.support.custody import new_asset
from tests.support.world import Clock, World

WRITTEN = (AssetEvent, CommandReceipt, TransferStep, Label, StockLot, FuelFill, VehiclePaper, Accident, Document)


@pytest.fixture
def make(app: App, world: World, clock: Clock) -> Callable[..., str]:
    """Registers an asset in service (an inspection mirror of Tashkent unless said otherwise); answers its code."""
    return partial(new_asset, app, clock.now)


@pytest.fixture
def rows(app: App) -> Callable[[], tuple[int, ...]]:
    """How many rows each table has that the doors of the field write to."""

    def counted() -> tuple[int, ...]:
        with app.reading() as session:
            return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in WRITTEN)

    return counted
