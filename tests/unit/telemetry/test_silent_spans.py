"""Spans of silence, and what bytes that nobody could read may tell of them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.telemetry.silence.spans import Span, may_tell, merged

FIRST_S = 1_793_620_800
SPANS = (Span(FIRST_S * 1000, (FIRST_S + 3600) * 1000),)
AFTER = ((FIRST_S + 86_400) * 1000,)

spans = st.builds(lambda first, length: Span(first, first + length), st.integers(0, 60), st.integers(1, 20))


@given(st.lists(spans, max_size=8))
def test_merged_spans_hold_the_same_moments_in_order_and_apart(found: list[Span]) -> None:
    whole = merged(found)
    for moment in range(85):
        assert any(span.holds(moment) for span in found) == any(span.holds(moment) for span in whole)
    assert all(earlier.until_ms < later.first_ms for earlier, later in pairwise(whole))


def _iso(seconds: int, zone: str) -> bytes:
    return datetime.fromtimestamp(FIRST_S + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode() + zone.encode()


@pytest.mark.parametrize(
    "raw",
    [
        b'{"t":%d,"lat":91}' % (FIRST_S + 5),
        b'{"t":%d.75,"lat":91}' % (FIRST_S + 5),
        b'{"samples":[{"t":1},{"t":%d,"lat":41.3}' % (FIRST_S + 3599),
        b'{"ts":%d,"latlng":"41.3,69.2"}' % ((FIRST_S + 5) * 1000),
        b'{"tst":"%d"}' % FIRST_S,
        b'{"fixTime":"' + _iso(60, "Z") + b'"}',
        b'{"fixTime":"' + _iso(60, ".000+00:00") + b'"}',
        b"\xff\xfe %d \xff" % (FIRST_S + 1),
    ],
)
def test_bytes_that_hold_a_time_of_the_span_may_tell_of_it_however_it_is_called(raw: bytes) -> None:
    assert may_tell(raw, AFTER, SPANS)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"t":%d,"lat":91}' % (FIRST_S - 1),
        b'{"t":%d,"lat":91}' % (FIRST_S + 3600),
        b'{"imei":"35%d"}' % (FIRST_S + 5),
        b'{"x":0.%d}' % (FIRST_S + 5),
        b'{"fixTime":"' + _iso(-60, "Z") + b'"}',
        b'{"fixTime":"2026-99-99T99:99:99Z"}',
        b"",
    ],
)
def test_bytes_of_another_time_are_kept(raw: bytes) -> None:
    assert not may_tell(raw, AFTER, SPANS)


def test_whatever_came_within_the_span_may_tell_of_it() -> None:
    assert may_tell(b'{"lat":41.3}', ((FIRST_S + 5) * 1000,), SPANS)
    assert not may_tell(b'{"lat":41.3}', AFTER, SPANS)
    assert not may_tell(b'{"lat":41.3}', ((FIRST_S + 5) * 1000,), ())


@given(st.binary(max_size=200))
def test_no_bytes_are_too_odd_to_be_judged(raw: bytes) -> None:
    assert may_tell(raw, AFTER, SPANS) in {True, False}
