"""The ingest process: commits what waits at the broker, acknowledges, sends receipts, rebuilds what is dirty."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from assets.core.app import App
from assets.core.errors import Conflict
from assets.core.i18n import msg
from assets.telemetry import broker
from assets.telemetry.ingest import ACTOR, Ingest, Outcome
from assets.telemetry.messages import Endpoint, Receipt
from assets.telemetry.models import IngestStatus
from assets.telemetry.mqtt import Arrival, Gateway
from assets.telemetry.rebuild import Rebuilder
from assets.telemetry.receipts import Desk
from assets.telemetry.topics import receipt_topic

MOST_AT_ONCE = 5000
MOST_BYTES_IN_A_TRANSACTION = {"sqlite": 100_000, "postgresql": 500_000}
"""A sample takes about 100 bytes: SQLite's transactions stay near 1,000 rows; longer ones starve other writers."""
LINGER_S = 0.01
WAIT_S = 0.5
BEAT_S = 5.0
REBUILD_EVERY_S = 3.0
LONGEST_PAUSE_S = 10.0

log = logging.getLogger(__name__)


def run_ingest(app: App) -> None:
    """Runs until SIGTERM or SIGINT, then ends with everything acknowledged that was committed.

    `Conflict` when another ingest works on the same data directory.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with only_one(app):
        serve_ingest(app, stopping)


def serve_ingest(app: App, stopping: threading.Event) -> None:
    """The work of `run_ingest`, until `stopping` is set."""
    endpoint = _await_endpoint(app, stopping)
    if endpoint is None:
        return
    rebuilding = threading.Thread(target=_rebuild, args=(app, stopping), name="rebuild", daemon=True)
    rebuilding.start()
    gateway = Gateway(endpoint, app.clock, lambda: broker.save_now(app.settings))
    gateway.start()
    try:
        _Writer(app, gateway, stopping).run()
    finally:
        stopping.set()
        gateway.stop()
        rebuilding.join()


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


def portions(arrivals: list[Arrival], most_bytes: int) -> Iterator[list[Arrival]]:
    """The arrivals in order, in lists of at most so many bytes of payload, and of one message at least."""
    portion: list[Arrival] = []
    size = 0
    for arrival in arrivals:
        size += len(arrival[1].payload)
        if portion and size > most_bytes:
            yield portion
            portion, size = [], len(arrival[1].payload)
        portion.append(arrival)
    if portion:
        yield portion


class _Writer:
    """The one that commits. What is not committed is never acknowledged."""

    def __init__(self, app: App, gateway: Gateway, stopping: threading.Event) -> None:
        self._app = app
        self._gateway = gateway
        self._stopping = stopping
        self._ingest = Ingest(app)
        self._desk = Desk()
        self._most_bytes = MOST_BYTES_IN_A_TRANSACTION[app.telemetry.dialect]
        self._messages = 0
        self._pause_s = 0.5
        self._beat_s = 0.0
        self._committed = False
        self._started_at = app.clock()

    def run(self) -> None:
        """Until it is told to stop."""
        while not self._stopping.is_set():
            arrivals = self._gateway.take(MOST_AT_ONCE, WAIT_S, LINGER_S)
            try:
                for portion in portions(arrivals, self._most_bytes):
                    self._commit(portion)
                self._beat()
            except SQLAlchemyError as error:
                self._give_back(error)
            self._send(self._desk.due(time.monotonic()))

    def _commit(self, arrivals: list[Arrival]) -> None:
        outcome = self._ingest.receive([envelope for _, envelope in arrivals], self._app.clock())
        self._gateway.acknowledge(arrivals)
        self._messages += len(arrivals)
        self._committed = True
        self._pause_s = 0.5
        self._hand_out(outcome)

    def _hand_out(self, outcome: Outcome) -> None:
        now_s = time.monotonic()
        self._send(self._desk.answer(outcome.answers, now_s))
        self._desk.put(outcome.receipts)

    def _send(self, receipts: list[Receipt]) -> None:
        for receipt in receipts:
            body = json.dumps(receipt.body(), separators=(",", ":")).encode()
            self._gateway.publish(receipt_topic(receipt.tracker), body)

    def _give_back(self, error: SQLAlchemyError) -> None:
        """Our fault, not the tracker's: nothing is acknowledged, the broker sends all of it once more."""
        log.error("the database could not take a batch, which stays at the broker: %s", type(error).__name__)
        self._gateway.drop()
        self._stopping.wait(self._pause_s)
        self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)

    def _beat(self) -> None:
        """Leaves a sign of life: health is the age of the last commit and beat, never "connected"."""
        if time.monotonic() - self._beat_s < BEAT_S:
            return
        now = self._app.clock()
        with self._app.telemetry.transaction(ACTOR, now) as session:
            status = session.get(IngestStatus, 1)
            if status is None:
                status = IngestStatus(id=1, pid=0, started_at=now, beat_at=now)
                session.add(status)
            status.pid, status.started_at, status.beat_at = os.getpid(), self._started_at, now
            status.backlog, status.messages = self._gateway.backlog, self._messages
            if self._committed:
                status.last_commit_at = now
        self._committed = False
        self._beat_s = time.monotonic()


def _rebuild(app: App, stopping: threading.Event) -> None:
    """Derives what is dirty every few seconds; a database's error is logged, and tried again later.

    Whatever else ends this thread ends the process, so that the supervisor starts it anew: ingest without trips would
    look well and be half dead.
    """
    rebuilder = Rebuilder(app)
    pause_s = REBUILD_EVERY_S
    try:
        while not stopping.wait(pause_s):
            try:
                rebuilder.run(stopping=stopping)
                pause_s = REBUILD_EVERY_S
            except SQLAlchemyError:
                log.exception("a rebuild failed and will be tried again")
                pause_s = min(60.0, pause_s * 2)
    finally:
        stopping.set()
