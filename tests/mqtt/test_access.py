"""Who may do what at the broker: only known trackers, only their own topics, and no longer than they may."""

from __future__ import annotations

import json

from assets.telemetry import broker, provisioning
from tests.mqtt.conftest import LIFE, Site, Tracker, until
from tests.support.world import SETUP


def _connected(site: Site, name: str, **options: object) -> Tracker:
    tracker = site.tracker(name, **options)  # type: ignore[arg-type]  # options of the helper
    assert tracker.connected.wait(10)
    return tracker


def test_wrong_secret_and_unknown_or_nameless_clients_are_refused(site: Site) -> None:
    for name, secret in (("t1", "wrong"), ("nobody", "x"), (broker.INGEST_USER, "x"), ("", "")):
        assert site.tracker(name, secret or "y").refused.wait(10), name


def test_secret_made_in_python_is_known_to_mosquitto(site: Site) -> None:
    with site.app.transaction(SETUP) as session:
        secret = provisioning.rotate_secret(session, "t1", site.app.clock()).secret
    assert broker.refresh(site.app)
    until(lambda: _gets_in(site, "t1", secret), "the new secret to be taken")


def _gets_in(site: Site, name: str, secret: str) -> bool:
    tracker = site.tracker(name, secret)
    until(lambda: tracker.connected.is_set() or tracker.refused.is_set(), "an answer")
    return tracker.connected.is_set()


def test_revocation_ends_a_live_connection(site: Site) -> None:
    tracker, other = _connected(site, "t1"), _connected(site, "t2")
    with site.app.transaction(SETUP) as session:
        provisioning.revoke_tracker(session, "t1", site.app.clock())
    assert broker.refresh(site.app)
    assert tracker.disconnected.wait(10)
    assert tracker.refused.wait(10)
    assert not other.disconnected.is_set()


def test_rotation_ends_a_live_connection(site: Site) -> None:
    tracker = _connected(site, "t1")
    with site.app.transaction(SETUP) as session:
        provisioning.rotate_secret(session, "t1", site.app.clock())
    broker.refresh(site.app)
    assert tracker.disconnected.wait(10)


def test_tracker_cannot_speak_for_another(site: Site) -> None:
    thief, owner = _connected(site, "t1"), _connected(site, "t2")
    body = {"v": 1, "life": LIFE, "boot": 1, "seq": 0, "samples": [{"up": 1}]}
    # A refused publish is acknowledged and then ends the connection (mosquitto 2.0.11), so there are two thieves' goes.
    for kind, forged in (("report", body), ("receipt", {"upto": 10**6})):
        thief.disconnected.clear()
        thief.client.publish(f"imt/v1/t2/{kind}", json.dumps(forged).encode(), qos=1)
        assert thief.disconnected.wait(10)
        until(thief.client.is_connected, "the thief to come back")
    owner.report(0)
    receipt = owner.receipt()
    assert receipt["upto"] == 0
    assert site.stored() == 1


def test_tracker_hears_nobody_else(site: Site) -> None:
    spy, tracker = _connected(site, "t1"), _connected(site, "t2")
    for topic in ("#", "imt/v1/#", "imt/v1/+/report", "imt/v1/t2/receipt", "$SYS/#", "+/+/+/+"):
        spy.client.subscribe(topic, 1)
    tracker.report(0)
    assert tracker.receipt()["upto"] == 0
    spy.report(0)
    assert spy.receipt()["upto"] == 0
    assert {topic for topic, _ in spy.heard.queue} <= {"imt/v1/t1/report", "imt/v1/t1/receipt"}


def test_tracker_that_calls_itself_ingest_throws_nobody_out(site: Site) -> None:
    tracker = _connected(site, "t1", client_id="ingest.internal")
    other = _connected(site, "t2", client_id="t1")
    tracker.report(0)
    assert tracker.receipt()["upto"] == 0
    other.report(0)
    assert other.receipt()["upto"] == 0
    assert not tracker.disconnected.is_set()


def test_first_packet_that_is_no_connect_leaves_the_broker_up(site: Site) -> None:
    import socket

    found = broker.listening(site.app.settings)
    assert found is not None
    for first in (b"\x20\x02\x00\x00", b"\x30\xff\xff\xff\x7f", b"\x10\xff\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection((found.host, found.port), timeout=5) as raw:
            raw.sendall(first)
    tracker = _connected(site, "t1")
    tracker.report(0)
    assert tracker.receipt()["upto"] == 0


def test_broker_files_are_closed_to_others(site: Site) -> None:
    folder = broker.folder_of(site.app.settings)
    for name in ("passwords", "access", "ingest.secret", "mosquitto.conf"):
        assert (folder / name).stat().st_mode & 0o077 == 0
