"""The firmware's own MQTT: what a broker may send never stops it, and it never waits nor grows without bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_stubs.tracker.mqtt import BUFFER_MOST, PACKET_MOST, Mqtt
from firmware_stubs.tracker.ports import Stream
from tests.firmware.bench import BenchBoard

OWN: dict[str, object] = {"host": "h", "port": 1883, "user": "T-1", "secret": "s"}
CONNACK = b"\x20\x02\x00\x00"
SUBACK = b"\x90\x04\x00\x01\x00\x01"


class Wire(Stream):
    """A stream in two lists; `takes`: how many bytes go at once."""

    def __init__(self) -> None:
        self.sent = b""
        self.arrived: list[bytes] = []
        self.takes = 1 << 20
        self.opened: list[tuple[str, int, str]] = []
        self.receives = 0

    def open(self, host: str, port: int, authority: str) -> None:
        self.opened.append((host, port, authority))
        self.ready, self.failed = True, False

    def send(self, data: bytes) -> int:
        self.sent += data[: self.takes]
        return min(self.takes, len(data))

    def receive(self) -> bytes:
        self.receives += 1
        return self.arrived.pop(0) if self.arrived else b""

    def close(self) -> None:
        self.ready = False


def connected() -> tuple[Mqtt, Wire, BenchBoard]:
    wire, board = Wire(), BenchBoard()
    mqtt = Mqtt(board, wire, OWN)
    mqtt.connect("w", b"{}", [("r", 0), ("c", 1)])
    mqtt.poll()
    wire.arrived = [CONNACK + SUBACK]
    mqtt.poll()
    assert mqtt.connected
    return mqtt, wire, board


def test_connect_says_who_it_is_with_a_clean_session_and_a_last_will() -> None:
    _, wire, _ = connected()
    assert wire.sent.startswith(
        b"\x10\x1e\x00\x04MQTT\x04\xce\x00\x3c\x00\x03T-1\x00\x01w\x00\x02{}\x00\x03T-1\x00\x01s"
    )
    assert wire.sent.endswith(b"\x82\x0a\x00\x01\x00\x01r\x00\x00\x01c\x01")


def test_it_is_connected_only_when_the_subscriptions_stand() -> None:
    wire = Wire()
    mqtt = Mqtt(BenchBoard(), wire, OWN)
    mqtt.connect("w", b"", [("r", 0)])
    wire.arrived = [CONNACK]
    mqtt.poll()
    assert not mqtt.connected
    assert not mqtt.publish("t", b"x")
    wire.arrived = [b"\x90\x03\x00\x01\x80"]
    mqtt.poll()
    assert mqtt.failed
    assert "subscription" in mqtt.refusal


def test_a_refused_connection_says_the_brokers_code() -> None:
    wire = Wire()
    mqtt = Mqtt(BenchBoard(), wire, OWN)
    mqtt.connect("w", b"", [("r", 0)])
    wire.arrived = [b"\x20\x02\x00\x05"]
    mqtt.poll()
    assert (mqtt.failed, mqtt.refusal) == (True, "the broker refused the connection: 5")


def test_the_server_that_was_ordered_takes_the_place_of_its_own() -> None:
    wire = Wire()
    mqtt = Mqtt(BenchBoard(), wire, OWN)
    mqtt.server = {"host": "other", "port": 8883, "authority": "PEM", "secret": "new"}
    mqtt.connect("w", b"", [("r", 0)])
    mqtt.poll()
    assert wire.opened == [("other", 8883, "PEM")]
    assert wire.sent.endswith(b"\x00\x03T-1\x00\x03new")


def test_what_arrives_in_pieces_is_put_together_and_acknowledged() -> None:
    mqtt, wire, _ = connected()
    wire.sent = b""
    message = b"\x32\x0c\x00\x01c\x00\x07payload"
    found = []
    for byte in message + b"\x30\x04\x00\x01rx":
        wire.arrived = [bytes([byte])]
        found += mqtt.poll()
    assert found == [("c", b"payload"), ("r", b"x")]
    assert wire.sent == b"\x40\x02\x00\x07"


def test_a_slow_line_gets_everything_in_order() -> None:
    mqtt, wire, _ = connected()
    wire.sent = b""
    wire.takes = 7
    assert mqtt.publish("t", b"x" * 50)
    assert mqtt.publish("t", b"y" * 50)
    mqtt.poll()
    assert wire.sent == b"\x32\x37\x00\x01t\x00\x02" + b"x" * 50 + b"\x32\x37\x00\x01t\x00\x03" + b"y" * 50


def test_a_line_that_takes_nothing_fills_a_buffer_with_an_end() -> None:
    mqtt, wire, _ = connected()
    wire.takes = 0
    taken = sum(mqtt.publish("t", b"x" * 4000) for _ in range(100))
    assert taken * 4000 <= BUFFER_MOST
    mqtt.poll()


def test_a_broker_that_is_not_heard_any_more_is_given_up_within_a_minute_and_a_half() -> None:
    mqtt, wire, board = connected()
    for _ in range(31):
        board.ms += 1000
        mqtt.poll()
    assert wire.sent.endswith(b"\xc0\x00")
    wire.arrived = [b"\xd0\x00"]
    for _ in range(35):
        board.ms += 1000
        mqtt.poll()
    assert mqtt.refusal == ""
    for _ in range(90):
        board.ms += 1000
        mqtt.publish("t", b"still sending")
        mqtt.poll()
    assert mqtt.failed
    assert "does not answer" in str(mqtt.refusal)


def test_a_flood_is_taken_in_portions() -> None:
    mqtt, wire, _ = connected()
    wire.receives = 0
    wire.arrived = [b"\x30\x04\x00\x01rx"] * 500
    mqtt.poll()
    assert wire.receives <= 16


@pytest.mark.parametrize(
    "data", [b"\x30\xff\xff\xff\xff\x01", b"\x30\xff\xff\x7f", b"\x34\x05\x00\x01r\x00\x01", b"\x30\x02\x00\x09"]
)
def test_what_is_not_mqtt_ends_the_connection(data: bytes) -> None:
    mqtt, wire, _ = connected()
    wire.arrived = [data]
    assert mqtt.poll() == []
    assert mqtt.failed


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_nothing_that_arrives_raises(pieces: list[bytes]) -> None:
    mqtt, wire, _ = connected()
    wire.arrived = list(pieces)
    for _ in range(5):
        mqtt.poll()
    assert len(mqtt._in) <= PACKET_MOST + 800
