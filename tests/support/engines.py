"""Engines kept from test to test: each compiles its statements anew, which takes longer than running them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from assets.bootstrap import build_app
from assets.core.app import App

ON_ONE_ENGINE = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
"""For a test of something that no database is asked about, or about which each says the same by another test."""


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
