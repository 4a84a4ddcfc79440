"""A command on a data directory that was never set up says so and makes nothing, unless an office begins with it."""

from __future__ import annotations

import io
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from assets.cli import run

BEGINNING = ["account", "add", "chief", "--role", "administrator", "--password-stdin"]
PASSWORD = "Sinov-idorasi-2026"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where somebody stands, without any setting."""
    for name in [name for name in os.environ if name.startswith("ASSETS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        "web", "ingest", "scheduler", "broker", "metrics", "journal verify", "journal anchor", "account list",
        "account end chief", "token add chief", "job list", "imports list", "tracker list",
        "summary list", "backup", "backup --print-key", "db check", "db downgrade", "setup --next",
        "export whole -o all.zip",
    ],
)  # fmt: skip
@pytest.mark.parametrize("named", [True, False])
def test_missing_data_directory_is_refused_and_none_is_made(
    command: str, named: bool, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = folder / ("elsewhere" if named else "var")
    if named:
        monkeypatch.setenv("ASSETS_DATA_DIR", str(place))
    assert run(command.split()) == 1
    told = capsys.readouterr().err
    assert f"{place} was never set up" in told
    assert "ASSETS_DATA_DIR" in told
    assert "assets setup" in told
    assert list(folder.iterdir()) == []


def test_database_without_tables_is_refused_as_well(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "var").mkdir()
    with closing(sqlite3.connect(folder / "var" / "assets.db")) as connection:
        connection.execute("CREATE TABLE other (id INTEGER)")
    assert run(["account", "list"]) == 1
    assert "was never set up" in capsys.readouterr().err


@pytest.mark.parametrize("named", [True, False])
def test_office_may_begin_with_its_first_account_and_that_is_said(
    named: bool, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = folder / ("office" if named else "var")
    if named:
        monkeypatch.setenv("ASSETS_DATA_DIR", str(place))
    assert run(BEGINNING) == 0
    assert f"new, empty office was begun in {place}" in capsys.readouterr().err
    assert run(["account", "list"]) == 0
    told = capsys.readouterr()
    assert "chief" in told.out
    assert "begun" not in told.err
