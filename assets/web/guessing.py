"""A brake on guessing label codes: too many unknown ones by one account in a while, and it must wait."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

from flask import abort, current_app

from assets.core.i18n import msg
from assets.web.context import actor, now, words

UNKNOWN_ALLOWED = 40
WITHIN = timedelta(minutes=10)


class UnknownCodes:
    """When each account last asked for codes that lead nowhere for it; one per process, gone with it.

    A code has 45 random bits, so that a brake per process is enough: with 50,000 assets a guesser would need
    centuries at this pace.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[int, deque[datetime]] = {}

    def count(self, account_id: int, at: datetime) -> int:
        """How many unknown codes the account asked for lately."""
        with self._lock:
            times = self._asked.get(account_id)
            while times and times[0] <= at - WITHIN:
                times.popleft()
            if times is not None and not times:
                del self._asked[account_id]
            return len(times or ())

    def add(self, account_id: int, at: datetime) -> None:
        """Another unknown code was asked for."""
        with self._lock:
            self._asked.setdefault(account_id, deque(maxlen=UNKNOWN_ALLOWED)).append(at)


def check_guessing() -> None:
    """Answer 429 when the signed-in account asked for too many unknown codes lately."""
    account_id = actor().account_id
    if account_id is not None and _unknown_codes().count(account_id, now()) >= UNKNOWN_ALLOWED:
        abort(429, words(msg("Too many unknown codes. Wait ten minutes, and nothing is lost.")))


def note_unknown_code() -> None:
    """Count a code that led nowhere for the signed-in account: unknown and forbidden count alike."""
    account_id = actor().account_id
    if account_id is not None:
        _unknown_codes().add(account_id, now())


def _unknown_codes() -> UnknownCodes:
    found: UnknownCodes = current_app.extensions.setdefault("unknown_codes", UnknownCodes())
    return found
