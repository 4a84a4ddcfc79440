"""Calibration over HTTP: the rule decides, scope on read and write, hostile files, forms without script."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from assets.calibration.models import CalibrationPlan
from assets.calibration.queries import record_to_follow, views_for
from assets.core.actor import Actor
from assets.core.app import App
from assets.registry.models import Asset, EquipmentModel
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

Place = dict[str, Any]
PDF = b"%PDF-1.7\n%certificate\n"
POINT = {"name": "100 nSv/h", "tolerance_low": 90, "tolerance_high": 110, "unit": "nSv/h", "as_found": 101}


def _place(app: App, world: World, clock: Clock, unit: str) -> Place:
    with app.transaction(SETUP, clock.now) as session:
        pager = put_asset(session, world, "radiation.prd", clock.now, unit=unit)
        plan = views_for(session, [pager.id], clock.now)[pager.id][0].plan
        return {"code": pager.code, "plan": plan.id}


@pytest.fixture
def here(app: App, world: World, clock: Clock) -> Place:
    return _place(app, world, clock, "IMT-TK")


@pytest.fixture
def elsewhere(app: App, world: World, clock: Clock) -> Place:
    return _place(app, world, clock, "IMT-FA")


def _body(place: Place, **more: Any) -> dict[str, Any]:
    standard = {"standard": "Cs-137 source 17", "standard_valid_until": "2027-01-01"}
    return {"asset": place["code"], "points": [POINT], **standard, **more}


def test_pass_is_decided_and_dated(here: Place, api: Callable[[str], Api]) -> None:
    made = api("technician").post("/calibrations", _body(here))
    assert made.status_code == 201, made.get_json()
    assert (made.get_json()["result"], made.get_json()["valid_until"]) == ("pass", "2027-11-02")
    assert api("technician").get("/calibration/due").get_json()["items"] == []


def test_result_cannot_be_sent(here: Place, api: Callable[[str], Api]) -> None:
    for extra in ({"result": "pass"}, {"valid_until": "2040-01-01"}, {"asset_id": 1}, {"id": 7}):
        assert api("technician").post("/calibrations", _body(here, **extra)).status_code == 400


def test_standard_out_of_date_cannot_pass(here: Place, api: Callable[[str], Api]) -> None:
    answer = api("technician").post("/calibrations", _body(here, standard_valid_until="2026-11-01"))
    assert (answer.status_code, answer.get_json()["code"]) == (422, "standard_out_of_date")
    failing = {**POINT, "as_found": 150}
    kept = api("technician").post("/calibrations", _body(here, standard_valid_until="2026-11-01", points=[failing]))
    assert (kept.status_code, kept.get_json()["result"]) == (201, "fail")


def test_only_technicians_record(here: Place, api: Callable[[str], Api]) -> None:
    for login in ("logistics_officer", "coordinator", "administrator", "officer"):
        assert api(login).post("/calibrations", _body(here)).status_code == 403
    assert api("donor").get("/calibrations").status_code == 403


def test_foreign_records_look_like_none(
    here: Place, elsewhere: Place, api: Callable[[str], Api], client_for: Callable[[str], Browser]
) -> None:
    theirs = api("technician").post("/calibrations", _body(elsewhere)).get_json()
    program = api("logistics_officer")
    assert program.get(f"/calibrations/{theirs['id']}").status_code == 404
    assert program.get("/calibrations").get_json()["items"] == []
    assert program.get("/calibrations", asset=elsewhere["code"]).status_code == 404
    assert {item["asset"] for item in program.get("/calibration/due").get_json()["items"]} == {here["code"]}
    browser = client_for("logistics_officer")
    assert browser.get(f"/calibration/records/{theirs['id']}").status_code == 404
    assert browser.get(f"/calibration/plans/{elsewhere['plan']}/change").status_code == 404
    answer = browser.post(f"/calibration/plans/{elsewhere['plan']}/change", {"reason": "because", "interval_days": "9"})
    assert answer.status_code == 404


def test_record_is_not_moved_under_another_asset(here: Place, elsewhere: Place, api: Callable[[str], Api]) -> None:
    program = api("technician")
    foreign_plan = program.post("/calibrations", _body(here, plan=elsewhere["plan"]))
    assert (foreign_plan.status_code, foreign_plan.get_json()["errors"][0]["field"]) == (400, "plan")
    theirs = program.post("/calibrations", _body(elsewhere)).get_json()
    answer = program.post("/calibrations", _body(here, corrects=theirs["id"]))
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (400, "corrects")


def test_form_records_points_checks_and_certificate(here: Place, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("technician")
    address = f"/calibration/plans/{here['plan']}/record"
    more = browser.post(address, {"rows": "6", "more": "1", "p1-name": "kept", "p1-as_found": "1,5"})
    page = more.get_data(as_text=True)
    assert 'name="p12-name"' in page
    assert 'value="kept"' in page
    form = {
        "rows": "6", "standard": "Source 17", "standard_valid_until": "2027-01-01",
        "p1-name": "100 nSv/h", "p1-tolerance_low": "90", "p1-tolerance_high": "110,5", "p1-as_found": "101",
        "c1-name": "Alarm sounds", "c1-ok": "yes",
    }  # fmt: skip
    saved = browser.post(address, {**form, "certificate": (BytesIO(PDF), "../../evil.html")})
    assert saved.status_code == 303, saved.get_data(as_text=True)
    record = browser.get(saved.headers["Location"]).get_data(as_text=True)
    assert "Alarm sounds" in record
    file = browser.get("/calibration/certificates/1")
    assert (file.data, file.content_type) == (PDF, "application/pdf")
    assert file.headers["Content-Disposition"] == 'attachment; filename="certificate-1-1.pdf"'
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert client_for("logistics2").get("/calibration/certificates/1").status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>1</script>",
        b"MZ\x90",
        b"PK\x03\x04",
    ],
)
def test_hostile_file_is_refused_by_its_content(
    here: Place, content: bytes, client_for: Callable[[str], Browser], api: Callable[[str], Api], app: App
) -> None:
    form = {"rows": "6", "c1-name": "Alarm sounds", "c1-ok": "yes"}
    sent = {**form, "certificate": (BytesIO(content), "certificate.pdf", "application/pdf")}
    refused = client_for("technician").post(f"/calibration/plans/{here['plan']}/record", sent)
    assert refused.status_code == 400
    assert 'id="certificate-error"' in refused.get_data(as_text=True)
    assert not api("technician").get("/calibrations").get_json()["items"]
    folder = app.settings.data_dir / "files"
    assert not folder.exists() or not list(folder.iterdir())


def test_form_keeps_what_was_typed(here: Place, client_for: Callable[[str], Browser]) -> None:
    address = f"/calibration/plans/{here['plan']}/record"
    form = {"rows": "6", "p1-name": "kept point", "p1-as_found": "not a number", "environment": "21 C"}
    answer = client_for("technician").post(address, form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    for word in ("kept point", "not a number", "21 C"):
        assert f'value="{word}"' in page


def _fields(page: str) -> dict[str, str]:
    """The points and checks of the form that hold something."""
    found = re.findall(r'<input id="([pc]\d+-[a-z_]+)"[^>]* value="([^"]+)"', page)
    return dict(found)


def _model(app: App, *places: Place) -> None:
    with app.transaction(SETUP, app.clock()) as session:
        assets = [session.query(Asset).filter_by(code=place["code"]).one() for place in places]
        model = EquipmentModel(equipment_class=assets[0].equipment_class, maker="Maker", name="PRD-1")
        session.add(model)
        session.flush()
        for asset in assets:
            asset.model_id = model.id


WITH_CHECK = [POINT, {"name": "Alarm sounds", "ok": True}]
TO_READ = {
    "p1-name": "100 nSv/h", "p1-unit": "nSv/h", "p1-tolerance_low": "90", "p1-tolerance_high": "110",
    "c1-name": "Alarm sounds",
}  # fmt: skip


def test_new_record_offers_the_points_and_checks_of_the_last_one_without_readings(
    here: Place, api: Callable[[str], Api], client_for: Callable[[str], Browser]
) -> None:
    browser, address = client_for("technician"), f"/calibration/plans/{here['plan']}/record"
    first = browser.get(address).get_data(as_text=True)
    assert _fields(first) == {}
    assert "nominal value, both limits" in first
    api("technician").post("/calibrations", _body(here, points=WITH_CHECK))
    page = browser.get(address).get_data(as_text=True)
    assert _fields(page) == TO_READ
    assert "last record of this item" in page
    assert "selected>right" not in page


def test_first_record_offers_the_points_of_another_item_of_the_model(
    app: App, here: Place, elsewhere: Place, api: Callable[[str], Api], client_for: Callable[[str], Browser]
) -> None:
    api("technician").post("/calibrations", _body(elsewhere, points=WITH_CHECK))
    browser, address = client_for("technician"), f"/calibration/plans/{here['plan']}/record"
    assert _fields(browser.get(address).get_data(as_text=True)) == {}, "items without a model follow nobody"
    _model(app, here, elsewhere)
    page = browser.get(address).get_data(as_text=True)
    assert _fields(page) == TO_READ
    assert "another item of this model" in page
    kept = browser.post(address, {"rows": "2", "follows": "model", "p1-name": "x", "p1-as_found": "no number"})
    assert "another item of this model" in kept.get_data(as_text=True)


def test_points_of_an_item_out_of_sight_are_not_offered(
    app: App, here: Place, elsewhere: Place, api: Callable[[str], Api], actor_for: Callable[[str], Actor]
) -> None:
    api("technician").post("/calibrations", _body(elsewhere, points=WITH_CHECK))
    _model(app, here, elsewhere)
    with app.reading() as session:
        plan = session.get_one(CalibrationPlan, here["plan"])
        assert record_to_follow(session, actor_for("technician"), plan) is not None
        assert record_to_follow(session, actor_for("logistics_officer"), plan) is None


def test_pages_open_with_few_queries(
    here: Place, client_for: Callable[[str], Browser], api: Callable[[str], Api], queries: Callable[[], Any]
) -> None:
    made = api("technician").post("/calibrations", _body(here)).get_json()
    browser = client_for("technician")
    for path in (
        "/calibration?within_days=800", "/calibration/records", f"/calibration/records/{made['id']}",
        f"/calibration/plans/{here['plan']}/record?corrects={made['id']}", f"/calibration/plans/{here['plan']}/change",
        f"/assets/{here['code']}/plans",
    ):  # fmt: skip
        with queries() as seen:
            answer = browser.get(path)
        assert answer.status_code == 200, path
        assert len(seen) <= 10, (path, len(seen))
