"""Fixtures for shifts: assets of the small world, and who does what with them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from assets.core.app import App
from tests.support.custody import Custody, new_asset
from tests.support.world import Clock, World


@pytest.fixture
def custody(app: App, world: World, clock: Clock) -> Custody:
    return Custody(app, world, clock)


@pytest.fixture
def make(app: App, world: World, clock: Clock) -> Callable[..., str]:
    """Registers an asset in service (an inspection mirror of Tashkent unless said otherwise); answers its code."""
    return partial(new_asset, app, clock.now)
