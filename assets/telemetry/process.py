"""The ingest process: commits what waits at the broker, acknowledges, sends receipts, rebuilds what is dirty."""

from __future__ import annotations

import fcntl
import gc
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from assets.core.app import App
from assets.core.errors import Conflict
from assets.core.i18n import msg
from assets.telemetry import broker, commands, guests, rotation
from assets.telemetry.alarms import watch as alarms
from assets.telemetry.messages import Endpoint
from assets.telemetry.mqtt import Gateway
from assets.telemetry.rebuild import Rebuilder
from assets.telemetry.rebuild.clocks import settle_clocks
from assets.telemetry.writer import Writer

REBUILD_EVERY_S = 3.0
WATCH_EVERY_S = 1.0
FIRST_REST_S = 0.5
LONGEST_REST_S = 60.0

log = logging.getLogger(__name__)


def run_ingest(app: App) -> None:
    """Runs until SIGTERM or SIGINT, then ends with everything acknowledged that was committed.

    `Conflict` when another ingest works on the same data directory.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    # A batch makes tens of thousands of tuples that live until its commit, and none of them in a circle: looking for
    # circles among them as often as Python does by itself costs a quarter of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    with only_one(app):
        serve_ingest(app, stopping)


def serve_ingest(app: App, stopping: threading.Event) -> None:
    """The work of `run_ingest`, until `stopping` is set."""
    endpoint = _await_endpoint(app, stopping)
    if endpoint is None:
        return
    gateway = Gateway(endpoint, app.clock, lambda: broker.save_now(app.settings))
    rebuilder = Rebuilder(app)
    beside = [
        _Beside("rebuild", REBUILD_EVERY_S, lambda: _derive(app, rebuilder, stopping), stopping),
        _Beside("watch", WATCH_EVERY_S, lambda: _watch(app, gateway), stopping),
    ]
    for each in beside:
        each.start()
    gateway.start()
    try:
        Writer(app, gateway, stopping).run()
    finally:
        stopping.set()
        gateway.stop()
        for each in beside:
            each.join()


@contextmanager
def only_one(app: App) -> Iterator[None]:
    """Holds the lock of the one ingest of a data directory; it ends with the process, however that ends."""
    path = app.settings.data_dir / "ingest.lock"
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(msg("Another ingest is running on this data directory already.")) from error
        yield


def _await_endpoint(app: App, stopping: threading.Event) -> Endpoint | None:
    """Where to connect; at the very first start the broker may need a moment to say so."""
    endpoint = broker.ingest_endpoint(app.settings)
    while endpoint is None and not stopping.wait(0.2):
        endpoint = broker.ingest_endpoint(app.settings)
    return endpoint


class _Beside(threading.Thread):
    """Something done again and again beside the writer; a database's error is logged, and it is tried again later.

    Whatever else ends this thread ends the process, so that the supervisor starts it anew: ingest without trips or
    alarms would look well and be half dead.
    """

    def __init__(self, name: str, every_s: float, work: Callable[[], None], stopping: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self._every_s = every_s
        self._work = work
        self._stopping = stopping

    def run(self) -> None:
        pause_s = self._every_s
        try:
            while not self._stopping.wait(pause_s):
                try:
                    self._work()
                    pause_s = self._every_s
                except SQLAlchemyError:
                    log.exception("%s failed and will be tried again", self.name)
                    pause_s = min(LONGEST_REST_S, max(FIRST_REST_S, pause_s * 2))
        finally:
            self._stopping.set()


def _derive(app: App, rebuilder: Rebuilder, stopping: threading.Event) -> None:
    """Dates what can be dated better now, then derives what is dirty."""
    settle_clocks(app)
    rebuilder.run(stopping=stopping)


def _watch(app: App, gateway: Gateway) -> None:
    """Raises alarms from what was stored, sends the commands that are due, and clears up after revoked guests."""
    alarms.look(app, app.clock())
    commands.run_once(app, gateway.order, app.clock())
    guests.clear_revoked(app, gateway.clear, app.clock())
    if rotation.take_turns(app, app.clock(), broker.told_at(app.settings)):
        broker.refresh(app)
