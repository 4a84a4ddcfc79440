"""Sites for measuring ingest: databases with trackers, a broker of the product's own, and a queue that waits in it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from assets.bench.children import PATIENCE_S, TOPIC, tracker_name
from assets.bench.programme import SETUP, make_programme
from assets.bootstrap import build_app
from assets.core.app import App
from assets.migrations.run import upgrade
from assets.registry.models import Asset
from assets.settings import Settings
from assets.telemetry import broker, provisioning
from assets.telemetry.broker.files import INGEST_ACCESS, INGEST_PASSWORDS
from assets.telemetry.messages import Endpoint
from assets.telemetry.passwords import hashed

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


def make_template(settings: Settings, trackers: int) -> None:
    """Migrated databases with so many trackers, each on an asset of its own, in `settings.data_dir`."""
    app = build_app(settings)
    try:
        upgrade(app)
        since = app.clock() - timedelta(days=60)
        made = make_programme(app, since)
        with app.transaction(SETUP, since) as session:
            unit, model = next(iter(made.units.values())), made.models[0]
            for number in range(trackers):
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
        _for_measuring(broker.folder_of(app.settings))
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
    with (folder / INGEST_PASSWORDS).open("a") as passwords:
        passwords.write(f"{USER}:{hashed(SECRET)}\n")
    with (folder / INGEST_ACCESS).open("a") as access:
        access.write(f"\nuser {USER}\ntopic readwrite {TOPIC}\n")


def _for_measuring(folder: Path) -> None:
    """A broker that saves its whole queue after each change fills it in quadratic time: it wrote 1.5 GB for 3,000
    messages of 213 bytes. Filling is no part of what is measured, so all contenders get one that saves by the clock."""
    path = folder / "mosquitto.conf"
    text = re.sub(r"(?m)^autosave_on_changes .*$", "autosave_on_changes false", path.read_text())
    text = re.sub(r"(?m)^autosave_interval .*$", "autosave_interval 600", text)
    # Publishers and listeners of a measurement share one account, and need names of their own.
    path.write_text(re.sub(r"(?m)^use_username_as_clientid .*\n", "", text))


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


@dataclass(frozen=True)
class Flow:
    """What is published: so many reports of so many samples each, of the first `trackers` trackers in turn."""

    messages: int
    samples: int
    trackers: int
    first_seq: int = 1


class Publisher:
    """The child process that publishes, ready to begin."""

    def __init__(self, process: subprocess.Popen[bytes], said: Path) -> None:
        self._process = process
        self._said = said

    def go(self, rate: float) -> float:
        """Begin, at most `rate` messages a second (0: as fast as it goes); gives the moment (UNIX seconds)."""
        assert self._process.stdin is not None  # noqa: S101  # it was opened with one
        began_s = time.time()
        self._process.stdin.write(f"{rate}\n".encode())
        self._process.stdin.flush()
        return began_s

    def has_ended(self) -> bool:
        """Whether everything was published (or it failed)."""
        return self._process.poll() is not None


@contextmanager
def running_publisher(site: Site, flow: Flow) -> Iterator[Publisher]:
    """A publisher that has made all its messages and connected."""
    said = site.folder / f"publisher-{time.monotonic_ns()}"
    arguments = [
        str(site.endpoint.port), USER, str(flow.messages), str(flow.samples), str(flow.trackers), str(flow.first_seq),
        str(int(site.app.clock().timestamp())),
    ]  # fmt: skip
    with said.open("wb") as target:
        process = subprocess.Popen(
            [sys.executable, "-m", "assets.bench.children.publisher", *arguments],
            env=site.environment,
            stdin=subprocess.PIPE,
            stdout=target,
            stderr=target,
        )
    try:
        await_line(said, "ready", process)
        yield Publisher(process, said)
    finally:
        stop(process)


def await_line(file: Path, words: str, process: subprocess.Popen[bytes]) -> None:
    """Return when a child has written `words` into its file; `OSError` when it ends or takes too long."""
    deadline_s = time.monotonic() + PATIENCE_S
    while words not in file.read_text():
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise OSError(f"a child did not say {words!r}: {file.read_text()[-500:]}")
        # A file that grows wakes nobody.
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a child gently, and by force when it does not."""
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
