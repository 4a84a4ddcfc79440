"""Guests at the real broker: each format arrives as a vehicle with a place, and no guest may do more than that."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import select

from assets.registry.models import Asset
from assets.telemetry import access, broker, provisioning, queries
from assets.telemetry.models import Device, GuestBinding, SetAside
from tests.mqtt.conftest import PATIENCE_S, Site, until
from tests.support.world import SETUP

IMEI = "356307042441013"


class Guest:
    """A phone, a server or a device of somebody else."""

    def __init__(self, site: Site, credential: provisioning.Credential, will: str = "") -> None:
        self.shown = credential.shown("", 0)
        self.heard: list[str] = []
        self.connected, self.gone = threading.Event(), threading.Event()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id="any", clean_session=True)
        self.client.username_pw_set(str(self.shown["username"]), str(self.shown["password"]))
        self.client.on_connect = lambda *_: self.connected.set()
        self.client.on_disconnect = lambda *_: self.gone.set()
        self.client.on_message = lambda _c, _d, message: self.heard.append(message.topic)
        if will:
            self.client.will_set(will, json.dumps({"_type": "lwt", "tst": int(time.time())}), 1, retain=True)
        found = broker.listening(site.app.settings)
        assert found is not None
        self.client.connect(found.host, found.port)
        self.client.loop_start()
        assert self.connected.wait(PATIENCE_S)

    def publish(self, topic: str, body: Any, *, retain: bool = False) -> None:
        """Sends, and waits for the PUBACK."""
        self.client.publish(topic, json.dumps(body), qos=1, retain=retain).wait_for_publish(PATIENCE_S)


@pytest.fixture
def guest(site: Site) -> Iterator[Callable[..., Guest]]:
    """Provisions a guest's tracker on a vehicle and connects it."""
    made: list[Guest] = []

    def make(name: str, kind: str, *, will: str = "", **more: Any) -> Guest:
        now = site.app.clock()
        with site.app.transaction(SETUP, now) as session:
            like = session.scalars(select(Asset).limit(1)).one()
            asset = Asset(code=f"GUEST{len(made):05}", class_id=like.class_id, unit_id=like.unit_id, registered_at=now)
            session.add(asset)
            session.flush()
            credential = provisioning.add_tracker(session, name, asset, now - timedelta(days=1), kind=kind, **more)
        assert broker.refresh(site.app)
        connected = Guest(site, credential, will)
        made.append(connected)
        return connected

    yield make
    for each in made:
        each.client.disconnect()
        each.client.loop_stop()


def _device(site: Site, tracker: str) -> Device | None:
    with site.app.telemetry.reading() as session:
        return session.scalars(select(Device).where(Device.tracker_id == tracker)).one_or_none()


def _is_placed(site: Site, tracker: str, lat: float) -> bool:
    found = _device(site, tracker)
    return found is not None and found.lat == lat


def _bodies() -> dict[str, tuple[str, Any]]:
    now = time.time()
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000+00:00", time.gmtime(now))
    position = {"latitude": 41.2, "longitude": 69.2, "speed": 10, "valid": True, "deviceTime": at, "fixTime": at}
    reported = {"ts": int(now * 1000), "latlng": "41.3,69.2", "sat": 9, "sp": 12, "239": 1}
    return {
        "phone": ("owntracks/phone/phone", {"_type": "location", "lat": 41.1, "lon": 69.2, "tst": int(now)}),
        "fleet": ("traccar/positions", {"position": position, "device": {"id": 1, "uniqueId": "869000000000007"}}),
        "box": (f"teltonika/{IMEI}/data", {"state": {"reported": reported}}),
    }


def test_each_format_arrives_as_a_vehicle_with_a_place(site: Site, guest: Callable[..., Guest]) -> None:
    makes: dict[str, tuple[str, dict[str, Any]]] = {
        "phone": ("owntracks", {}),
        "fleet": ("traccar", {"device": "869000000000007"}),
        "box": ("teltonika", {"details": {"imei": IMEI}}),
    }
    for number, (name, (kind, more)) in enumerate(makes.items(), 1):
        topic, body = _bodies()[name]
        made = guest(name, kind, **more)
        assert topic in made.shown["topics"]["publish"]  # type: ignore[index]  # a dict of lists
        made.publish(topic, body)
        until(lambda name=name, number=number: _is_placed(site, name, 41 + number / 10), f"the place of {name}")  # type: ignore[misc]
    assert site.asides() == []
    with site.app.reading() as main, site.app.telemetry.reading() as telemetry:
        states = queries.tracker_states(main, telemetry, list(makes), site.app.clock())
        mounted = access.tracker_page(main, SETUP)
    assert [state.presence for state in states] == ["online"] * 3
    assert {m.tracker.id for m in mounted if m.asset is not None and m.tracker.kind != "native"} == set(makes)


def test_guest_writes_its_own_topics_alone_and_hears_nothing(site: Site, guest: Callable[..., Guest]) -> None:
    first, second = guest("phone", "owntracks"), guest("other", "owntracks")
    second.client.subscribe([("#", 1), ("owntracks/+/+", 1), ("imt/v1/#", 1), ("imt/v1/other/receipt", 1)])
    _, body = _bodies()["phone"]
    for topic in ("owntracks/phone/phone", "imt/v1/t1/report", "imt/v1/other/report", "traccar/positions"):
        second.gone.clear()
        second.client.publish(topic, json.dumps({**body, "lat": 10}), qos=1)
        # A refused publish ends the connection (mosquitto 2.0.11).
        assert second.gone.wait(PATIENCE_S), topic
        until(second.client.is_connected, "the second to come back")
    first.publish("owntracks/phone/phone", body)
    until(lambda: _is_placed(site, "phone", 41.1), "the place")
    second.publish("owntracks/other/elsewhere", body)
    until(lambda: len(site.asides()) == 1, "what is not bound to it to be set aside")
    assert [row.reason for row in site.asides()] == ["the device is not bound to this login"]
    assert second.heard == []
    assert site.stored() == 1


def test_retained_messages_of_a_revoked_phone_are_taken_away(site: Site, guest: Callable[..., Guest]) -> None:
    phone = guest("phone", "owntracks", will="owntracks/phone/phone")
    topic, body = _bodies()["phone"]
    phone.publish(topic, body, retain=True)
    phone.publish(f"{topic}/waypoint", {"_type": "waypoint", "lat": 41, "lon": 69, "tst": 1}, retain=True)
    until(lambda: _is_placed(site, "phone", 41.1), "the place")
    with site.app.transaction(SETUP) as session:
        provisioning.revoke_tracker(session, "phone", site.app.clock())
    assert broker.refresh(site.app)
    assert phone.gone.wait(10)
    until(lambda: _is_cleared(site, "phone"), "what was retained to be taken away")
    site.stop_ingest()
    assert _retained(site) == []


def _is_cleared(site: Site, tracker: str) -> bool:
    with site.app.reading() as session:
        return session.get_one(GuestBinding, tracker).cleared_at is not None


def _retained(site: Site) -> list[str]:
    """The topics of guests on which something is retained, asked in the place of ingest."""
    endpoint = broker.ingest_endpoint(site.app.settings)
    assert endpoint is not None
    heard: list[str] = []
    marked, marker = threading.Event(), "owntracks/looking/looking"
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=endpoint.user, clean_session=True)
    client.username_pw_set(endpoint.user, endpoint.secret)

    def take(_client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        heard.append(message.topic)
        if message.topic == marker:
            marked.set()

    client.on_message = take
    client.on_connect = lambda *_: _done(client.subscribe("owntracks/+/+/#", 1))
    # What is retained comes before what is published after the subscription stands.
    client.on_subscribe = lambda *_: _done(client.publish(marker, b"", qos=1))
    client.connect(endpoint.host, endpoint.port)
    client.loop_start()
    assert marked.wait(PATIENCE_S)
    client.disconnect()
    client.loop_stop()
    return heard[:-1]


def _done(_: object) -> None:
    """Callbacks give nothing back."""


def test_retained_message_is_told_at_each_connect_and_changes_nothing(site: Site, guest: Callable[..., Guest]) -> None:
    phone = guest("phone", "owntracks")
    topic, body = _bodies()["phone"]
    phone.publish(topic, body, retain=True)
    until(lambda: _is_placed(site, "phone", 41.1), "the place")
    before = _device(site, "phone")
    site.stop_ingest()
    site.start_ingest()
    site.await_ingest()
    phone.publish(f"{topic}/status", {"_type": "status"})
    until(lambda: _noted(site) == ["status: tells no position, and is only counted"], "the message after it")
    after = _device(site, "phone")
    assert before is not None
    assert after is not None
    assert (after.stored, after.heard_ms) == (before.stored, before.heard_ms)


def _noted(site: Site) -> list[str]:
    with site.app.telemetry.reading() as session:
        return list(session.scalars(select(SetAside.reason)))
