"""Commands to trackers from the command line: given, listed, refused in words, and no secret in the arguments."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assets.bootstrap import build_app
from assets.cli import run
from assets.core.app import App
from assets.registry.models import Asset
from assets.settings import Settings
from assets.telemetry import commands
from assets.telemetry.provisioning import add_tracker
from tests.support.care import put_asset
from tests.support.tables import create_tables
from tests.support.world import SETUP, build_world

TRACKER = "imt-001"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """An office of its own with a tracker, as the command line finds it."""
    monkeypatch.setenv("ASSETS_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("ASSETS_DATABASE_URL", raising=False)
    app = build_app(Settings(data_dir=tmp_path))
    create_tables(app)
    world, now = build_world(app, app.clock()), app.clock()
    with app.transaction(SETUP, now) as session:
        made = put_asset(session, world, "vehicle.patrol", now, plans=False)
        add_tracker(session, TRACKER, session.get_one(Asset, made.id), now)
    yield app
    app.close()


def _listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert run(["tracker", "commands", TRACKER, "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_a_command_is_given_and_listed_with_what_became_of_it(office: App, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tracker", "command", TRACKER, "config", "--set", "moving_s=10", "--set", "parked_s=900"]) == 0
    assert run(["tracker", "command", TRACKER, "resend", "--set", "boot=17", "--set", "ranges=1-4,9"]) == 0
    commands.run_once(office, lambda _topic, _body: None, office.clock())
    rows = _listed(capsys)
    assert [(row["cmd"], row["args"], row["state"]) for row in rows] == [
        ("resend", {"boot": 17, "ranges": [[1, 4], [9, 9]]}, "sent"),
        ("config", {"moving_s": 10, "parked_s": 900}, "sent"),
    ]
    assert run(["tracker", "commands", TRACKER]) == 0
    assert "resend" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["config"], "Give at least one setting"),
        (["config", "--set", "moving_s"], "--set needs NAME=VALUE"),
        (["config", "--set", "moving_s=-1"], "moving_s is a whole number"),
        (["resend", "--set", "boot=1", "--set", "ranges=a-b"], "ranges of sample numbers"),
        (["server", "--set", "secret=n3w-s3cret"], "Others can read arguments"),
        (["locate", "--expires", "2001-01-01"], "An order ends after now"),
    ],
)
@pytest.mark.usefixtures("office")
def test_what_cannot_be_ordered_is_refused_in_words(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["tracker", "command", TRACKER, *arguments]) == 1
    assert words in capsys.readouterr().err
    assert _listed(capsys) == []


@pytest.mark.usefixtures("office")
def test_a_secret_is_taken_from_standard_input_and_shown_nowhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n3w-s3cret\n"))
    assert run(["tracker", "command", TRACKER, "server", "--set", "host=10.0.0.7", "--secret-stdin", "--json"]) == 0
    assert "n3w-s3cret" not in capsys.readouterr().out
    assert _listed(capsys)[0]["args"] == {"host": "10.0.0.7"}


@pytest.mark.usefixtures("office")
def test_an_unknown_tracker_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tracker", "command", "nobody", "locate"]) == 1
    assert run(["tracker", "commands", "nobody"]) == 1
    assert capsys.readouterr().err.count("There is no tracker nobody") == 2
