"""Commands and silence at a real broker: an order reaches its tracker alone, and again when it connects."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from assets.registry.models import Asset
from assets.telemetry import commands
from assets.telemetry.models import TrackerCommand
from assets.telemetry.silence.windows import Wish, open_windows
from tests.mqtt.conftest import LIFE, PATIENCE_S, Site, Tracker, until
from tests.support.world import SETUP


def _listening(site: Site, name: str) -> Tracker:
    """A tracker that hears its orders, and has said hello."""
    tracker = site.tracker(name)
    assert tracker.connected.wait(PATIENCE_S)
    tracker.client.subscribe(f"imt/v1/{name}/command", 1)
    hello = {"v": 1, "life": LIFE, "boot": 1, "conn": 1, "up": 1, "oldest": None, "newest": None}
    tracker.publish("hello", json.dumps(hello).encode())
    return tracker


def _order(site: Site, name: str, cmd: str, **args: Any) -> str:
    now = site.app.clock()
    with site.app.transaction(SETUP, now) as session:
        return commands.order(session, SETUP, name, cmd, args, None, now).uuid


def _next_order(tracker: Tracker) -> dict[str, Any]:
    while True:
        topic, body = tracker.heard.get(timeout=PATIENCE_S)
        if topic.endswith("/command"):
            return body


def _state(site: Site, uuid: str) -> str:
    with site.app.reading() as session:
        return session.scalars(select(TrackerCommand.state).where(TrackerCommand.uuid == uuid)).one()


def test_an_order_reaches_its_tracker_within_seconds_and_is_done_when_it_says_so(site: Site) -> None:
    first, second = _listening(site, "t1"), _listening(site, "t2")
    uuid = _order(site, "t1", "config", moving_s=5)
    began = time.monotonic()
    body = _next_order(first)
    assert (body["id"], body["cmd"], body["args"]) == (uuid, "config", {"moving_s": 5})
    assert time.monotonic() - began < 5
    first.publish("result", json.dumps({"v": 1, "id": uuid, "ok": True}).encode())
    until(lambda: _state(site, uuid) == "done", "the answer to be filed")
    assert not [topic for topic, _ in list(second.heard.queue) if topic.endswith("/command")]


def test_an_order_given_while_the_tracker_was_away_reaches_it_when_it_connects(site: Site) -> None:
    uuid = _order(site, "t1", "reboot")
    until(lambda: _state(site, uuid) == "sent", "the order to go out")
    tracker = _listening(site, "t1")
    assert _next_order(tracker)["id"] == uuid


def test_from_the_opening_of_a_window_on_no_place_is_kept_and_the_tracker_is_told(site: Site) -> None:
    tracker = _listening(site, "t1")
    tracker.report(0)
    until(lambda: site.stored() == 1, "the first sample")
    now = site.app.clock()
    with site.app.transaction(SETUP, now) as session:
        asset = session.scalars(select(Asset).where(Asset.code == "VEHICLE000")).one()
        wish = Wish(now - timedelta(hours=1), now + timedelta(hours=1), "surveillance", may_erase=True)
        open_windows(session, SETUP, [asset.id], wish, now)
    body = _next_order(tracker)
    assert body["cmd"] == "silent"
    assert body["args"]["until"] >= (now + timedelta(hours=1)).timestamp()
    tracker.report(1)
    until(lambda: site.stored() == 2, "the second sample")
    until(lambda: [row.lat for row in site.samples()] == [None, None], "the first place to be taken out")
