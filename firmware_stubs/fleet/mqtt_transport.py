"""The firmware's own MQTT over sockets, driven from the caller's thread: thousands of trackers need no thread each."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

from firmware_stubs.fleet.socket_stream import SocketStream
from firmware_stubs.tracker.mqtt import Mqtt
from firmware_stubs.tracker.ports import Board

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Credential:
    """How one tracker reaches the broker, as `assets tracker add --json` prints it; and where its vehicle stands."""

    tracker: str
    username: str
    password: str
    host: str
    port: int
    authority: str = ""  # certificate that must have signed the broker's; empty: no TLS
    lat: float | None = None
    lon: float | None = None
    seed: int | None = None


class RealClock(Board):
    """The network runs in real time, however fast the vehicle is simulated."""

    def link_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000


class MqttTransport(Mqtt):
    """What a device has, and says in the log why a connection came to nothing, once for each reason.

    `cut`: there is no network. `copies`: each message goes out so many times more.
    """

    def __init__(self, credential: Credential, copies: int = 0) -> None:
        self.stream = SocketStream()
        self.cut = False
        self._copies = copies
        super().__init__(
            RealClock(),
            self.stream,
            {
                "host": credential.host,
                "port": credential.port,
                "user": credential.username,
                "secret": credential.password,
                "authority": credential.authority,
            },
        )
        self._tracker = credential.tracker
        self._said = ""

    def connect(self, will_topic: str, will_payload: bytes, subscriptions: list[tuple[str, int]]) -> None:
        if self.cut:
            self.failed = True
        else:
            super().connect(will_topic, will_payload, subscriptions)

    def publish(self, topic: str, payload: bytes) -> bool:
        for _ in range(self._copies):
            super().publish(topic, payload)
        return super().publish(topic, payload)

    def lose(self) -> None:
        """The connection is gone without a word, as when the power or the network fails."""
        self.stream.close()
        self.connected = False
        self.failed = True

    def _drop(self, why: str) -> None:
        reason = f"{why}: {self.stream.error}" if self.stream.error else why
        super()._drop(reason)
        if reason != self._said:
            log.warning("tracker %s: %s", self._tracker, reason)
        self._said = reason


def credential(entry: Mapping[str, object]) -> Credential:
    """Reads one entry of a credentials file; ValueError names what is missing or wrong."""

    def text(key: str) -> str:
        value = entry.get(key)
        if not isinstance(value, str) or not value:
            raise ValueError(f"{key} is missing or is not text")
        return value

    def real(key: str) -> float | None:
        value = entry.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError(f"{key} is not a number")
        return value

    port = entry.get("port")
    if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536:
        raise ValueError("port is missing or is not a port number")
    seed = real("seed")
    return Credential(
        text("tracker"),
        text("username"),
        text("password"),
        text("host"),
        port,
        authority=text("authority") if entry.get("authority") else "",
        lat=real("lat"),
        lon=real("lon"),
        seed=None if seed is None else int(seed),
    )
