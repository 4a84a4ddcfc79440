"""Clearance by page, by call and on paper: what keeps a leaver is shown to whom it concerns, and acted on there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from assets.core.app import App
from tests.support.custody import ZONE, Custody
from tests.support.engines import ON_ONE_ENGINE
from tests.support.journal import noted
from tests.web.conftest import Api, Browser, counted

Make = Callable[..., str]
ClientFor = Callable[[str], Browser]
ApiFor = Callable[[str], Api]
HERE, THERE = "logistics_officer", "logistics2"  # of IMT-TK and of IMT-FA
PAGE = "/persons/P-001/clearance"


def today(custody: Custody) -> str:
    return custody.clock.now.astimezone(ZONE).date().isoformat()


def edit(browser: Browser, custody: Custody, **more: str) -> tuple[int, str]:
    person = custody.world.persons["P-001"].id
    values = {"name": "Karimov", "unit": "IMT-TK", "left_on": today(custody), **more}
    answer = browser.post(f"/people/{person}/edit", values)
    return answer.status_code, answer.get_data(as_text=True)


def test_who_holds_something_leaves_by_page_only_with_a_reason_and_stands_on_the_list(
    client_for: ClientFor, custody: Custody, make: Make
) -> None:
    custody.issue(make(), "P-001")
    browser = client_for(HERE)
    status, text = edit(browser, custody)
    assert status == 400
    assert 'name="override_reason"' in text
    assert f'value="{today(custody)}"' in text
    assert "P-001" not in browser.get("/clearances").get_data(as_text=True)
    assert edit(browser, custody, override_reason="Dismissed")[0] == 303
    listed = client_for("coordinator").get("/clearances").get_data(as_text=True)
    assert "P-001" in listed
    assert "Dismissed" in listed
    officers = client_for("officer").get("/clearances").get_data(as_text=True)
    assert "P-001" in officers
    assert "Dismissed" not in officers
    assert "P-001" not in client_for(THERE).get("/clearances").get_data(as_text=True)


def test_from_the_page_items_are_handed_on_and_the_case_is_closed(
    client_for: ClientFor, custody: Custody, make: Make
) -> None:
    code = make()
    custody.issue(code, "P-001")
    custody.clock.advance(timedelta(minutes=5))
    browser = client_for(HERE)
    assert browser.post(f"{PAGE}/begin").status_code == 303
    shown = browser.get(PAGE).get_data(as_text=True)
    assert "1 thing is to be taken back, handed on or ended." in shown
    assert f'href="/assets/{code}/return"' in shown
    assert 'class="error"' not in shown
    assert browser.post(f"{PAGE}/close").status_code == 422
    empty = browser.post(f"{PAGE}/hand-over", {"to": "P-002", "condition": "A"})
    assert empty.status_code == 400
    moved = browser.post(f"{PAGE}/hand-over", {"to": "P-002", "condition": "A", "items": code})
    assert moved.status_code == 303, moved.get_data(as_text=True)
    assert custody.holder(code) == custody.world.persons["P-002"].id
    assert "nothing outstanding" in browser.get(PAGE).get_data(as_text=True)
    assert browser.post(f"{PAGE}/close", {"note": "All here"}).status_code == 303
    assert "All here" in browser.get(PAGE).get_data(as_text=True)
    assert "All here" not in client_for("officer").get(PAGE).get_data(as_text=True)


@ON_ONE_ENGINE
def test_a_person_of_another_unit_looks_like_one_that_is_not_there(
    client_for: ClientFor, api: ApiFor, custody: Custody, make: Make
) -> None:
    custody.issue(make(), "P-001")
    stranger, program = client_for(THERE), api(THERE)
    for number in ("P-001", "P-999"):
        for path in (f"/persons/{number}/clearance", f"/persons/{number}/clearance.pdf"):
            assert stranger.get(path).status_code == 404
        assert program.get(f"/persons/{number}/clearance").status_code == 404
        assert program.post(f"/persons/{number}/leave", {"on": today(custody)}).status_code == 404
        for step in ("begin", "close", "hand-over"):
            assert (
                stranger.post(f"/persons/{number}/clearance/{step}", {"items": "x", "to": "P-101"}).status_code == 404
            )


@ON_ONE_ENGINE
def test_an_item_of_another_unit_is_counted_and_not_shown(client_for: ClientFor, custody: Custody, make: Make) -> None:
    code = make(unit="IMT-SU")
    custody.issue(code, "P-001", login="coordinator")
    shown = client_for(HERE).get(PAGE).get_data(as_text=True)
    assert code[:5] not in shown
    assert "1 more thing is with a unit that you do not see" in shown
    assert code[:5] in client_for("coordinator").get(PAGE).get_data(as_text=True)


@ON_ONE_ENGINE
def test_closing_an_account_never_waits_for_what_its_person_holds(
    client_for: ClientFor, custody: Custody, make: Make
) -> None:
    custody.issue(make(), "P-002", login="coordinator")
    administrator = client_for("administrator")
    account = custody.world.accounts["officer"].id
    answer = administrator.post(f"/admin/accounts/{account}/end", follow_redirects=True)
    assert "a clearance is open" in answer.get_data(as_text=True)
    assert "P-002" in client_for("coordinator").get("/clearances").get_data(as_text=True)


@ON_ONE_ENGINE
def test_programs_read_and_do_the_same(api: ApiFor, custody: Custody, make: Make) -> None:
    code = make()
    custody.issue(code, "P-001")
    program = api(HERE)
    refused = program.post("/persons/P-001/leave", {"on": today(custody)})
    assert refused.status_code == 422
    assert refused.get_json()["code"] == "still_holds"
    left = program.post("/persons/P-001/leave", {"on": today(custody), "override_reason": "Dismissed"}).get_json()
    assert left["left_on"] == today(custody)
    assert [(line["kind"], line["asset"]) for line in left["outstanding"]] == [("held", code)]
    assert left["clearance"]["override_reason"] == "Dismissed"
    (listed,) = api("auditor").get("/clearances").get_json()["items"]
    assert (listed["person"], listed["override_reason"]) == ("P-001", "Dismissed")
    assert api("officer").get("/clearances").get_json()["items"][0]["override_reason"] is None
    assert program.post("/persons/P-001/clearance/close", {}).status_code == 422
    custody.clock.advance(timedelta(minutes=1))
    custody.give_back(code)
    assert program.post("/persons/P-001/clearance/close", {"note": "x"}).get_json()["clearance"]["closed_at"]
    assert program.get("/clearances").get_json()["items"] == []


@ON_ONE_ENGINE
@pytest.mark.parametrize("lang", ["en", "ru", "uz"])
def test_the_sheet_is_made_in_three_languages_with_and_without_something_open(
    lang: str, client_for: ClientFor, custody: Custody, make: Make, app: App
) -> None:
    browser = client_for(HERE)
    clear = browser.get(f"{PAGE}.pdf?lang={lang}")
    custody.issue(make(), "P-001")
    owing = browser.get(f"{PAGE}.pdf?lang={lang}")
    for answer in (clear, owing):
        assert answer.data.startswith(b"%PDF")
    assert clear.data != owing.data
    assert [values["items"] for _, _, _, values in noted(app, "clearance_sheet")] == [0, 1]
    assert browser.get(f"{PAGE}.pdf?lang=xx").status_code == 400


@ON_ONE_ENGINE
@pytest.mark.parametrize("path", ["/clearances", PAGE])
def test_no_page_asks_the_database_more_often_with_more_rows(
    path: str, client_for: ClientFor, custody: Custody, make: Make, app: App
) -> None:
    for _ in range(6):
        custody.issue(make(), "P-001")
    browser = client_for(HERE)
    browser.post(f"{PAGE}/begin")
    assert re.search("P-001", browser.get(path).get_data(as_text=True))
    with counted(app.main.engine) as seen:
        browser.get(path)
    # Two of them are the sign-in and its roles.
    assert len(seen) <= 12, seen
