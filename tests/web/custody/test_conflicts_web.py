"""Conflicts by page and by call: who sees them, both entries side by side, and how they are settled."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from assets.labels.token import format_code
from tests.support.custody import Custody
from tests.support.engines import ON_ONE_ENGINE
from tests.support.journal import noted
from tests.support.world import Clock
from tests.web.conftest import Api, Browser

Make = Callable[..., str]
Signed = Callable[[str], Browser]
Called = Callable[[str], Api]


@pytest.fixture
def quarrel(custody: Custody, make: Make, api: Called) -> Callable[..., dict[str, Any]]:
    """Two persons of Tashkent are told to have taken one thing; answers the case as the coordinator's call gives it."""

    def quarrelled() -> dict[str, Any]:
        code = make()
        for person, ago in (("P-001", 120), ("P-002", 60)):
            happening = custody.occurrence(timedelta(minutes=ago))
            custody.issue(code, person, occurrence=happening, override_reason="night shift")
        (case,) = api("coordinator").get("/conflicts", asset=code).get_json()["items"]
        found: dict[str, Any] = api("coordinator").get(f"/conflicts/{case['id']}").get_json()
        return found

    return quarrelled


@pytest.mark.parametrize("first", [0, 1])
def test_two_phones_that_were_offline_make_one_case_with_both_clocks(
    first: int, make: Make, api: Called, clock: Clock
) -> None:
    code, sent = make(), []
    for place in (first, 1 - first):
        person, minutes = (("P-001", 120), ("P-002", 60))[place]
        slow = timedelta(minutes=7)  # this phone's clock
        command = {
            "id": str(uuid4()), "kind": "issue", "code": code,
            "occurred_at": (clock.now - timedelta(minutes=minutes) - slow).isoformat(),
            "data": {"to": person, "override_reason": "night shift"},
        }  # fmt: skip
        batch = {"sent_at": (clock.now - slow).isoformat(), "commands": [command]}
        assert api("logistics_officer").post("/commands", batch).get_json()["results"][0]["status"] == "accepted"
        sent.append(command["id"])
    (case,) = api("coordinator").get("/conflicts").get_json()["items"]
    assert (case["asset"], case["kind"], case["state"]) == (code, "two_holders", "open")
    told = api("coordinator").get(f"/conflicts/{case['id']}").get_json()["entries"]
    assert {entry["event"] for entry in told} == set(sent)
    assert [entry["person"] for entry in told] == ["P-001", "P-002"]
    assert {entry["clock_offset_s"] for entry in told} == {420.0}


def test_the_page_shows_both_entries_and_settles_them(
    quarrel: Callable[[], dict[str, Any]], client_for: Signed, api: Called
) -> None:
    case = quarrel()
    browser = client_for("coordinator")
    page = browser.get(f"/conflicts/{case['id']}").get_data(as_text=True)
    for number in ("P-001", "P-002"):
        assert page.count(f"({number})") >= 2, "beside the other, and as what may be right"
    right = case["entries"][0]["event"]
    form = {"outcome": f"one:{right}", "note": ""}
    refused = browser.post(f"/conflicts/{case['id']}/settle", form)
    assert refused.status_code == 400
    assert "This must be filled in." in refused.get_data(as_text=True)
    answer = browser.post(f"/conflicts/{case['id']}/settle", {**form, "note": "the second was another item"})
    assert answer.status_code == 303
    settled = api("coordinator").get(f"/conflicts/{case['id']}").get_json()
    assert (settled["state"], settled["outcome"]) == ("settled", "one")
    assert api("coordinator").get(f"/assets/{case['asset']}").get_json()["custodian"] == "P-001"
    again = browser.get(f"/conflicts/{case['id']}").get_data(as_text=True)
    assert "Settle it otherwise" in again
    assert "the second was another item" in again


def test_a_call_settles_with_the_missing_return(
    quarrel: Callable[[], dict[str, Any]], api: Called, clock: Clock
) -> None:
    case = quarrel()
    at = (clock.now - timedelta(minutes=90)).isoformat()
    body = {"outcome": "return_missing", "at": at, "note": "he handed it to him in the yard"}
    answer = api("commander").post(f"/conflicts/{case['id']}/settle", body)
    assert (answer.status_code, answer.get_json()["state"]) == (200, "settled")
    late = api("commander").post(f"/conflicts/{case['id']}/settle", {**body, "at": clock.now.isoformat()})
    assert late.status_code in {400, 422}
    assert [wrong["field"] for wrong in late.get_json()["errors"]] == ["at"]
    odd = api("commander").post(f"/conflicts/{case['id']}/settle", {**body, "from": "here"})
    assert odd.status_code >= 400


@pytest.mark.parametrize(
    ("login", "status"),
    [
        ("coordinator", 200), ("commander", 200), ("logistics_officer", 200), ("auditor", 200),
        ("logistics2", 404), ("officer", 403), ("monitor", 403), ("technician", 403), ("administrator", 403),
    ],
)  # fmt: skip
def test_who_sees_a_conflict(
    login: str, status: int, quarrel: Callable[[], dict[str, Any]], client_for: Signed, api: Called
) -> None:
    case = quarrel()
    assert client_for(login).get(f"/conflicts/{case['id']}").status_code == status
    assert api(login).get(f"/conflicts/{case['id']}").status_code == status
    listed = api(login).get("/conflicts")
    assert [item["id"] for item in listed.get_json().get("items", [])] == ([case["id"]] if status == 200 else [])


@ON_ONE_ENGINE
def test_a_foreign_and_an_unknown_case_look_the_same(quarrel: Callable[[], dict[str, Any]], api: Called) -> None:
    case = quarrel()
    foreign, unknown = (api("logistics2").get(f"/conflicts/{id_}") for id_ in (case["id"], str(uuid4())))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.get_json()["code"] == unknown.get_json()["code"]


@ON_ONE_ENGINE
@pytest.mark.parametrize("login", ["logistics_officer", "auditor", "logistics2"])
def test_who_may_not_settle_finds_no_way(
    login: str, quarrel: Callable[[], dict[str, Any]], client_for: Signed, api: Called
) -> None:
    case = quarrel()
    assert api(login).post(f"/conflicts/{case['id']}/settle", {"outcome": "left", "note": "x"}).status_code == 403
    assert (
        client_for(login).post(f"/conflicts/{case['id']}/settle", {"outcome": "left", "note": "x"}).status_code == 403
    )
    page = client_for(login).get(f"/conflicts/{case['id']}").get_data(as_text=True)
    assert f"/conflicts/{case['id']}/settle" not in page
    assert api("coordinator").get(f"/conflicts/{case['id']}").get_json()["state"] == "open"


def test_the_item_and_its_timeline_lead_to_the_conflict(
    quarrel: Callable[[], dict[str, Any]], client_for: Signed
) -> None:
    case = quarrel()
    page = client_for("logistics_officer").get(f"/assets/{case['asset']}").get_data(as_text=True)
    assert page.count(f'href="/conflicts/{case["id"]}"') == 2, "in the warning and in the timeline"
    assert "/conflicts/" not in client_for("officer").get(f"/assets/{case['asset']}").get_data(as_text=True)


def test_the_list_shows_what_transfers_need_as_well(
    quarrel: Callable[[], dict[str, Any]], make: Make, client_for: Signed, api: Called, clock: Clock
) -> None:
    quarrel()
    code = make()
    command = {"id": str(uuid4()), "kind": "transfer_receive", "code": code, "occurred_at": clock.now.isoformat()}
    batch = {"sent_at": clock.now.isoformat(), "commands": [{**command, "data": {"condition": "A"}}]}
    assert api("logistics2").post("/commands", batch).get_json()["results"][0]["code"] == "waits_for_sending"
    page = client_for("coordinator").get("/conflicts").get_data(as_text=True)
    assert f'href="/transfers/{command["id"]}"' in page
    assert "1 conflict is open." in page


def test_the_list_is_narrowed_and_taken_away_with_a_note_in_the_journal(
    quarrel: Callable[[], dict[str, Any]], client_for: Signed, api: Called, custody: Custody
) -> None:
    cases = [quarrel() for _ in range(2)]
    api("coordinator").post(f"/conflicts/{cases[0]['id']}/settle", {"outcome": "left", "note": "nobody knows"})
    taken = client_for("coordinator").get("/conflicts/export?format=csv&state=settled")
    lines = list(csv.DictReader(io.StringIO(taken.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [(line["asset"], line["outcome"], line["settled_by"]) for line in lines] == [
        (cases[0]["asset"], "left", "coordinator")
    ]
    account = custody.world.accounts["coordinator"].id
    assert noted(custody.app, "conflicts_list") == [("csv", "exported", account, {"filters": {"state": "settled"}})]
    assert format_code(cases[1]["asset"]) not in client_for("coordinator").get("/conflicts?state=settled").get_data(
        as_text=True
    )
    first = api("coordinator").get("/conflicts", limit=1).get_json()
    second = api("coordinator").get("/conflicts", limit=1, cursor=first["next"]).get_json()
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [cases[1]["id"], cases[0]["id"]], "open first"
    for wrong in ("state=lost", "kind=x", "cursor=abc", "unit=NONE"):
        assert client_for("coordinator").get(f"/conflicts?{wrong}").status_code == 400


def test_list_and_case_take_few_queries(
    quarrel: Callable[[], dict[str, Any]], client_for: Signed, queries: Callable[[], Any]
) -> None:
    case = [quarrel() for _ in range(4)][-1]
    browser = client_for("coordinator")
    for path in ("/conflicts", f"/conflicts/{case['id']}"):
        with queries() as seen:
            assert browser.get(path).status_code == 200
        assert len(seen) <= 10, [statement[:90] for statement in seen]
