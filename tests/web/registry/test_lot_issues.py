"""Consumables from their label to the hand that uses them: scanned, issued, opened, taken back and recalled."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from assets.core.app import App
from assets.exchange.tables import read_table
from assets.labels.token import format_code
from assets.operations.models import Operation
from assets.registry.models import StockLotLabel
from tests.support.journal import noted
from tests.support.operations import Operations
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

KIT: dict[str, Any] = {
    "class": "ident.test_kit", "item": "Colour test", "lot_number": "L-1", "unit": "IMT-TK", "quantity": 6,
    "counted_in": "packs", "tests_per_pack": 10,
}  # fmt: skip


def add(program: Api, **more: Any) -> dict[str, Any]:
    answer = program.post("/lots", KIT | more)
    assert answer.status_code == 201, answer.get_json()
    found: dict[str, Any] = answer.get_json()
    return found


def day(clock: Clock, days: int) -> str:
    return (clock.now + timedelta(days=days)).date().isoformat()


def issue(
    program: Api, clock: Clock, lot: dict[str, Any], ago: timedelta = timedelta(0), **data: Any
) -> dict[str, Any]:
    """Sends `stock_issue` as a phone does; answers its result."""
    command = {
        "id": str(uuid4()), "n": 1, "kind": "stock_issue", "code": lot["code"],
        "occurred_at": (clock.now - ago).isoformat(), "data": {"quantity": 1, "to": "P-002"} | data,
    }  # fmt: skip
    answer = program.post("/commands", {"sent_at": clock.now.isoformat(), "commands": [command, command]})
    assert answer.status_code == 200, answer.get_json()
    first, again = answer.get_json()["results"]
    assert again["status"] == ("repeated" if first["status"] == "accepted" else "refused")
    result: dict[str, Any] = first
    return result


def read(program: Api, lot: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = program.get(f"/lots/{lot['id']}").get_json()
    return found


def test_a_lot_is_issued_by_its_label_once_however_often_it_is_sent(api: Callable[[str], Api], clock: Clock) -> None:
    program = api("logistics_officer")
    lot = add(program)
    assert issue(program, clock, lot, quantity=2)["status"] == "accepted"
    found = read(program, lot)
    assert (found["on_hand"], [(out["quantity"], out["to_unit"]) for out in found["out"]]) == (4, [(2, "IMT-TK")])
    assert issue(program, clock, lot, to="IMT-TK")["status"] == "accepted"
    rows = program.get("/lot-issues", lot=str(lot["id"])).get_json()["items"]
    assert [(row["quantity"], row["kind"]) for row in rows] == [(1, "issued"), (2, "issued")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"quantity": 7}, "not_enough"), ({"quantity": 0}, "out_of_range"), ({"quantity": 1.5}, "not_whole"),
        ({"to": "P-101"}, "unknown_person"), ({"to": ""}, "unknown_person"), ({"lots": 1}, "invalid_input"),
    ],
)  # fmt: skip
def test_an_issue_that_cannot_be_is_refused_by_its_code(
    api: Callable[[str], Api], clock: Clock, data: dict[str, Any], code: str
) -> None:
    program = api("logistics_officer")
    result = issue(program, clock, add(program), **data)
    assert (result["status"], result["code"]) == ("refused", code)


def test_an_expired_or_recalled_lot_is_refused_with_the_lot_to_take_instead(
    api: Callable[[str], Api], clock: Clock
) -> None:
    program = api("logistics_officer")
    expired, good = add(program, lot_number="OLD", expires_on=day(clock, -1)), add(program, lot_number="NEW")
    result = issue(program, clock, expired)
    assert (result["code"], "Issue lot NEW instead." in result["message"]) == ("expired", True)
    assert program.post(f"/lots/{good['id']}/recall", {"reason": "False results"}).get_json()["standing"] == "recalled"
    result = issue(program, clock, good)
    assert (result["code"], "False results" in result["message"]) == ("recalled", True)
    assert "no other lot" in result["message"]
    late = issue(program, clock, good, timedelta(hours=1))
    assert (late["status"], late["code"]) == ("refused", "not_enough"), "it was received after that"


def test_a_lot_that_does_not_go_first_needs_a_reason_also_from_a_phone(api: Callable[[str], Api], clock: Clock) -> None:
    program = api("logistics_officer")
    add(program, lot_number="SOON", expires_on=day(clock, 20))
    later = add(program, lot_number="LATER", expires_on=day(clock, 200))
    assert issue(program, clock, later)["code"] == "not_first_expired"
    assert issue(program, clock, later, reason="The other box is sealed for court")["status"] == "accepted"
    (row,) = program.get("/lot-issues").get_json()["items"]
    assert (row["out_of_order"], row["reason"]) == (True, "The other box is sealed for court")


def test_only_who_keeps_stock_issues_it_and_strangers_do_not_learn_of_it(
    api: Callable[[str], Api], clock: Clock
) -> None:
    lot = add(api("logistics_officer"))
    assert issue(api("officer"), clock, lot)["code"] == "not_allowed"
    unknown = lot | {"code": "0000000000"}
    stranger = api("logistics2")
    refused, nothing = issue(stranger, clock, lot), issue(stranger, clock, unknown)
    assert (refused["code"], refused["message"]) == (nothing["code"], nothing["message"]) == (
        "not_found", nothing["message"],
    )  # fmt: skip


def test_a_label_of_a_lot_leads_to_it_and_is_printed_and_scanned(
    api: Callable[[str], Api], client_for: Callable[[str], Browser], clock: Clock
) -> None:
    lot = add(api("logistics_officer"), expires_on=day(clock, 100))
    browser = client_for("logistics_officer")
    assert browser.get(f"/a/{lot['code']}").headers["Location"] == f"/lots/{lot['id']}"
    shown = browser.get(f"/scan/asset/{lot['code']}").get_json()
    assert (shown["title"], shown["fit"]["ok"], shown["first_out"]) == ("Colour test", True, True)
    assert [action["kind"] for action in shown["actions"]] == ["stock_issue"]
    for login in ("officer", "administrator"):  # Neither hands things over: they could choose nobody.
        assert client_for(login).get(f"/scan/asset/{lot['code']}").get_json()["actions"] == []
    stranger = client_for("logistics2")
    assert stranger.get(f"/scan/asset/{lot['code']}").status_code == 404
    assert stranger.get(f"/a/{lot['code']}").status_code == 404
    form = {"choice": "codes", "codes": format_code(lot["code"]), "layout": "plain-a4", "start_cell": "1"}
    assert browser.post("/labels", form).content_type == "application/pdf"
    assert stranger.post("/labels", form).status_code == 400


def test_a_lot_from_before_gets_its_label_from_its_page(
    app: App, api: Callable[[str], Api], client_for: Callable[[str], Browser], clock: Clock
) -> None:
    program = api("logistics_officer")
    lot = add(program)
    with app.transaction(SETUP, clock.now) as session:
        session.delete(session.get_one(StockLotLabel, lot["code"]))
    browser = client_for("logistics_officer")
    assert "Give it a label" in browser.get(f"/lots/{lot['id']}").get_data(as_text=True)
    assert browser.post(f"/lots/{lot['id']}/label").status_code == 303
    assert read(program, lot)["code"] not in {None, lot["code"]}
    assert client_for("officer").post(f"/lots/{lot['id']}/label").status_code == 403


def event_id(page: str) -> str:
    found = re.search(r'name="event_id" value="([^"]+)"', page)
    assert found
    return found.group(1)


def test_the_form_proposes_what_goes_first_keeps_what_was_typed_and_issues_once(
    api: Callable[[str], Api], client_for: Callable[[str], Browser], clock: Clock
) -> None:
    program = api("logistics_officer")
    soon = add(program, lot_number="SOON", expires_on=day(clock, 20))
    later = add(program, lot_number="LATER", expires_on=day(clock, 200))
    browser, address = client_for("logistics_officer"), f"/lots/{later['id']}/issue"
    page = browser.get(address).get_data(as_text=True)
    assert re.search(rf'value="{soon["id"]}" checked', page)
    form = {"event_id": event_id(page), "lot": str(later["id"]), "quantity": "2", "to": "P-002"}
    refused = browser.post(address, form)
    assert refused.status_code == 400
    text = refused.get_data(as_text=True)
    assert "Lot SOON expires first" in text
    assert re.search(rf'value="{later["id"]}" checked', text)
    for _ in range(2):
        assert browser.post(address, form | {"reason": "Box of the night shift"}).status_code == 303
    assert read(program, later)["on_hand"] == 4
    history = browser.get("/lots/issues").get_data(as_text=True)
    assert "not the lot that goes first: Box of the night shift" in history
    assert client_for("officer").get(address).status_code == 403


def test_what_comes_back_and_who_has_a_recalled_lot_stands_on_its_page(
    api: Callable[[str], Api], client_for: Callable[[str], Browser], clock: Clock, world: World
) -> None:
    program = api("logistics_officer")
    lot = add(program)
    issue(program, clock, lot, quantity=3)
    (out,) = read(program, lot)["out"]
    browser = client_for("logistics_officer")
    browser.post(f"/lots/{lot['id']}/recall", {"recall_reason": "False results"})
    page = browser.get(f"/lots/{lot['id']}").get_data(as_text=True)
    assert "Some of it is still out" in page
    assert world.persons["P-002"].name in page
    assert world.persons["P-002"].name not in client_for("technician").get(f"/lots/{lot['id']}").get_data(as_text=True)
    back, field = f"/lots/{lot['id']}/issues/{out['issue']}/return", f"back{out['issue']}_"
    assert browser.post(back, {f"{field}quantity": "4"}).status_code == 400
    form = {f"{field}quantity": "2", "event_id": str(uuid4())}
    assert [browser.post(back, form).status_code for _ in range(2)] == [303, 303]
    assert (read(program, lot)["on_hand"], read(program, lot)["out"][0]["quantity"]) == (5, 1)
    again = program.post(f"/lots/{lot['id']}/returns", {"issue": out["issue"], "quantity": 1})
    assert (again.get_json()["on_hand"], again.get_json()["out"]) == (6, [])


def test_a_pack_is_opened_with_its_control_and_its_tests_are_counted_off(
    api: Callable[[str], Api], client_for: Callable[[str], Browser]
) -> None:
    lot = add(api("logistics_officer"))
    browser, base = client_for("officer"), f"/lots/{lot['id']}"
    assert browser.post(f"{base}/open", {}).status_code == 400
    assert browser.post(f"{base}/open", {"open_control": "passed"}).status_code == 303
    (pack,) = read(api("officer"), lot)["packs"]
    use = f"{base}/packs/{pack['id']}/use"
    form = {f"use{pack['id']}_tests": "4", "event_id": str(uuid4())}
    assert [browser.post(use, form).status_code for _ in range(2)] == [303, 303]
    assert browser.post(use, {f"use{pack['id']}_tests": "7"}).status_code == 400
    assert browser.post(use, {f"use{pack['id']}_tests": "1", f"use{pack['id']}_operation": "NONE"}).status_code == 400
    assert "6 tests left" in browser.get(base).get_data(as_text=True)
    keeper = client_for("logistics_officer")
    count = {f"left{pack['id']}_left": "5", f"left{pack['id']}_reason": "One was torn"}
    assert keeper.post(f"{base}/packs/{pack['id']}/count", count).status_code == 303
    assert read(api("officer"), lot)["packs"][0]["tests_left"] == 5
    close = {f"close{pack['id']}_reason": "Fell into water"}
    assert browser.post(f"{base}/packs/{pack['id']}/close", close).status_code == 403
    assert keeper.post(f"{base}/packs/{pack['id']}/close", close).status_code == 303
    assert read(api("officer"), lot)["on_hand"] == 5


def test_a_failed_control_is_shown_and_bars_the_lot(
    api: Callable[[str], Api], client_for: Callable[[str], Browser], clock: Clock
) -> None:
    program = api("logistics_officer")
    lot = add(program)
    browser = client_for("logistics_officer")
    answer = browser.post(f"/lots/{lot['id']}/open", {"open_control": "failed"}, follow_redirects=True)
    assert "the lot is suspect" in answer.get_data(as_text=True)
    clock.advance(timedelta(minutes=1))
    assert issue(program, clock, lot)["code"] == "suspect"
    assert [row["id"] for row in program.get("/lots", show="barred").get_json()["items"]] == [lot["id"]]
    assert "/lots?show=barred" in browser.get("/").get_data(as_text=True)
    opened = program.post(f"/lots/{lot['id']}/packs", {"control": "passed"}).get_json()
    assert (opened["standing"], opened["on_hand"]) == ("good", 5)


def test_history_and_cover_are_taken_away_as_files(
    app: App, api: Callable[[str], Api], client_for: Callable[[str], Browser], clock: Clock
) -> None:
    program = api("logistics_officer")
    lot = add(program, item="=Kit", expires_on=day(clock, 40))
    issue(program, clock, lot, quantity=2)
    browser = client_for("logistics_officer")
    content = browser.get("/lots/issues/export?format=csv").data
    assert b"'=Kit" in content
    (row,) = read_table("i.csv", content).rows
    assert (row.cells["quantity"], row.cells["what"], row.cells["to_unit"]) == ("2", "issued", "IMT-TK")
    (item,) = read_table("i.csv", browser.get("/lots/items/export?format=csv").data).rows
    assert (item.cells["usable"], item.cells["issued_90_days"], item.cells["stock_cover_days"]) == ("4", "2", "180")
    for entity in ("stock_issues_list", "stock_items_list"):
        assert [entry[:2] for entry in noted(app, entity)] == [("csv", "exported")]
    assert b"Lasts for" in browser.get("/lots/items").data
    assert client_for("logistics2").get("/lots/issues/export?format=csv").data.count(b"\n") == 1
    (found,) = program.get("/lot-items").get_json()["items"]
    assert (found["stock_cover_days"], found["usable"]) == (180, 4)


def test_pages_of_lots_take_few_queries(
    api: Callable[[str], Api], client_for: Callable[[str], Browser], queries: Callable[[], Any], clock: Clock
) -> None:
    program = api("logistics_officer")
    lots = [add(program, lot_number=f"L-{n}") for n in range(5)]
    for lot in lots:
        program.post(f"/lots/{lot['id']}/packs", {"control": "passed"})
        issue(program, clock, lot, reason="It lay on top")
    browser = client_for("logistics_officer")
    for address in (f"/lots/{lots[0]['id']}", f"/lots/{lots[0]['id']}/issue", "/lots/items", "/lots/issues"):
        with queries() as seen:
            assert browser.get(address).status_code == 200
        assert len(seen) <= 12, (address, seen)


def test_operation_of_used_tests_is_named_only_to_who_may_know_of_it(
    app: App, world: World, clock: Clock, api: Callable[[str], Api], client_for: Callable[[str], Browser]
) -> None:
    with app.reading() as session:
        operation = session.get_one(Operation, Operations(app, world, clock).record()).code
    lot = add(api("logistics_officer"))
    commander = api("commander")
    (pack,) = commander.post(f"/lots/{lot['id']}/packs", {"control": "passed"}).get_json()["packs"]
    used = commander.post(f"/lots/{lot['id']}/packs/{pack['id']}/use", {"tests": 1, "operation": operation})
    assert used.status_code == 200, used.get_json()
    for login, knows in (("commander", True), ("monitor", False), ("technician", False)):
        page = client_for(login).get(f"/lots/{lot['id']}").get_data(as_text=True)
        assert "tests used" in page
        assert (operation in page) == knows, login
