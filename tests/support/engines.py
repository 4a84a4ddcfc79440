"""Engines kept from test to test: each compiles its statements anew, which takes longer than running them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

import pytest

from assets.bootstrap import build_app
from assets.core.app import App

ON_ONE_ENGINE = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
"""For a test of something that no database is asked about, or about which each says the same by another test."""

BOTH_ENGINES = "BOTH_ENGINES"
"""With this in the environment every test of the pages and the API runs on each engine, too."""


def one_engine_each(items: Iterable[pytest.Item]) -> set[str]:
    """The node ids of those that are left out so that each test runs on one engine: always the same, half on each.

    A test that is for one engine alone stays, and one that is marked `both_engines`.
    """
    by_name: dict[str, dict[str, str]] = {}
    for item in items:
        engine = item.callspec.params.get("app") if hasattr(item, "callspec") else None
        if isinstance(engine, str) and item.get_closest_marker("both_engines") is None:
            by_name.setdefault(item.nodeid.replace(engine, "", 1), {})[engine] = item.nodeid
    left_out = set()
    for name, found in by_name.items():
        if len(found) > 1:
            left_out.add(found[sorted(found)[crc32(name.encode()) % len(found)]])
    return left_out


class KeptEngines:
    """The engines of one worker, by kind; an application of a test works on its own rows through them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, App] = {}

    def given_to(self, built: App) -> App:
        """The application with the kept engines in place of its own; closing it closes their connections."""
        kind = built.main.dialect
        # Where the engines look for their files: a link to the data directory of the test that runs.
        place = self._folder / kind
        place.unlink(missing_ok=True)
        place.symlink_to(built.settings.data_dir)
        if kind not in self._kept:
            self._kept[kind] = _without_lock(build_app(dataclasses.replace(built.settings, data_dir=place)))
        return dataclasses.replace(built, main=self._kept[kind].main, telemetry=self._kept[kind].telemetry)


def _without_lock(app: App) -> App:
    """It stands for no process that works on the data directory."""
    if app.occupancy is not None:
        app.occupancy.close()
    return dataclasses.replace(app, occupancy=None)
