"""Flags, decisions on them, revisions and drift in the API: what each answers, and to whom."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from assets.core.app import App
from assets.registry.models import Asset
from assets.registry.service.meters import record_reading
from assets.telemetry.days import to_ms
from assets.telemetry.ingest import Ingest
from assets.telemetry.messages import Envelope
from assets.telemetry.provisioning import add_tracker
from assets.telemetry.rebuild import Rebuilder
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

TRACKER, LIFE = "TRK-A", "9f3a01c7"


@pytest.fixture
def vehicle(app: App, world: World, clock: Clock) -> Asset:
    """A patrol vehicle of IMT-TK that drove 14.4 km on the day before yesterday, with one stray position."""
    with app.transaction(SETUP, clock.now) as session:
        asset = session.get_one(Asset, put_asset(session, world, "vehicle.patrol", clock.now, plans=False).id)
        add_tracker(session, TRACKER, asset, clock.now - timedelta(days=4))
        for value, days in ((1000, 3), (1100, 0)):
            at = clock.now - timedelta(days=days)
            record_reading(session, asset, "odometer_km", Decimal(value), at, clock.now)
    start_s = clock.now.timestamp() - 50 * 3600
    samples = [
        {"t": start_s + 10 * n, "up": 5 + 10 * n, "lat": 41.3 + n * 0.00108 + (n == 60) * 0.2, "lon": 69.2, "ign": True}
        for n in range(121)
    ]
    reports = []
    for seq in range(0, 121, 20):  # a message has at most 4,096 bytes
        body = {"v": 1, "life": LIFE, "boot": 1, "seq": seq, "samples": samples[seq : seq + 20]}
        reports.append(Envelope(f"imt/v1/{TRACKER}/report", json.dumps(body).encode(), to_ms(clock.now)))
    Ingest(app).receive(reports, clock.now)
    Rebuilder(app).run(at_once=True)
    return asset


def _span(clock: Clock) -> dict[str, str]:
    return {"from": (clock.now - timedelta(days=4)).isoformat(), "to": clock.now.isoformat()}


def _body(**changes: Any) -> dict[str, Any]:
    said = {"life": LIFE, "boot": 1, "seq": 60, "flag": "jump", "genuine": True, "reason": "It was on a ferry."}
    return said | changes


@pytest.mark.usefixtures("vehicle")
def test_flagged_sample_is_listed_without_its_place_and_in_positions_with_it(
    api: Callable[[str], Api], clock: Clock
) -> None:
    program = api("commander")
    listed = program.get(f"/trackers/{TRACKER}/flags", **_span(clock)).json
    assert listed is not None
    (item,) = listed["items"]
    assert (item["seq"], item["flags"], item["genuine"]) == (60, ["jump"], [])
    assert {"lat", "lon"}.isdisjoint(item)
    found = program.get(f"/trackers/{TRACKER}/positions", limit=200, **_span(clock)).json
    assert found is not None
    assert [p["seq"] for p in found["items"] if p["flags"]] == [60]


@pytest.mark.usefixtures("vehicle")
def test_decision_answers_the_days_kilometres_both_ways_and_the_rebuild_follows(
    app: App, api: Callable[[str], Api], clock: Clock
) -> None:
    program = api("coordinator")
    answer = program.post(f"/trackers/{TRACKER}/flags", _body())
    assert answer.status_code == 201
    assert answer.json is not None
    Rebuilder(app).run(at_once=True)
    days = program.get(f"/trackers/{TRACKER}/days", **_span(clock)).json
    assert days is not None
    assert answer.json["before_km"] < 15 < 50 < answer.json["after_km"] == days["items"][0]["distance_km"]
    assert days["items"][0]["measured_by"]["gps_m"] == pytest.approx(answer.json["after_km"] * 1000, abs=1)
    listed = program.get(f"/trackers/{TRACKER}/flags", **_span(clock)).json
    assert listed is not None
    assert [(item["seq"], item["flags"], item["genuine"]) for item in listed["items"]] == [(60, [], ["jump"])]
    revised = program.get(f"/trackers/{TRACKER}/revisions", **_span(clock)).json
    assert revised is not None
    assert [row["reason"] for row in revised["items"]] == ["late_data", "flag_decided"]
    assert revised["items"][1]["before_km"] == answer.json["before_km"]
    back = program.post(f"/trackers/{TRACKER}/flags", _body(genuine=False, reason="No ferry there."))
    assert back.json is not None
    assert back.json["after_km"] == answer.json["before_km"]


@pytest.mark.usefixtures("vehicle")
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"seq": 61}, 400), ({"flag": "silent"}, 400), ({"reason": " "}, 400), ({"seq": 999}, 404),
        ({"genuine": False}, 422), ({"more": 1}, 400), ({"boot": 10**12}, 400),
    ],
)  # fmt: skip
def test_decision_that_cannot_be_is_refused(changes: dict[str, Any], status: int, api: Callable[[str], Api]) -> None:
    assert api("coordinator").post(f"/trackers/{TRACKER}/flags", _body(**changes)).status_code == status


@pytest.mark.usefixtures("vehicle")
@pytest.mark.parametrize(
    ("login", "status"),
    [
        ("coordinator", 201), ("administrator", 403), ("commander", 403), ("logistics_officer", 403),
        ("officer", 403), ("technician", 403), ("auditor", 403), ("donor", 403),
    ],
)  # fmt: skip
def test_only_who_manages_trackers_and_sees_positions_decides(
    login: str, status: int, api: Callable[[str], Api]
) -> None:
    assert api(login).post(f"/trackers/{TRACKER}/flags", _body()).status_code == status


def test_drift_stands_beside_both_numbers(vehicle: Asset, api: Callable[[str], Api]) -> None:
    answer = api("logistics_officer").get(f"/assets/{vehicle.code}/drift").json
    assert answer is not None
    (row,) = answer["items"]
    assert row["dashboard_km"] == 100
    assert 14 < row["tracker_km"] < 15
    assert row["drift"] == pytest.approx((row["tracker_km"] - 100) / 100, abs=0.0001)
    assert api("logistics2").get(f"/assets/{vehicle.code}/drift").status_code == 404
    assert api("donor").get(f"/assets/{vehicle.code}/drift").status_code == 403


def test_vehicles_page_shows_the_drift_to_who_may_see_what_trackers_say(
    vehicle: Asset, client_for: Callable[[str], Browser]
) -> None:
    page = client_for("logistics_officer").get(f"/vehicles/{vehicle.code}").text
    assert "Tracker and dashboard" in page
    assert "look at it" in page
    assert "Tracker and dashboard" not in client_for("officer").get(f"/vehicles/{vehicle.code}").text
