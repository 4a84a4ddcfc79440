"""What waits for a commit: bounded, in order, worth nothing once its connection ended."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from assets.telemetry.messages import Envelope
from assets.telemetry.mqtt.inbox import MOST_BYTES, MOST_MESSAGES, Inbox


def _envelopes(first: int, count: int, size: int = 1) -> list[Envelope]:
    return [Envelope("t", b"x" * size, 0, first + n) for n in range(count)]


@given(st.lists(st.integers(1, 30), max_size=8), st.integers(1, 40))
def test_everything_comes_out_once_in_order_and_never_too_much(sizes: list[int], most: int) -> None:
    inbox, put = Inbox(), 0
    for size in sizes:
        inbox.put(_envelopes(put, size))
        put += size
    taken: list[int] = []
    while batch := inbox.take(most, 0.0, 0.0).envelopes:
        assert len(batch) <= most
        taken += [envelope.mid for envelope in batch]
    assert taken == list(range(put))
    assert len(inbox) == 0


def test_inbox_is_full_by_number_or_by_bytes() -> None:
    inbox = Inbox()
    full = []
    inbox.put(_envelopes(0, MOST_MESSAGES - 1))
    full.append(inbox.is_full)
    inbox.put(_envelopes(0, 1))
    full.append(inbox.is_full)
    inbox.take(1, 0.0, 0.0)
    full.append(inbox.is_full)
    inbox.put([Envelope("t", b"x" * MOST_BYTES, 0)])
    full.append(inbox.is_full)
    assert full == [False, True, False, True]


def test_new_connection_leaves_nothing_of_the_last() -> None:
    inbox = Inbox()
    inbox.put(_envelopes(0, 3))
    before = inbox.take(1, 0.0, 0.0)
    inbox.begin()
    inbox.put(_envelopes(0, 1))
    after = inbox.take(10, 0.0, 0.0)
    assert before.connection != after.connection
    assert (len(after.envelopes), inbox.is_full) == (1, False)


def test_take_waits_for_the_first_message() -> None:
    inbox = Inbox()
    threading.Timer(0.05, inbox.put, [_envelopes(0, 2)]).start()
    assert len(inbox.take(10, 30.0, 0.0).envelopes) == 2


def test_lingering_ends_as_soon_as_enough_is_there() -> None:
    inbox = Inbox()
    inbox.put(_envelopes(0, 1))
    threading.Timer(0.05, inbox.put, [_envelopes(1, 1)]).start()
    assert len(inbox.take(2, 0.0, 30.0).envelopes) == 2
