"""The demonstration looks for its port before it is built, and its vehicles start when the broker answers."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from assets.cli import run
from assets.cli.demonstration import broker_answers
from assets.settings import Settings


def test_taken_port_is_told_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("ASSETS_")]:
        monkeypatch.delenv(name)
    for key, value in (("DATA_DIR", ""), ("BASE_URL", "http://127.0.0.1:8000"), ("MQTT_LISTEN", "127.0.0.1:0")):
        monkeypatch.setenv(f"ASSETS_{key}", value)  # the command sets them for its parts
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["demo", "--port", str(port), "--data-dir", str(tmp_path / "demo")]) == 1
    told = capsys.readouterr().err
    assert f"--port: 127.0.0.1:{port} cannot be used" in told
    assert "make demo PORT=N" in told
    assert not (tmp_path / "demo").exists()


def test_vehicles_wait_for_our_own_broker(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert not broker_answers(settings)
    (tmp_path / "broker").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as broker:
        place = {"host": "127.0.0.1", "port": broker.getsockname()[1], "ingest_port": 1}
        (tmp_path / "broker" / "listening.json").write_text(json.dumps(place))
        assert broker_answers(settings)
    assert not broker_answers(settings)
    assert broker_answers(Settings(data_dir=tmp_path, mqtt_url="mqtt://elsewhere:1883")), "that one is not ours"
