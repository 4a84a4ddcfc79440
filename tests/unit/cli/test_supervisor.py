"""Stopping: every part is told at once, the broker after them, and nobody can hold it up for long."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assets.cli.supervisor import Part, end, tend

# Says that it is ready; at SIGTERM it notes when, meets another part if it is to, and ends, or never does.
CHILD = """
import signal, sys, time
from pathlib import Path
folder, name, manner = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
def told(*_):
    (folder / f"{name}.told").write_text(repr(time.monotonic()))
    if manner in ("r", "w"):
        open(folder / "meeting", manner).close()  # a named pipe opens when both ends are there
    if manner != "never":
        (folder / f"{name}.ended").write_text(repr(time.monotonic()))
        sys.exit(0)
signal.signal(signal.SIGTERM, told)
print("ready", flush=True)
while True:
    signal.pause()
"""
Start = Callable[..., Part]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a part that ends in such a manner, and waits until it runs."""
    started: list[subprocess.Popen[bytes]] = []
    os.mkfifo(tmp_path / "meeting")

    def make(name: str, manner: str = "at once", *, ends_last: bool = False) -> Part:
        command = [sys.executable, "-c", CHILD, str(tmp_path), name, manner]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n", "the child did not start"
        return Part(name, command, ends_last=ends_last, process=process)

    yield make
    for process in started:
        process.kill()
        process.communicate()


def at(folder: Path, what: str) -> float:
    return float((folder / what).read_text())


def test_broker_is_told_after_everybody_else_has_ended(start: Start, tmp_path: Path) -> None:
    parts = [start("broker", ends_last=True), start("web", "r"), start("ingest", "w")]
    end(parts)
    assert [part.process.returncode for part in parts if part.process] == [0, 0, 0], "those two end side by side"
    assert at(tmp_path, "broker.told") > max(at(tmp_path, "web.ended"), at(tmp_path, "ingest.ended"))


def test_part_that_does_not_end_is_killed_in_time_and_the_rest_ends_well(start: Start) -> None:
    parts = [start("broker", ends_last=True), start("web", "never"), start("ingest")]
    began_at = time.monotonic()
    end(parts, within_s=1.0)
    assert time.monotonic() - began_at < 5.0
    assert [part.process.returncode for part in parts if part.process] == [0, -9, 0]


def test_part_that_died_before_holds_nothing_up(start: Start) -> None:
    gone, web = start("ingest", "never"), start("web")
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
