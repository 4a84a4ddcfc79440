"""The writer of ingest: commits what waits, acknowledges it, sends receipts; nothing is acknowledged earlier."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator

import msgspec
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from assets.core.app import App
from assets.telemetry.alarms.listening import note_listening
from assets.telemetry.ingest import ACTOR, Ingest, Outcome
from assets.telemetry.messages import Receipt
from assets.telemetry.models import IngestStatus
from assets.telemetry.mqtt import Batch, Gateway
from assets.telemetry.receipts import Desk
from assets.telemetry.topics import receipt_topic

MOST_AT_ONCE = 5000
MOST_BYTES_IN_A_TRANSACTION = 1_000_000
"""Some 5,000 messages of one sample, or 6,000 samples in messages of ten: a fifth of a second in which nobody else
writes to SQLite's file of telemetry (adr/0040); a commit costs too much for less."""
LINGER_S = 0.005
WAIT_S = 0.5
BEAT_S = 5.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
AWAY = (OperationalError, InterfaceError, ProgrammingError, InternalError, PoolTimeoutError)
"""What a database raises that is away, full, locked or not what it should be: no message is to blame for it."""

log = logging.getLogger(__name__)


def portions(batch: Batch, most_bytes: int) -> Iterator[Batch]:
    """The batch in order, in parts of at most so many bytes of payload, and of one message at least."""
    start, size = 0, 0
    for at, envelope in enumerate(batch.envelopes):
        size += len(envelope.payload)
        if at > start and size > most_bytes:
            yield Batch(batch.connection, batch.envelopes[start:at])
            start, size = at, len(envelope.payload)
    if batch.envelopes:
        yield Batch(batch.connection, batch.envelopes[start:])


class Writer:
    """The one that commits. What is not committed is never acknowledged."""

    def __init__(self, app: App, gateway: Gateway, stopping: threading.Event) -> None:
        self._app = app
        self._gateway = gateway
        self._stopping = stopping
        self._ingest = Ingest(app)
        self._desk = Desk()
        self._messages = 0
        self._pause_s = FIRST_PAUSE_S
        self._beat_s = 0.0
        self._committed = False
        self._started_at = app.clock()

    def run(self) -> None:
        """Until it is told to stop."""
        while not self._stopping.is_set():
            batch = self._gateway.take(MOST_AT_ONCE, WAIT_S, LINGER_S)
            try:
                for portion in portions(batch, MOST_BYTES_IN_A_TRANSACTION):
                    self._commit(portion)
                if not batch.envelopes:
                    self._ingest.keep_silence(self._app.clock())
                self._beat()
            except AWAY as error:
                self._give_back(error)
            self._send(self._desk.due(time.monotonic()))

    def _commit(self, batch: Batch) -> None:
        """Stores and acknowledges; a message that no batch can be stored with is found by halving, and set aside."""
        try:
            outcome = self._ingest.receive(batch.envelopes, self._app.clock())
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, the other messages must not wait for it
            self._part(batch, error)
            return
        self._hand_out(outcome)
        self._acknowledge(batch)

    def _part(self, batch: Batch, error: Exception) -> None:
        if len(batch.envelopes) > 1:
            half = len(batch.envelopes) // 2
            self._commit(Batch(batch.connection, batch.envelopes[:half]))
            self._commit(Batch(batch.connection, batch.envelopes[half:]))
            return
        log.error("a message could not be stored and is set aside", exc_info=error)
        reason = f"could not be stored: {type(error).__name__}"
        self._ingest.set_aside_whole(batch.envelopes[0], reason, self._app.clock())
        self._acknowledge(batch)

    def _acknowledge(self, batch: Batch) -> None:
        self._gateway.acknowledge(batch)
        self._messages += len(batch.envelopes)
        self._committed = True
        self._pause_s = FIRST_PAUSE_S

    def _hand_out(self, outcome: Outcome) -> None:
        self._send(self._desk.answer(outcome.answers, time.monotonic()))
        self._desk.put(outcome.receipts)

    def _send(self, receipts: list[Receipt]) -> None:
        if receipts:
            self._gateway.publish([(receipt_topic(r.tracker), msgspec.json.encode(r.body())) for r in receipts])

    def _give_back(self, error: Exception) -> None:
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
            if self._gateway.is_connected:
                note_listening(session, now)
        self._committed = False
        self._beat_s = time.monotonic()
