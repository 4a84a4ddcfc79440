"""Sites for measuring ingest: databases with trackers, a broker of the product's own, and a queue that waits in it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from assets.bench.children import PATIENCE_S, TOPIC, tracker_name
from assets.bench.programme import SETUP, make_programme
from assets.bootstrap import build_app
from assets.core.app import App
from assets.migrations.run import upgrade
from assets.registry.models import Asset
from assets.settings import Settings
from assets.telemetry import broker, provisioning
from assets.telemetry.messages import Endpoint
from assets.telemetry.topics import SUBSCRIPTIONS

TRACKERS = 200
USER = "bench.internal"
SECRET = "for-one-run"  # noqa: S105  # the broker lives for seconds, listens on loopback, and holds made-up data


@dataclass(frozen=True)
class Site:
    """A running broker over databases of its own; `folder` goes with it."""

    app: App
    folder: Path
    endpoint: Endpoint

    @property
    def own(self) -> Endpoint:
        """Where the product's ingest signs in."""
        found = broker.ingest_endpoint(self.app.settings)
        assert found is not None  # noqa: S101  # the broker runs
        return found

    @property
    def environment(self) -> dict[str, str]:
        """For processes of this site."""
        settings = self.app.settings
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("ASSETS_")}
        return inherited | {
            "ASSETS_DATA_DIR": str(settings.data_dir), "ASSETS_DATABASE_URL": settings.database_url,
            "ASSETS_MQTT_LISTEN": settings.mqtt_listen, "BENCH_SECRET": SECRET,
        }  # fmt: skip


def make_template(settings: Settings) -> None:
    """Migrated databases with `TRACKERS` trackers, each on an asset of its own, in `settings.data_dir`."""
    app = build_app(settings)
    try:
        upgrade(app)
        since = app.clock() - timedelta(days=60)
        made = make_programme(app, since)
        with app.transaction(SETUP, since) as session:
            unit, model = next(iter(made.units.values())), made.models[0]
            for number in range(TRACKERS):
                asset = Asset(code=f"BENCH{number:05d}", class_id=model.class_id, unit_id=unit.id, registered_at=since)
                session.add(asset)
                session.flush()
                provisioning.add_tracker(session, tracker_name(number), asset, since)
    finally:
        app.close()


@contextmanager
def running_site(template: Settings, folder: Path, database_url: str = "") -> Iterator[Site]:
    """A copy of the template with its own running broker, gone at the end; `database_url`: where its copy is."""
    data_dir = folder / "data"
    shutil.copytree(template.data_dir, data_dir)
    app = build_app(replace(template, data_dir=data_dir, database_url=database_url))
    process = None
    try:
        command = broker.prepare(app)
        _add_bench_account(broker.folder_of(app.settings))
        _save_seldom(broker.folder_of(app.settings))
        with (folder / "mosquitto.log").open("wb") as log:
            process = subprocess.Popen(command, stderr=log)
        _await_broker(app.settings, process, folder / "mosquitto.log")
        own = broker.ingest_endpoint(app.settings)
        assert own is not None  # noqa: S101  # it was prepared just above
        yield Site(app, folder, replace(own, user=USER, secret=SECRET))
    finally:
        if process is not None:
            stop(process)
        app.close()
        shutil.rmtree(folder)


def _add_bench_account(folder: Path) -> None:
    """One account that writes for every tracker and reads what all send: the product has none that may do both."""
    with (folder / "passwords").open("a") as passwords:
        passwords.write(f"{USER}:{provisioning.hashed(SECRET)}\n")
    with (folder / "access").open("a") as access:
        access.write(f"\nuser {USER}\ntopic readwrite {TOPIC}\n")


def _save_seldom(folder: Path) -> None:
    """A broker that saves its whole queue after each change fills it in quadratic time: it wrote 1.5 GB for 3,000
    messages of 213 bytes. Filling is no part of what is measured, so all contenders get one that saves by the clock."""
    path = folder / "mosquitto.conf"
    text = re.sub(r"(?m)^autosave_on_changes .*$", "autosave_on_changes false", path.read_text())
    path.write_text(re.sub(r"(?m)^autosave_interval .*$", "autosave_interval 600", text))


def _await_broker(settings: Settings, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when both doors of the broker are open; its pid file comes before them."""
    own = broker.listening(settings)
    assert own is not None  # noqa: S101  # it was prepared by the caller
    deadline = time.monotonic() + PATIENCE_S
    for port in (own.port, own.ingest_port):
        while not _takes_connections(own.host, port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise OSError(f"mosquitto did not start: {log.read_text()[-500:]}")
            time.sleep(0.02)


def _takes_connections(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def open_session(endpoint: Endpoint, client_id: str) -> None:
    """Subscribe under `client_id` and leave: from now on the broker keeps what comes for it."""
    subscribed = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
    client.username_pw_set(endpoint.user, endpoint.secret)
    client.on_subscribe = lambda *_: subscribed.set()
    topics = [TOPIC] if endpoint.user == USER else list(SUBSCRIPTIONS)
    client.on_connect = lambda connected, *_: connected.subscribe([(topic, 1) for topic in topics])
    client.connect(endpoint.host, endpoint.port)
    client.loop_start()
    try:
        if not subscribed.wait(PATIENCE_S):
            raise OSError(f"the broker did not take the subscription of {client_id}")
    finally:
        client.disconnect()
        client.loop_stop()


def publish(site: Site, messages: int, samples: int, until: datetime) -> None:
    """Let a child process publish `messages` reports of `samples` samples each; returns when the broker has all."""
    arguments = [
        str(site.endpoint.port), USER, str(messages), str(samples), str(TRACKERS), str(int(until.timestamp())),
    ]  # fmt: skip
    run_child("assets.bench.children.publisher", arguments, site)


def run_child(module: str, arguments: list[str], site: Site) -> str:
    """Run a module of `children` to its end and give what it printed; `OSError` when it failed."""
    command = [sys.executable, "-m", module, *arguments]
    ended: Any = subprocess.run(command, env=site.environment, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise OSError(f"{module} failed: {ended.stderr[-500:]}")
    return str(ended.stdout)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a child gently, and by force when it does not."""
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
