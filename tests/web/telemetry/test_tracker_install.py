"""The installer's page: it ticks itself off from telemetry and the broker's log, and shows no place."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from assets.core.app import App
from assets.registry.models import Asset
from assets.telemetry import broker, provisioning
from assets.telemetry.days import to_ms
from assets.telemetry.ingest import Ingest
from assets.telemetry.messages import Envelope
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Browser

TRACKER = "TRK-A"


@pytest.fixture
def mounted(app: App, world: World, clock: Clock) -> str:
    """A tracker that was mounted a moment ago."""
    with app.transaction(SETUP, clock.now) as session:
        vehicle = put_asset(session, world, "vehicle.patrol", clock.now, plans=False)
        provisioning.add_tracker(session, TRACKER, session.get_one(Asset, vehicle.id), clock.now)
    clock.advance(timedelta(minutes=5))
    return TRACKER


def _log(app: App, clock: Clock, *lines: str) -> None:
    folder = broker.folder_of(app.settings)
    folder.mkdir(exist_ok=True)
    stamp = clock.now.strftime("%Y-%m-%dT%H:%M:%S+0000")
    (folder / "broker.log").write_text("".join(f"{stamp}: {line}\n" for line in lines))


def _shown(client_for: Callable[[str], Browser], part: str = "") -> str:
    return client_for("coordinator").get(f"/trackers/{TRACKER}/install{part}").get_data(as_text=True)


def test_before_anything_came_the_page_says_where_to_look(
    app: App, mounted: str, client_for: Callable[[str], Browser]
) -> None:
    text = _shown(client_for)
    assert "0 of 6 steps" in text
    assert "APN" in text


def test_refused_log_in_is_shown_with_its_address(
    app: App, mounted: str, clock: Clock, client_for: Callable[[str], Browser]
) -> None:
    _log(
        app, clock, "New connection from 82.215.1.9:4711 on port 1883.",
        "Client <unknown> disconnected, not authorised.",
    )  # fmt: skip
    text = _shown(client_for, "/now")
    assert "82.215.1.9" in text
    assert "letter by letter" in text
    assert "not told by the broker" in text


def test_each_step_ticks_as_it_comes_and_no_place_is_shown(
    app: App, mounted: str, clock: Clock, client_for: Callable[[str], Browser]
) -> None:
    _log(
        app, clock, "New connection from 10.0.0.7:4711 on port 1883.",
        f"New client connected from 10.0.0.7:4711 as {TRACKER} (p2, c1, k60, u'{TRACKER}').",
    )  # fmt: skip
    assert "1 of 6 steps" in _shown(client_for, "/now")
    hello = {"v": 1, "life": "9f3a01c7", "boot": 1, "conn": 1, "fw": "1.2.0", "up": 3, "oldest": None, "newest": None}
    sample = {"t": clock.now.timestamp(), "up": 9, "lat": 41.3123, "lon": 69.2777, "fix": 3, "vext": 12.6, "gsm": -71}
    report = {"v": 1, "life": "9f3a01c7", "boot": 1, "seq": 0, "samples": [sample]}
    at_ms = to_ms(clock.now)
    Ingest(app).receive(
        [
            Envelope(f"imt/v1/{TRACKER}/{kind}", json.dumps(body).encode(), at_ms)
            for kind, body in (("hello", hello), ("report", report))
        ],
        clock.now,
    )
    text = _shown(client_for)
    assert "Everything works." in text
    assert "12.6 V" in text
    assert "-71 dBm" in text
    assert "41.31" not in text
    assert "69.27" not in text


def test_two_devices_of_one_name_raise_a_warning(
    app: App, mounted: str, clock: Clock, client_for: Callable[[str], Browser]
) -> None:
    _log(app, clock, *[f"Client {TRACKER} already connected, closing old connection."] * 3)
    assert "each throws the other out" in _shown(client_for, "/now")


@pytest.mark.parametrize("login", ["logistics_officer", "commander", "officer", "donor", "auditor"])
def test_page_is_for_those_who_keep_trackers(mounted: str, client_for: Callable[[str], Browser], login: str) -> None:
    for part in ("", "/now"):
        assert client_for(login).get(f"/trackers/{TRACKER}/install{part}").status_code == 403
    assert client_for("coordinator").get("/trackers/NOBODY/install").status_code == 404
