"""Rounds for people: the grid keeps what was typed, the count page works without script, and pages stay cheap."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest

from tests.support.papers import PDF
from tests.support.rounds import line
from tests.web.conftest import Browser
from tests.web.handover.conftest import ClientFor, Enter, Given, text

HEAD = {"number": "R-9", "grant": "G-1", "handed_over_on": "2026-10-26", "place": "Termiz", "currency": "USD",
        "usd_rate": "", "rate_on": "", "note": "by lorry"}  # fmt: skip
CELLS = ("model", "class", "quantity", "unit", "agency", "unit_value", "serials")


def grid(*rows: dict[str, Any], **head: str) -> dict[str, Any]:
    """What the form sends: each column of the grid as often as there are rows."""
    return {**HEAD, **head, **{f"line_{cell}": [str(row.get(cell, "")) for row in rows] for cell in CELLS}}


def row(**values: Any) -> dict[str, Any]:
    return line(serials="TN-1001\nTN-1002") | values


def cell_errors(page: str) -> dict[str, str]:
    return dict(re.findall(r'class="cell-error" id="([\w-]+)-error">([^<]+)<', page))


@pytest.mark.usefixtures("grant_id")
def test_a_round_is_entered_by_form_and_shown(client_for: ClientFor) -> None:
    browser = client_for("logistics_officer")
    assert "line_serials" in text(browser.get("/rounds/new?grant=G-1"))
    answer = browser.post("/rounds/new", grid(row(), row(serials="", quantity="3"), {"unit": "IMT-TK"}))
    assert answer.status_code == 303, text(answer)
    page = text(browser.get(answer.headers["Location"]))
    for words in ("R-9", "Thermo TruNarc", "5 items", "125,000.00", "5 not counted yet", "act.pdf?lang=uz"):
        assert words in page, words
    assert "R-9" in text(browser.get("/batches"))
    assert "R-9" in text(browser.get("/grants"))


@pytest.mark.usefixtures("grant_id")
def test_nothing_typed_is_lost_and_each_wrong_cell_says_so(client_for: ClientFor) -> None:
    browser = client_for("coordinator")
    rows = [row(), row(quantity="many", serials="Ω-77"), row(serials="ТN-1OO1", quantity="1", unit_value="12,50")]
    answer = browser.post("/rounds/new", grid(*rows, handed_over_on="soon"))
    page = text(answer)
    assert answer.status_code == 400
    errors = cell_errors(page)
    assert set(errors) == {"quantity-2", "serials-3"}
    assert "line 1" in errors["serials-3"]
    for typed in ("R-9", "soon", "by lorry", "many", "Ω-77", "ТN-1OO1", "12,50"):
        assert typed in page, typed
    assert 'href="#quantity-2"' in page
    assert 'href="#handed_over_on"' in page
    assert "No batch yet" in text(browser.get("/batches"))


@pytest.mark.usefixtures("grant_id")
def test_a_conflict_of_the_head_keeps_the_rows_too(client_for: ClientFor, enter: Enter) -> None:
    enter(line(serials=""))
    answer = client_for("coordinator").post("/rounds/new", grid(row(), number="R-1"))
    assert answer.status_code == 409
    assert "TN-1001" in text(answer)


@pytest.mark.usefixtures("grant_id")
def test_more_rows_come_without_script_and_keep_what_is_there(client_for: ClientFor) -> None:
    answer = client_for("coordinator").post("/rounds/new", grid(row(), {}) | {"more": "1"})
    assert answer.status_code == 200
    page = text(answer)
    assert page.count('<tr role="row" data-line>') == 1 + 10 + 1  # and the template's
    assert "TN-1001" in page


@pytest.mark.usefixtures("grant_id")
def test_an_empty_grid_is_not_a_round(client_for: ClientFor) -> None:
    answer = client_for("coordinator").post("/rounds/new", grid({"unit": "IMT-TK"}))
    assert (answer.status_code, "Enter at least one line." in text(answer)) == (400, True)


@pytest.mark.usefixtures("grant_id")
def test_lines_for_other_units_are_neither_offered_nor_taken(client_for: ClientFor, enter: Enter) -> None:
    browser = client_for("logistics_officer")
    page = text(browser.get("/rounds/new"))
    assert 'value="IMT-TK"' in page
    assert 'value="IMT-FA"' not in page
    assert browser.post("/rounds/new", grid(row(unit="IMT-FA"))).status_code == 403
    given = enter(line(unit="IMT-FA"))
    assert browser.post(f"/rounds/{given.id}/lines/new", grid(row(unit="IMT-FA", serials=""))).status_code == 403
    assert browser.post(f"/rounds/{given.id}/lines/new", grid(row(serials="TK-1", quantity=1))).status_code == 303
    page = text(browser.get(f"/rounds/{given.id}"))
    assert "1 item:" in page
    assert "The round has 3 in all" in page


def test_items_are_counted_without_script(client_for: ClientFor, enter: Enter) -> None:
    browser, given = client_for("logistics_officer"), enter()
    page = text(browser.get(f"/rounds/{given.id}/count"))
    assert page.count('name="outcome" value="received"') == 2 + 1  # and the sheet's
    item, back = f"/rounds/{given.id}/items/{given.items[0]}", f"/rounds/{given.id}/count?outcome=pending"
    once = {"id": str(uuid4()), "outcome": "received", "back": back}
    for _ in range(2):
        answer = browser.post(item, once)
        assert (answer.status_code, answer.headers["Location"]) == (303, back)
    assert browser.post(item, {**once, "id": str(uuid4()), "back": "https://evil.example/"}).headers["Location"] == (
        f"/rounds/{given.id}/count"
    )
    other = f"/rounds/{given.id}/items/{given.items[1]}"
    refused = browser.post(other, {"outcome": "damaged", "note": "Screen cracked", "serial": "TN-55"})
    assert refused.status_code == 400
    assert "Say how bad it is" in text(refused)
    assert "Screen cracked" in text(refused)
    assert browser.post(other, {"outcome": "damaged", "note": "Screen cracked", "condition": "D"}).status_code == 303
    history = text(browser.get(other))
    assert "Screen cracked" in history
    assert f"/assets/{given.codes[1]}/fault" in history
    assert "counted, not closed" in text(browser.get(f"/rounds/{given.id}"))
    timeline = text(browser.get(f"/assets/{given.codes[1]}"))
    assert "Counted at the handover" in timeline
    assert "damaged" in timeline


def test_another_units_item_cannot_be_opened_or_counted(client_for: ClientFor, enter: Enter) -> None:
    browser, given = client_for("logistics2"), enter()
    path = f"/rounds/{given.id}/items/{given.items[0]}"
    assert browser.get(path).status_code == 404
    assert browser.post(path, {"outcome": "received"}).status_code == 404
    assert "TN-1001" not in text(browser.get(f"/rounds/{given.id}/count"))
    assert "TN-1001" not in text(browser.get(f"/rounds/{given.id}"))
    assert browser.get(f"/rounds/{given.id}/act.pdf").status_code == 404


def test_the_page_closes_the_count_and_says_what_is_missing_for_it(client_for: ClientFor, enter: Enter) -> None:
    browser, given = client_for("coordinator"), enter()
    answer = browser.post(f"/rounds/{given.id}/close", follow_redirects=True)
    assert "2 items are not counted yet" in text(answer)
    for item in given.items:
        browser.post(f"/rounds/{given.id}/items/{item}", {"outcome": "short"})
    assert "2 short" in text(browser.post(f"/rounds/{given.id}/close", follow_redirects=True))
    page = text(browser.get(f"/rounds/{given.id}"))
    assert "What is still to come" in page
    assert f"/rounds/{given.id}/count?outcome=short" in page


def leads(browser: Browser, given: Given) -> str:
    """The action that stands out on the round's page."""
    found = re.search(
        r'<div class="actions">\s*<a class="button primary" href="([^"]*)"', text_of_round(browser, given)
    )
    assert found
    return found[1]


def text_of_round(browser: Browser, given: Given) -> str:
    return text(browser.get(f"/rounds/{given.id}"))


def test_what_comes_next_leads_the_page_of_a_round(client_for: ClientFor, enter: Enter) -> None:
    browser, given = client_for("coordinator"), enter()
    keeper = client_for("logistics_officer")
    assert leads(browser, given) == f"/rounds/{given.id}/count"
    for item, outcome in zip(given.items, ("received", "short"), strict=True):
        browser.post(f"/rounds/{given.id}/items/{item}", {"outcome": outcome})
    assert leads(browser, given) == "#close"
    browser.post(f"/rounds/{given.id}/close")
    assert leads(keeper, given) == "#act"
    act = {"subject": f"batch:{given.id}", "kind": "act", "files": (BytesIO(PDF), "act.pdf")}
    assert keeper.post("/documents", act).status_code == 303
    assert leads(keeper, given) == "#into-service"
    keeper.post(f"/rounds/{given.id}/put-into-service", {})
    assert leads(keeper, given).startswith("/assets?batch=")
    assert f"/rounds/{given.id}/count?outcome=short" in text_of_round(keeper, given)


def test_what_is_still_to_come_is_listed_over_all_rounds_and_exported(client_for: ClientFor, enter: Enter) -> None:
    browser = client_for("coordinator")
    first, _ = enter(), enter(line(serials="Q-1", quantity=1, unit="IMT-FA"), number="R-2")
    browser.post(f"/rounds/{first.id}/items/{first.items[0]}", {"outcome": "received"})
    browser.post(f"/rounds/{first.id}/items/{first.items[1]}", {"outcome": "short"})
    page = text(browser.get("/rounds/items"))
    assert ("TN-1001" in page, "TN-1002" in page, "Q-1" in page) == (False, True, True)
    assert "TN-1002" not in text(browser.get("/rounds/items?unit=IMT-FA"))
    assert "TN-1001" in text(browser.get("/rounds/items?outcome="))
    assert "1 short" in text(browser.get("/grants"))
    exported = text(browser.get("/rounds/items/export?format=csv"))
    assert ("TN-1002" in exported, "TN-1001" in exported) == (True, False)
    assert browser.get("/rounds/items/export?format=xlsx").status_code == 200
    assert browser.get("/rounds/items?outcome=gone").status_code == 400
    own = text(client_for("logistics2").get("/rounds/items"))
    assert ("Q-1" in own, "TN-1002" in own) == (True, False)
    hidden = text(client_for("approver").get("/rounds/items/export?format=csv"))
    assert "TN-1002" not in hidden


def test_labels_of_expected_items_print(client_for: ClientFor, enter: Enter) -> None:
    given = enter(line(), line(unit="IMT-FA", serials="F1\nF2"))
    for login, count in (("coordinator", 4), ("logistics_officer", 2)):
        answer = client_for(login).post(f"/rounds/{given.id}/labels", {"layout": "plain-a4", "start_cell": "3"})
        assert answer.content_type == "application/pdf"
        assert f"labels-plain-a4-{count}.pdf" in answer.headers["Content-Disposition"]
    wrong = client_for("coordinator").post(f"/rounds/{given.id}/labels", {"layout": "plain-a4", "start_cell": "999"})
    assert wrong.status_code == 303


def test_plans_are_set_by_form_in_percent(client_for: ClientFor, grant_id: int) -> None:
    browser = client_for("coordinator")
    plan = {"kpi": "utilisation_days_rate", "class": "", "value": "62,5", "note": "PMR p. 4"}
    assert browser.post(f"/grants/{grant_id}/targets", plan).status_code == 303
    page = text(browser.get(f"/grants/{grant_id}"))
    assert "62.5 %" in page
    refused = browser.post(f"/grants/{grant_id}/targets", {**plan, "value": "110"})
    assert (refused.status_code, "110" in text(refused)) == (400, True)
    target = re.search(r"/targets/(\d+)/end", page)
    assert target
    assert browser.post(f"/grants/{grant_id}/targets/{target[1]}/end").status_code == 303
    assert "Plans that have ended" in text(browser.get(f"/grants/{grant_id}"))
    assert "Set a planned value" not in text(client_for("logistics_officer").get(f"/grants/{grant_id}"))


LARGE = 500


@pytest.fixture
def large(enter: Enter) -> Given:
    per_line = LARGE // 20
    return enter(*(line(quantity=per_line, serials=[f"L{n:02d}-{k:03d}" for k in range(per_line)]) for n in range(20)))


ADDRESSES = (
    "/rounds/{id}", "/rounds/{id}/count", "/rounds/items", "/grants", "/grants/{grant}", "/batches",
    "/rounds/{id}/items/{item}", "/api/v1/batches/{id}/items?limit=500", "/rounds/new",
)  # fmt: skip


def test_pages_of_a_large_round_take_few_queries_and_stay_small(
    client_for: ClientFor, large: Given, grant_id: int, queries: Callable[[], Any]
) -> None:
    browser = client_for("coordinator")
    for path in ADDRESSES:
        address = path.format(id=large.id, grant=grant_id, item=large.items[0])
        browser.get(address)
        with queries() as seen:
            answer = browser.get(address)
        assert answer.status_code == 200, address
        assert len(seen) <= 10, (address, seen)
    page = browser.get(f"/rounds/{large.id}/count")
    assert text(page).count('class="count-item"') == 50
    assert len(page.data) < 120_000


def test_the_page_of_a_counted_round_takes_no_more_queries(
    client_for: ClientFor, enter: Enter, queries: Callable[[], Any]
) -> None:
    browser, given = client_for("coordinator"), enter(line(quantity=3, serials="A1\nA2\nA3"))
    browser.post(f"/rounds/{given.id}/items/{given.items[0]}", {"outcome": "received"})
    browser.post(f"/rounds/{given.id}/items/{given.items[1]}", {"outcome": "short"})
    browser.get(f"/rounds/{given.id}")
    with queries() as seen:
        page = text(browser.get(f"/rounds/{given.id}"))
    assert "Put into service together" in page
    assert "What is still to come" in page
    assert len(seen) <= 10, seen


def test_today_counts_what_is_to_come_of_every_round(enter: Enter, client_for: ClientFor) -> None:
    for number in range(22):
        enter(line(quantity=1, serials=f"X-{number}"), number=f"R-{number}")
    page = text(client_for("coordinator").get("/"))
    tasks = dict(re.findall(r'<a class="task" href="([^"]+)"><span class="task-count num">(\d+)</span>', page))
    assert tasks["/rounds/items?outcome=open"] == "22"
