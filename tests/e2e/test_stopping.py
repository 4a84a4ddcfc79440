"""`assets serve` ends soon after it is told to, whatever browsers hold open, and nothing has to be killed."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from assets.cli.supervisor import STOP_S
from tests.e2e.conftest import await_health, free_port
from tests.support.office import ROOT

pytestmark = pytest.mark.e2e


def test_everything_ends_soon_though_browsers_hold_connections(tmp_path: Path) -> None:
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ASSETS_")}
    environment |= {"ASSETS_DATA_DIR": str(tmp_path / "data"), "ASSETS_MQTT_LISTEN": "127.0.0.1:0"}
    command = [sys.executable, "-m", "assets", "serve", "--listen", f"127.0.0.1:{port}"]
    log = tmp_path / "serve.log"
    with log.open("wb") as target:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=target, stderr=target)
    with ExitStack() as held:
        held.callback(process.wait)
        held.callback(process.kill)
        await_health(process, f"http://127.0.0.1:{port}", 120)
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        held.callback(kept.close)
        kept.request("GET", "/login")
        assert kept.getresponse().read()
        for _ in range(4):  # browsers open connections ahead
            held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
        kept.request("GET", "/login")
        assert kept.getresponse().read(), "the server has come to the later connections too"
        told_at = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        took_s = time.monotonic() - told_at
    said = log.read_text()
    assert "is killed" not in said
    assert said.rstrip().splitlines()[-1].split(": ")[1].startswith("broker ended"), "ingest first, then the broker"
    assert took_s < STOP_S, said
