"""What waits is committed in portions: in order, bounded, and nothing left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assets.telemetry.messages import Envelope
from assets.telemetry.process import portions
from tests.support.world import START


@given(st.lists(st.integers(0, 300), max_size=60), st.integers(1, 500))
def test_portions_keep_order_and_bound(sizes: list[int], most_bytes: int) -> None:
    arrivals = [(n, Envelope("t", b"x" * size, START, n)) for n, size in enumerate(sizes)]
    found = list(portions(arrivals, most_bytes))
    assert [arrival for portion in found for arrival in portion] == arrivals
    assert all(len(portion) == 1 or sum(len(e.payload) for _, e in portion) <= most_bytes for portion in found)
