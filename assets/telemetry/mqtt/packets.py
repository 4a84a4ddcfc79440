"""MQTT 3.1.1 packets, pure: a stream of bytes cut into messages and others, and the packets that go out in blocks."""

from __future__ import annotations

from collections.abc import Sequence

from assets.telemetry.messages import Envelope

MOST_TOPICS = 20_000

_PUBLISH = 0x30
_PUBACK = b"\x40\x02"


class MalformedStream(Exception):
    """What came is no MQTT."""


class Reader:
    """Cuts a stream of bytes into packets, however it is split; messages become envelopes."""

    def __init__(self) -> None:
        self._rest = b""
        self._topics: dict[bytes, str] = {}

    def read(self, block: bytes, received_ms: int) -> tuple[list[Envelope], list[tuple[int, bytes]]]:
        """(messages, other packets as (first byte, body)) that are whole now; the rest waits for the next block.

        `MalformedStream` when a length or a topic cannot be.
        """
        data = self._rest + block if self._rest else block
        envelopes: list[Envelope] = []
        others: list[tuple[int, bytes]] = []
        at, end = 0, len(data)
        while end - at >= 2:
            first, length, start = data[at], data[at + 1], at + 2
            if length & 0x80:
                longer = _length(data, at + 1)
                if longer is None:
                    break
                length, start = longer
            stop = start + length
            if stop > end:
                break
            if first & 0xF0 == _PUBLISH:
                envelopes.append(self._envelope(data, first, start, stop, received_ms))
            else:
                others.append((first, data[start:stop]))
            at = stop
        self._rest = data[at:]
        return envelopes, others

    def _envelope(self, data: bytes, first: int, start: int, stop: int, received_ms: int) -> Envelope:
        payload_at = start + 2 + (data[start] << 8 | data[start + 1]) if stop - start >= 2 else stop + 1
        name = data[start + 2 : payload_at]
        mid = 0
        if first & 0x06:
            if payload_at + 2 <= stop:
                mid = data[payload_at] << 8 | data[payload_at + 1]
            payload_at += 2
        if payload_at > stop:
            raise MalformedStream("a message is shorter than its topic")
        return Envelope(self._topics.get(name) or self._topic(name), data[payload_at:stop], received_ms, mid)

    def _topic(self, name: bytes) -> str:
        if len(self._topics) > MOST_TOPICS:
            self._topics.clear()
        # Brokers let no topic through that is not UTF-8; if one does, the topic is set aside like any unknown one.
        topic = self._topics[name] = name.decode("utf-8", "replace")
        return topic


def _length(data: bytes, at: int) -> tuple[int, int] | None:
    """(remaining length, where the body begins) from the length's first byte on; None while bytes are missing."""
    length = 0
    for count in range(4):
        if at + count >= len(data):
            return None
        byte = data[at + count]
        length |= (byte & 0x7F) << (7 * count)
        if not byte & 0x80:
            return length, at + count + 1
    raise MalformedStream("a length has more than four bytes")


def acknowledgements(mids: Sequence[int]) -> bytes:
    """The packets that acknowledge these messages, in order."""
    return b"".join([_PUBACK + mid.to_bytes(2, "big") for mid in mids])


def publication(topic: str, body: bytes) -> bytes:
    """The packet of a message at QoS 0."""
    name = topic.encode()
    length = 2 + len(name) + len(body)
    head = bytearray([_PUBLISH])
    while True:
        length, byte = length >> 7, length & 0x7F
        head.append(byte | 0x80 if length else byte)
        if not length:
            break
    return b"".join((head, len(name).to_bytes(2, "big"), name, body))
