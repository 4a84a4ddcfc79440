"""MQTT packets: however the stream is cut, the same messages in the same order, and nothing else is believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.telemetry.messages import Envelope
from assets.telemetry.mqtt.packets import MalformedStream, Reader, acknowledgements, publication

NOW_MS = 1_795_000_000_000


def _message(topic: bytes, payload: bytes, mid: int, qos: int) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic + (mid.to_bytes(2, "big") if qos else b"") + payload
    return bytes([0x30 | qos << 1]) + _length(len(body)) + body


def _length(length: int) -> bytes:
    out = bytearray()
    while True:
        length, byte = divmod(length, 128)
        out.append(byte | (0x80 if length else 0))
        if not length:
            return bytes(out)


MESSAGES = st.tuples(
    st.sampled_from([b"imt/v1/a/report", b"imt/v1/b/hello", "imt/v1/ў/report".encode()]),
    st.binary(max_size=300),
    st.integers(1, 65_535),
    st.sampled_from([0, 1]),
)
OTHERS = st.sampled_from([(0xD0, b""), (0x90, b"\x00\x01\x01"), (0x20, b"\x00\x00")])


@given(st.lists(MESSAGES | OTHERS, max_size=12), st.data())
def test_any_cut_of_the_stream_gives_the_same_packets(packets: list[tuple[object, ...]], data: st.DataObject) -> None:
    stream = b""
    envelopes, others = [], []
    for packet in packets:
        if len(packet) == 2:
            first, body = packet
            assert isinstance(first, int)
            assert isinstance(body, bytes)
            stream += bytes([first]) + _length(len(body)) + body
            others.append((first, body))
        else:
            topic, payload, mid, qos = packet
            assert isinstance(topic, bytes)
            stream += _message(topic, payload, mid, qos)  # type: ignore[arg-type]
            envelopes.append(Envelope(topic.decode(), payload, NOW_MS, mid if qos else 0))  # type: ignore[arg-type]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = Reader()
    found: list[Envelope] = []
    passed: list[tuple[int, bytes]] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        some, more = reader.read(stream[start:end], NOW_MS)
        found += some
        passed += more
    assert (found, passed) == (envelopes, others)


@pytest.mark.parametrize(
    "stream",
    [
        b"\x32\xff\xff\xff\xff\x01",
        b"\x32\x00",
        b"\x32\x01\x00",
        b"\x32\x03\x00\x05a",
        b"\x32\x04\x00\x02ab",
        b"\x30\x03\x00\x02a",
    ],
)
def test_what_is_no_mqtt_is_refused(stream: bytes) -> None:
    with pytest.raises(MalformedStream):
        Reader().read(stream, NOW_MS)


def test_topic_that_is_not_utf_8_arrives_as_one_that_nobody_knows() -> None:
    (envelope,), _ = Reader().read(_message(b"imt/\xff", b"x", 1, 1), NOW_MS)
    assert envelope.topic == "imt/\ufffd"


@given(st.sampled_from(["imt/v1/a/receipt", "imt/v1/ў/receipt"]), st.binary(max_size=20_000))
def test_publication_is_read_back(topic: str, body: bytes) -> None:
    (envelope,), others = Reader().read(publication(topic, body), NOW_MS)
    assert (envelope.topic, envelope.payload, envelope.mid, others) == (topic, body, 0, [])


def test_acknowledgements_name_every_message_in_order() -> None:
    assert acknowledgements([1, 515]) == b"\x40\x02\x00\x01\x40\x02\x02\x03"
