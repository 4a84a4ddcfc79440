"""The measurements run on small sizes, name every promised figure, and measure work that was really done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assets.bench.labels import MEASURED
from assets.labels.layouts import LAYOUTS

PAGES = ("first_page", "filtered", "search_serial", "search_cyrillic", "asset_page", "api_list")
MESSAGES = 300

pytestmark = pytest.mark.e2e


def bench(subject: str, folder: Path, **sizes: int) -> subprocess.CompletedProcess[str]:
    """`assets bench SUBJECT --json`, as a person would run it, working in `folder`; its environment has the sizes."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ASSETS_", "BENCH_"))}
    environment |= {f"BENCH_{name.upper()}": str(value) for name, value in sizes.items()}
    environment["TMPDIR"] = str(folder)
    command = [sys.executable, "-m", "assets", "bench", subject, "--json"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400, check=False)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of this measurement alone (short: sockets lie in it), which it leaves empty."""
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        # PostgreSQL runs as a user of its own when the measurement runs as root.
        Path(name).chmod(0o755)
        yield Path(name)
        assert not list(Path(name).iterdir()), "a measurement clears up after itself"


def figures(subject: str, folder: Path, **sizes: int) -> dict[str, Any]:
    """The figures that it printed."""
    ended = bench(subject, folder, **sizes)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_labels_are_timed_on_each_layout_and_all_of_them_printed(folder: Path) -> None:
    found = figures("labels", folder, labels=70)
    assert found["labels"] == 70
    for name in MEASURED:
        layout = LAYOUTS[name]
        assert found[f"{name}_seconds"] > 0
        assert found[f"{name}_pages"] == -(-70 // layout.cells)


def test_each_page_of_the_register_is_timed_and_takes_ten_statements_at_most(folder: Path) -> None:
    found = figures("register", folder, assets=150, requests=4)
    assert (found["assets"], found["requests"]) == (150, 4)
    for page in PAGES:
        assert 0 < found[f"{page}_p50_ms"] <= found[f"{page}_p95_ms"]
        assert found[f"{page}_cpu_p95_ms"] > 0
        assert 1 <= found[f"{page}_statements"] <= 10


def test_readiness_is_timed_and_takes_ten_statements_at_most(folder: Path) -> None:
    found = figures("readiness", folder, assets=60, requests=3)
    assert found["assets"] == 60
    for page in ("page", "one_unit", "items", "api", "home"):
        assert 0 < found[f"{page}_p50_ms"] <= found[f"{page}_p95_ms"]
        assert 1 <= found[f"{page}_statements"] <= 10


def test_a_summary_is_rendered_from_a_programme_made_for_it(folder: Path) -> None:
    found = figures("summary", folder, summary_assets=30)
    assert found["source"] == "made for it"
    assert 0 < found["seconds"] <= found["slowest_seconds"]
    assert found["pdf_bytes"] > 10_000


@pytest.mark.slow
def test_ingest_is_measured_beside_the_others_and_every_message_is_stored(folder: Path) -> None:
    found = figures("ingest", folder, messages=MESSAGES, rounds=1, trackers=210, probes=3)
    for name in ("sqlite_per_paho", "sqlite_per_c", "postgresql_per_sqlite", "ten_per_one_samples"):
        assert found[name] > 0
    ours = ("sqlite", "postgresql", "ten", "sqlite_few_trackers", "sqlite_many_trackers")
    for name in ("c", "paho", *ours):
        assert found[f"{name}_messages_per_s"] > 0
        assert found[f"{name}_cpu_us_per_message"] >= 0
    for load in (10, 50, 90):
        assert 0 < found[f"latency_p50_ms_at_{load}_percent"] <= found[f"latency_p99_ms_at_{load}_percent"]
    # One sample in each message of four, ten of two (SQLite and PostgreSQL), twenty of one.
    assert found["samples_stored"] == found["samples_sent"] == MESSAGES * (4 + 2 * 10 + 20)
    assert 0 < found["memory_mb"] <= 200


@pytest.mark.parametrize("text", ["0", "-5", "many", "1e3"])
def test_a_size_that_is_none_is_refused_with_its_name(text: str) -> None:
    environment = os.environ | {"BENCH_LABELS": text}
    command = [sys.executable, "-m", "assets", "bench", "labels"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "BENCH_LABELS" in ended.stderr
    assert not ended.stdout
