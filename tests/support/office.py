"""An office of its own for whole-process tests: `assets serve` on a free port, spoken to by command line and API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from assets.telemetry.rebuild import LONGEST_REST_S

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Sinov-idorasi-2026"
START_S = 120


@dataclass
class Office:
    """Its address, environment and an administrator's and a coordinator's token."""

    address: str
    environment: dict[str, str]
    tokens: dict[str, str]

    def assets(self, *arguments: str, given: str = "") -> str:
        """Run a command; its standard output."""
        done = subprocess.run(
            [sys.executable, "-m", "assets", *arguments], cwd=ROOT, env=self.environment, input=given,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"assets {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def call(self, path: str, body: Any = None, *, login: str = "coordinator", **query: Any) -> Any:
        """A call of the API as `login`; the parsed answer."""
        address = f"{self.address}/api/v1{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Authorization": f"Bearer {self.tokens[login]}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(address, data=data, headers=headers), timeout=30) as answer:
                return json.loads(answer.read())
        except HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read().decode()}") from error

    def add_account(self, login: str, role: str, *scope: str) -> None:
        """An account with a token."""
        self.assets("account", "add", login, "--role", role, *scope, "--password-stdin", given=f"{PASSWORD}\n")
        self.tokens[login] = json.loads(self.assets("token", "add", login, "--json"))["token"]

    def derived(self, tracker: str, stored: int, within_s: float = 2 * LONGEST_REST_S) -> Any:
        """The tracker, once so many samples are stored and all of them derived."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            found = self.call(f"/trackers/{tracker}")
            if found["stored"] >= stored and found["pending"] == 0:
                return found
            time.sleep(0.5)
        raise AssertionError(f"{tracker} was not derived within {within_s} s: {found}")


@contextmanager
def open_office(data_dir: Path, port: int) -> Iterator[Office]:
    """An office with the 14 units, an administrator and a coordinator, everything running."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ASSETS_")}
    environment |= {"ASSETS_DATA_DIR": str(data_dir), "ASSETS_MQTT_LISTEN": "127.0.0.1:0"}
    office = Office(f"http://127.0.0.1:{port}", environment, {})
    office.assets("import", "units", str(ROOT / "assets" / "people" / "data" / "regions.csv"))
    office.add_account("chief", "administrator")
    office.add_account("coordinator", "coordinator")
    command = [sys.executable, "-m", "assets", "serve", "--listen", f"127.0.0.1:{port}"]
    with (data_dir.parent / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        _await_broker(office, process)
        yield office
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def _await_broker(office: Office, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"serve ended with {process.returncode}"
        try:
            headers = {"Authorization": f"Bearer {office.tokens['chief']}"}
            with urlopen(Request(f"{office.address}/health", headers=headers), timeout=5) as answer:
                parts = json.loads(answer.read())["parts"]
                if parts["ingest"]["ok"] and parts["broker"]["port"]:
                    return
        except OSError:
            pass
        time.sleep(0.3)
    raise AssertionError("the office did not open in time")
