"""The door to MQTT, and the only file that knows paho: envelopes in, acknowledgements and receipts out."""

from __future__ import annotations

import logging
import queue
import ssl
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from assets.core.clock import Clock
from assets.telemetry.messages import Endpoint, Envelope
from assets.telemetry.topics import SUBSCRIPTIONS

CLIENT_ID = "assets-ingest"
KEEP_ALIVE_S = 60
QUEUE_LENGTH = 5000
FULL_WAIT_S = 0.5

log = logging.getLogger(__name__)

Arrival = tuple[int, Envelope]
"""An envelope with the number of the connection that it came over: an acknowledgement counts only there."""


class Gateway:
    """One persistent session at the broker. Envelopes wait in a bounded queue; a full one stops the reading."""

    def __init__(self, endpoint: Endpoint, clock: Clock, subscribed: Callable[[], object]) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._subscribed = subscribed
        self._arrivals: queue.Queue[Arrival] = queue.Queue(QUEUE_LENGTH)
        self._connection = 0
        self._closing = threading.Event()
        self._client = self._make_client()

    @property
    def backlog(self) -> int:
        """How many envelopes wait."""
        return self._arrivals.qsize()

    def start(self) -> None:
        """Connects, now or as soon as the broker is there, and goes on doing so."""
        self._closing.clear()
        self._client.connect_async(self._endpoint.host, self._endpoint.port, KEEP_ALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnects; the broker keeps what is not acknowledged."""
        # A network thread that waits for room in the queue must be let go before it can be joined.
        self._closing.set()
        self._client.disconnect()
        self._client.loop_stop()
        self._forget()

    def drop(self) -> None:
        """Gives the connection up with everything unacknowledged: the broker sends it again over the next one."""
        self.stop()
        self._client = self._make_client()
        self.start()

    def take(self, most: int, wait_s: float, linger_s: float) -> list[Arrival]:
        """What waits, at most `most`: the first within `wait_s`, then all that comes while lingering."""
        try:
            arrivals = [self._arrivals.get(timeout=wait_s)]
        except queue.Empty:
            return []
        if self._arrivals.qsize() < most:
            self._closing.wait(linger_s)
        while len(arrivals) < most:
            try:
                arrivals.append(self._arrivals.get_nowait())
            except queue.Empty:
                break
        return [arrival for arrival in arrivals if arrival[0] == self._connection]

    def acknowledge(self, arrivals: list[Arrival]) -> None:
        """Tells the broker, in order, that these are ours now. Call it after the commit."""
        for connection, envelope in arrivals:
            if connection == self._connection:
                self._client.ack(envelope.mid, 1)

    def publish(self, topic: str, body: bytes) -> None:
        """Sends a receipt (QoS 0: a lost one is asked for again)."""
        self._client.publish(topic, body, qos=0)

    def _make_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=CLIENT_ID,
            clean_session=False,
            protocol=paho.MQTTv311,
            manual_ack=True,
        )
        client.username_pw_set(self._endpoint.user, self._endpoint.secret)
        if self._endpoint.tls:
            client.tls_set(ca_certs=self._endpoint.authority, tls_version=ssl.PROTOCOL_TLS_CLIENT)
        client.max_inflight_messages_set(1000)
        client.reconnect_delay_set(1, 15)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _on_connect(
        self, client: paho.Client, _data: Any, _flags: paho.ConnectFlags, reason: ReasonCode, _more: Properties | None
    ) -> None:
        if reason.is_failure:
            log.warning("the broker refused ingest: %s", reason)
            return
        client.subscribe([(topic, 1) for topic in SUBSCRIPTIONS])
        log.info("connected to the broker")

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed()

    def _on_disconnect(
        self,
        _client: paho.Client,
        _data: Any,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _more: Properties | None,
    ) -> None:
        self._forget()
        if not self._closing.is_set():
            log.warning("the connection to the broker ended: %s", reason)

    def _forget(self) -> None:
        """Ends this connection's numbers and empties the queue: all of it comes again over the next."""
        self._connection += 1
        while True:
            try:
                self._arrivals.get_nowait()
            except queue.Empty:
                return

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        # An error that leaves this function ends paho's thread for good while is_connected() stays true.
        try:
            self._put((self._connection, self._envelope(message)))
        except Exception:
            log.exception("a message could not be taken from the broker's client")

    def _envelope(self, message: paho.MQTTMessage) -> Envelope:
        received_at: datetime = self._clock()
        return Envelope(message.topic, bytes(message.payload), received_at, message.mid, message.retain, message.dup)

    def _put(self, arrival: Arrival) -> None:
        """Waits for room: while the queue is full nothing is read, and the broker keeps the rest."""
        while not self._closing.is_set():
            try:
                self._arrivals.put(arrival, timeout=FULL_WAIT_S)
            except queue.Full:
                continue
            return
