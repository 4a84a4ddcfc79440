"""Alarms by page and by call: who sees which, handling one and many, limits of silence, and where it was."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.core.journal import JournalEntry
from assets.registry.models import Asset
from assets.telemetry.alarms import watch
from assets.telemetry.days import to_ms
from assets.telemetry.ingest import Ingest
from assets.telemetry.messages import Envelope
from assets.telemetry.provisioning import add_tracker
from tests.support.care import put_asset
from tests.support.engines import ON_ONE_ENGINE
from tests.support.journal import noted
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

TRACKER, LIFE = "TRK-A", "9f3a01c7"
MINUTE = timedelta(minutes=1)
Signed = Callable[[str], Browser]
Called = Callable[[str], Api]
Told = Callable[..., None]


@pytest.fixture
def vehicle(app: App, world: World, clock: Clock) -> str:
    """The code of a patrol vehicle of IMT-TK with a tracker."""
    with app.transaction(SETUP, clock.now) as session:
        made = put_asset(session, world, "vehicle.patrol", clock.now, plans=False)
        add_tracker(session, TRACKER, session.get_one(Asset, made.id), clock.now - timedelta(days=2))
        return made.code


@pytest.fixture
def told(app: App, vehicle: str, clock: Clock) -> Told:
    """The tracker says words, some minutes ago, and ingest and the watch take them."""
    ingest, seqs = Ingest(app), iter(range(100))

    def tell(*words: str, minutes: float = 1) -> None:
        at = clock.now - minutes * MINUTE
        sample = {"t": at.timestamp(), "up": 90_000, "lat": 41.31234, "lon": 69.25678, "fix": 3, "ev": list(words)}
        body = {"v": 1, "life": LIFE, "boot": 1, "seq": next(seqs), "samples": [sample]}
        ingest.receive([Envelope(f"imt/v1/{TRACKER}/report", json.dumps(body).encode(), to_ms(clock.now))], clock.now)
        assert watch.look(app, clock.now) == len(words)

    return tell


def alarms(program: Api, **query: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = program.get("/alarms", **query).get_json()["items"]
    return found


def test_word_of_a_stored_sample_is_an_alarm_on_list_page_and_call(
    told: Told, vehicle: str, client_for: Signed, api: Called
) -> None:
    told("sos", "power_cut")
    browser = client_for("commander")
    page = browser.get("/alarms").get_data(as_text=True)
    assert "SOS button" in page
    assert "Power cut off" in page
    found = alarms(api("commander"))
    assert {(item["kind"], item["state"], item["asset"], item["late"]) for item in found} == {
        ("sos", "open", vehicle, False), ("power_cut", "open", vehicle, False),
    }  # fmt: skip
    sos = next(item for item in found if item["kind"] == "sos")
    for path in (
        f"/alarms/{sos['id']}",
        f"/trackers/{TRACKER}",
        f"/assets/{vehicle}?tab=tracker",
        f"/vehicles/{vehicle}",
    ):
        assert "SOS button" in browser.get(path).get_data(as_text=True), path
    assert "alarms of vehicles are open" in browser.get("/").get_data(as_text=True)
    one = api("commander").get(f"/alarms/{found[0]['id']}").get_json()
    assert [word["word"] for word in one["words"]] == [found[0]["kind"]]


@pytest.mark.parametrize(
    ("login", "status", "seen"),
    [
        ("coordinator", 200, 1), ("commander", 200, 1), ("logistics_officer", 200, 1), ("technician", 200, 1),
        ("auditor", 200, 1), ("administrator", 200, 1), ("logistics2", 200, 0), ("donor", 403, 0), ("officer", 403, 0),
        ("monitor", 403, 0), ("approver", 403, 0),
    ],
)  # fmt: skip
def test_who_sees_an_alarm(told: Told, api: Called, login: str, status: int, seen: int) -> None:
    told("tamper")
    program = api(login)
    assert program.get("/alarms").status_code == status
    if status == 200:
        assert len(alarms(program)) == seen
    foreign = program.get("/alarms/1")
    assert foreign.status_code == (403 if status == 403 else 200 if seen else 404)
    if status == 200 and not seen:
        assert foreign.get_json() == program.get("/alarms/999999").get_json()
        assert program.get(f"/trackers/{TRACKER}/alarms").status_code == 404


def test_alarms_of_a_tracker_have_a_call_of_their_own(told: Told, api: Called) -> None:
    told("crash", minutes=50)
    told("tamper")
    program = api("coordinator")
    items = program.get(f"/trackers/{TRACKER}/alarms").get_json()["items"]
    assert [item["kind"] for item in items] == ["tamper", "crash"]
    assert [item["late"] for item in items] == [False, True]
    (late,) = program.get(f"/trackers/{TRACKER}/alarms", heard="late").get_json()["items"]
    assert late["kind"] == "crash"
    first = program.get("/alarms", limit=1).get_json()
    second = program.get("/alarms", limit=1, cursor=first["next"]).get_json()
    assert [first["items"][0]["kind"], second["items"][0]["kind"], second["next"]] == ["tamper", "crash", None]


def test_alarm_is_taken_on_and_closed_with_words(told: Told, client_for: Signed, api: Called) -> None:
    told("tow")
    browser = client_for("logistics_officer")
    assert browser.post("/alarms/1/acknowledge").status_code == 303
    assert browser.post("/alarms/1/close", {"note": " "}).status_code == 400
    assert browser.post("/alarms/1/close", {"note": "Evacuated to the workshop"}).status_code == 303
    assert browser.post("/alarms/1/close", {"note": "Once more"}).status_code == 409
    (item,) = alarms(api("logistics_officer"))
    assert (item["state"], item["acknowledged_by"], item["closed_by"], item["note"]) == (
        "closed", "logistics_officer", "logistics_officer", "Evacuated to the workshop",
    )  # fmt: skip


def test_calls_take_on_and_close_too_and_only_with_the_right(told: Told, api: Called) -> None:
    told("tow")
    for login in ("technician", "auditor", "administrator"):
        assert api(login).post("/alarms/1/acknowledge", {}).status_code == 403
    assert api("logistics2").post("/alarms/1/close", {"note": "Not ours"}).status_code == 404
    assert api("commander").post("/alarms/1/acknowledge", {}).get_json()["state"] == "acknowledged"
    assert api("commander").post("/alarms/1/close", {"note": "Driven onto a lorry", "state": "x"}).status_code == 400
    assert api("commander").post("/alarms/1/close", {"note": "Driven onto a lorry"}).get_json()["state"] == "closed"


def test_many_are_closed_at_once_with_the_same_words(told: Told, client_for: Signed, api: Called) -> None:
    for minutes in (200, 100, 50):
        told("crash", minutes=minutes)
    browser = client_for("commander")
    refused = browser.post("/alarms", {"alarms": ["1", "2"], "do": "close", "note": ""})
    assert refused.status_code == 400
    assert "Say in a few words" in refused.get_data(as_text=True)
    assert browser.post("/alarms", {"do": "acknowledge"}).status_code == 400
    assert browser.post("/alarms", {"alarms": ["1", "x"], "do": "acknowledge"}).status_code == 400
    assert browser.post("/alarms", {"alarms": ["1", "2"], "do": "close", "note": "A test drive"}).status_code == 303
    assert browser.post("/alarms", {"alarms": ["3"], "do": "acknowledge"}).status_code == 303
    assert [item["state"] for item in alarms(api("commander"))] == ["acknowledged", "closed", "closed"]


def test_the_place_of_an_alarm_is_for_who_may_see_positions_and_noted(app: App, told: Told, client_for: Signed) -> None:
    told("sos")
    for login in ("coordinator", "commander", "logistics_officer", "technician"):
        assert "41.31234" not in client_for(login).get("/alarms/1").get_data(as_text=True)
    assert client_for("logistics_officer").get("/alarms/1/where").status_code == 403
    with app.reading() as session:
        assert session.scalar(select(JournalEntry.seq).where(JournalEntry.entity == "position")) is None
    assert "41.31234" in client_for("commander").get("/alarms/1/where").get_data(as_text=True)
    with app.reading() as session:
        assert session.scalar(select(JournalEntry.entity_id).where(JournalEntry.entity == "position")) == TRACKER


def test_list_is_taken_away_as_a_file_and_noted(app: App, told: Told, client_for: Signed) -> None:
    told("tamper", "low_battery")
    answer = client_for("auditor").get("/alarms/export?format=csv&kind=tamper")
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [row["kind"] for row in rows] == ["tamper"]
    assert noted(app, "alarms_list")


def test_limits_of_silence_are_set_by_class(client_for: Signed, vehicle: str) -> None:
    browser = client_for("coordinator")
    assert "vehicle.patrol" in browser.get("/alarms/limits").get_data(as_text=True)
    assert browser.post("/alarms/limits", {"hours-vehicle.patrol": "soon"}).status_code == 400
    assert browser.post("/alarms/limits", {"hours-vehicle.patrol": "72"}).status_code == 303
    assert 'value="72"' in browser.get("/alarms/limits").get_data(as_text=True)
    assert browser.post("/alarms/limits", {"hours-vehicle.patrol": ""}).status_code == 303
    assert 'value="72"' not in browser.get("/alarms/limits").get_data(as_text=True)
    assert client_for("commander").get("/alarms/limits").status_code == 403


@ON_ONE_ENGINE
@pytest.mark.parametrize("query", ["state=x", "kind=x", "heard=x", "cursor=x", "from=x", "unit=NOWHERE"])
def test_filters_that_cannot_be_are_refused(query: str, client_for: Signed) -> None:
    assert client_for("coordinator").get(f"/alarms?{query}").status_code in {400, 404}


def test_presence_is_told_with_its_reason(told: Told, api: Called, clock: Clock) -> None:
    told("power_cut")
    state = api("coordinator").get(f"/trackers/{TRACKER}").get_json()
    assert (state["presence"], state["presence_reason"]) == ("online", "power_cut")
    clock.advance(2 * timedelta(hours=1))
    state = api("coordinator").get(f"/trackers/{TRACKER}").get_json()
    assert (state["presence"], state["presence_reason"]) == ("offline", "power_cut")
    assert state["presence_since"].startswith("2026-11-02T05:59")
