"""Stopping: every part is told at once, the broker after them, and nobody can hold it up for long."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assets.cli.supervisor import Part, end, tend

# Says that it is ready, and at SIGTERM when it was told and when it ends.
CHILD = """
import signal, sys, time
from pathlib import Path
folder, name, takes_s = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
def told(*_):
    (folder / f"{name}.told").write_text(repr(time.monotonic()))
    if takes_s >= 0:
        time.sleep(takes_s)
        (folder / f"{name}.ended").write_text(repr(time.monotonic()))
        sys.exit(0)
signal.signal(signal.SIGTERM, told)
(folder / f"{name}.ready").touch()
while True:
    signal.pause()
"""
NEVER = -1.0
Start = Callable[..., Part]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a part that takes so long to end, and waits until it runs."""
    started: list[subprocess.Popen[bytes]] = []

    def make(name: str, takes_s: float = 0.0, *, ends_last: bool = False) -> Part:
        command = [sys.executable, "-c", CHILD, str(tmp_path), name, str(takes_s)]
        part = Part(name, command, ends_last=ends_last, process=subprocess.Popen(command))
        assert part.process is not None
        started.append(part.process)
        deadline = time.monotonic() + 30
        while not (tmp_path / f"{name}.ready").exists():
            assert time.monotonic() < deadline, "the child did not start"
            time.sleep(0.02)
        return part

    yield make
    for process in started:
        process.kill()
        process.wait()


def at(folder: Path, what: str) -> float:
    return float((folder / what).read_text())


def test_broker_is_told_after_everybody_else_has_ended(start: Start, tmp_path: Path) -> None:
    parts = [start("broker", ends_last=True), start("web", 0.6), start("ingest", 0.3)]
    end(parts)
    assert [part.process.returncode for part in parts if part.process] == [0, 0, 0]
    assert at(tmp_path, "ingest.told") < at(tmp_path, "web.ended"), "they end side by side"
    assert at(tmp_path, "broker.told") > max(at(tmp_path, "web.ended"), at(tmp_path, "ingest.ended"))


def test_part_that_does_not_end_is_killed_in_time_and_the_rest_ends_well(start: Start) -> None:
    parts = [start("broker", ends_last=True), start("web", NEVER), start("ingest", 0.2)]
    began_at = time.monotonic()
    end(parts, within_s=1.0)
    assert time.monotonic() - began_at < 5.0
    assert [part.process.returncode for part in parts if part.process] == [0, -9, 0]


def test_part_that_died_before_holds_nothing_up(start: Start) -> None:
    gone, web = start("ingest", NEVER), start("web")
    assert gone.process is not None
    gone.process.kill()
    gone.process.wait()
    began_at = time.monotonic()
    end([gone, Part("scheduler", []), web])
    assert time.monotonic() - began_at < 5.0


def test_part_that_has_to_wait_starts_when_it_may(tmp_path: Path) -> None:
    came = tmp_path / "came"
    part = Part("late", [sys.executable, "-c", ""], may_start=came.exists)
    tend(part)
    assert not _runs(part)
    came.touch()
    tend(part)
    assert _runs(part)


def _runs(part: Part) -> bool:
    return part.process is not None and part.process.wait(30) == 0
