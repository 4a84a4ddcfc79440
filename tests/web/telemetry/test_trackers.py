"""Trackers on pages and in the API: who sees what, and every look at positions in the journal."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from assets.core.app import App
from assets.core.journal import JournalEntry
from assets.custody.service import transfers
from assets.people import service
from assets.people.models import Unit
from assets.people.rules import Role
from assets.registry.models import Asset
from assets.registry.service.timeline import happening_now
from assets.telemetry.days import to_ms
from assets.telemetry.ingest import Ingest
from assets.telemetry.messages import Envelope
from assets.telemetry.provisioning import Credential, add_tracker, move_tracker
from assets.telemetry.rebuild import Rebuilder
from tests.support.care import put_asset
from tests.support.world import PASSWORD, SETUP, Clock, World
from tests.web.conftest import Api, Browser

TRACKER, LIFE = "TRK-A", "9f3a01c7"


@pytest.fixture
def credential(app: App, world: World, clock: Clock) -> Credential:
    """A patrol vehicle of IMT-TK with a tracker that drove 2 km north in ten minutes."""
    with app.transaction(SETUP, clock.now) as session:
        vehicle = put_asset(session, world, "vehicle.patrol", clock.now, plans=False)
        made = add_tracker(session, TRACKER, session.get_one(Asset, vehicle.id), clock.now - timedelta(hours=2))
    start_s = clock.now.timestamp() - 3600
    samples = [
        {
            "t": start_s + 10 * n,
            "up": 5 + 10 * n,
            "lat": 41.3 + n * 0.0003,
            "lon": 69.2,
            "spd": 12.0,
            "fix": 3,
            "ign": True,
        }
        for n in range(60)
    ]
    reports = []
    for seq in range(0, 60, 20):  # a message has at most 4,096 bytes
        body = {"v": 1, "life": LIFE, "boot": 1, "seq": seq, "samples": samples[seq : seq + 20]}
        reports.append(Envelope(f"imt/v1/{TRACKER}/report", json.dumps(body).encode(), to_ms(clock.now)))
    Ingest(app).receive(reports, clock.now)
    Rebuilder(app).run(at_once=True)
    return made


def _span(clock: Clock) -> dict[str, str]:
    return {
        "from": (clock.now - timedelta(hours=2)).isoformat(),
        "to": (clock.now + timedelta(hours=1)).isoformat(),
    }


def test_positions_come_in_event_order_with_their_keys(
    credential: Credential, api: Callable[[str], Api], clock: Clock
) -> None:
    program = api("coordinator")
    first = program.get(f"/trackers/{TRACKER}/positions", limit=25, **_span(clock)).json
    assert first is not None
    second = program.get(f"/trackers/{TRACKER}/positions", limit=100, cursor=first["next"], **_span(clock)).json
    assert second is not None
    items = first["items"] + second["items"]
    assert [item["seq"] for item in items] == list(range(60))
    assert second["next"] is None
    assert set(items[0]) >= {"t", "received_at", "lat", "lon", "spd_kmh", "life", "boot", "seq", "flags"}


@pytest.mark.parametrize(
    ("login", "status"),
    [
        ("coordinator", 200), ("commander", 200), ("logistics_officer", 403), ("officer", 403), ("technician", 403),
        ("administrator", 403), ("auditor", 403), ("donor", 403), ("monitor", 403), ("approver", 403),
    ],
)  # fmt: skip
def test_positions_are_for_coordinator_and_own_commander(
    login: str, status: int, credential: Credential, api: Callable[[str], Api], clock: Clock
) -> None:
    assert api(login).get(f"/trackers/{TRACKER}/positions", **_span(clock)).status_code == status


def test_tracker_of_another_unit_looks_like_none(credential: Credential, api: Callable[[str], Api]) -> None:
    foreign, unknown = api("logistics2").get(f"/trackers/{TRACKER}"), api("logistics2").get("/trackers/NOBODY")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json == unknown.json
    listed = api("logistics2").get("/trackers").json
    assert listed == {"items": [], "next": None}


def test_each_look_at_positions_is_journalled_once_in_ten_minutes(
    app: App, credential: Credential, api: Callable[[str], Api], clock: Clock
) -> None:
    program = api("commander")

    def looks() -> int:
        program.get(f"/trackers/{TRACKER}/positions", **_span(clock))
        with app.reading() as session:
            return len(session.scalars(select(JournalEntry.seq).where(JournalEntry.entity == "position")).all())

    assert looks() == looks() == 1
    clock.advance(timedelta(minutes=11))
    assert looks() == 2


def test_map_shows_own_vehicles_and_is_journalled(
    app: App, credential: Credential, client_for: Callable[[str], Browser]
) -> None:
    shown = client_for("commander").get("/map/vehicles").json
    assert shown is not None
    (vehicle,) = shown["items"]
    assert vehicle["lat"] == pytest.approx(41.3 + 59 * 0.0003)
    with app.reading() as session:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.entity == "position")).one()
    assert entry.entity_id == TRACKER
    assert client_for("logistics_officer").get("/map/vehicles").status_code == 403


def test_tracker_without_rights_to_positions_shows_no_coordinate(
    credential: Credential, api: Callable[[str], Api], client_for: Callable[[str], Browser], clock: Clock
) -> None:
    program, browser = api("logistics_officer"), client_for("logistics_officer")
    texts = [
        program.get(f"/trackers/{TRACKER}").get_data(as_text=True),
        program.get(f"/trackers/{TRACKER}/trips", **_span(clock)).get_data(as_text=True),
        program.get(f"/trackers/{TRACKER}/stops", **_span(clock)).get_data(as_text=True),
        program.get(f"/trackers/{TRACKER}/days").get_data(as_text=True),
        browser.get(f"/trackers/{TRACKER}").get_data(as_text=True),
        browser.get("/trackers").get_data(as_text=True),
    ]
    assert not [text for text in texts if "41.3" in text or "69.2" in text]


def test_tracker_says_what_it_has_and_what_is_missing(
    app: App, credential: Credential, api: Callable[[str], Api], clock: Clock
) -> None:
    body = {"v": 1, "life": LIFE, "boot": 1, "seq": 70, "samples": [{"t": clock.now.timestamp(), "up": 3605}]}
    later = Envelope(f"imt/v1/{TRACKER}/report", json.dumps(body).encode(), to_ms(clock.now))
    Ingest(app).receive([later], clock.now)
    found = api("coordinator").get(f"/trackers/{TRACKER}").json
    assert found is not None
    assert (found["stored"], found["set_aside"], found["presence"]) == (61, 0, "online")
    assert found["boots"] == [{"life": LIFE, "boot": 1, "upto": 59, "missing": [[60, 69]], "gone": []}]
    assert found["completeness"] == pytest.approx(61 / 71)


def test_days_and_trips_follow_the_drive(credential: Credential, api: Callable[[str], Api], clock: Clock) -> None:
    program = api("logistics_officer")
    trips = program.get(f"/trackers/{TRACKER}/trips", **_span(clock)).json
    days = program.get(f"/trackers/{TRACKER}/days", **_span(clock)).json
    assert trips is not None
    assert days is not None
    driven_m = 59 * 0.0003 * 111_195
    assert trips["items"][0]["distance_m"] == pytest.approx(driven_m, rel=0.01)
    assert days["items"][0]["distance_km"] == pytest.approx(driven_m / 1000, rel=0.01)


def test_set_aside_bytes_are_for_those_who_may_see_positions(
    app: App, credential: Credential, api: Callable[[str], Api], clock: Clock
) -> None:
    Ingest(app).receive([Envelope(f"imt/v1/{TRACKER}/report", b"no json", to_ms(clock.now))], clock.now)
    shown = {login: api(login).get("/set-aside").json for login in ("coordinator", "administrator")}
    assert shown["coordinator"] is not None
    assert shown["administrator"] is not None
    assert base64.b64decode(shown["coordinator"]["items"][0]["raw"]) == b"no json"
    assert shown["administrator"]["items"][0]["raw"] is None
    assert api("officer").get("/set-aside").status_code == 403


def test_set_aside_of_other_regions_is_not_shown_and_looks_at_bytes_are_journalled(
    app: App, credential: Credential, world: World, api: Callable[[str], Api], clock: Clock
) -> None:
    add_coordinators(app, world, clock)
    messages = [
        Envelope(f"imt/v1/{tracker}/report", b'{"lat":41.3', to_ms(clock.now)) for tracker in (TRACKER, "NOBODY")
    ]
    Ingest(app).receive(messages, clock.now)
    shown = {login: api(login).get("/set-aside").json or {} for login in ("oct.tk", "oct.fa", "coordinator")}
    assert [row["tracker"] for row in shown["oct.tk"]["items"]] == [TRACKER]
    assert shown["oct.fa"]["items"] == []
    assert len(shown["coordinator"]["items"]) == 2
    with app.reading() as session:
        looks = session.scalars(select(JournalEntry).where(JournalEntry.entity == "position")).all()
    assert sorted(entry.account_id or 0 for entry in looks) == sorted(
        world.accounts[login].id for login in ("oct.tk", "coordinator")
    )


def test_a_moved_tracker_does_not_put_its_new_vehicle_where_the_old_one_was(
    app: App, credential: Credential, world: World, client_for: Callable[[str], Browser], clock: Clock
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        other = put_asset(session, world, "vehicle.patrol", clock.now, plans=False)
        move_tracker(session, TRACKER, session.get_one(Asset, other.id), clock.now, clock.now)
    shown = client_for("commander").get("/map/vehicles").json
    assert shown is not None
    assert [(vehicle["lat"], vehicle["lon"]) for vehicle in shown["items"]] == [(None, None)]


def test_report_over_http_is_receipted_under_the_trackers_own_secret(
    app: App, credential: Credential, web: Flask, clock: Clock
) -> None:
    client = web.test_client()
    body = {"v": 1, "life": LIFE, "boot": 2, "seq": 0, "samples": [{"t": clock.now.timestamp(), "up": 1}]}
    answer = client.post(f"/api/v1/telemetry/{TRACKER}", json=body, auth=(TRACKER, credential.secret))
    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["boot"], answer.json["upto"]) == (2, 0)
    for auth in ((TRACKER, "wrong"), ("TRK-B", credential.secret), None):
        assert client.post(f"/api/v1/telemetry/{TRACKER}", json=body, auth=auth).status_code == 401
    unreadable = client.post(f"/api/v1/telemetry/{TRACKER}", data=b"{", auth=(TRACKER, credential.secret))
    assert unreadable.status_code == 400


@pytest.mark.parametrize("query", [{"diameter_m": "nan"}, {"diameter_m": "0"}, {"min_s": "-1"}, {"cursor": "x"}])
def test_bad_query_is_named(query: dict[str, str], credential: Credential, api: Callable[[str], Api]) -> None:
    answer = api("coordinator").get(f"/trackers/{TRACKER}/stops", **query)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


def test_health_names_its_parts_to_token_holders_only(
    app: App, world: World, web: Flask, api: Callable[[str], Api]
) -> None:
    plain = web.test_client().get("/health")
    assert plain.json == {"status": "degraded"}, "neither ingest nor scheduler runs in this test"
    program = api("auditor")
    told = program.client.get("/health", headers=program.headers).json
    assert told is not None
    assert set(told["parts"]) == {"database", "ingest", "scheduler", "broker"}


def test_unit_that_gave_a_tracker_away_learns_nothing_of_its_next_vehicle(
    app: App, world: World, credential: Credential, api: Callable[[str], Api], clock: Clock
) -> None:
    moved_at = clock.advance(timedelta(minutes=5))
    with app.transaction(SETUP, clock.now) as session:
        other = put_asset(session, world, "vehicle.patrol", clock.now, unit="IMT-FA", plans=False)
        move_tracker(session, TRACKER, session.get_one(Asset, other.id), moved_at, clock.advance(timedelta(minutes=1)))
    old, new = (api(login).get(f"/trackers/{TRACKER}").json for login in ("logistics_officer", "logistics2"))
    trips = api("logistics_officer").get(f"/trackers/{TRACKER}/trips", **_span(clock)).json
    assert old is not None
    assert new is not None
    assert trips is not None
    assert (old["presence"], old["boots"], old["last"]["t"]) == ("never", [], None)
    assert (new["presence"], len(new["boots"])) == ("online", 1)
    assert trips["items"], "what it drove with the tracker stays its own"


def hand_over(app: App, world: World, clock: Clock, until: datetime | None = None) -> None:
    """The vehicle goes from IMT-TK to IMT-FA for good, or on loan, and is received there a minute later."""
    with app.reading() as session:
        code = session.scalars(select(Asset.code)).one()
    for login in ("logistics_officer", "logistics2"):
        clock.advance(timedelta(minutes=1))
        with app.transaction(world.actors[login], clock.now) as session:
            vehicle = transfers.asset_to_move(session, world.actors[login], code)
            if login == "logistics2":
                transfers.receive(session, world.actors[login], vehicle, happening_now(clock.now), condition="A")
            else:
                there = session.get_one(Unit, world.units["IMT-FA"].id)
                transfers.send(session, world.actors[login], vehicle, there, happening_now(clock.now), until=until)


def drive_on(app: App, start: datetime, now: datetime) -> None:
    """Another 20 places, three minutes long."""
    first_s = start.timestamp()
    samples = [
        {"t": first_s + 10 * n, "up": 5 + 10 * n, "lat": 40.4, "lon": 71.8 + n * 0.0003, "spd": 9.0, "fix": 3}
        for n in range(20)
    ]
    body = {"v": 1, "life": LIFE, "boot": 2, "seq": 0, "samples": samples}
    Ingest(app).receive([Envelope(f"imt/v1/{TRACKER}/report", json.dumps(body).encode(), to_ms(now))], now)
    Rebuilder(app).run(at_once=True)


def add_coordinators(app: App, world: World, clock: Clock) -> None:
    """`oct.tk` and `oct.fa`, each for one region."""
    with app.transaction(SETUP, clock.now) as session:
        for login, region in (("oct.tk", "UZ-TK"), ("oct.fa", "UZ-FA")):
            world.accounts[login] = service.add_account(
                session, SETUP, login=login, password=PASSWORD, role=Role.COORDINATOR,
                scope=service.Scope(region=session.merge(world.regions[region])), now=clock.now,
            )  # fmt: skip


def test_unit_that_receives_a_vehicle_reads_no_track_of_the_unit_before(
    app: App, world: World, credential: Credential, api: Callable[[str], Api], client_for: Callable[[str], Browser],
    clock: Clock,
) -> None:  # fmt: skip
    add_coordinators(app, world, clock)
    Ingest(app).receive([Envelope(f"imt/v1/{TRACKER}/report", b"no json", to_ms(clock.now))], clock.now)
    span = _span(clock)
    hand_over(app, world, clock)
    new, whole = api("oct.fa"), api("coordinator")
    for what in ("positions", "trips", "stops"):
        answer = new.get(f"/trackers/{TRACKER}/{what}", **span)
        assert (what, answer.status_code, (answer.json or {})["items"]) == (what, 200, [])
    assert len((whole.get(f"/trackers/{TRACKER}/positions", limit=100, **span).json or {})["items"]) == 60
    assert (new.get("/set-aside").json or {})["items"] == [], "it may be of the time before"
    (vehicle,) = (client_for("oct.fa").get("/map/vehicles").json or {})["items"]
    assert (vehicle["lat"], vehicle["lon"]) == (None, None), "its last place is one of the unit before"
    clock.advance(timedelta(hours=1))
    drive_on(app, clock.now - timedelta(minutes=30), clock.now)
    later = {"from": span["from"], "to": clock.now.isoformat()}
    assert len((new.get(f"/trackers/{TRACKER}/positions", limit=100, **later).json or {})["items"]) == 20
    (vehicle,) = (client_for("oct.fa").get("/map/vehicles").json or {})["items"]
    assert vehicle["lat"] == pytest.approx(40.4)


def test_unit_that_lent_a_vehicle_does_not_follow_the_borrower_and_keeps_its_own_tracks(
    app: App, world: World, credential: Credential, api: Callable[[str], Api], client_for: Callable[[str], Browser],
    clock: Clock,
) -> None:  # fmt: skip
    span = _span(clock)
    hand_over(app, world, clock, until=clock.now + timedelta(days=10))
    clock.advance(timedelta(hours=1))
    drive_on(app, clock.now - timedelta(minutes=30), clock.now)
    whole = {"from": span["from"], "to": clock.now.isoformat()}
    seen = {
        login: len((api(login).get(f"/trackers/{TRACKER}/positions", limit=100, **whole).json or {})["items"])
        for login in ("commander", "coordinator")
    }
    assert seen == {"commander": 60, "coordinator": 80}
    shown = {login: client_for(login).get("/map/vehicles").json or {} for login in ("commander", "coordinator")}
    assert {login: len(found["items"]) for login, found in shown.items()} == {"commander": 0, "coordinator": 1}


def test_unit_that_borrows_a_vehicle_sees_its_own_stretch_and_nothing_else(
    app: App, world: World, credential: Credential, api: Callable[[str], Api], client_for: Callable[[str], Browser],
    clock: Clock,
) -> None:  # fmt: skip
    add_coordinators(app, world, clock)
    began = clock.now
    clock.advance(timedelta(days=2))
    hand_over(app, world, clock, until=clock.now + timedelta(days=10))
    clock.advance(timedelta(days=1))
    drive_on(app, clock.now - timedelta(minutes=30), clock.now)
    whole = {"from": (began - timedelta(hours=2)).isoformat(), "to": clock.now.isoformat()}
    borrower = api("oct.fa")
    places = (borrower.get(f"/trackers/{TRACKER}/positions", limit=100, **whole).json or {})["items"]
    assert {round(place["lat"], 1) for place in places} == {40.4}
    assert len(places) == 20
    (vehicle,) = (client_for("oct.fa").get("/map/vehicles").json or {})["items"]
    assert vehicle["lat"] == pytest.approx(40.4)
    days = {
        login: [row["date"] for row in (api(login).get(f"/trackers/{TRACKER}/days", **whole).json or {})["items"]]
        for login in ("oct.fa", "oct.tk", "coordinator")
    }
    assert len(days["coordinator"]) == 2
    assert days["oct.fa"] == days["coordinator"][1:], "neither a day before the loan"
    assert days["oct.tk"] == days["coordinator"][:1], "nor one of it for the lender"
    with app.reading() as session:
        code = session.scalars(select(Asset.code)).one()
    page = client_for("oct.fa").get(f"/trackers/{TRACKER}").get_data(as_text=True)
    assert code in page
    sheet = f"/vehicles/{code}/trip-sheet?from={began.date().isoformat()}"
    assert client_for("oct.fa").get(sheet).status_code == 200
