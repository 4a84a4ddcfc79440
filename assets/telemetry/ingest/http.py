"""The door for trackers that speak HTTP: a hello or a report is stored as from the broker and answered at once."""

from __future__ import annotations

import threading
from datetime import datetime

import msgspec

from assets.core.app import App
from assets.core.errors import InvalidInput, NotFound
from assets.core.i18n import msg
from assets.telemetry import topics
from assets.telemetry.days import to_ms
from assets.telemetry.ingest import Ingest
from assets.telemetry.messages import Envelope


class HttpIngest:
    """One for each web process; its threads take turns."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._ingest = Ingest(app)
        self._turn = threading.Lock()

    def receive(self, tracker: str, body: bytes, now: datetime) -> dict[str, object]:
        """Stores a hello or a report and gives its receipt (wire.md, Over HTTP).

        The door has checked the tracker's secret. `NotFound` for an unknown tracker, `InvalidInput` for a body that
        cannot be read (which is kept aside); what the database raises means that nothing was committed.
        """
        kind = "report" if _has_samples(body) else "hello"
        envelope = Envelope(f"{topics.PREFIX}/{tracker}/{kind}", body, to_ms(now))
        with self._turn:
            if isinstance(topics.parse(envelope.topic), str) or not self._ingest.knows(tracker):
                raise NotFound
            outcome = self._ingest.receive([envelope], now)
        receipts = [*outcome.answers, *outcome.receipts]
        if not receipts:
            raise InvalidInput(msg("The message cannot be read. It is kept aside, with the reason."))
        answer = receipts[-1].body()
        if len(receipts) > 1:
            answer["more"] = [receipt.body() for receipt in receipts[:-1]]
        return answer

    def receive_guest(self, topic: str, body: bytes, now: datetime) -> dict[str, int]:
        """Stores a message of a guest as if it came on this topic; how many readings were stored and set aside.

        The door has checked the login's secret. `NotFound` for a topic that is none; what the database raises means
        that nothing was committed.
        """
        with self._turn:
            if isinstance(topics.parse(topic), str):
                raise NotFound
            outcome = self._ingest.receive([Envelope(topic, body, to_ms(now))], now)
        return {"stored": outcome.stored, "set_aside": outcome.set_aside}


class _Peek(msgspec.Struct):
    samples: msgspec.Raw | None = None
    seq: msgspec.Raw | None = None


def _has_samples(body: bytes) -> bool:
    try:
        peek = msgspec.json.decode(body, type=_Peek)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return True
    return peek.samples is not None or peek.seq is not None
