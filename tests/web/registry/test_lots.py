"""Lots of consumables: within reach, counted with a reason, recalled ones stay to be seen and grow no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from assets.core.app import App
from assets.exchange.tables import read_table
from assets.registry.queries.stock import lot_by_id
from tests.support.journal import noted
from tests.support.world import Clock, World
from tests.web.conftest import Api, Browser

KIT: dict[str, Any] = {
    "class": "ident.test_kit", "item": "Colour test", "lot_number": "L-1", "unit": "IMT-TK", "quantity": 40,
}  # fmt: skip


def add(program: Api, **more: Any) -> dict[str, Any]:
    answer = program.post("/lots", KIT | more)
    assert answer.status_code == 201, answer.get_json()
    found: dict[str, Any] = answer.get_json()
    return found


def test_a_lot_is_entered_once_and_read_by_those_of_its_unit(api: Callable[[str], Api]) -> None:
    officer = api("logistics_officer")
    made = add(officer, expires_on="2026-11-20", counted_in="tests")
    assert (made["on_hand"], made["standing"], made["counted_in"]) == (40, "expires_30", "tests")
    again = officer.post("/lots", KIT)
    assert (again.status_code, again.get_json()["code"]) == (409, "lot_known")
    assert [lot["id"] for lot in api("officer").get("/lots").get_json()["items"]] == [made["id"]]
    assert api("logistics2").get("/lots").get_json()["items"] == []
    assert api("donor").get("/lots").status_code == 403
    assert api("officer").post("/lots", KIT).status_code == 403
    assert officer.post("/lots", KIT | {"unit": "IMT-FA", "lot_number": "L-9"}).status_code == 403
    assert officer.post("/lots", KIT | {"id": 7}).status_code == 400


def test_lots_come_by_expiry_and_are_narrowed_by_it(api: Callable[[str], Api]) -> None:
    officer = api("logistics_officer")
    days = {
        "old": "2026-11-01",
        "today": "2026-11-02",
        "near": "2026-12-02",
        "far": "2027-01-31",
        "later": "2027-02-01",
    }
    for number, day in {**days, "never": None}.items():
        add(officer, lot_number=number, **({"expires_on": day} if day else {}))

    def numbers(**query: str) -> list[str]:
        return [lot["lot_number"] for lot in officer.get("/lots", **query).get_json()["items"]]

    assert numbers() == ["old", "today", "near", "far", "later", "never"]
    assert numbers(show="expired") == ["old"]
    assert numbers(show="expires_30") == ["today", "near"]
    assert numbers(show="expires_90") == ["today", "near", "far"]
    assert numbers(query="EVE") == ["never"]
    page = officer.get("/lots", limit="4").get_json()
    rest = officer.get("/lots", limit="4", cursor=page["next"]).get_json()
    assert [lot["lot_number"] for lot in rest["items"]] == ["later", "never"]
    assert rest["next"] is None
    assert officer.get("/lots", show="soon").status_code == 400
    assert officer.get("/lots", cursor="bm90IG91cnM").status_code == 400


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": "1.2345"}, "quantity"),
        ({"expires_on": "31.02.2027"}, "expires_on"),
        ({"received_on": "2026-12-24"}, "received_on"),
        ({"class": "no.such"}, "class"),
        ({"item": "x" * 121}, "item"),
        ({"lot_number": "a\x00b"}, "lot_number"),
    ],
)
def test_a_lot_that_cannot_be_is_refused_by_its_field(
    api: Callable[[str], Api], wrong: dict[str, Any], field: str
) -> None:
    answer = api("logistics_officer").post("/lots", KIT | wrong)
    assert answer.status_code == 400
    assert field in {error["field"] for error in answer.get_json()["errors"]}


def held(app: App, world: World, clock: Clock, lot_id: int) -> str:
    with app.reading() as session:
        return str(lot_by_id(session, world.actors["coordinator"], lot_id, clock.now.date()).on_hand.normalize())


def test_counts_and_write_offs_are_movements_with_a_reason(
    app: App, world: World, clock: Clock, api: Callable[[str], Api], client_for: Callable[[str], Browser]
) -> None:
    lot = add(api("logistics_officer"))["id"]
    browser = client_for("logistics_officer")
    assert browser.post(f"/lots/{lot}/count", {"quantity": "38", "reason": ""}).status_code == 400
    assert browser.post(f"/lots/{lot}/count", {"quantity": "38", "reason": "two were broken"}).status_code == 303
    assert browser.post(f"/lots/{lot}/count", {"quantity": "38", "reason": ""}).status_code == 303
    assert browser.post(f"/lots/{lot}/write-off", {"off_quantity": "39", "off_reason": "all of it"}).status_code == 400
    assert browser.post(f"/lots/{lot}/write-off", {"off_quantity": "8", "off_reason": "used up"}).status_code == 303
    assert held(app, world, clock, lot) == "3E+1"
    page = browser.get(f"/lots/{lot}").get_data(as_text=True)
    for said in ("30 pieces there", "+40", "−2", "−8", "two were broken", "used up"):
        assert said in page


def test_a_recalled_lot_stays_to_be_seen_and_nothing_more_is_counted_in(
    app: App, world: World, clock: Clock, api: Callable[[str], Api], client_for: Callable[[str], Browser]
) -> None:
    lot = add(api("logistics_officer"), expires_on="2030-01-01")["id"]
    browser = client_for("logistics_officer")
    assert browser.post(f"/lots/{lot}/recall", {"recall_reason": "false results"}).status_code == 303
    assert browser.post(f"/lots/{lot}/recall", {"recall_reason": "false results"}).status_code == 422
    assert browser.post(f"/lots/{lot}/count", {"quantity": "41", "reason": "found one more"}).status_code == 422
    assert browser.post(f"/lots/{lot}/count", {"quantity": "39", "reason": "one is missing"}).status_code == 303
    assert held(app, world, clock, lot) == "39"
    (shown,) = api("officer").get("/lots", show="recalled").get_json()["items"]
    assert (shown["standing"], shown["recall_reason"]) == ("recalled", "false results")
    assert "must not be used" in browser.get("/lots").get_data(as_text=True)


def test_another_units_lot_looks_like_none(api: Callable[[str], Api], client_for: Callable[[str], Browser]) -> None:
    lot = add(api("logistics_officer"))["id"]
    other = client_for("logistics2")
    assert other.get(f"/lots/{lot}").status_code == other.get("/lots/999999").status_code == 404
    for act in ("count", "write-off", "recall"):
        assert other.post(f"/lots/{lot}/{act}", {"quantity": "1", "reason": "not mine"}).status_code == 404


def test_a_lot_is_entered_on_its_form_and_the_list_is_taken_away(
    app: App, client_for: Callable[[str], Browser]
) -> None:
    browser = client_for("logistics_officer")
    wrong = browser.post("/lots/new", {"item": "Gloves", "quantity": "many"})
    assert wrong.status_code == 400
    assert 'value="many"' in wrong.get_data(as_text=True)
    form = {"class": "protect.gloves_suit", "item": "=Gloves", "lot_number": "G-1", "unit": "IMT-TK", "quantity": "200"}
    assert browser.post("/lots/new", form).status_code == 303
    content = browser.get("/lots/export?format=csv").data
    assert b"'=Gloves" in content
    assert read_table("lots.csv", content).rows[0].cells["on_hand"] == "200"
    assert browser.get("/lots/export?format=xlsx&unit=IMT-TK").status_code == 200
    told = [(what, done, values["filters"]) for what, done, _, values in noted(app, "lots_list")]
    assert told == [("csv", "exported", {}), ("xlsx", "exported", {"unit": "IMT-TK"})]


def test_the_list_takes_few_queries(
    api: Callable[[str], Api], client_for: Callable[[str], Browser], queries: Callable[[], Any]
) -> None:
    program = api("logistics_officer")
    for n in range(12):
        add(program, lot_number=f"L-{n}")
    browser = client_for("logistics_officer")
    with queries() as seen:
        assert browser.get("/lots").status_code == 200
    assert len(seen) <= 10, seen
