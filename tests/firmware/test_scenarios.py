"""The same core under CPython and under MicroPython: each scenario holds in both, and both say the same."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
VENDOR = HERE / "vendor" / "micropython-webassembly-1.27.0"
CUTS = 1 if os.environ.get("SOAK") else 16  # MicroPython takes two minutes for each byte; CPython does it always


def plain(line: str) -> str:
    """A line with the keys of its JSON in order: MicroPython's dictionaries keep none."""
    start = min((at for at in (line.find("{"), line.find("[")) if at >= 0), default=len(line))
    return line[:start] + (json.dumps(json.loads(line[start:]), sort_keys=True) if line[start:] else "")


def cpython(name: str, *arguments: int) -> list[str]:
    said: list[str] = []
    importlib.import_module(f"tests.firmware.scenarios.{name}").run(said.append, *arguments)
    return said


def micropython(name: str, *arguments: int) -> list[str]:
    call = f"scenario.run({', '.join(['print', *map(str, arguments)])})"
    done = subprocess.run(
        ["node", str(HERE / "run.mjs"), str(ROOT), name, call],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", ["arithmetic", "drive", "orders", "modem", "partition"])
def test_both_interpreters_say_the_same(name: str) -> None:
    said = cpython(name)
    assert said
    assert [plain(line) for line in micropython(name)] == [plain(line) for line in said]


def test_a_power_cut_at_any_byte_of_200_records_loses_and_invents_nothing() -> None:
    first, counts = cpython("power_cut")
    assert first.startswith("samples 200, ")
    assert int(counts.split()[1].rstrip(",")) > 10_000


def test_a_power_cut_loses_and_invents_nothing_under_micropython() -> None:
    assert micropython("power_cut", CUTS) == cpython("power_cut", CUTS)


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("micropython.mjs", "c2be87e7ba24e3b47d133022b009a66bff07f4720aa23d816d216ef8cc47014c"),
        ("micropython.wasm", "06338c955b03c5700aa0069015d3e392d76836ef8e2ce25bedbe59b88ccd373c"),
    ],
)
def test_the_interpreter_is_the_published_one(name: str, digest: str) -> None:
    """Of the npm package @micropython/micropython-webassembly-pyscript 1.27.0, unchanged."""
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
