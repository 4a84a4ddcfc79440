"""Silent windows on pages and in the API: who opens and sees them, and that nobody sees a place meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.operations.models import Operation
from assets.people.models import Unit
from assets.registry.models import Asset
from assets.telemetry.days import to_ms
from assets.telemetry.ingest import Ingest
from assets.telemetry.messages import Envelope
from assets.telemetry.models import SilentWindowRow
from assets.telemetry.provisioning import add_tracker
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

TRACKER, LIFE = "TRK-A", "9f3a01c7"
HOUR = timedelta(hours=1)
ZONE = ZoneInfo("Asia/Tashkent")


@pytest.fixture
def vehicle(app: App, world: World, clock: Clock) -> str:
    """The label code of a patrol vehicle of IMT-TK that was heard a minute ago."""
    with app.transaction(SETUP, clock.now) as session:
        made = put_asset(session, world, "vehicle.patrol", clock.now, plans=False)
        add_tracker(session, TRACKER, session.get_one(Asset, made.id), clock.now - 2 * HOUR)
        code = made.code
    _hear(app, clock, 0)
    return code


@pytest.fixture
def foreign(app: App, world: World, clock: Clock) -> str:
    """The label code of a patrol vehicle of IMT-FA."""
    with app.transaction(SETUP, clock.now) as session:
        return put_asset(session, world, "vehicle.patrol", clock.now, unit="IMT-FA", plans=False).code


def _hear(app: App, clock: Clock, seq: int) -> None:
    sample = {"t": clock.now.timestamp() - 60, "up": 5 + seq, "lat": 41.3, "lon": 69.2, "fix": 3, "spd": 30.0}
    body = {"v": 1, "life": LIFE, "boot": 1, "seq": seq, "samples": [sample]}
    message = Envelope(f"imt/v1/{TRACKER}/report", json.dumps(body).encode(), to_ms(clock.now))
    Ingest(app).receive([message], clock.now)


def _body(clock: Clock, vehicle: str, **more: Any) -> dict[str, Any]:
    return {
        "vehicles": [vehicle], "until": (clock.now + 2 * HOUR).isoformat(), "reason": "surveillance at the bazaar",
        **more,
    }  # fmt: skip


def _local(moment: datetime) -> str:
    return moment.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")


def _position_of(browser: Browser, code: str) -> dict[str, Any]:
    (item,) = [item for item in browser.get("/map/vehicles").get_json()["items"] if item["code"] == code]
    found: dict[str, Any] = item
    return found


@pytest.mark.parametrize(
    ("login", "status"),
    [
        ("coordinator", 201), ("commander", 201), ("logistics_officer", 403), ("officer", 403), ("technician", 403),
        ("administrator", 403), ("auditor", 403), ("donor", 403), ("monitor", 403), ("approver", 403),
    ],
)  # fmt: skip
def test_coordinator_and_own_commander_alone_make_silent_and_see_what_is(
    login: str, status: int, vehicle: str, api: Callable[[str], Api], clock: Clock
) -> None:
    program = api(login)
    assert program.post("/silent-windows", _body(clock, vehicle)).status_code == status
    assert program.get("/silent-windows").status_code == (200 if status == 201 else 403)


def test_a_window_of_another_unit_looks_like_none(
    foreign: str, vehicle: str, api: Callable[[str], Api], clock: Clock
) -> None:
    made = api("coordinator").post("/silent-windows", _body(clock, foreign)).get_json()["items"][0]["id"]
    commander = api("commander")
    hidden, unknown = commander.get(f"/silent-windows/{made}"), commander.get("/silent-windows/999999")
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.json == unknown.json
    assert commander.patch(f"/silent-windows/{made}", {"ended": True}).status_code == 404
    assert commander.get("/silent-windows").get_json()["items"] == []
    refused, nobodys = (commander.post("/silent-windows", _body(clock, code)) for code in (foreign, "A" * 10))
    assert refused.status_code == 400
    assert nobodys.status_code == 400
    both = commander.post("/silent-windows", _body(clock, vehicle, vehicles=[vehicle, foreign]))
    assert both.status_code == 400, "all or none"
    assert commander.get("/silent-windows").get_json()["items"] == []


def test_while_a_vehicle_is_silent_its_last_place_is_shown_to_nobody(
    app: App, vehicle: str, client_for: Callable[[str], Browser], api: Callable[[str], Api], clock: Clock
) -> None:
    browser, program = client_for("commander"), api("coordinator")
    assert _position_of(browser, vehicle)["lat"] == 41.3
    clock.advance(timedelta(minutes=1))
    window = program.post("/silent-windows", _body(clock, vehicle)).get_json()["items"][0]
    shown = _position_of(browser, vehicle)
    assert (shown["lat"], shown["lon"]) == (None, None), "also the place from before"
    assert "02.11.2026" in shown["note"] or "2026" in shown["note"]
    clock.advance(HOUR)
    _hear(app, clock, 1)
    assert _position_of(browser, vehicle)["lat"] is None
    clock.advance(HOUR + timedelta(minutes=2))
    _hear(app, clock, 2)
    after = _position_of(browser, vehicle)
    assert (after["lat"], after["note"]) == (41.3, None), "it ends by itself"
    span = {"from": window["from"], "to": window["until"]}
    assert program.get(f"/trackers/{TRACKER}/positions", **span).get_json()["items"] == []


def test_who_may_not_know_of_it_sees_no_trace_of_silence(
    vehicle: str, client_for: Callable[[str], Browser], api: Callable[[str], Api], clock: Clock
) -> None:
    api("coordinator").post("/silent-windows", _body(clock, vehicle))
    pages = (f"/assets/{vehicle}", f"/assets/{vehicle}?tab=tracker", "/trackers", f"/trackers/{TRACKER}", "/")
    for login in ("logistics_officer", "technician", "auditor"):
        browser = client_for(login)
        for path in pages:
            text = browser.get(path).get_data(as_text=True)
            for trace in ("ilent until", "silent mode", "by order", "bazaar", "/silent", "Silent windows"):
                assert trace not in text, (login, path, trace)
    commander = client_for("commander")
    assert "Silent until" in commander.get(f"/assets/{vehicle}?tab=tracker").get_data(as_text=True)
    assert "/silent/new?asset=" in commander.get(f"/assets/{vehicle}?tab=tracker").get_data(as_text=True)


def test_a_window_in_the_past_needs_its_erasing_confirmed(
    vehicle: str, api: Callable[[str], Api], clock: Clock
) -> None:
    program = api("commander")
    back = _body(clock, vehicle) | {"from": (clock.now - HOUR).isoformat()}
    refused = program.post("/silent-windows", back)
    assert (refused.status_code, refused.get_json()["errors"][0]["code"]) == (400, "erasing_not_confirmed")
    assert program.post("/silent-windows", back | {"erase_stored": True}).status_code == 201


def test_a_window_needs_an_end_and_a_reason(vehicle: str, api: Callable[[str], Api], clock: Clock) -> None:
    program = api("commander")
    for name in ("until", "reason"):
        body = _body(clock, vehicle)
        del body[name]
        assert program.post("/silent-windows", body).status_code == 400
        assert program.post("/silent-windows", _body(clock, vehicle) | {name: " "}).status_code == 400
    assert program.post("/silent-windows", _body(clock, vehicle, id=7)).status_code == 400, "no other field is taken"


def test_a_window_is_extended_and_ended_once(vehicle: str, api: Callable[[str], Api], clock: Clock) -> None:
    program = api("commander")
    window = program.post("/silent-windows", _body(clock, vehicle)).get_json()["items"][0]
    assert (window["state"], window["asset"], window["ended_at"]) == ("running", vehicle, None)
    path = f"/silent-windows/{window['id']}"
    later = (clock.now + 5 * HOUR).isoformat().replace("+00:00", "Z")
    assert program.patch(path, {"until": later}).get_json()["until"] == later
    assert (
        program.patch(path, {}).status_code == program.patch(path, {"until": later, "ended": True}).status_code == 400
    )
    assert program.patch(path, {"ended": True}).get_json()["state"] == "ended"
    again = program.patch(path, {"ended": True})
    assert (again.status_code, again.get_json()["code"]) == (409, "ended")
    assert program.post("/silent-windows", _body(clock, vehicle)).status_code == 201
    twice = program.post("/silent-windows", _body(clock, vehicle))
    assert (twice.status_code, twice.get_json()["code"]) == (409, "overlaps")


def test_the_list_says_what_runs_what_is_planned_and_what_was_page_by_page(
    vehicle: str, api: Callable[[str], Api], clock: Clock
) -> None:
    program, now = api("commander"), clock.now
    for number in range(3):
        start = (now + number * 2 * HOUR).isoformat()
        end = (now + (number * 2 + 1) * HOUR).isoformat()
        assert program.post("/silent-windows", _body(clock, vehicle) | {"from": start, "until": end}).status_code == 201
    clock.advance(2 * HOUR)
    states = {
        state: len(program.get("/silent-windows", show=state).get_json()["items"])
        for state in ("running", "planned", "ended", "")
    }
    assert states == {"running": 1, "planned": 1, "ended": 1, "": 3}
    first = program.get("/silent-windows", limit=2).get_json()
    second = program.get("/silent-windows", limit=2, cursor=first["next"]).get_json()
    assert [item["state"] for item in first["items"] + second["items"]] == ["planned", "running", "ended"]
    assert second["next"] is None
    assert program.get("/silent-windows", show="loud").status_code == 400
    assert program.get("/silent-windows", cursor="e30").status_code == 400
    assert len(program.get("/silent-windows", asset=vehicle).get_json()["items"]) == 3


@pytest.fixture
def operation(app: App, world: World, clock: Clock) -> str:
    """The code of an open operation in which IMT-FA alone takes part."""
    with app.transaction(SETUP, clock.now) as session:
        unit = session.get_one(Unit, world.units["IMT-FA"].id)
        session.add(
            Operation(
                code="OP-FA-1", kind="controlled_delivery", delivery="internal", unit=unit, region_id=unit.region_id,
                starts_on=clock.now.date(), arrests=0, note="", recorded_at=clock.now, version=1, units=[unit],
            )
        )  # fmt: skip
    return "OP-FA-1"


def test_the_vehicles_of_an_operation_are_silent_at_once_and_its_code_is_told_to_who_may_know_it(
    app: App, vehicle: str, foreign: str, operation: str, api: Callable[[str], Api], clock: Clock
) -> None:
    coordinator, commander = api("coordinator"), api("commander")
    body = _body(clock, "", operation=operation, vehicles_of_operation=True) | {"vehicles": [vehicle]}
    made = coordinator.post("/silent-windows", body).get_json()["items"]
    assert {item["asset"] for item in made} == {vehicle, foreign}
    assert {item["operation"] for item in made} == {operation}
    (seen,) = commander.get("/silent-windows").get_json()["items"]
    assert (seen["asset"], seen["operation"], seen["reason"]) == (vehicle, None, None), "the reason may tell of it"
    unknown = commander.post("/silent-windows", _body(clock, vehicle, operation=operation))
    assert (unknown.status_code, unknown.get_json()["errors"][0]["code"]) == (400, "unknown_operation")


def test_all_vehicles_of_a_unit_are_made_silent_on_the_page(
    app: App, vehicle: str, client_for: Callable[[str], Browser], clock: Clock
) -> None:
    browser = client_for("coordinator")
    form = browser.get("/silent/new?unit=IMT-TK").get_data(as_text=True)
    assert vehicle in form
    answer = browser.post(
        "/silent/new?unit=IMT-TK",
        {"everything": "1", "until": _local(clock.now + 3 * HOUR), "reason": "night watch"},
    )
    assert answer.status_code == 303, answer.get_data(as_text=True)
    with app.reading() as session:
        row = session.scalars(select(SilentWindowRow)).one()
    assert (row.starts_at, row.ends_at) == (clock.now, clock.now + 3 * HOUR)
    assert "night watch" in browser.get("/silent").get_data(as_text=True)
    page = browser.get(f"/silent/{row.id}").get_data(as_text=True)
    assert "night watch" in page
    assert browser.post(f"/silent/{row.id}/extend", {"until": _local(clock.now + 4 * HOUR)}).status_code == 303
    assert browser.post(f"/silent/{row.id}/extend", {"until": ""}).status_code == 400
    assert browser.post(f"/silent/{row.id}/end").status_code == 303
    over = browser.post(f"/silent/{row.id}/end")
    assert (over.status_code, "is over" in over.get_data(as_text=True)) == (409, True)


def test_what_was_typed_is_kept_when_a_window_is_refused(
    vehicle: str, client_for: Callable[[str], Browser], clock: Clock
) -> None:
    browser = client_for("commander")
    values = {"vehicle": vehicle, "from": _local(clock.now - HOUR), "until": _local(clock.now + HOUR), "reason": "kept"}
    answer = browser.post("/silent/new", values)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "erased for good" in text
    assert f'value="{vehicle}" checked' in text
    assert ">kept</textarea>" in text
    assert browser.post("/silent/new", values | {"erase": "1"}).status_code == 303
    assert browser.post("/silent/new", values | {"vehicle": ""}).status_code == 400
