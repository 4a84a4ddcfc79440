"""The command line says in words which file is missing or not to be read, and which key and option help."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assets.cli import parser, run
from assets.safekeeping.keys import own_identity
from assets.settings import SettingsError


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("ASSETS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ASSETS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


@pytest.mark.parametrize(
    "command",
    [
        ("import", "assets"),
        ("import", "assets", "--dry-run"),
        ("reconcile",),
        ("summary", "verify"),
        ("setup", "--yes", "--database-url", "sqlite", "--base-url", "http://localhost", "--units"),
    ],
)
@pytest.mark.parametrize("place", ["list.xlsx", "no-folder/list.xlsx"])
def test_missing_file_is_named_with_the_folder_where_it_was_looked_for(
    command: tuple[str, ...], place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, place]) != 0
    told = capsys.readouterr().err
    folder = (tmp_path / place).parent
    assert "there is no file list.xlsx" in told
    assert (f"in {folder}" if place == "list.xlsx" else f"no folder {folder}") in told
    assert "Errno" not in told


def test_folder_in_the_place_of_a_file_is_said_to_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lists").mkdir()
    assert run(["import", "assets", "lists"]) == 1
    assert "lists is a folder; a file is expected" in capsys.readouterr().err


def test_restore_without_a_key_asks_for_the_printed_one_and_makes_none(
    tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "night.age").write_bytes(b"age-encryption.org/v1\n")
    assert run(["restore", "night.age"]) == 1
    told = capsys.readouterr().err
    assert "the key that was printed" in told
    assert "--key KEYFILE" in told
    assert "`assets backup`" not in told, "another key opens nothing"
    assert not data_dir.exists()
    with pytest.raises(SettingsError, match="printed"):
        own_identity(data_dir)


def test_going_back_over_a_backup_takes_the_reason_by_the_name_that_the_refusal_gives() -> None:
    for option in ("--older-than-anchor", "--even-so"):
        chosen = parser().parse_args(["db", "downgrade", "--from-backup", option, "the new program fails"])
        assert chosen.even_so == "the new program fails"
