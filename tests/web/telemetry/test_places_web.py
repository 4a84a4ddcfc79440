"""Places by page and by call: drawn, changed, taken out of use; and never told to who may not see positions."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.core.journal import JournalEntry
from assets.registry.models import Asset
from assets.telemetry.days import to_ms
from assets.telemetry.geofence import Fix
from assets.telemetry.places import visits
from assets.telemetry.provisioning import add_tracker
from tests.support.care import put_asset
from tests.support.engines import ON_ONE_ENGINE
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

TRACKER = "TRK-A"
Signed = Callable[[str], Browser]
Called = Callable[[str], Api]
YARD = {
    "name": "Hovli 4", "kind": "depot", "unit": "IMT-TK", "form": "circle", "lat": "41,31234", "lon": "69.25678",
    "radius_m": "250", "margin_m": "50", "dwell_s": "60", "active_from": "", "active_until": "",
}  # fmt: skip
OUTLINE = YARD | {"form": "outline", "points": "41.3120 69.2560\n41.3130 69.2560\n41.3130 69.2575"}


@pytest.fixture
def yard(client_for: Signed) -> str:
    """The address of a yard of IMT-TK."""
    answer = client_for("coordinator").post("/places/new", YARD)
    assert answer.status_code == 303
    return str(answer.headers["Location"])


@pytest.fixture
def visited(app: App, world: World, clock: Clock, yard: str) -> str:
    """A patrol vehicle of IMT-TK was in the yard for an hour; its label code."""
    with app.transaction(SETUP, clock.now) as session:
        made = put_asset(session, world, "vehicle.patrol", clock.now, plans=False)
        add_tracker(session, TRACKER, session.get_one(Asset, made.id), clock.now - timedelta(days=2))
        start_ms = to_ms(clock.now - timedelta(hours=3))
        fixes = [Fix(start_ms + n * 60_000, 41.31234, 69.25678 + (0.02 if n in {0, 61} else 0)) for n in range(62)]
        visits.replace_visits(session, TRACKER, [visits.Track(made.id, fixes[0].at_ms, fixes[-1].at_ms, fixes)])
        return made.code


def test_place_is_drawn_shown_changed_and_taken_out_of_use(yard: str, client_for: Signed, api: Called) -> None:
    browser = client_for("coordinator")
    assert "Hovli 4" in browser.get("/places").get_data(as_text=True)
    page = browser.get(yard).get_data(as_text=True)
    assert "Hovli 4" in page
    assert 'data-shape="{' in page
    form = browser.get(f"{yard}/edit").get_data(as_text=True)
    assert 'value="41.31234"' in form
    assert browser.post(f"{yard}/edit", OUTLINE | {"name": "Hovli 5"}).status_code == 303
    (item,) = api("coordinator").get("/places").get_json()["items"]
    assert (item["name"], item["unit"], item["shape"]["type"]) == ("Hovli 5", "IMT-TK", "Polygon")
    assert "41.313 69.2575" in browser.get(f"{yard}/edit").get_data(as_text=True)
    assert browser.post(f"{yard}/archive").status_code == 303
    assert api("coordinator").get("/places").get_json()["items"] == []
    assert len(api("coordinator").get("/places", archived="1").get_json()["items"]) == 1
    assert browser.post(f"{yard}/restore").status_code == 303
    assert len(api("coordinator").get("/places").get_json()["items"]) == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"), ({"kind": "region"}, "kind"), ({"lat": "91"}, "lat"), ({"lat": ""}, "lat"),
        ({"lon": "1e999"}, "lat"), ({"radius_m": "1"}, "radius_m"), ({"radius_m": "1e999999"}, "radius_m"),
        ({"margin_m": "-1"}, "margin_m"), ({"dwell_s": "1e999999"}, "dwell_s"),
        ({"active_from": "soon"}, "active_from"),
        ({"unit": "NOWHERE"}, "unit"), ({"form": "outline", "points": "1 2"}, "points"),
        ({"form": "outline", "points": "{" * 5000}, "points"),
    ],
)  # fmt: skip
@ON_ONE_ENGINE
def test_error_stands_beside_its_field_and_nothing_typed_is_lost(
    changed: dict[str, str], field: str, client_for: Signed
) -> None:
    answer = client_for("coordinator").post("/places/new", YARD | changed)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert f'id="{field}-error"' in text
    assert "IMT-TK" in text


def test_only_who_may_see_positions_is_told_of_places(visited: str, yard: str, client_for: Signed, api: Called) -> None:
    for login in ("donor", "logistics_officer", "officer", "technician", "auditor", "monitor", "administrator"):
        assert api(login).get("/places").status_code == 403
        assert api(login).get(f"/trackers/{TRACKER}/visits").status_code == 403
        assert client_for(login).get(yard).status_code == 403
    commander = api("commander")
    assert len(commander.get("/places").get_json()["items"]) == 1
    for login in ("logistics_officer", "technician", "auditor"):
        browser = client_for(login)
        for path in (f"/trackers/{TRACKER}", f"/assets/{visited}?tab=tracker"):
            text = browser.get(path).get_data(as_text=True)
            assert "Hovli" not in text, (login, path)
            assert "41.31" not in text, (login, path)


def test_commander_draws_places_of_the_own_unit_alone(client_for: Signed) -> None:
    browser = client_for("commander")
    assert browser.post("/places/new", YARD).status_code == 303
    assert browser.post("/places/new", YARD | {"unit": "IMT-FA"}).status_code == 403
    assert browser.post("/places/new", YARD | {"unit": ""}).status_code == 400


def test_another_units_place_looks_like_none(client_for: Signed, api: Called) -> None:
    made = client_for("coordinator").post("/places/new", YARD | {"unit": "IMT-FA"}).headers["Location"]
    number = made.rsplit("/", 1)[-1]
    foreign, unknown = api("commander").get(f"/places/{number}"), api("commander").get("/places/999999")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.get_json() == unknown.get_json()
    browser = client_for("commander")
    for path in (made, f"{made}/edit"):
        assert browser.get(path).status_code == 404
    assert browser.post(f"{made}/archive").status_code == 404


def test_who_was_there_is_shown_and_the_look_is_noted(
    app: App, visited: str, yard: str, client_for: Signed, api: Called, clock: Clock
) -> None:
    page = client_for("commander").get(yard).get_data(as_text=True)
    assert f"/assets/{visited}" in page
    with app.reading() as session:
        assert session.scalar(select(JournalEntry.entity_id).where(JournalEntry.entity == "position")) == TRACKER
    span = {"from": (clock.now - timedelta(hours=4)).isoformat(), "to": clock.now.isoformat()}
    (visit,) = api("commander").get(f"/trackers/{TRACKER}/visits", **span).get_json()["items"]
    assert (visit["name"], visit["kind"]) == ("Hovli 4", "depot")
    assert 3500 < visit["stayed_s"] < 3720
    assert api("logistics2").get(f"/trackers/{TRACKER}/visits").status_code == 403


def test_region_is_shown_and_not_changed(app: App, client_for: Signed, api: Called, clock: Clock) -> None:
    visits.derive_changed(app, clock.now)
    regions = api("coordinator").get("/places", kind="region").get_json()["items"]
    assert {item["region"] for item in regions} == {"UZ-TK", "UZ-FA", "UZ-SU"}
    browser = client_for("coordinator")
    path = f"/places/{regions[0]['id']}"
    assert browser.get(path).status_code == 200
    assert f"{path}/edit" not in browser.get(path).get_data(as_text=True)
    assert browser.post(f"{path}/edit", YARD).status_code in {400, 409, 422}


def test_outline_in_the_page_is_one_json_text(client_for: Signed) -> None:
    browser = client_for("coordinator")
    made = browser.post("/places/new", OUTLINE | {"name": '"><script>alert(1)</script>'}).headers["Location"]
    page = browser.get(made).get_data(as_text=True)
    assert "<script>alert" not in page
    text = page.split('data-shape="', 1)[1].split('"', 1)[0]
    assert json.loads(text.replace("&#34;", '"'))["type"] == "Polygon"
