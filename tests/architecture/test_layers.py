"""The layers of the house hold, and breaking one is noticed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [
        str(Path(sys.executable).with_name("lint-imports")), "--config", str(folder / "pyproject.toml"), "--no-cache",
    ]  # fmt: skip
    # The folder comes first on the path, so that a broken copy is judged and not the checkout.
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(folder), "PATH": ""}
    )


def test_imports_go_downwards_only() -> None:
    answer = _lint(ROOT)
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("assets/core/clock.py", "import assets.people.models"),
        ("assets/registry/scope.py", "import flask"),
        ("assets/custody/service/__init__.py", "import paho.mqtt.client"),
        ("assets/telemetry/topics.py", "import sqlalchemy"),
        ("assets/labels/token.py", "import assets.registry.models"),
        ("firmware_stubs/tracker/wire.py", "import assets.telemetry.messages"),
        ("assets/people/rules.py", "import assets.people.models"),
    ],
)
def test_breaking_a_layer_is_caught(path: str, line: str, tmp_path: Path) -> None:
    for name in ("assets", "firmware_stubs"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("static", "templates", "__pycache__", "*.pyc")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / path
    if not target.exists():
        target = target.parent.with_suffix(".py")
    target.write_text(f"{target.read_text()}\n\ndef _broken() -> None:\n    {line}\n")
    answer = _lint(tmp_path)
    assert answer.returncode == 1, f"{line} in {path} was not noticed"
