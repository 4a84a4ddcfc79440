"""The door to MQTT, and the only package that knows paho: envelopes in, acknowledgements, receipts and commands out.

Where messages come from stays apart from what is done with a batch: another source (AMQP, a clustered broker) gives
`Batch`es and takes acknowledgements as `Gateway` does.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable, Iterable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from assets.core.clock import Clock
from assets.telemetry.days import to_ms
from assets.telemetry.messages import Endpoint
from assets.telemetry.mqtt.client import BlockClient
from assets.telemetry.mqtt.inbox import Batch, Inbox
from assets.telemetry.mqtt.packets import acknowledgements, publication
from assets.telemetry.topics import SUBSCRIPTIONS

__all__ = ["CLIENT_ID", "Batch", "Gateway"]

CLIENT_ID = "ingest.internal"
"""Its user name at our own broker, which lets nobody have another client id."""
KEEP_ALIVE_S = 60

log = logging.getLogger(__name__)


class Gateway:
    """One persistent session at the broker. Messages wait in a bounded inbox; a full one stops the reading."""

    def __init__(self, endpoint: Endpoint, clock: Clock, subscribed: Callable[[], object]) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._subscribed = subscribed
        self._inbox = Inbox()
        self._closing = threading.Event()
        self._acknowledging = threading.Lock()
        self._client = self._make_client()

    @property
    def backlog(self) -> int:
        """How many messages wait."""
        return len(self._inbox)

    @property
    def is_connected(self) -> bool:
        """Whether the broker answers; no sign of health (that is the age of the last commit and beat)."""
        return self._client.is_connected()

    def start(self) -> None:
        """Connects, now or as soon as the broker is there, and goes on doing so."""
        self._closing.clear()
        self._client.connect_async(self._endpoint.host, self._endpoint.port, KEEP_ALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnects; the broker keeps what is not acknowledged."""
        self._closing.set()
        self._inbox.wake()
        self._client.disconnect()
        self._client.loop_stop()
        self._begin()

    def drop(self) -> None:
        """Gives the connection up with everything unacknowledged: the broker sends it again over the next one."""
        self.stop()
        self._client = self._make_client()
        self.start()

    def take(self, most: int, wait_s: float, linger_s: float) -> Batch:
        """What waits, at most `most`: the first within `wait_s`, then all that comes while lingering. May be empty."""
        return self._inbox.take(most, wait_s, linger_s)

    def acknowledge(self, batch: Batch) -> None:
        """Tells the broker, in order, that these are ours now. Call it after the commit."""
        mids = [envelope.mid for envelope in batch.envelopes if envelope.mid]
        # The broker gives numbers anew with each connection: one of the last would acknowledge another message.
        with self._acknowledging:
            if mids and batch.connection == self._inbox.connection:
                self._client.send_joined(acknowledgements(mids))

    def publish(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Sends receipts (QoS 0: a lost one is asked for again); without a connection they are dropped."""
        packets = b"".join([publication(topic, body) for topic, body in messages])
        if packets and self._client.is_connected():
            self._client.send_joined(packets)

    def order(self, topic: str, body: bytes) -> None:
        """Sends a command (QoS 1); one that does not arrive is sent again at the tracker's next hello."""
        if self._client.is_connected():
            self._client.publish(topic, body, qos=1)

    def clear(self, topics: Iterable[str]) -> bool:
        """Takes away what is retained at the broker on these topics (QoS 1); False without a connection."""
        if not self._client.is_connected():
            return False
        for topic in topics:
            self._client.publish(topic, b"", qos=1, retain=True)
        return True

    def _make_client(self) -> BlockClient:
        client = BlockClient(
            CLIENT_ID, lambda: to_ms(self._clock()), self._inbox.put, lambda: self._inbox.is_full, self._begin
        )
        client.username_pw_set(self._endpoint.user, self._endpoint.secret)
        if self._endpoint.tls:
            client.tls_set(ca_certs=self._endpoint.authority, tls_version=ssl.PROTOCOL_TLS_CLIENT)
        client.reconnect_delay_set(1, 15)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
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
        self._begin()
        if not self._closing.is_set():
            log.warning("the connection to the broker ended: %s", reason)

    def _begin(self) -> None:
        """Ends this connection's numbers and empties the inbox: all of it comes again over the next."""
        with self._acknowledging:
            self._inbox.begin()
