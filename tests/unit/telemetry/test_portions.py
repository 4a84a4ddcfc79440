"""What waits is committed in portions: in order, bounded, and nothing left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assets.telemetry.messages import Envelope
from assets.telemetry.mqtt import Batch
from assets.telemetry.writer import portions


@given(st.lists(st.integers(0, 300), max_size=60), st.integers(1, 500))
def test_portions_keep_order_and_bound(sizes: list[int], most_bytes: int) -> None:
    envelopes = [Envelope("t", b"x" * size, 0, n) for n, size in enumerate(sizes)]
    found = list(portions(Batch(7, envelopes), most_bytes))
    assert [envelope for portion in found for envelope in portion.envelopes] == envelopes
    assert all(portion.connection == 7 for portion in found)
    assert all(
        len(portion.envelopes) == 1 or sum(len(each.payload) for each in portion.envelopes) <= most_bytes
        for portion in found
    )
