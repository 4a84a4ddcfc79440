"""A tracker's year by the command line, with a running broker: described, moved, distrusted, given a new secret."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from assets.cli import run
from assets.labels.token import format_code
from assets.telemetry.models import Tracker, TrackerDistrust, TrackerInstallation, TrackerRotation
from tests.mqtt.test_doors import NOT_AUTHORISED, Doors, _opened
from tests.support.care import put_asset
from tests.support.world import SETUP

Told = Callable[..., tuple[int, str, str]]


@pytest.fixture
def doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    made = _opened(tmp_path)
    for name in [name for name in os.environ if name.startswith("ASSETS_")]:
        monkeypatch.delenv(name)
    settings = made.site.app.settings
    monkeypatch.setenv("ASSETS_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("ASSETS_MQTT_TLS_LISTEN", settings.mqtt_tls_listen)
    monkeypatch.setenv("ASSETS_TLS_NAMES", "assets.local")
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def assets(capsys: pytest.CaptureFixture[str]) -> Told:
    def told(*arguments: str) -> tuple[int, str, str]:
        code = run(["tracker", *arguments])
        return code, *capsys.readouterr()

    return told


def _row(doors: Doors, table: Any) -> Any:
    with doors.site.app.reading() as session:
        return session.scalars(select(table).order_by(table.id.desc())).first()


def test_made_with_its_numbers_a_sheet_and_where_to_connect(doors: Doors, assets: Told, tmp_path: Path) -> None:
    with doors.site.app.transaction(SETUP) as session:
        now = doors.site.app.clock()
        first, second = (
            format_code(put_asset(session, doors.world, "vehicle.patrol", now, plans=False).code) for _ in range(2)
        )
    assert assets("add", "t9", "--asset", first, "--since", "2026-11-01T10:00", "--set", "note=under the dash")[0] == 0
    refused = assets("add", "t8", "--asset", first)
    assert refused[0] == 1
    assert "t9" in refused[2]
    moved = assets("move", "t1", "--asset", second, "--correct")
    assert moved[0] == 0, moved
    assert assets("describe", "t1", "--set", "imei=123")[0] == 1
    described = assets("describe", "t1", "--set", "imei=490154203237518", "--set", "vendor=Teltonika", "--json")
    assert json.loads(described[1])["imei"] == "490154203237518"
    sheet = tmp_path / "sheet.pdf"
    code_, out, _ = assets("rotate", "t1", "--sheet", str(sheet), "--lang", "uz", "--json")
    shown = json.loads(out)
    assert code_ == 0
    assert (shown["tls"], shown["port"]) == (True, doors.listening.tls_port)
    assert shown["authority"].startswith("-----BEGIN CERTIFICATE-----")
    assert sheet.read_bytes().startswith(b"%PDF")
    assert sheet.stat().st_mode & 0o077 == 0
    sent = doors.publish("-u", "t1", "-P", shown["password"], "-t", "imt/v1/t1/hello")
    assert sent.returncode == 0


def test_revoked_and_not_believed_until_taken_back(doors: Doors, assets: Told) -> None:
    assert assets("revoke", "t2")[0] == 0
    assert doors.publish(*doors.signed_in("t2"), "-t", "imt/v1/t2/hello").returncode == NOT_AUTHORISED
    assert assets("untrusted", "t2", "--since", "2026-11-01T10:00", "--reason", "stolen")[0] == 0
    assert _row(doors, TrackerDistrust).reason == "stolen"
    assert assets("untrusted", "t2", "--reason", "stolen")[0] == 1
    assert assets("trusted", "t2", "--reason", "found in the workshop")[0] == 0
    assert _row(doors, TrackerDistrust).taken_back_because == "found in the workshop"


def test_another_secret_by_command_shows_nobody_the_secret(doors: Doors, assets: Told) -> None:
    code, out, _ = assets("rotate", "t1", "--by-command", "--json")
    assert code == 0
    assert set(json.loads(out)) == {"tracker", "command"}
    assert _row(doors, TrackerRotation).command_uuid == json.loads(out)["command"]
    assert doors.publish(*doors.signed_in("t1"), "-t", "imt/v1/t1/hello").returncode == 0
    assert assets("rotate", "t1", "--by-command")[0] == 1, "one at a time"


def test_plain_words_tell_what_the_installer_needs(doors: Doors, assets: Told) -> None:
    with doors.site.app.reading() as session:
        assert session.scalars(select(TrackerInstallation)).first() is not None
        assert session.get(Tracker, "t1") is not None
    code, out, _ = assets("rotate", "t1")
    assert code == 0
    assert f":{doors.listening.tls_port}, TLS" in out
    assert "SHA-256" in out
    assert "cannot be shown again" in out
