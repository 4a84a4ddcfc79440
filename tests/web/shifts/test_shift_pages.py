"""The board, one shift, and standing sets: who sees and does what, and what it costs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from assets.core.app import App
from assets.people.rules import POLICY, Permission, Role
from assets.shifts.service import queue_shift_mails
from tests.support.custody import Custody
from tests.support.shifts import Night
from tests.support.world import Clock, World
from tests.web.conftest import Api, Browser

Make = Callable[..., str]
Clients = Callable[[str], Browser]
HOUR = timedelta(hours=1)


@pytest.fixture
def out(custody: Custody, make: Make) -> tuple[Night, list[str]]:
    """A shift of Tashkent with two items out, whose end passed two hours ago; one of three is back."""
    night, codes = Night(custody), [make() for _ in range(3)]
    night.begin(codes[0], crew=["P-001", "P-002"])
    for n, code in enumerate(codes):
        night.take(code, n=n + 2)
    night.bring(codes[2], 7 * HOUR)
    return night, codes


def text_of(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_board_is_shown_to_who_sees_custody_and_to_nobody_else(
    role: str, out: tuple[Night, list[str]], client_for: Clients
) -> None:
    night, _ = out
    sees = Role(role) in POLICY[Permission.CUSTODY_SEE]
    browser = client_for(role)
    assert (browser.get("/shifts").status_code == 200) is sees
    assert (browser.get(f"/shifts/{night.id}").status_code == 200) is sees
    acts = Role(role) in POLICY[Permission.CUSTODY_ACT]
    assert (browser.get("/shifts/new").status_code == 200) is acts
    assert (browser.get(f"/shifts/{night.id}/return").status_code == 303) is acts


def test_what_is_not_back_is_said_first_with_whom_and_until_when(
    out: tuple[Night, list[str]], client_for: Clients
) -> None:
    night, _ = out
    page = text_of(client_for("logistics_officer"), "/shifts")
    assert "2 items are not back at their shift's end." in page
    assert "not back at its end" in page
    assert "Karimov Sardor" in page
    one = text_of(client_for("logistics_officer"), f"/shifts/{night.id}")
    assert "2 items are not back." in one
    assert one.count('class="state ready"') == 1, "the one that came back"
    assert "Close the shift" not in one


def test_another_unit_sees_neither_the_board_row_nor_the_shift(
    out: tuple[Night, list[str]], client_for: Clients
) -> None:
    night, _ = out
    browser = client_for("logistics2")
    assert night.id not in text_of(browser, "/shifts?show=all")
    for path in (f"/shifts/{night.id}", f"/shifts/{night.id}/return", f"/shifts/{uuid4()}"):
        assert browser.get(path).status_code == 404
    assert browser.post(f"/shifts/{night.id}/close").status_code == 404
    assert browser.get("/shifts/open").get_json()["items"] == []


def test_board_costs_at_most_ten_queries_however_many_shifts(
    custody: Custody, make: Make, client_for: Clients, queries: Callable[[], Any]
) -> None:
    browser, costs = client_for("logistics_officer"), []
    for _ in range(2):
        for _ in range(4):
            night, code, car = Night(custody), make(), make("vehicle.patrol")
            night.begin(code, vehicle=car, crew=["P-001", "P-002"])
            night.take(code)
            night.take(car, "P-002", n=3)
        for path in ("/shifts", "/shifts?show=all", f"/shifts/{night.id}", "/shifts/open", "/standing-sets"):
            browser.get(path)
            with queries() as seen:
                assert browser.get(path).status_code == 200
            costs.append((path, len(seen)))
    assert max(cost for _, cost in costs) <= 10, costs
    assert [cost for _, cost in costs[:5]] == [cost for _, cost in costs[5:]], costs


def test_list_is_taken_away_with_its_filters_and_journalled(
    out: tuple[Night, list[str]], client_for: Clients, world: World
) -> None:
    night, _ = out
    browser = client_for("logistics_officer")
    told = text_of(browser, "/shifts/export?format=csv&show=late")
    assert night.id in told
    assert "late" in told
    assert night.id not in text_of(browser, f"/shifts/export?format=csv&unit={world.units['IMT-FA'].code}")
    assert browser.get("/shifts?show=nonsense").status_code == 400
    assert browser.get("/shifts?cursor=nonsense").status_code == 400
    assert "shifts_list" in text_of(client_for("auditor"), "/journal?entity=shifts_list")


def test_shift_is_closed_from_its_page_once_all_is_back(
    out: tuple[Night, list[str]], client_for: Clients, api: Callable[[str], Api]
) -> None:
    night, codes = out
    browser, program = client_for("logistics_officer"), api("logistics_officer")
    assert program.post(f"/shifts/{night.id}/close", {}).get_json()["code"] == "items_out"
    for n, code in enumerate(codes[:2]):
        night.bring(code, 9 * HOUR, n=20 + n)
    assert "Close the shift" in text_of(browser, f"/shifts/{night.id}")
    assert browser.post(f"/shifts/{night.id}/close", {"note": "all well"}).status_code == 303
    assert "all well" in text_of(browser, f"/shifts/{night.id}")
    assert program.post(f"/shifts/{night.id}/close", {}).get_json()["code"] == "already_closed"


def test_mail_about_what_is_not_back_names_it_and_where_to_look(
    out: tuple[Night, list[str]], app: App, world: World, clock: Clock
) -> None:
    actor = world.actors["coordinator"]
    with app.transaction(actor, clock.now) as session:
        assert queue_shift_mails(session, actor, clock.now, "https://example.org") == 1


def test_standing_set_is_made_changed_and_retired_in_the_units_scope(
    make: Make, client_for: Clients, api: Callable[[str], Api]
) -> None:
    own, foreign = make(), make(unit="IMT-FA")
    browser = client_for("logistics_officer")
    form = {"unit": "IMT-TK", "name": "Night kit", "items": f"{own}\n2 x comms.radio"}
    assert browser.post("/standing-sets/new", form).status_code == 303
    assert browser.post("/standing-sets/new", form).status_code == 400, "the name is taken"
    refused = browser.post("/standing-sets/new", {**form, "name": "Other", "items": f"{foreign}\n{own}\n{own}"})
    assert refused.status_code == 400
    assert "No item of yours has the code" in refused.get_data(as_text=True)
    (one,) = api("logistics_officer").get("/standing-sets").get_json()["items"]
    assert [(item["code"], item["class"], item["number"]) for item in one["items"]] == [
        (own, "", 1), ("", "comms.radio", 2),
    ]  # fmt: skip
    page = text_of(browser, "/shifts/new")
    assert "Night kit" in page
    assert api("logistics2").get("/standing-sets").get_json()["items"] == []
    for path in (f"/standing-sets/{one['id']}", "/standing-sets/999999"):
        assert client_for("logistics2").get(path).status_code == 404
    assert browser.post(f"/standing-sets/{one['id']}", {"name": "Day kit", "items": "comms.radio"}).status_code == 303
    assert browser.post(f"/standing-sets/{one['id']}/retire").status_code == 303
    assert "Day kit" not in text_of(browser, "/shifts/new")
    assert "Day kit" in text_of(browser, "/standing-sets?show=retired")


def test_programs_keep_standing_sets(make: Make, api: Callable[[str], Api]) -> None:
    office, code = api("logistics_officer"), make()
    made = office.post("/standing-sets", {"unit": "IMT-TK", "name": "A", "items": [{"code": code}]})
    assert made.status_code == 201
    number = made.get_json()["id"]
    assert office.patch(f"/standing-sets/{number}", {"name": "B"}).get_json()["name"] == "B"
    assert office.patch(f"/standing-sets/{number}", {"active": False}).get_json()["active"] is False
    assert office.get("/standing-sets").get_json()["items"] == []
    assert office.patch(f"/standing-sets/{number}", {"plan": 1}).status_code == 400
    assert office.post("/standing-sets", {"unit": "IMT-FA", "name": "A", "items": [{"code": code}]}).status_code in {
        400, 403, 404,
    }  # fmt: skip
    assert api("officer").post("/standing-sets", {"unit": "IMT-TK", "name": "C", "items": []}).status_code == 403
    assert api("logistics2").patch(f"/standing-sets/{number}", {"name": "C"}).status_code == 404
