"""Guests over HTTP: a phone in HTTP mode and a Traccar server, each under its own login and for its own trackers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from assets.core.app import App
from assets.registry.models import Asset
from assets.telemetry.models import Sample, SetAside
from assets.telemetry.provisioning import Credential, add_tracker
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser


@pytest.fixture
def logins(app: App, world: World, clock: Clock) -> dict[str, Credential]:
    """A phone and a Traccar server with one device."""
    made = {}
    with app.transaction(SETUP, clock.now) as session:
        for name, kind in (("phone", "owntracks"), ("fleet", "traccar")):
            vehicle = session.get_one(Asset, put_asset(session, world, "vehicle.patrol", clock.now, plans=False).id)
            made[name] = add_tracker(session, name, vehicle, clock.now - timedelta(hours=2), kind=kind)
    return made


def _location(clock: Clock, **more: Any) -> dict[str, Any]:
    return {"_type": "location", "tid": "p", "lat": 41.3, "lon": 69.2, "tst": int(clock.now.timestamp()) - 9, **more}


def _position(clock: Clock, device: str) -> dict[str, Any]:
    at = (clock.now - timedelta(seconds=9)).isoformat()
    position = {"latitude": 41.3, "longitude": 69.2, "valid": True, "deviceTime": at, "fixTime": at, "speed": 3}
    return {"position": position, "device": {"id": 1, "uniqueId": device}}


def _stored(app: App) -> int:
    with app.telemetry.reading() as session:
        return len(session.scalars(select(Sample.seq)).all())


def test_phone_in_http_mode_is_stored_and_told_nothing(
    app: App, logins: dict[str, Credential], web: Flask, clock: Clock
) -> None:
    client, auth = web.test_client(), ("phone", logins["phone"].secret)
    for _ in range(2):
        answer = client.post("/owntracks/phone", json=_location(clock), auth=auth)
        assert (answer.status_code, answer.json) == (200, [])
    assert _stored(app) == 1
    other = client.post("/owntracks/fleet", json=_location(clock), auth=auth)
    assert (other.status_code, _stored(app)) == (200, 1)
    with app.telemetry.reading() as session:
        assert session.scalars(select(SetAside.reason)).all() == ["the device is not bound to this login"]
    assert client.post("/owntracks/a+b", json=_location(clock), auth=auth).status_code == 404


def test_traccar_server_forwards_over_http(app: App, logins: dict[str, Credential], web: Flask, clock: Clock) -> None:
    client, auth = web.test_client(), ("fleet", logins["fleet"].secret)
    answers = [
        client.post("/api/v1/guests/traccar", json=_position(clock, device), auth=auth).json
        for device in ("fleet", "fleet", "unheard-of")
    ]
    assert answers == [{"stored": 1, "set_aside": 0}, {"stored": 0, "set_aside": 0}, {"stored": 0, "set_aside": 1}]
    assert _stored(app) == 1


@pytest.mark.parametrize("path", ["/owntracks/phone", "/api/v1/guests/traccar"])
def test_guest_is_let_in_by_its_own_secret_alone(
    logins: dict[str, Credential], web: Flask, clock: Clock, path: str
) -> None:
    client = web.test_client()
    crossed = ("fleet", logins["phone"].secret)
    for auth in (("phone", "wrong"), ("nobody", "x"), crossed, None):
        assert client.post(path, json=_location(clock), auth=auth).status_code == 401
    big = client.post("/owntracks/phone", data=b"x" * 70_000, auth=("phone", logins["phone"].secret))
    assert big.status_code == 413
    assert client.post("/api/v1/guests/traccar", json={}, auth=("phone", logins["phone"].secret)).status_code == 401


def test_phone_is_not_told_that_all_is_well_when_nothing_was_stored(
    app: App, logins: dict[str, Credential], web: Flask, clock: Clock
) -> None:
    with app.telemetry.transaction(SETUP, clock.now) as session:
        session.execute(text("ALTER TABLE sample RENAME TO away"))
    answer = web.test_client().post("/owntracks/phone", json=_location(clock), auth=("phone", logins["phone"].secret))
    assert answer.status_code == 503


def test_completeness_of_a_guest_cannot_be_known(
    logins: dict[str, Credential],
    web: Flask,
    clock: Clock,
    client_for: Callable[[str], Browser],
    api: Callable[[str], Api],
) -> None:
    web.test_client().post("/owntracks/phone", json=_location(clock), auth=("phone", logins["phone"].secret))
    told = api("coordinator").get("/trackers/phone").json
    assert told is not None
    assert (told["kind"], told["boots"], told["completeness"]) == ("owntracks", [], None)
    assert (told["completeness_reason"], told["stored"]) == ("cannot be known", 1)
    assert "cannot be known" in client_for("coordinator").get("/trackers/phone").text
