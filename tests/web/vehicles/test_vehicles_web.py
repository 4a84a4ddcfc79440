"""Vehicle papers over HTTP: forms with their files, what was typed is kept, scope, lists, exports, the API."""

from __future__ import annotations

import base64
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select

from assets.core.app import App
from assets.registry.models import MeterReading
from assets.vehicles.models import Accident, FuelFill, VehiclePaper
from tests.support.care import put_asset
from tests.support.engines import ON_ONE_ENGINE
from tests.support.journal import noted
from tests.support.papers import picture
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

Clients = Callable[[str], Browser]
Apis = Callable[[str], Api]
FILL = {"at": "2026-11-02T09:00", "litres": "45,5", "is_full": "yes", "odometer_km": "12 000", "cost": "550000"}
PAPER = {"kind": "insurance", "valid_from": "2026-01-01", "valid_until": "2026-11-05", "number": "AB 1"}
ACCIDENT = {"at": "2026-11-02T08:00", "what": "Hit a post", "injured": "no"}


@pytest.fixture
def put(app: App, world: World, clock: Clock) -> Callable[..., str]:
    def place(class_code: str = "vehicle.patrol", **more: Any) -> str:
        with app.transaction(SETUP, clock.now) as session:
            return put_asset(session, world, class_code, clock.now, plans=False, **more).code

    return place


@pytest.fixture
def code(put: Callable[..., str]) -> str:
    return put()


def text_of(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:300]
    return answer.get_data(as_text=True)


def count(app: App, kind: Any) -> int:
    with app.reading() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def test_officer_enters_fuel_with_its_receipt_from_the_vehicles_page(app: App, code: str, client_for: Clients) -> None:
    officer = client_for("officer")
    assert f"/vehicles/{code}" in text_of(officer, f"/assets/{code}")
    assert f"/vehicles/{code}/fuel/new" in text_of(officer, f"/vehicles/{code}")
    assert 'enctype="multipart/form-data"' in text_of(officer, f"/vehicles/{code}/fuel/new")
    sent = {**FILL, "receipt": (BytesIO(picture()), "image.png"), "station": "<b>Chilonzor</b>"}
    entered = officer.post(f"/vehicles/{code}/fuel/new", sent, content_type="multipart/form-data")
    assert entered.status_code == 303, entered.get_data(as_text=True)[:500]
    page = text_of(officer, entered.headers["Location"])
    assert "45.5" in page
    assert "12,000" in page
    assert "&lt;b&gt;Chilonzor" in page
    assert ">Receipt<" in page
    assert "12,000" in text_of(officer, f"/vehicles/{code}")
    assert text_of(officer, "/vehicles/fuel").count("data-href") == 1
    assert "Fuel filled in" in text_of(officer, f"/assets/{code}")


def test_wrong_fuel_is_told_beside_its_field_and_nothing_is_kept(app: App, code: str, client_for: Clients) -> None:
    """Attacks: absurd litres, the future, an odometer that runs back, a file that is none."""
    officer = client_for("officer")
    officer.post(f"/vehicles/{code}/fuel/new", FILL)
    for wrong, words in (
        ({"litres": "301"}, "0 to 300"),
        ({"litres": "-1"}, "0 to 300"),
        ({"at": "2026-11-03T09:00"}, "lies in the future"),
        ({"at": "2026-11-02T10:00", "odometer_km": "11999"}, "lower than the one before"),
        ({"at": ""}, "must be filled in"),
        ({"receipt": (BytesIO(b"#!/bin/sh"), "x.png")}, "PDF"),
    ):
        sent = {**FILL, "odometer_km": "12001", "station": "Typed here", **wrong}
        refused = officer.post(f"/vehicles/{code}/fuel/new", sent, content_type="multipart/form-data")
        assert refused.status_code in {400, 422}, wrong
        assert words in refused.get_data(as_text=True)
        assert "Typed here" in refused.get_data(as_text=True)
    assert (count(app, FuelFill), count(app, MeterReading)) == (1, 1)


def test_form_that_is_sent_twice_is_entered_once(app: App, code: str, client_for: Clients) -> None:
    officer = client_for("officer")
    sent = {**FILL, "event_id": "3f0c9c2e-57f4-4a3e-9f0a-111111111111"}
    assert officer.post(f"/vehicles/{code}/fuel/new", sent).status_code == 303
    again = officer.post(f"/vehicles/{code}/fuel/new", sent)
    assert (again.status_code, again.headers["Location"]) == (303, f"/vehicles/{code}")
    assert count(app, FuelFill) == 1


def test_fill_is_corrected_on_its_page_and_both_are_seen(code: str, client_for: Clients) -> None:
    officer = client_for("officer")
    place = officer.post(f"/vehicles/{code}/fuel/new", FILL).headers["Location"]
    form = text_of(officer, f"{place}/correct")
    assert 'value="45.5"' in form
    assert officer.post(f"{place}/correct", {**FILL, "odometer_km": "11000"}).status_code == 400
    mended = officer.post(f"{place}/correct", {**FILL, "odometer_km": "11000", "reason": "misread it"})
    assert mended.status_code == 303
    assert "misread it" in text_of(officer, mended.headers["Location"])
    assert "does not count any more" in text_of(officer, place)
    assert f"{place}/correct" not in text_of(officer, place)
    void = officer.post(f"{mended.headers['Location']}/correct", {"void": "1", "reason": "another car"})
    assert void.status_code == 303
    assert "data-href" not in text_of(officer, "/vehicles/fuel")


def test_papers_are_due_on_the_items_page_in_the_list_and_at_home(code: str, client_for: Clients) -> None:
    keeper, officer = client_for("logistics_officer"), client_for("officer")
    sent = {**PAPER, "scan": (BytesIO(picture()), "scan.png")}
    entered = keeper.post(f"/vehicles/{code}/papers/new", sent, content_type="multipart/form-data")
    assert entered.status_code == 303
    assert "AB 1" in text_of(officer, entered.headers["Location"])
    assert "ends within 7 days" in text_of(officer, f"/assets/{code}?tab=care")
    assert text_of(officer, "/vehicles/papers?standing=due").count("data-href") == 1
    assert text_of(officer, "/vehicles/papers?standing=missing").count("data-href") == 3
    assert "papers of vehicles end within 30 days" in text_of(officer, "/")
    late = {**PAPER, "kind": "first_aid", "valid_until": "2026-11-01"}
    assert keeper.post(f"/vehicles/{code}/papers/new", late).status_code == 303
    assert "papers of vehicles are not valid" in text_of(officer, "/")
    assert "Not valid today: First aid kit" in text_of(officer, f"/vehicles/{code}")
    table = officer.get("/vehicles/papers?standing=overdue&format=csv").get_data(as_text=True)
    assert [line.split(",")[1:4] for line in table.strip().splitlines()[1:]] == [["IMT-TK", "first_aid", "overdue"]]
    assert officer.get(f"/vehicles/{code}/papers/new").status_code == 403


def test_accident_with_pictures_asks_for_a_repair(app: App, code: str, client_for: Clients) -> None:
    officer = client_for("officer")
    sent = {
        **ACCIDENT, "fault": "major", "damage": "Bumper", "pictures": (BytesIO(picture()), "1.png"),
        "sketch": (BytesIO(picture(colour="red")), "s.png"),
    }  # fmt: skip
    entered = officer.post(f"/vehicles/{code}/accidents/new", sent, content_type="multipart/form-data")
    assert entered.status_code == 303, entered.get_data(as_text=True)[:500]
    page = text_of(officer, entered.headers["Location"])
    assert "Hit a post" in page
    assert ">Sketch<" in page
    assert "/maintenance/orders/" in page
    assert "An open fault forbids its use." in text_of(officer, f"/assets/{code}")
    assert text_of(officer, "/vehicles/accidents").count("data-href") == 1
    assert client_for("approver").get("/vehicles/accidents").status_code == 403
    assert officer.post(f"/vehicles/{code}/accidents/new", {**ACCIDENT, "fault": "x"}).status_code == 400
    assert count(app, Accident) == 1


def test_foreign_vehicle_and_its_entries_look_like_none(put: Callable[..., str], client_for: Clients) -> None:
    foreign = put(unit="IMT-FA")
    coordinator, officer = client_for("coordinator"), client_for("officer")
    places = [
        coordinator.post(f"/vehicles/{foreign}/fuel/new", FILL).headers["Location"],
        coordinator.post(f"/vehicles/{foreign}/papers/new", PAPER).headers["Location"],
        coordinator.post(f"/vehicles/{foreign}/accidents/new", ACCIDENT).headers["Location"],
    ]
    for path in (*places, f"{places[0]}/correct", f"/vehicles/{foreign}", f"/vehicles/{foreign}/fuel/new"):
        assert (path, officer.get(path).status_code) == (path, 404)
    assert officer.post(f"/vehicles/{foreign}/fuel/new", FILL).status_code == 404
    assert officer.post(f"{places[0]}/correct", {"void": "1", "reason": "not mine"}).status_code == 404
    assert client_for("commander").get(f"/vehicles/{foreign}/trip-sheet").status_code == 404
    for listed in ("/vehicles", "/vehicles/fuel", "/vehicles/papers", "/vehicles/accidents"):
        assert "data-href" not in text_of(officer, listed)
        assert foreign not in officer.get(f"{listed}?format=csv").get_data(as_text=True)


def test_what_is_no_vehicle_has_no_such_pages(put: Callable[..., str], client_for: Clients, api: Apis) -> None:
    detector = put("radiation.prd")
    keeper, program = client_for("logistics_officer"), api("logistics_officer")
    for path in ("", "/fuel/new", "/papers/new", "/accidents/new", "/trip-sheet"):
        assert keeper.get(f"/vehicles/{detector}{path}").status_code == 422
    assert program.post("/fuel", {"asset": detector, **FILL}).get_json()["code"] == "not_a_vehicle"
    assert "Papers of the vehicle" not in text_of(keeper, f"/assets/{detector}?tab=care")
    assert f"/vehicles/{detector}" not in text_of(keeper, f"/assets/{detector}")


def test_trip_sheet_is_a_pdf_and_the_journal_knows_it(app: App, code: str, client_for: Clients) -> None:
    commander = client_for("commander")
    assert "trip-sheet" in text_of(commander, f"/vehicles/{code}")
    made = commander.get(f"/vehicles/{code}/trip-sheet?from=2026-11-01&last=2026-11-02&lang=ru")
    assert (made.status_code, made.content_type, made.data[:4]) == (200, "application/pdf", b"%PDF")
    ((about, done, _, told),) = noted(app, "trip_sheet")
    assert (about, done, told) == (code, "made", {"first": "2026-11-01", "last": "2026-11-02", "lang": "ru"})
    for wrong in ("lang=fr", "from=2026-11-02&last=2026-11-01", "from=0001-01-01", "last=9999-12-31", "from=x"):
        assert commander.get(f"/vehicles/{code}/trip-sheet?{wrong}").status_code == 400
    assert client_for("officer").get(f"/vehicles/{code}/trip-sheet").status_code == 403
    assert "trip-sheet" not in text_of(client_for("officer"), f"/vehicles/{code}")


def test_list_by_vehicle_says_use_and_cost_and_never_zero_for_unknown(
    put: Callable[..., str], client_for: Clients, queries: Any
) -> None:
    code, other = put(), put()
    keeper = client_for("logistics_officer")
    keeper.post(f"/vehicles/{code}/fuel/new", {**FILL, "at": "2026-10-20T09:00", "odometer_km": "11500"})
    keeper.post(f"/vehicles/{code}/fuel/new", {**FILL, "litres": "50"})
    with queries() as seen:
        page = text_of(keeper, "/vehicles")
    assert len(seen) <= 10, seen
    assert "10.0" in page
    assert "2,200\u00a0UZS" in page
    assert page.count(">unknown<") == 4
    with queries() as seen:
        text_of(keeper, f"/vehicles/{code}")
    assert len(seen) <= 10, seen
    lines = keeper.get("/vehicles?format=csv").get_data(as_text=True).strip().splitlines()
    rows = {line.split(",")[0]: line.split(",") for line in lines[1:]}
    assert rows[code][5:12] == ["500.000", "10.0", "UZS", "1100000.00", "0", "0", "2200.0000"]
    assert rows[other][5:] == ["", "", "", "", "", "", "", "0"]
    for wrong in ("from=2026-11-02&to=2026-11-01", "to=0001-01-02", "from=x", "unit=NONE", "cursor=x", "limit=0"):
        assert keeper.get(f"/vehicles?{wrong}").status_code in {400, 404}, wrong


@ON_ONE_ENGINE
@pytest.mark.parametrize("wrong", ["standing=x", "kind=x", "cursor=x", "cursor=WyJ4IiwieSIsInoiXQ", "limit=0"])
def test_filters_that_are_none_are_refused(client_for: Clients, api: Apis, wrong: str) -> None:
    assert client_for("officer").get(f"/vehicles/papers?{wrong}").status_code == 400
    assert api("officer").client.get(f"/api/v1/vehicle-papers?{wrong}").status_code in {400, 401}


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
def test_numbers_that_no_column_holds_are_unknown(client_for: Clients, api: Apis, number: int) -> None:
    officer = client_for("officer")
    for kind in ("fuel", "papers", "accidents"):
        assert officer.get(f"/vehicles/{kind}/{number}").status_code == 404
    cursor = base64.urlsafe_b64encode(f"[{number}]".encode()).decode().rstrip("=")
    assert officer.get(f"/vehicles/fuel?cursor={cursor}").status_code in {200, 400, 404}
    sent = {"asset": "0000000000", "corrects": number, "reason": "typed wrong", "void": True}
    assert api("officer").post("/fuel", sent).status_code in {400, 404}


def test_programs_enter_list_and_correct(app: App, code: str, put: Callable[..., str], api: Apis) -> None:
    officer, keeper = api("officer"), api("logistics_officer")
    fill = {"asset": code, "at": "2026-11-02T05:00:00Z", "litres": 45.5, "is_full": True, "odometer_km": 12000}
    made = officer.post("/fuel", fill)
    assert made.status_code == 201, made.get_json()
    body = made.get_json()
    assert (body["litres"], body["odometer_km"], body["cost"], body["currency"]) == (45.5, 12000, None, None)
    mended = officer.post("/fuel", {**fill, "litres": 46, "corrects": body["id"], "reason": "typed wrong"})
    assert (mended.status_code, mended.get_json()["corrects"]) == (201, body["id"])
    assert [item["litres"] for item in officer.get("/fuel", asset=code).get_json()["items"]] == [46]
    again = officer.post("/fuel", {**fill, "corrects": body["id"], "reason": "typed wrong"})
    assert (again.status_code, again.get_json()["code"]) == (409, "already_corrected")
    elsewhere = officer.post("/fuel", {**fill, "asset": put(), "corrects": mended.get_json()["id"], "reason": "typed"})
    assert elsewhere.get_json()["errors"][0]["code"] == "other_vehicle"
    assert officer.post("/fuel", {**fill, "void": True, "reason": "never was"}).status_code == 400
    assert officer.post("/fuel", {**fill, "positions": []}).status_code == 400
    paper = {"asset": code, **PAPER}
    assert officer.post("/vehicle-papers", paper).status_code == 403
    assert keeper.post("/vehicle-papers", paper).status_code == 201
    listed = officer.get("/vehicle-papers", standing="due").get_json()["items"]
    assert [(line["kind"], line["standing"], line["paper"]["number"]) for line in listed] == [
        ("insurance", "within_7", "AB 1")
    ]
    accident = {"asset": code, "at": "2026-11-02T05:00:00Z", "what": "Hit a post", "injured": True, "fault": "minor"}
    assert officer.post("/accidents", accident).get_json()["work_order"] is not None
    assert officer.get("/accidents").get_json()["items"][0]["injured"] is True
    assert (count(app, FuelFill), count(app, VehiclePaper), count(app, Accident)) == (2, 1, 1)


def test_monitor_enters_neither_fuel_nor_accidents(app: App, code: str, client_for: Clients, api: Apis) -> None:
    program, browser = api("monitor"), client_for("monitor")
    fill = {"asset": code, "at": "2026-11-02T05:00:00Z", "litres": 40, "is_full": True, "cost": 9_000_000}
    accident = {"asset": code, "at": "2026-11-02T05:00:00Z", "what": "Hit a post", "injured": False}
    assert [program.post("/fuel", fill).status_code, program.post("/accidents", accident).status_code] == [403, 403]
    for kind, sent in (("fuel", FILL), ("accidents", ACCIDENT)):
        assert browser.get(f"/vehicles/{code}/{kind}/new").status_code == 403
        assert browser.post(f"/vehicles/{code}/{kind}/new", sent).status_code == 403
        assert f"{kind}/new" not in text_of(browser, f"/vehicles/{code}")
    assert (count(app, FuelFill), count(app, Accident)) == (0, 0)


def test_hour_and_station_of_a_fill_are_for_who_reads_trips_and_who_entered_it(
    code: str, client_for: Clients, api: Apis
) -> None:
    entered = client_for("officer").post(f"/vehicles/{code}/fuel/new", {**FILL, "station": "Chilonzor 5"})
    place, seen = entered.headers["Location"], {}
    for login in ("monitor", "technician", "administrator", "approver", "officer", "commander"):
        (item,) = api(login).get("/fuel").get_json()["items"]
        assert (item["day"], item["litres"]) == ("2026-11-02", 45.5)
        told = {item["at"], item["station"], item["entered_at"], item["entered_by"]}
        seen[login] = item["station"]
        assert (told == {None}) == (item["station"] is None)
        browser = client_for(login)
        pages = [text_of(browser, path) for path in (place, "/vehicles/fuel", f"/vehicles/{code}")]
        pages.append(browser.get("/vehicles/fuel?format=csv").get_data(as_text=True))
        closely = login in {"officer", "commander"}
        assert any("Chilonzor" in page for page in pages) == closely, login
        assert any("09:00" in page for page in pages[:3]) == closely, login
    assert seen == dict.fromkeys(("monitor", "technician", "administrator", "approver")) | {
        "officer": "Chilonzor 5", "commander": "Chilonzor 5",
    }  # fmt: skip
    assert client_for("technician").get(f"{place}/correct").status_code == 403, "the form shows all of it"


def test_place_and_persons_of_an_accident_are_for_who_knows_the_persons_of_the_unit(
    code: str, client_for: Clients, api: Apis
) -> None:
    secrets = {"place": "Qatortol 3", "other_party": "Mr Aliyev", "police_number": "YHXB-77"}
    entered = client_for("commander").post(f"/vehicles/{code}/accidents/new", {**ACCIDENT, **secrets})
    for login, closely in (("monitor", False), ("technician", False), ("officer", True), ("auditor", True)):
        (item,) = api(login).get("/accidents").get_json()["items"]
        assert {key: item[key] for key in secrets} == (secrets if closely else dict.fromkeys(secrets)), login
        assert ((item["at"] is None), item["what"]) == (not closely, "Hit a post")
        browser = client_for(login)
        pages = [text_of(browser, path) for path in (entered.headers["Location"], "/vehicles/accidents")]
        pages.append(browser.get("/vehicles/accidents?format=csv").get_data(as_text=True))
        for secret in secrets.values():
            assert any(secret in page for page in pages) == closely, (login, secret)


def test_number_of_a_policy_is_for_who_sees_the_identity_of_the_vehicle(
    code: str, client_for: Clients, api: Apis
) -> None:
    sent = {**PAPER, "number": "POL-778899"}
    place = client_for("logistics_officer").post(f"/vehicles/{code}/papers/new", sent).headers["Location"]
    for login, sees in (("approver", False), ("officer", True)):
        lines = api(login).get("/vehicle-papers", kind="insurance").get_json()["items"]
        assert [line["paper"]["number"] for line in lines] == ["POL-778899" if sees else None]
        for path in (place, "/vehicles/papers", f"/vehicles/{code}", "/vehicles/papers?format=csv"):
            found = client_for(login).get(path)
            assert found.status_code == 200
            assert ("POL-778899" in found.get_data(as_text=True)) == sees, (login, path)
