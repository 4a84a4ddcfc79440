"""The receipts desk: what to tell trackers after a commit, at most once a second for each boot, hellos at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from assets.telemetry.messages import Receipt
from assets.telemetry.ranges import RANGES_IN_A_RECEIPT, RangeSet

PAUSE_S = 1.0

Key = tuple[str, str, int]


class Desk:
    """Holds receipts back until they are due. Newer ones replace older ones; what they ask for is not lost."""

    def __init__(self) -> None:
        self._waiting: dict[Key, Receipt] = {}
        self._sent_s: dict[Key, float] = {}

    def put(self, receipts: Iterable[Receipt]) -> None:
        """Takes receipts of a commit, to be sent when due."""
        for receipt in receipts:
            key = (receipt.tracker, receipt.life, receipt.boot)
            self._waiting[key] = self._with_earlier_wants(key, receipt)

    def answer(self, receipts: Iterable[Receipt], now_s: float) -> list[Receipt]:
        """Takes receipts that answer a hello and gives back what to send at once."""
        sent = []
        for receipt in receipts:
            key = (receipt.tracker, receipt.life, receipt.boot)
            sent.append(self._with_earlier_wants(key, receipt))
            self._waiting.pop(key, None)
            self._sent_s[key] = now_s
        return sent

    def due(self, now_s: float) -> list[Receipt]:
        """Takes out what may be sent now (`now_s`: a clock that never goes back)."""
        ready = [key for key in self._waiting if now_s - self._sent_s.get(key, now_s - PAUSE_S) >= PAUSE_S]
        receipts = [self._waiting.pop(key) for key in ready]
        self._sent_s = {key: at for key, at in self._sent_s.items() if now_s - at < PAUSE_S}
        self._sent_s.update(dict.fromkeys(ready, now_s))
        return receipts

    def _with_earlier_wants(self, key: Key, receipt: Receipt) -> Receipt:
        earlier = self._waiting.get(key)
        if earlier is None or not earlier.want:
            return receipt
        still = RangeSet.of(earlier.want).above(receipt.upto) - RangeSet.of(receipt.got)
        wanted = RangeSet.of(receipt.want) | still
        return replace(receipt, want=wanted.pairs[:RANGES_IN_A_RECEIPT])
