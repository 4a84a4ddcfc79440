"""The broker's doors: at which addresses it takes trackers, in plain text and over TLS, and ingest."""

from __future__ import annotations

import json
import logging
import secrets
import socket
from collections.abc import Collection
from dataclasses import asdict, dataclass

from assets.core.errors import RuleViolation
from assets.core.i18n import msg
from assets.settings import Settings, listen_address
from assets.telemetry.broker.files import folder_of, write

NAME = "listening.json"
_OWN_PORTS = range(20_000, 32_000)
log = logging.getLogger("assets.broker")


@dataclass(frozen=True, slots=True)
class Listening:
    """Where our own broker takes trackers and, apart from them, ingest.

    `host` and `port` are the plain door, the TLS one where there is no other; `tls_port` 0: none speaks TLS.
    """

    host: str
    port: int
    ingest_port: int
    tls_host: str = ""
    tls_port: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether a door takes trackers in plain text."""
        return self.port != self.tls_port


def listening(settings: Settings) -> Listening | None:
    """Where our own broker listens, None before its first start."""
    try:
        found = json.loads((folder_of(settings) / NAME).read_text())
    except FileNotFoundError:
        return None
    return Listening(
        found["host"], found["port"], found["ingest_port"], found.get("tls_host", ""), found.get("tls_port", 0)
    )


def choose_ports(settings: Settings) -> Listening:
    """The ports of the last start where they are free still, so that a restart of the broker moves nobody."""
    before = listening(settings)
    tls_host, tls_port = "", 0
    if settings.mqtt_tls_listen:
        tls_host, tls_port = listen_address("ASSETS_MQTT_TLS_LISTEN", settings.mqtt_tls_listen)
        tls_port = tls_port or _kept_or_free(tls_host, before.tls_port if before else 0, ())
    if settings.mqtt_plain == "yes":
        host, port = listen_address("ASSETS_MQTT_LISTEN", settings.mqtt_listen)
        port = port or _kept_or_free(host, before.port if before and before.is_plain else 0, (tls_port,))
    else:
        host, port = tls_host, tls_port
    ingest_port = _kept_or_free("127.0.0.1", before.ingest_port if before else 0, (port, tls_port))
    if before is not None and ingest_port != before.ingest_port:
        # Mosquitto knows a kept session's rights by its port: until ingest is back it queues nothing for it.
        log.warning("another program took ingest's port %d; it moves to %d", before.ingest_port, ingest_port)
    chosen = Listening(host, port, ingest_port, tls_host, tls_port)
    write(folder_of(settings) / NAME, json.dumps(asdict(chosen)))
    return chosen


def _kept_or_free(host: str, kept: int, taken: Collection[int]) -> int:
    if kept and kept not in taken and _is_free(host, kept):
        return kept
    return _free_port(host, taken)


def _is_free(host: str, port: int) -> bool:
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _free_port(host: str, taken: Collection[int]) -> int:
    """A port that nobody uses, below those that the system lends to outgoing connections.

    A lent one could be taken by any program while the broker is down, and trackers would look for it in vain.
    """
    for port in secrets.SystemRandom().sample(_OWN_PORTS, len(_OWN_PORTS)):
        if port not in taken and _is_free(host, port):
            return port
    raise RuleViolation(msg("No free port was found for the broker; set ASSETS_MQTT_LISTEN."))


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
