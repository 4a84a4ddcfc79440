"""What the scan page is told of an asset, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from assets.core.app import App
from assets.labels.token import ALPHABET, format_code, new_code
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import report_fault
from assets.registry.scope import asset_by_code
from tests.support.custody import Custody
from tests.support.world import Clock
from tests.web.conftest import Browser

Make = Callable[..., str]
SignIn = Callable[[str], Browser]
JSON = {"Accept": "application/json"}


def shown(browser: Browser, code: str) -> dict[str, Any]:
    answer = browser.get(f"/scan/asset/{code}", headers=JSON)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    told: dict[str, Any] = answer.get_json()
    return told


def kinds(told: dict[str, Any]) -> list[str]:
    return [action["kind"] for action in told["actions"]]


def test_the_scan_page_opens_for_who_may_read_assets(client_for: SignIn) -> None:
    assert client_for("officer").get("/scan").status_code == 200
    assert client_for("donor").get("/scan").status_code == 403


def test_a_free_and_fit_asset_offers_its_issue_first(client_for: SignIn, make: Make) -> None:
    code = make()
    told = shown(client_for("logistics_officer"), format_code(code).lower())
    assert told["code"] == code
    assert told["fit"]["ok"]
    assert (told["custodian"], told["unit"]) == (None, "Toshkent shahri guruhi")
    assert kinds(told) == ["issue", "sighting", "fault", "transfer_send", "check"]
    assert [action["primary"] for action in told["actions"]] == [True, False, False, False, False]
    assert told["usual_use"] == {"unit": "count", "value": 1}
    assert told["meters"] == []


def test_an_issued_asset_offers_its_return_first_and_names_who_has_it(
    client_for: SignIn, make: Make, custody: Custody
) -> None:
    code = make()
    custody.issue(code, "P-002")
    told = shown(client_for("logistics_officer"), code)
    assert told["custodian"] == "Юлдашева Гульчехра Абдурахмановна"
    assert kinds(told) == ["return", "sighting", "fault", "check"]
    hidden = shown(client_for("technician"), code)
    assert hidden["custodian"] == "issued to a person"
    assert (told["custodian_number"], hidden["custodian_number"]) == ("P-002", None)
    assert kinds(hidden) == ["fault", "sighting", "check"]


def test_what_is_not_fit_says_why_and_offers_its_issue_last(
    client_for: SignIn, make: Make, custody: Custody, app: App
) -> None:
    code = make()
    with custody.by("technician") as (session, actor):
        asset = asset_by_code(session, actor, code)
        report_fault(session, actor, asset, Severity.CRITICAL, "Broken", custody.occurrence())
    told = shown(client_for("logistics_officer"), code)
    assert (told["fit"]["ok"], told["state"]["kind"]) == (False, "blocked")
    assert told["fit"]["reasons"][0]["code"] == "fault_critical"
    assert kinds(told) == ["sighting", "fault", "issue", "transfer_send", "check"]


def test_a_vehicle_asks_for_its_odometer_first(client_for: SignIn, make: Make) -> None:
    told = shown(client_for("logistics_officer"), make("vehicle.patrol"))
    assert [(meter["kind"], meter["value"], meter["unit"]) for meter in told["meters"]] == [("odometer_km", None, "km")]
    assert told["usual_use"] is None


def test_a_mistyped_code_is_named_and_unknown_and_forbidden_look_the_same(client_for: SignIn, make: Make) -> None:
    browser = client_for("officer")
    code, foreign = make(), make(unit="IMT-FA")
    wrong = code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % 32]
    mistyped = browser.get(f"/scan/asset/{wrong}", headers=JSON)
    assert (mistyped.status_code, mistyped.get_json()["code"]) == (400, "label_mistyped")
    answers = [browser.get(f"/scan/asset/{code}", headers=JSON) for code in (foreign, new_code())]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].get_data() == answers[1].get_data()


def test_guessing_codes_ends_in_429_for_a_while(client_for: SignIn, make: Make, clock: Clock) -> None:
    browser = client_for("officer")
    answers = [browser.get(f"/scan/asset/{new_code()}", headers=JSON).status_code for _ in range(45)]
    assert answers == [404] * 40 + [429] * 5
    code = make()
    assert browser.get(f"/scan/asset/{code}", headers=JSON).status_code == 429
    clock.advance(timedelta(minutes=10))
    assert browser.get(f"/scan/asset/{code}", headers=JSON).status_code == 200


def test_persons_are_those_of_the_askers_units(client_for: SignIn) -> None:
    items = client_for("logistics_officer").get("/scan/persons?q=yuldasheva").get_json()["items"]
    assert [(item["id"], item["name"]) for item in items] == [("P-002", "Юлдашева Гульчехра Абдурахмановна")]
    assert len(client_for("logistics_officer").get("/scan/persons?q=").get_json()["items"]) == 2
    assert client_for("logistics_officer").get("/scan/persons?q=P-101").get_json() == {"items": []}
    assert client_for("officer").get("/scan/persons?q=").status_code == 403


def test_a_scan_asks_the_database_ten_times_at_most(
    client_for: SignIn, make: Make, custody: Custody, queries: Callable[[], Any]
) -> None:
    code = make("vehicle.patrol")
    browser = client_for("logistics_officer")
    with queries() as seen:
        shown(browser, code)
    assert len(seen) <= 10, "\n".join(seen)


@pytest.mark.parametrize("login", ["logistics_officer", "coordinator"])
def test_the_page_without_script_issues_and_takes_back(
    client_for: SignIn, make: Make, custody: Custody, login: str
) -> None:
    code, browser = make(), client_for(login)
    page = browser.get(f"/assets/{code}/issue").get_data(as_text=True)
    assert "Karimov Sardor" in page
    event_id = page.split('name="event_id" value="')[1].split('"')[0]
    for _ in range(2):  # a double tap
        answer = browser.post(f"/assets/{code}/issue", {"to": "P-001", "event_id": event_id})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/assets/{code}")
    assert "recorded once, and nothing was added" in browser.get(f"/assets/{code}").get_data(as_text=True)
    assert custody.holder(code) == custody.world.persons["P-001"].id
    refused = browser.post(f"/assets/{code}/issue", {"to": "P-002"})
    assert refused.status_code == 400
    assert "Somebody else has it" in refused.get_data(as_text=True)
    custody.clock.advance(timedelta(hours=1))
    incomplete = browser.post(f"/assets/{code}/return", {"count": "many", "note": "<b>kept</b>"})
    assert incomplete.status_code == 400
    assert "&lt;b&gt;kept&lt;/b&gt;" in incomplete.get_data(as_text=True)
    assert browser.post(f"/assets/{code}/return", {"condition": "B", "count": "2"}).status_code == 303
    assert (custody.holder(code), custody.asset(code).condition) == (None, "B")


def test_sighting_fault_and_correction_work_without_script(client_for: SignIn, make: Make, custody: Custody) -> None:
    code = make()
    officer, logistics = client_for("officer"), client_for("logistics_officer")
    assert officer.post(f"/assets/{code}/sighting", {"condition": "A"}).status_code == 303
    assert officer.post(f"/assets/{code}/fault", {"severity": "minor"}).status_code == 400
    assert officer.post(f"/assets/{code}/fault", {"severity": "minor", "text": "Scratch"}).status_code == 303
    assert officer.get(f"/assets/{code}/issue").status_code == 403
    wrong = custody.issue(code, "P-001")
    assert logistics.get(f"/assets/{code}/events/{wrong}/correct").status_code == 200
    assert logistics.post(f"/assets/{code}/events/{wrong}/correct", {"reason": ""}).status_code == 400
    answer = logistics.post(f"/assets/{code}/events/{wrong}/correct", {"reason": "Other person", "to": "P-002"})
    assert answer.status_code == 303
    assert custody.holder(code) == custody.world.persons["P-002"].id
    assert officer.get(f"/assets/{code}/events/{wrong}/correct").status_code == 403
    foreign = make(unit="IMT-FA")
    assert logistics.get(f"/assets/{foreign}/issue").status_code == 404
