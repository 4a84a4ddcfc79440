"""The inventory of trackers: one list of boxes for page, API and sheet, and only for those who keep trackers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from assets.core.app import App
from assets.registry.models import Asset
from assets.telemetry import provisioning
from assets.telemetry.inventory import INVENTORY_FIELDS
from assets.web.views.api_tracker_inventory import InventoryBody
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

IMEI, ICCID = "490154203237518", "8999801234567890125"


@pytest.fixture
def trackers(app: App, world: World, clock: Clock) -> list[str]:
    """Three trackers: one with all its boxes, one revoked, one that is not believed."""
    boxes = {"vendor": "Teltonika", "imei": IMEI, "iccid": ICCID, "sim_operator": "Ucell", "msisdn": "+998901234567"}
    with app.transaction(SETUP, clock.now) as session:
        for name in ("TRK-A", "TRK-B", "TRK-C"):
            vehicle = put_asset(session, world, "vehicle.patrol", clock.now, plans=False)
            provisioning.add_tracker(session, name, session.get_one(Asset, vehicle.id), clock.now - timedelta(hours=2))
        provisioning.describe_tracker(session, "TRK-A", boxes)
        provisioning.describe_tracker(session, "TRK-B", {"vendor": "Queclink"})
        provisioning.revoke_tracker(session, "TRK-B", clock.now)
        provisioning.distrust_tracker(session, SETUP, "TRK-C", clock.now - timedelta(hours=1), "stolen", clock.now)
    return ["TRK-A", "TRK-B", "TRK-C"]


def test_every_box_is_in_the_api() -> None:
    assert set(InventoryBody.model_fields) == set(INVENTORY_FIELDS)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, "ABC"), ({"state": "revoked"}, "B"), ({"state": "never"}, "A"), ({"state": "untrusted"}, "C"),
        ({"vendor": "Queclink"}, "B"), ({"sim_operator": "Ucell"}, "A"), ({"query": IMEI[3:9]}, "A"),
        ({"query": "+99890"}, "A"), ({"sort": "-id"}, "CBA"), ({"sort": "-vendor"}, "ABC"), ({"query": "nothing"}, ""),
        ({"firmware": "9.9"}, ""),
    ],
)  # fmt: skip
def test_list_is_filtered_and_ordered(
    trackers: list[str], api: Callable[[str], Api], asked: dict[str, str], found: str
) -> None:
    answer = api("coordinator").get("/tracker-inventory", **asked).json
    assert answer is not None
    assert [item["id"] for item in answer["items"]] == [f"TRK-{letter}" for letter in found]


def test_list_comes_in_pages(trackers: list[str], api: Callable[[str], Api]) -> None:
    program, cursor, seen = api("coordinator"), "", []
    for _ in range(3):
        answer = program.get("/tracker-inventory", limit=1, cursor=cursor).json
        assert answer is not None
        seen += [item["id"] for item in answer["items"]]
        cursor = answer["next"] or ""
    assert seen == trackers
    assert cursor == ""


@pytest.mark.parametrize("asked", [{"state": "lost"}, {"sort": "imei"}, {"sort": "--id"}])
def test_unknown_filters_and_orders_are_refused(
    trackers: list[str], api: Callable[[str], Api], asked: dict[str, str]
) -> None:
    assert api("coordinator").get("/tracker-inventory", **asked).status_code == 400


def test_program_writes_boxes_and_is_refused_in_words(trackers: list[str], api: Callable[[str], Api]) -> None:
    program = api("coordinator")
    done = program.patch("/trackers/TRK-B/inventory", {"note": "under the dash"})
    assert done.status_code == 200
    assert done.json is not None
    assert (done.json["note"], done.json["vendor"]) == ("under the dash", "Queclink")
    taken = program.patch("/trackers/TRK-B/inventory", {"imei": IMEI})
    assert taken.status_code == 409
    assert taken.json is not None
    assert "TRK-A" in taken.json["detail"]
    wrong = program.patch("/trackers/TRK-B/inventory", {"imei": "123", "iccid": "x"})
    assert wrong.status_code == 400
    assert wrong.json is not None
    assert {error["field"] for error in wrong.json["errors"]} == {"imei", "iccid"}
    assert program.patch("/trackers/TRK-B/inventory", {"password_hash": "x"}).status_code == 400


@pytest.mark.parametrize("login", ["logistics_officer", "commander", "officer", "auditor", "donor", "monitor"])
def test_who_does_not_keep_trackers_sees_no_number(
    trackers: list[str], api: Callable[[str], Api], client_for: Callable[[str], Browser], login: str
) -> None:
    for path in ("/tracker-inventory", "/trackers/TRK-A/inventory"):
        assert api(login).get(path).status_code == 403
    for path in ("/trackers/inventory", "/trackers/TRK-A/inventory"):
        assert client_for(login).get(path).status_code == 403
    shown = client_for(login).get("/trackers/TRK-A").get_data(as_text=True)
    assert not [number for number in (IMEI, ICCID, "998901234567") if number in shown]


def test_form_keeps_what_was_typed_and_says_what_is_wrong(
    trackers: list[str], client_for: Callable[[str], Browser]
) -> None:
    browser = client_for("coordinator")
    refused = browser.post("/trackers/TRK-B/inventory", {"imei": "123", "note": "roof"})
    assert refused.status_code == 400
    text = refused.get_data(as_text=True)
    assert "15 digits" in text
    assert "roof" in text
    assert browser.post("/trackers/TRK-B/inventory", {"imei": "", "note": "roof"}).status_code == 303
    assert "roof" in browser.get("/trackers/TRK-B/inventory").get_data(as_text=True)


def test_page_and_file_hold_what_was_asked_for(trackers: list[str], client_for: Callable[[str], Browser]) -> None:
    browser = client_for("coordinator")
    page = browser.get("/trackers/inventory?state=revoked").get_data(as_text=True)
    assert "TRK-B" in page
    assert 'href="/trackers/TRK-A"' not in page
    taken = browser.get("/trackers/inventory?vendor=Teltonika&format=csv").get_data(as_text=True)
    assert IMEI in taken
    assert "TRK-B" not in taken
    assert "no tracker" in browser.get("/trackers/inventory?query=zzz").get_data(as_text=True).lower()
