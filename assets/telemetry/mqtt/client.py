"""paho's client, reading and writing many packets at a time: as it comes it takes eight system calls a message."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.exception import MalformedPacket

from assets.telemetry.messages import Envelope
from assets.telemetry.mqtt.packets import MalformedStream, Reader

BLOCK_BYTES = 256 * 1024
FULL_PAUSE_S = 0.01

log = logging.getLogger(__name__)


class BlockClient(paho.Client):
    """A client whose messages come in lists. It overrides how paho reads packets, and nothing that it does with those
    that are no messages (pinned in the lock file; tests/mqtt has all of it run against a real broker)."""

    def __init__(
        self,
        client_id: str,
        clock_ms: Callable[[], int],
        deliver: Callable[[list[Envelope]], None],
        is_full: Callable[[], bool],
        begin: Callable[[], None],
    ) -> None:
        """`deliver` gets messages in the order of the broker; while `is_full` nothing is read; `begin` is called
        before each new connection, when nothing of the last one counts any more."""
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=paho.MQTTv311,
            manual_ack=True,
        )
        self._clock_ms = clock_ms
        self._deliver = deliver
        self._is_full = is_full
        self._begin = begin
        self._reader = Reader()

    def send_joined(self, packets: bytes) -> None:
        """Sends packets that need no answer, in one piece."""
        # Under the name of an acknowledgement: after it paho has nothing more to do.
        self._packet_queue(paho.PUBACK, packets, 0, 0)

    def _create_socket_connection(self) -> Any:
        self._reader = Reader()
        self._begin()
        return super()._create_socket_connection()

    def _packet_read(self) -> MQTTErrorCode:
        if self._is_full():
            # The broker keeps the rest; the loop goes on, so that it is told that we live.
            time.sleep(FULL_PAUSE_S)
            return MQTTErrorCode.MQTT_ERR_AGAIN
        try:
            block = self._sock_recv(BLOCK_BYTES)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_AGAIN
        except OSError:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        if not block:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        with self._msgtime_mutex:
            self._last_msg_in = time.monotonic()
        try:
            envelopes, others = self._reader.read(block, self._clock_ms())
            if envelopes:
                self._deliver(envelopes)
        except MalformedStream:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        except Exception:
            # An error that left this function would end paho's thread for good while is_connected() stays true.
            log.exception("messages could not be taken from the broker, which will send them again")
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        for first, body in others:
            outcome = self._pass_on(first, body)
            if outcome > 0:
                return outcome
        return MQTTErrorCode.MQTT_ERR_AGAIN

    def _pass_on(self, first: int, body: bytes) -> MQTTErrorCode:
        """Has paho handle a packet that is no message."""
        self._in_packet = {
            "command": first,
            "have_remaining": 1,
            "remaining_count": [],
            "remaining_mult": 1,
            "remaining_length": len(body),
            "packet": bytearray(body),
            "to_process": 0,
            "pos": 0,
        }
        try:
            return self._packet_handle()
        except MalformedPacket:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
