"""Fixtures for the doors of operations."""

from __future__ import annotations

import pytest

from assets.core.app import App
from tests.support.operations import Operations
from tests.support.world import Clock, World


@pytest.fixture
def operations(app: App, world: World, clock: Clock) -> Operations:
    return Operations(app, world, clock)
