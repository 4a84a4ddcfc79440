"""Asks an MQTT broker whether it lets somebody in, with a connection of its own that disturbs nobody.

Not the ingest client: a second connection under its id would throw it off (MQTT 3.1.1, 3.1.4-2).
"""

from __future__ import annotations

import secrets
import socket
import ssl

from assets.telemetry.messages import Endpoint

TIMEOUT_S = 5
REFUSALS = {
    1: "protocol version",
    2: "client id",
    3: "it is not available",
    4: "user or secret is wrong",
    5: "not allowed",
}


def refusal(endpoint: Endpoint) -> str | None:
    """None when the broker lets this user in, else its reason. OSError when nobody answers."""
    with socket.create_connection((endpoint.host, endpoint.port), timeout=TIMEOUT_S) as plain:
        if not endpoint.tls:
            return _ask(plain, endpoint)
        context = ssl.create_default_context(cafile=endpoint.authority)
        with context.wrap_socket(plain, server_hostname=endpoint.host) as secure:
            return _ask(secure, endpoint)


def _ask(connection: socket.socket, endpoint: Endpoint) -> str | None:
    connection.sendall(connect_packet(f"doctor-{secrets.token_hex(4)}", endpoint.user, endpoint.secret))
    answer = connection.recv(4)
    if len(answer) < 4 or answer[0] != 0x20:
        return "it does not speak MQTT 3.1.1"
    if answer[3] == 0:
        connection.sendall(b"\xe0\x00")  # DISCONNECT
        return None
    return REFUSALS.get(answer[3], f"code {answer[3]}")


def connect_packet(client: str, user: str, secret: str) -> bytes:
    """CONNECT of MQTT 3.1.1 with a clean session, user and password (section 3.1)."""
    flags = 0x02 | (0x80 if user else 0) | (0x40 if secret else 0)
    body = _text("MQTT") + bytes([4, flags]) + (10).to_bytes(2, "big") + _text(client)
    body += b"".join(_text(part) for part in (user, secret) if part)
    return b"\x10" + _length(len(body)) + body


def _text(value: str) -> bytes:
    encoded = value.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _length(number: int) -> bytes:
    """The remaining length: seven bits a byte, the lowest first (section 2.2.3)."""
    found = bytearray()
    while True:
        number, low = divmod(number, 128)
        found.append(low | (0x80 if number else 0))
        if not number:
            return bytes(found)
