"""Gauges for Prometheus: what is known, and nothing about anyone."""

from __future__ import annotations

import re

from assets.cli.gauges import text
from assets.core.app import App
from tests.support.world import World


def test_gauges_are_numbers_and_name_nobody(app: App, world: World) -> None:
    lines = [line for line in text(app).splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"assets_[a-z_]+ -?[0-9.e+]+", line) for line in lines)
    values = dict(line.split() for line in lines)
    assert float(values["assets_journal_entries"]) > 30
    assert values["assets_samples_stored"] == "0"
    assert "assets_ingest_commit_age_seconds" not in values, "unknown is not 0"
