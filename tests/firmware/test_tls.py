"""The simulated tracker's connection by TLS, and the order that brings it there, with a real mosquitto."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from firmware_stubs.fleet.flash import MemoryFlash
from firmware_stubs.fleet.mqtt_transport import Credential, MqttTransport
from firmware_stubs.fleet.replay import Replay
from tests.firmware.test_mqtt_transport import Server, stepping, straight_drive, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("socket_enabled")]


def authority(name: str) -> tuple[str, ec.EllipticCurvePrivateKey, x509.Certificate]:
    """An authority of its own: PEM, key, certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = _certificate(named, named, key, key, x509.BasicConstraints(ca=True, path_length=None))
    return made.public_bytes(serialization.Encoding.PEM).decode(), key, made


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *extensions: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=2))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(signer, hashes.SHA256())


class Broker(NamedTuple):
    """A mosquitto with a plain and a TLS listener on 127.0.0.1."""

    plain: int
    tls: int
    authority: str


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(int(probe.getsockname()[1]))
    pem, signer, root = authority("test authority")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = _certificate(subject, root.subject, key, signer, names)
    (tmp_path / "cert").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (tmp_path / "conf").write_text(
        f"user root\nallow_anonymous true\nlistener {ports[0]} 127.0.0.1\nlistener {ports[1]} 127.0.0.1\n"
        f"certfile {tmp_path / 'cert'}\nkeyfile {tmp_path / 'key'}\n"
    )
    running = subprocess.Popen(
        ["mosquitto", "-c", str(tmp_path / "conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: _answers(ports[0]) and _answers(ports[1]))
        yield Broker(ports[0], ports[1], pem)
    finally:
        running.terminate()
        running.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def tracker(port: int, pem: str) -> tuple[Replay, MqttTransport]:
    transport = MqttTransport(Credential("T-1", "T-1", "one", "127.0.0.1", port, authority=pem))
    return Replay("T-1", straight_drive(30), MemoryFlash(), transport), transport


def test_a_broker_with_a_certificate_of_the_authority_is_spoken_to(broker: Broker) -> None:
    replay, transport = tracker(broker.tls, broker.authority)
    wait_for(stepping(replay, lambda: transport.connected))
    replay.client.uplink.close()


def test_a_broker_with_a_certificate_of_another_is_not(broker: Broker) -> None:
    replay, transport = tracker(broker.tls, authority("another authority")[0])
    wait_for(stepping(replay, lambda: replay.client.uplink.failures))
    assert "CERTIFICATE_VERIFY_FAILED" in transport.refusal
    assert not transport.connected


def test_a_tracker_is_ordered_from_plain_to_tls_and_says_so_from_there(broker: Broker) -> None:
    server = Server(broker.plain)
    wait_for(server.client.is_connected)
    results: list[dict[str, object]] = []
    server.client.message_callback_add(
        "imt/v1/+/result", lambda _client, _data, message: results.append(json.loads(message.payload))
    )
    replay, transport = tracker(broker.plain, "")
    replay.play(1_800_000_000)
    wait_for(stepping(replay, lambda: replay.client.uplink.proved))
    args = {"host": "127.0.0.1", "port": broker.tls, "authority": broker.authority}
    server.client.publish("imt/v1/T-1/command", json.dumps({"v": 1, "id": "v", "cmd": "server", "args": args}), qos=1)
    wait_for(stepping(replay, lambda: results))
    assert results == [{"v": 1, "id": "v", "ok": True}]
    assert transport.stream.socket is not None
    assert transport.stream.socket.getpeername()[1] == broker.tls
    replay.client.uplink.close()
    server.client.disconnect()
    server.client.loop_stop()
