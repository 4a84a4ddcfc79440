"""The last days of the made-up vehicles as full telemetry, through the real ingest code; run as a process of its own.

The vehicles' firmware runs in a child process (it shares no code with the server) and its messages come over a pipe.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO

from assets.bootstrap import build_app
from assets.core.app import App
from assets.settings import Settings
from assets.telemetry.ingest import Ingest
from assets.telemetry.messages import Envelope
from assets.telemetry.rebuild import Rebuilder

BATCH = 200


def fleet_folder(settings: Settings) -> Path:
    """Where the simulated vehicles keep their flash."""
    return settings.data_dir / "fleet"


def credentials_file(settings: Settings) -> Path:
    """What the simulated vehicles sign in with."""
    return settings.data_dir / "fleet-credentials.json"


def fill(settings: Settings, since: datetime, until: datetime) -> int:
    """Take in what the vehicles sent from where their state ends, or `since`, until `until`; answers the samples."""
    app = build_app(settings)
    command = [
        sys.executable, "-m", "firmware_stubs.fleet.past", "--credentials", str(credentials_file(settings)),
        "--state-dir", str(fleet_folder(settings)),
        "--since", str(since.timestamp()), "--until", str(until.timestamp()),
    ]  # fmt: skip
    stored = 0
    try:
        ingest = Ingest(app)
        with subprocess.Popen(command, stdout=subprocess.PIPE) as fleet:
            assert fleet.stdout is not None  # noqa: S101  # a pipe was asked for
            messages = _messages(fleet.stdout)
            while batch := list(islice(messages, BATCH)):
                stored += ingest.receive(batch, app.clock()).stored
        if fleet.returncode != 0:
            raise OSError("the simulated vehicles failed; their message stands above")
    finally:
        app.close()
    return stored


def _messages(lines: IO[bytes]) -> Iterator[Envelope]:
    for line in lines:
        sent_s, topic, payload = json.loads(line)
        yield Envelope(topic, payload.encode(), round(sent_s * 1000))


def derive(app: App) -> None:
    """Trips, days and meters of all that was taken in."""
    Rebuilder(app).run(at_once=True)
