"""A real mosquitto with our configuration, ingest in a thread, and trackers that speak through sockets of their own."""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
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
from assets.telemetry.models import Sample, SetAside
from assets.telemetry.process import serve_ingest
from tests.support.tables import create_tables
from tests.support.world import SETUP, World, build_world

LIFE = "9f3a01c7"
PATIENCE_S = 15.0


def until(condition: Callable[[], bool], what: str) -> None:
    """Waits for something that happens in another process; fails in words when it does not."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited in vain for {what}")
        time.sleep(0.02)


class Tracker:
    """A tracker's side: publishes, and collects what it is told."""

    def __init__(self, name: str, secret: str, host: str, port: int, **options: Any) -> None:
        self.name = name
        self.heard: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self.connected = threading.Event()
        self.refused = threading.Event()
        self.disconnected = threading.Event()
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=options.get("client_id", name), clean_session=True
        )
        self.client.username_pw_set(name, secret)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = lambda *_: self.disconnected.set()
        self.client.on_message = self._on_message
        self.client.connect(host, port)
        self.client.loop_start()

    def _on_connect(self, client: paho.Client, _d: Any, _f: Any, reason: Any, _p: Any) -> None:
        if reason.is_failure:
            self.refused.set()
            return
        client.subscribe(f"imt/v1/{self.name}/receipt", 1)
        self.connected.set()

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self.heard.put((message.topic, json.loads(message.payload)))

    def publish(self, kind: str, payload: bytes, *, name: str | None = None, retain: bool = False) -> None:
        """Sends and waits for the broker's PUBACK."""
        info = self.client.publish(f"imt/v1/{name or self.name}/{kind}", payload, qos=1, retain=retain)
        info.wait_for_publish(PATIENCE_S)

    def report(self, seq: int, count: int = 1, **more: Any) -> None:
        """A report of `count` samples."""
        now = time.time()
        samples = [{"up": 1000 + seq + n, "t": now, "lat": 41.3, "lon": 69.2} for n in range(count)]
        body = {"v": 1, "life": LIFE, "boot": 1, "seq": seq, "samples": samples, **more}
        self.publish("report", json.dumps(body).encode())

    def receipt(self) -> dict[str, Any]:
        """The next receipt."""
        return self.heard.get(timeout=PATIENCE_S)[1]

    def close(self) -> None:
        """Leaves."""
        self.client.disconnect()
        self.client.loop_stop()


@dataclass
class Site:
    """The application, its broker and its ingest."""

    app: App
    process: subprocess.Popen[bytes] | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    ingest: threading.Thread | None = None
    trackers: list[Tracker] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)

    def start_broker(self) -> None:
        """Starts mosquitto as `assets broker` does, and waits until it listens."""
        log = (self.app.settings.data_dir / "mosquitto.log").open("ab")
        self.process = subprocess.Popen(broker.prepare(self.app), stderr=log)
        log.close()
        pid_file = broker.folder_of(self.app.settings) / "mosquitto.pid"
        expected = str(self.process.pid)
        until(lambda: pid_file.exists() and pid_file.read_text().strip() == expected, "mosquitto to start")
        # It writes its number before it opens its port.
        until(self._broker_answers, "mosquitto to listen")

    def _broker_answers(self) -> bool:
        found = broker.listening(self.app.settings)
        if found is None:
            return False
        try:
            socket.create_connection((found.host, found.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop_broker(self, *, kill: bool = False) -> None:
        """Ends mosquitto, gently or not."""
        if self.process is not None:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(PATIENCE_S)
            self.process = None

    def start_ingest(self) -> None:
        """Starts the work of `assets ingest` in a thread."""
        self.stopping = threading.Event()
        self.ingest = threading.Thread(target=serve_ingest, args=(self.app, self.stopping))
        self.ingest.start()

    def await_ingest(self) -> None:
        """Waits until ingest hears trackers: before its first subscription the broker keeps nothing for it."""
        probe = self.tracker("probe")
        hello = {"v": 1, "life": LIFE, "boot": 1, "conn": 1, "up": 1, "oldest": None, "newest": None}

        def answered() -> bool:
            probe.client.publish("imt/v1/probe/hello", json.dumps(hello).encode(), qos=1)
            try:
                return bool(probe.heard.get(timeout=0.2))
            except queue.Empty:
                return False

        until(answered, "ingest to answer")
        probe.close()
        self.trackers.remove(probe)

    def stop_ingest(self) -> None:
        """Ends it as SIGTERM does."""
        self.stopping.set()
        if self.ingest is not None:
            self.ingest.join(PATIENCE_S)
            assert not self.ingest.is_alive()
            self.ingest = None

    def tracker(self, name: str, secret: str | None = None, **options: Any) -> Tracker:
        """A tracker that connects with its own secret, or another."""
        found = broker.listening(self.app.settings)
        assert found is not None
        made = Tracker(name, secret or self.secrets[name], found.host, found.port, **options)
        self.trackers.append(made)
        return made

    def stored(self) -> int:
        """How many samples are committed."""
        with self.app.telemetry.reading() as session:
            return session.scalar(select(func.count()).select_from(Sample)) or 0

    def samples(self) -> list[Sample]:
        """What is committed, by boot and number."""
        with self.app.telemetry.reading() as session:
            return list(session.scalars(select(Sample).order_by(Sample.boot_id, Sample.seq)))

    def asides(self) -> list[SetAside]:
        """What is set aside."""
        with self.app.telemetry.reading() as session:
            return list(session.scalars(select(SetAside).order_by(SetAside.id)))

    def provision(self, world: World, *names: str) -> None:
        """Trackers of these names, each on a vehicle of its own."""
        now = self.app.clock()
        with self.app.transaction(SETUP, now) as session:
            for number, name in enumerate(names):
                asset = Asset(
                    code=f"VEHICLE{number:03}",
                    class_id=world.classes["vehicle.patrol"].id,
                    unit_id=world.units["IMT-TK"].id,
                    registered_at=now,
                )
                session.add(asset)
                session.flush()
                made = provisioning.add_tracker(session, name, asset, now - timedelta(days=1))
                self.secrets[name] = made.secret


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A running site with two trackers, `t1` and `t2`."""
    app = build_app(Settings(data_dir=tmp_path / "data", mqtt_listen="127.0.0.1:0"), clock=system_clock)
    create_tables(app)
    made = Site(app)
    made.provision(build_world(app, app.clock()), "t1", "t2", "probe")
    try:
        made.start_broker()
        made.start_ingest()
        made.await_ingest()
        yield made
    finally:
        for tracker in made.trackers:
            tracker.close()
        made.stop_ingest()
        made.stop_broker()
        app.close()
