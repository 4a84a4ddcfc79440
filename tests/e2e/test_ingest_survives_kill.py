"""A killed ingest loses nothing: the sender's own record is the judge (F1; `SOAK=1` runs it at full size)."""

from __future__ import annotations

import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import func, select

from assets.bootstrap import build_app
from assets.core.app import App
from assets.core.clock import system_clock
from assets.registry.models import Asset
from assets.settings import Settings
from assets.telemetry import broker, provisioning
from assets.telemetry.models import Boot, Sample, SetAside
from assets.telemetry.ranges import RangeSet
from tests.support.tables import create_tables
from tests.support.world import SETUP, build_world

SOAK = os.environ.get("SOAK") == "1"
SAMPLES, KILLS = (10_000, 20) if SOAK else (2_000, 4)
SEED = 20_261_121
SAMPLES_IN_A_REPORT = 4
RESEND_S = 2.0
PATIENCE_S = 240.0 if SOAK else 90.0
RUN_INGEST = """
from assets.bootstrap import build_app
from assets.settings import Settings
from assets.telemetry.process import run_ingest
run_ingest(build_app(Settings.from_environment()))
"""

pytestmark = pytest.mark.e2e


@dataclass
class Sender:
    """A tracker that keeps every sample until a receipt names it, and writes down what it sent and heard."""

    name: str
    secret: str
    life: str
    host: str
    port: int
    sent: set[int] = field(default_factory=set)
    held: dict[int, dict[str, Any]] = field(default_factory=dict)
    receipts: queue.Queue[dict[str, Any]] = field(default_factory=queue.Queue)
    sent_at: dict[int, float] = field(default_factory=dict)
    connected: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=self.name)
        self.client.username_pw_set(self.name, self.secret)
        self.client.on_connect = self._on_connect
        self.client.on_message = lambda _c, _d, message: self.receipts.put(json.loads(message.payload))
        self.client.connect(self.host, self.port)
        self.client.loop_start()
        assert self.connected.wait(10)

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        client.subscribe(f"imt/v1/{self.name}/receipt", 1)
        self.connected.set()

    def send(self, first: int) -> None:
        """A report of held samples from `first`."""
        numbers = [seq for seq in range(first, first + SAMPLES_IN_A_REPORT) if seq in self.held]
        if not numbers:
            return
        run = [seq for at, seq in enumerate(numbers) if seq == numbers[0] + at]
        body = {"v": 1, "life": self.life, "boot": 1, "seq": run[0], "samples": [self.held[seq] for seq in run]}
        self.client.publish(f"imt/v1/{self.name}/report", json.dumps(body).encode(), qos=1)
        self.sent.update(run)
        self.sent_at.update(dict.fromkeys(run, time.monotonic()))

    def listen(self) -> None:
        """Erases what receipts name."""
        while True:
            try:
                receipt = self.receipts.get_nowait()
            except queue.Empty:
                return
            if receipt["life"] != self.life:
                continue
            ranges = [(0, receipt["upto"]), *receipt["got"]] if receipt["upto"] >= 0 else receipt["got"]
            named = RangeSet.of((first, last) for first, last in ranges)
            # A receipt may name only what was sent: anything else would be an invention of the server.
            assert all(seq in self.sent for seq in self.held if seq in named)
            self.held = {seq: sample for seq, sample in self.held.items() if seq not in named}

    def send_again(self) -> None:
        """Sends what no receipt has named for a while."""
        late = time.monotonic() - RESEND_S
        for seq in sorted(self.held):
            if self.sent_at.get(seq, late) < late:
                self.send(seq)

    def close(self) -> None:
        """Leaves."""
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """An application with a broker of its own and no ingest yet."""
    built = build_app(Settings(data_dir=tmp_path / "data", mqtt_listen="127.0.0.1:0"), clock=system_clock)
    create_tables(built)
    process = None
    try:
        process = subprocess.Popen(broker.prepare(built), stderr=subprocess.DEVNULL)
        pid_file = broker.folder_of(built.settings) / "mosquitto.pid"
        while not (pid_file.exists() and pid_file.read_text().strip() == str(process.pid)):
            assert process.poll() is None
            time.sleep(0.05)
        yield built
    finally:
        if process is not None:
            process.terminate()
            process.wait(10)
        built.close()


def _provision(app: App) -> str:
    world, now = build_world(app, app.clock()), app.clock()
    with app.transaction(SETUP, now) as session:
        asset = Asset(
            code="VEHICLE001",
            class_id=world.classes["vehicle.patrol"].id,
            unit_id=world.units["IMT-TK"].id,
            registered_at=now,
        )
        session.add(asset)
        session.flush()
        secret = provisioning.add_tracker(session, "t1", asset, now).secret
    broker.refresh(app)
    return secret


def _start_ingest(app: App) -> subprocess.Popen[bytes]:
    environment = os.environ | {"ASSETS_DATA_DIR": str(app.settings.data_dir), "ASSETS_MQTT_LISTEN": "127.0.0.1:0"}
    return subprocess.Popen([sys.executable, "-c", RUN_INGEST], env=environment)


def _sample(number: int) -> dict[str, Any]:
    return {"up": 1000 + number, "t": time.time(), "lat": 41.3 + number * 1e-5, "lon": 69.2, "ign": True}


def _stored(app: App, life: str) -> list[int]:
    with app.telemetry.reading() as session:
        found = select(Sample.seq).join(Boot, Boot.id == Sample.boot_id).where(Boot.life == life).order_by(Sample.seq)
        return list(session.scalars(found))


def test_ingest_killed_again_and_again_neither_loses_nor_doubles_a_sample(app: App) -> None:
    secret = _provision(app)
    found = broker.listening(app.settings)
    assert found is not None
    chance = random.Random(SEED)
    ingest = _start_ingest(app)
    sender = Sender("t1", secret, "9f3a01c7", found.host, found.port)
    kills_left, next_kill = KILLS, SAMPLES // (KILLS + 1)
    peak_kb = 0
    try:
        for first in range(0, SAMPLES, SAMPLES_IN_A_REPORT):
            sender.held.update({seq: _sample(seq) for seq in range(first, min(first + SAMPLES_IN_A_REPORT, SAMPLES))})
            sender.send(first)
            sender.listen()
            time.sleep(0.01)
            if kills_left and first >= next_kill:
                peak_kb = max(peak_kb, _memory_kb(ingest.pid))
                time.sleep(chance.uniform(0, 0.5))
                ingest.send_signal(signal.SIGKILL)
                ingest.wait(10)
                ingest = _start_ingest(app)
                kills_left, next_kill = kills_left - 1, next_kill + SAMPLES // (KILLS + 1)
        deadline = time.monotonic() + PATIENCE_S
        while sender.held:
            assert time.monotonic() < deadline, f"{len(sender.held)} samples were never receipted (seed {SEED})"
            sender.listen()
            sender.send_again()
            time.sleep(0.1)
        _assert_a_wiped_tracker_loses_nothing(app, sender)
        peak_kb = max(peak_kb, _memory_kb(ingest.pid))
    finally:
        sender.close()
        ingest.terminate()
        assert ingest.wait(20) == 0
    assert kills_left == 0
    assert _stored(app, "9f3a01c7") == sorted(sender.sent) == list(range(SAMPLES))
    assert peak_kb < 200 * 1024
    with app.telemetry.reading() as session:
        assert session.scalar(select(func.count()).select_from(SetAside)) == 0


def _assert_a_wiped_tracker_loses_nothing(app: App, sender: Sender) -> None:
    """The flash is wiped: a new life, and numbers that begin again at nought."""
    wiped = Sender("t1", sender.secret, "0badcafe", sender.host, sender.port)
    try:
        wiped.held = {seq: _sample(seq) for seq in range(40)}
        for first in range(0, 40, SAMPLES_IN_A_REPORT):
            wiped.send(first)
        deadline = time.monotonic() + PATIENCE_S
        while wiped.held:
            assert time.monotonic() < deadline
            wiped.listen()
            wiped.send_again()
            time.sleep(0.1)
        assert _stored(app, "0badcafe") == list(range(40))
    finally:
        wiped.close()


def _memory_kb(process: int) -> int:
    """Peak resident memory of a process."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def test_second_ingest_says_why_it_does_not_start(app: App) -> None:
    _provision(app)
    first = _start_ingest(app)
    lock = app.settings.data_dir / "ingest.lock"
    try:
        while not lock.exists():
            time.sleep(0.05)
        environment = os.environ | {"ASSETS_DATA_DIR": str(app.settings.data_dir)}
        second = subprocess.run(
            [sys.executable, "-c", RUN_INGEST], env=environment, capture_output=True, timeout=30, check=False
        )
        assert second.returncode != 0
        assert b"Another ingest is running" in second.stderr
    finally:
        first.terminate()
        assert first.wait(20) == 0
