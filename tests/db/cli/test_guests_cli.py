"""Guests from the command line: the topics of their own form, and a password only where a login was made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from assets.bootstrap import build_app
from assets.cli import run
from assets.core.app import App
from assets.settings import Settings
from assets.telemetry.models import GuestBinding
from tests.support.care import put_asset
from tests.support.tables import create_tables
from tests.support.world import SETUP, build_world


@pytest.fixture
def codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An office of its own with vehicles, as the command line finds it."""
    monkeypatch.setenv("ASSETS_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("ASSETS_DATABASE_URL", raising=False)
    app: App = build_app(Settings(data_dir=tmp_path))
    create_tables(app)
    world, now = build_world(app, app.clock()), app.clock()
    with app.transaction(SETUP, now) as session:
        made = [put_asset(session, world, "vehicle.patrol", now, plans=False).code for _ in range(4)]
    app.close()
    return made


def _added(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["tracker", "add", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_each_form_is_printed_with_its_own_topics(codes: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    phone = _added(capsys, "car7", "--asset", codes[0], "--guest", "owntracks")
    device = _added(capsys, "fmb1", "--asset", codes[1], "--guest", "teltonika", "--set", "imei=356307042441013")
    server = _added(capsys, "v1", "--asset", codes[2], "--guest", "traccar", "--account", "hq", "--device", "D-1")
    assert phone["topics"] == {"publish": ["owntracks/car7/car7", "owntracks/car7/car7/#"], "subscribe": []}
    assert device["topics"]["publish"] == ["teltonika/356307042441013/data"]
    assert server["topics"]["publish"] == ["traccar/positions"]
    assert [each["username"] for each in (phone, device, server)] == ["car7", "fmb1", "hq"]
    assert all(len(each["password"]) == 32 for each in (phone, device, server))


def test_tracker_that_joins_a_login_is_given_no_password(codes: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    _added(capsys, "v1", "--asset", codes[0], "--guest", "traccar", "--account", "hq", "--device", "D-1")
    capsys.readouterr()
    assert run(["tracker", "add", "v2", "--asset", codes[1], "--guest", "traccar", "--account", "hq"]) == 0
    shown = capsys.readouterr().out
    assert "username  hq" in shown
    assert "the one of the login, which stands already" in shown
    assert run(["tracker", "add", "v3", "--asset", codes[2], "--guest", "owntracks", "--account", "hq"]) == 1
    assert "hq" in capsys.readouterr().err


def test_sheet_of_devices_is_bound_to_one_login_of_their_server(
    codes: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "devices.csv"
    rows = [f"v{n},{code},traccar,hq,86900000000000{n}" for n, code in enumerate(codes)]
    sheet.write_text("\n".join(["id,asset,guest,account,device", *rows]))
    capsys.readouterr()
    assert run(["import", "trackers", str(sheet), "--json"]) == 0
    secrets = [row.get("secret") for row in json.loads(capsys.readouterr().out)["rows"]]
    assert [bool(secret) for secret in secrets] == [True, False, False, False]
    app = build_app(Settings(data_dir=tmp_path))
    with app.reading() as session:
        sources = session.scalars(select(GuestBinding.source).order_by(GuestBinding.source)).all()
    app.close()
    assert sources == [f"traccar/positions#86900000000000{n}" for n in range(4)]
