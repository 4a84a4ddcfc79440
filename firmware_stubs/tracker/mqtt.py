"""An MQTT 3.1.1 client over any stream of bytes: clean session, QoS 1 up, last will, nothing that waits.

It is the transport of a device: give it a `ports.Stream` (a socket, a modem) and call the methods of `ports.Transport`.
Publishing puts a packet into a buffer of bounded size; `poll` sends and receives what goes at once.
"""

from firmware_stubs.tracker.ports import Board, Stream, Transport

KEEPALIVE_MS = 60000
PACKET_MOST = 8192  # a larger one is none of ours: the connection is given up
BUFFER_MOST = 65536
ROUNDS = 16

_CONNACK, _PUBLISH, _PUBACK, _SUBACK, _PINGRESP = 2, 3, 4, 9, 13


def _text(value: "str | bytes") -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return bytes((len(data) >> 8, len(data) & 255)) + data


def packet(first: int, body: bytes) -> bytes:
    """A packet with its fixed header (MQTT 3.1.1, section 2.2)."""
    head = bytearray((first,))
    size = len(body)
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    head.append(size)
    return bytes(head) + body


def connect_packet(user: str, secret: str, will_topic: str, will: bytes) -> bytes:
    """Clean session, last will at QoS 1 and not retained, the user's name as client id."""
    flags = 0x80 | 0x40 | 0x08 | 0x04 | 0x02
    body = _text("MQTT") + bytes((4, flags)) + bytes((0, KEEPALIVE_MS // 1000))
    return packet(0x10, body + _text(user) + _text(will_topic) + _text(will) + _text(user) + _text(secret))


class Mqtt(Transport):
    """One tracker's connection. `own`: host, port, user, secret and authority that it was made with.

    `board`: its `link_ms` is the clock.
    """

    def __init__(self, board: Board, stream: Stream, own: "dict[str, object]") -> None:
        self.refusal = ""  # why the last connection came to nothing, for people
        self.connected = False
        self.failed = False
        self._clock = board.link_ms
        self._stream = stream
        self._own = own
        self._out = b""
        self._in = b""
        self._inbox: "list[tuple[str, bytes]]" = []
        self._hello = b""  # the first packet, once the stream is ready
        self._subscribe = b""
        self._number = 0
        self._heard_ms = 0
        self._sent_ms = 0
        self._asked_ms: "int | None" = None  # when the last ping went out that has no answer yet

    # -- what a tracker asks for --------------------------------------------------------------------------------

    def connect(self, will_topic: str, will_payload: bytes, subscriptions: "list[tuple[str, int]]") -> None:
        self.disconnect()
        target = dict(self._own)
        target.update(self.server or {})
        self._hello = connect_packet(str(target["user"]), str(target["secret"]), will_topic, will_payload)
        topics = b"".join([_text(topic) + bytes((qos,)) for topic, qos in subscriptions])
        self._subscribe = packet(0x82, b"\x00\x01" + topics)
        self._number = 1
        self._out = self._in = b""
        self._asked_ms = None
        self._heard_ms = self._sent_ms = self._clock()
        self.refusal = ""
        self.failed = False
        self._stream.open(str(target["host"]), int(target["port"]), str(target.get("authority") or ""))  # type: ignore[call-overload]

    def publish(self, topic: str, payload: bytes) -> bool:
        if not self.connected or len(self._out) + len(payload) > BUFFER_MOST:
            return False
        self._number = self._number % 65535 + 1
        self._put(packet(0x32, _text(topic) + bytes((self._number >> 8, self._number & 255)) + payload))
        return True

    def poll(self) -> "list[tuple[str, bytes]]":
        stream = self._stream
        if not self.failed:
            for _ in range(ROUNDS):
                data = stream.receive()
                if not data:
                    break
                self._heard_ms = self._clock()
                self._in += data
                self._read()
            if self._hello and stream.ready:
                self._put(self._hello)
                self._hello = b""
            self._keep_alive()
            self._flush()
            if stream.failed and not self.failed:
                self._drop("the connection was lost" if self.connected else "no connection")
        inbox = self._inbox
        self._inbox = []
        return inbox

    def disconnect(self) -> None:
        if self.connected:
            self._put(b"\xe0\x00")
            self._flush()
        self.connected = False
        self._stream.close()

    # -- packets ------------------------------------------------------------------------------------------------

    def _put(self, data: bytes) -> None:
        self._out += data

    def _flush(self) -> None:
        while self._out and not self._stream.failed:
            count = self._stream.send(self._out)
            if count <= 0:
                return
            self._sent_ms = self._clock()
            self._out = self._out[count:]

    def _keep_alive(self) -> None:
        """Asks for a sign of life in time, and gives the connection up without one."""
        if not self.connected:
            return
        now_ms = self._clock()
        if self._asked_ms is not None and self._heard_ms >= self._asked_ms:
            self._asked_ms = None
        if self._asked_ms is not None and now_ms - self._asked_ms >= KEEPALIVE_MS // 2:
            self._drop("the broker does not answer")
        elif self._asked_ms is None and now_ms - min(self._sent_ms, self._heard_ms) >= KEEPALIVE_MS // 2:
            self._asked_ms = now_ms
            self._put(b"\xc0\x00")

    def _drop(self, why: str) -> None:
        self.refusal = why
        self.connected = False
        self.failed = True
        self._stream.close()

    def _read(self) -> None:
        while not self.failed and len(self._in) >= 2:
            size = at = shift = 0
            while True:
                at += 1
                if at >= len(self._in):
                    return
                size |= (self._in[at] & 127) << shift
                shift += 7
                if self._in[at] < 128:
                    break
                if shift > 21:
                    self._drop("what came is not MQTT")
                    return
            if size > PACKET_MOST:
                self._drop("a packet of %d bytes came" % size)
                return
            at += 1
            if len(self._in) < at + size:
                return
            first, body = self._in[0], self._in[at : at + size]
            self._in = self._in[at + size :]
            self._on_packet(first, body)

    def _on_packet(self, first: int, body: bytes) -> None:
        kind = first >> 4
        if kind == _CONNACK and len(body) >= 2:
            if body[1]:
                self._drop("the broker refused the connection: %d" % body[1])
            else:
                self._put(self._subscribe)
        elif kind == _SUBACK:
            if any(code > 2 for code in body[2:]):
                self._drop("the broker refused a subscription")
            else:
                self.connected = True
        elif kind == _PUBLISH:
            self._on_publish(first >> 1 & 3, body)

    def _on_publish(self, qos: int, body: bytes) -> None:
        size = body[0] << 8 | body[1] if len(body) >= 2 else len(body)
        start = 2 + size + (2 if qos else 0)
        if start > len(body) or qos > 1:
            self._drop("what came is not MQTT")
            return
        if qos:
            self._put(b"\x40\x02" + body[2 + size : 4 + size])
        try:
            self._inbox.append((body[2 : 2 + size].decode(), body[start:]))
        except ValueError:  # a topic that is not UTF-8
            self._drop("what came is not MQTT")
