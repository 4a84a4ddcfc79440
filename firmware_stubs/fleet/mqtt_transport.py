"""The firmware's transport over paho-mqtt, driven from the caller's thread: sixty trackers need no sixty threads."""

import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from firmware_stubs.tracker.ports import Transport

CONNECT_S = 3.0
KEEPALIVE_S = 60
ROUNDS = 50  # packets taken in one poll at most: it must not block
UNSENT_MOST = 200  # messages that paho may keep before we take no more

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Credential:
    """How one tracker reaches the broker, as `assets tracker add --json` prints it; and where its vehicle stands."""

    tracker: str
    username: str
    password: str
    host: str
    port: int
    lat: float | None = None
    lon: float | None = None
    seed: int | None = None


class MqttTransport(Transport):
    """Clean session, QoS 1, last will; a new paho client for each connection, so that nothing old is left in it."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential
        self._client: mqtt.Client | None = None
        self._inbox: list[tuple[str, bytes]] = []
        self._subscriptions: list[tuple[str, int]] = []
        self._subscribed: int | None = None
        self.refusal = ""  # why the broker did not accept the last connection
        self.connected = False

    def connect(self, will_topic: str, will_payload: bytes, subscriptions: list[tuple[str, int]]) -> None:
        self.disconnect()
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self._credential.username, clean_session=True)
        client.username_pw_set(self._credential.username, self._credential.password)
        client.will_set(will_topic, will_payload, qos=1)
        client.connect_timeout = CONNECT_S
        client.max_queued_messages_set(UNSENT_MOST)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        self._subscriptions = subscriptions
        self._subscribed = None
        self.refusal = ""
        self.failed = False
        try:
            client.connect(self._credential.host, self._credential.port, KEEPALIVE_S)
        except OSError as error:  # refused, unreachable, no such name: the firmware tries again later
            self._refused(str(error))
            return
        self._client = client

    def publish(self, topic: str, payload: bytes) -> bool:
        client = self._client
        if client is None or not self.connected:
            return False
        info = client.publish(topic, payload, qos=1)
        return info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def poll(self) -> list[tuple[str, bytes]]:
        for _ in range(ROUNDS):
            client = self._client
            if client is None:
                break
            before = len(self._inbox)
            if client.loop(timeout=0.0) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._drop("the connection was lost")
            elif len(self._inbox) == before:
                break
        inbox, self._inbox = self._inbox, []
        return inbox

    def disconnect(self) -> None:
        client, self._client = self._client, None
        self.connected = False
        if client is not None:
            with contextlib.suppress(OSError, ValueError):
                client.disconnect()
                client.loop(timeout=0.0)

    def _refused(self, why: str) -> None:
        if why != self.refusal:
            log.warning("tracker %s: %s", self._credential.tracker, why)
        self.refusal = why
        self.failed = True

    def _drop(self, why: str) -> None:
        if self.connected:
            log.info("tracker %s: %s", self._credential.tracker, why)
        self.connected = False
        self.failed = True
        self._client = None

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: object, code: ReasonCode, _props: Properties | None
    ) -> None:
        if code.is_failure:
            self._refused(f"the broker refused the connection: {code}")
            return
        _, self._subscribed = client.subscribe(self._subscriptions)

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, mid: int, codes: list[ReasonCode], _props: Properties | None
    ) -> None:
        if mid != self._subscribed:
            return
        if any(code.is_failure for code in codes):
            self._refused("the broker refused a subscription")
            return
        self.connected = True

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: object,
        code: ReasonCode,
        _props: Properties | None,
    ) -> None:
        self._drop(str(code))

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self._inbox.append((message.topic, bytes(message.payload)))


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
        real("lat"),
        real("lon"),
        None if seed is None else int(seed),
    )
