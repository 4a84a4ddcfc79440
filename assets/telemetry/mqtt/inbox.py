"""What came from the broker and waits for a commit: bounded, in order, and worth nothing once its connection ended."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from assets.telemetry.messages import Envelope

MOST_MESSAGES = 5000
MOST_BYTES = 8 * 1024**2


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in order, with the number of the connection that they came over: only there can they be acknowledged."""

    connection: int
    envelopes: Sequence[Envelope]


class Inbox:
    """Takes lists from the network's thread and gives lists to the writer's."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[list[Envelope]] = deque()
        self._messages = 0
        self._bytes = 0
        self.connection = 0

    def __len__(self) -> int:
        return self._messages

    @property
    def is_full(self) -> bool:
        """Whether no more should be read; what a block brought at once is taken whole all the same."""
        return self._messages >= MOST_MESSAGES or self._bytes >= MOST_BYTES

    def put(self, envelopes: list[Envelope]) -> None:
        """Adds messages of the present connection."""
        with self._changed:
            self._waiting.append(envelopes)
            self._messages += len(envelopes)
            self._bytes += _size(envelopes)
            self._changed.notify()

    def begin(self) -> None:
        """Starts another connection: what waits comes again over it."""
        with self._changed:
            self.connection += 1
            self._waiting.clear()
            self._messages = self._bytes = 0
            self._changed.notify()

    def wake(self) -> None:
        """Lets a `take` that waits return."""
        with self._changed:
            self._changed.notify_all()

    def take(self, most: int, wait_s: float, linger_s: float) -> Batch:
        """What waits, at most `most`: the first within `wait_s`, then what comes while lingering. May be empty."""
        with self._changed:
            if not self._waiting:
                self._changed.wait(wait_s)
            if self._waiting:
                until_s = time.monotonic() + linger_s
                while 0 < self._messages < most and (left_s := until_s - time.monotonic()) > 0:
                    self._changed.wait(left_s)
            taken: list[Envelope] = []
            while self._waiting and len(taken) < most:
                block = self._waiting.popleft()
                room = most - len(taken)
                if len(block) > room:
                    self._waiting.appendleft(block[room:])
                    block = block[:room]
                taken += block
            self._messages -= len(taken)
            self._bytes -= _size(taken)
            return Batch(self.connection, taken)


def _size(envelopes: list[Envelope]) -> int:
    return sum([len(envelope.payload) for envelope in envelopes])
