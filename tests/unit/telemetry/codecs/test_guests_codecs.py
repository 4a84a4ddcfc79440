"""Codecs of guests never raise, keep what they can, and number readings by second and content."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.telemetry.codecs import GUEST_CODECS
from assets.telemetry.codecs.guest import GuestReport, reading_of, seq_of
from assets.telemetry.codecs.native import MAX_NUMBER
from assets.telemetry.messages import Undecodable

KEY = b"a key of the site"
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS: dict[str, list[str]] = {
    "owntracks": ["lat", "lon", "tst", "vel", "cog", "acc", "alt", "t", "odometer", "hmc", "ign", "trip"],
    "traccar": ["latitude", "longitude", "deviceTime", "fixTime", "speed", "course", "valid", "attributes"],
    "teltonika": ["ts", "latlng", "alt", "ang", "sat", "sp", "evt", "239", "16", "66", "21", "182"],
}


@pytest.mark.parametrize("guest", GUEST_CODECS)
@given(payload=st.binary(max_size=200))
def test_any_bytes_are_read_or_set_aside(guest: str, payload: bytes) -> None:
    assert isinstance(GUEST_CODECS[guest]("", payload), GuestReport | Undecodable)


@pytest.mark.parametrize("guest", GUEST_CODECS)
@given(data=st.data())
def test_any_values_are_read_or_set_aside(guest: str, data: st.DataObject) -> None:
    inner: dict[str, Any] = data.draw(st.dictionaries(st.sampled_from(KEYS[guest]), ANY))
    body: dict[str, Any] = {
        "owntracks": {"_type": "location", **inner},
        "traccar": {"position": {"latitude": 41, "longitude": 69, **inner}, "device": {"uniqueId": "1"}},
        "teltonika": {"state": {"reported": inner}},
    }[guest]
    found = GUEST_CODECS[guest]("", json.dumps(body).encode())
    for reported in found.readings if isinstance(found, GuestReport) else ():
        assert reported.reading.lat is None or -90 <= reported.reading.lat <= 90
        assert 0 <= seq_of(reported.reading, KEY) <= MAX_NUMBER


@pytest.mark.parametrize("guest", GUEST_CODECS)
def test_deep_nesting_is_set_aside(guest: str) -> None:
    assert isinstance(GUEST_CODECS[guest]("", b"[" * 50_000), Undecodable)


def test_same_reading_has_the_same_number_and_any_other_content_another() -> None:
    reading = reading_of(t=1_793_600_000.0, lat=41.3, lon=69.2)
    assert seq_of(reading, KEY) == seq_of(reading_of(t=1_793_600_000.0, lat=41.3, lon=69.2), KEY)
    others = [
        reading_of(t=1_793_600_000.5, lat=41.3, lon=69.2),
        reading_of(t=1_793_600_000.0, lat=41.3, lon=69.200001),
        reading_of(t=1_793_600_000.0, lat=41.3, lon=69.2, ign=True),
        reading_of(lat=41.3, lon=69.2),
    ]
    assert seq_of(reading, KEY) != seq_of(reading, b"another")
    assert len({seq_of(each, KEY) for each in [reading, *others]}) == 5


@given(first=st.integers(1_325_376_000, 3_400_000_000), later=st.integers(1, 10_000))
def test_numbers_grow_with_the_seconds_of_the_device(first: int, later: int) -> None:
    assert seq_of(reading_of(t=first, lat=1, lon=1), KEY) < seq_of(reading_of(t=first + later, lat=1, lon=1), KEY)
