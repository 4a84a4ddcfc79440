"""An asset made through the gate and a store of consumables, for the tests of the registry."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assets.core.actor import Actor
from assets.core.app import App
from assets.registry.models import Asset
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.service.assets import register_asset
from tests.support.lots import Store
from tests.support.world import SETUP, Clock, World


@pytest.fixture
def store(app: App, world: World, clock: Clock) -> Store:
    return Store(app, world, clock)


@pytest.fixture
def make_asset(app: App, world: World, clock: Clock) -> Callable[..., Asset]:
    """Registers an asset as `actor` (the set-up, unless given) with the API's field names."""
    assert world.units

    def make(actor: Actor = SETUP, **values: object) -> Asset:
        given = {"class": "ident.raman", "unit": "IMT-TK", **{k.rstrip("_"): v for k, v in values.items()}}
        with app.transaction(actor, clock.now) as session:
            return register_asset(session, actor, parse_asset(given), clock.now)

    return make
