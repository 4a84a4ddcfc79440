"""Fixtures for the doors of operations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from assets.core.app import App
from tests.support.custody import Custody, new_asset
from tests.support.operations import Operations
from tests.support.world import Clock, World


@pytest.fixture
def operations(app: App, world: World, clock: Clock) -> Operations:
    return Operations(app, world, clock)


@pytest.fixture
def custody(app: App, world: World, clock: Clock) -> Custody:
    return Custody(app, world, clock)


@pytest.fixture
def issued(app: App, clock: Clock, custody: Custody) -> Callable[..., str]:
    """An asset of Tashkent that was issued two hours ago; answers its code."""

    def make(class_code: str = "search.mirror_uvss") -> str:
        code = partial(new_asset, app, clock.now)(class_code)
        custody.issue(code, "P-001", occurrence=custody.occurrence(timedelta(hours=2)))
        return code

    return make
