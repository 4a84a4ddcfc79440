"""Setting up ends with commands that can be typed as they stand."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from assets.cli.setup.following import called_as


def test_command_is_told_as_it_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "assets").write_text("#!/bin/sh\n")
    (tmp_path / "assets").chmod(0o700)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", [".venv/bin/assets", "setup"])
    assert called_as() == ".venv/bin/assets"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert called_as() == ".venv/bin/assets", "that one is another program"
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "assets"), "setup"])
    assert called_as() == "assets"
    monkeypatch.setattr(sys, "argv", ["/opt/assets/assets/__main__.py", "setup"])
    assert called_as() == f"{sys.executable} -m assets"
