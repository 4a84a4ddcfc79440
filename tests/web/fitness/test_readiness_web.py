"""Readiness over HTTP: numbers that open their items, for the coordinator alone, in few queries; and his first page."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from assets.core.app import App
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import report_fault
from assets.registry.service.timeline import happening_now
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

Clients = Callable[[str], Browser]


@pytest.fixture
def register(app: App, world: World, clock: Clock) -> list[str]:
    """Two units with five items: three ready, one blocked, one to come."""
    with app.transaction(SETUP, clock.now) as session:
        made = [
            put_asset(session, world, code, clock.now, unit=unit, life=life, plans=False)
            for code, unit, life in (
                ("it.other", "IMT-TK", "in_service"), ("it.other", "IMT-TK", "in_service"),
                ("kit", "IMT-TK", "in_service"), ("kit", "IMT-FA", "in_service"), ("it.other", "IMT-FA", "expected"),
            )
        ]  # fmt: skip
        report_fault(session, SETUP, made[1], Severity.MAJOR, "Screen broken", happening_now(clock.now))
        return [asset.code for asset in made]


def text_of(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:300]
    return answer.get_data(as_text=True)


def test_each_number_opens_as_many_items_as_it_says(register: list[str], client_for: Clients) -> None:
    browser = client_for("coordinator")
    page = text_of(browser, "/readiness")
    assert "3 of 5 items are ready." in page
    links = re.findall(r'href="(/readiness/items[^"]*state=[^"]*)">.*?<span class="(?:value )?num">(\d+)</span>', page)
    assert len(links) > 10
    for href, count in links:
        listed = text_of(browser, unescape(href))
        assert len(re.findall(r'class="row-link', listed)) == int(count), href


def test_each_reason_opens_as_many_items_as_it_says(register: list[str], client_for: Clients) -> None:
    browser = client_for("coordinator")
    page = text_of(browser, "/readiness")
    links = re.findall(r'href="(/readiness/items[^"]*reason=[^"]*)"><span class="num">(\d+)</span>', page)
    assert len(links) == 2
    for href, count in links:
        assert len(re.findall(r'class="row-link', text_of(browser, unescape(href)))) == int(count)
    assert "An open fault forbids its use." in text_of(browser, "/readiness/items?state=blocked")


def test_filters_stand_in_the_address_and_narrow_the_sums(register: list[str], client_for: Clients) -> None:
    browser = client_for("coordinator")
    assert "2 of 3 items are ready." in text_of(browser, "/readiness?unit=IMT-TK")
    assert "1 of 3 items are ready." in text_of(browser, "/readiness?class=it.other")
    assert "1 of 2 items are ready." in text_of(browser, "/readiness?region=UZ-FA")
    assert "2 of 2 items are ready." in text_of(browser, "/readiness?group=kit")


@pytest.mark.parametrize(
    "query",
    ["unit=NONE", "class=none", "region=XX", "group=none", "state=none", "reason=none", "cursor=abc", "limit=x"],
)
def test_unknown_words_are_refused(query: str, client_for: Clients) -> None:
    assert client_for("coordinator").get(f"/readiness/items?{query}").status_code == 400


def test_items_are_paged_without_gaps(register: list[str], client_for: Clients) -> None:
    browser, seen, path = client_for("coordinator"), [], "/readiness/items?limit=2"
    while path:
        page = text_of(browser, path)
        seen += re.findall(r'class="row-link" href="/assets/(\w+)"', page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(found.group(1)) if found else ""
    assert sorted(seen) == sorted(register)


def test_exports_say_what_the_page_says(register: list[str], client_for: Clients) -> None:
    browser = client_for("coordinator")
    rows = list(csv.DictReader(text_of(browser, "/readiness?format=csv").lstrip("\ufeff").splitlines()))
    assert sum(int(row["ready"]) for row in rows) == 3
    assert sum(int(row["total"]) for row in rows) == 5
    items = list(csv.DictReader(text_of(browser, "/readiness/items?format=csv").lstrip("\ufeff").splitlines()))
    assert sorted(row["code"] for row in items) == sorted(register)
    assert {row["reasons"] for row in items if row["state"] == "away"} == {"It has not arrived yet."}


def test_program_gets_each_cell_with_its_reasons(register: list[str], api: Callable[[str], Api]) -> None:
    program = api("coordinator")
    answer = program.get("/readiness").get_json()
    assert (answer["total"]["ready"], answer["total"]["total"]) == (3, 5)
    cells = {(cell["unit"], cell["class"]): cell for cell in answer["items"]}
    broken = cells["IMT-TK", "it.other"]
    assert (broken["ready"], broken["blocked"]) == (1, 1)
    assert [(why["code"], why["count"]) for why in broken["reasons"]] == [("fault_major", 1)]
    narrow = program.get("/readiness", **{"class": "kit", "unit": "IMT-FA"}).get_json()
    assert [(cell["unit"], cell["class"], cell["ready"]) for cell in narrow["items"]] == [("IMT-FA", "kit", 1)]
    seen, cursor = [], ""
    while True:
        page = program.get("/readiness", limit=1, cursor=cursor).get_json()
        seen += [(cell["unit"], cell["class"]) for cell in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == sorted(cells)


@pytest.mark.parametrize("login", ["administrator", "commander", "logistics_officer", "monitor", "auditor", "donor"])
def test_readiness_is_the_coordinators_alone(
    login: str, register: list[str], client_for: Clients, api: Callable[[str], Api]
) -> None:
    for path in ("/readiness", "/readiness/items", "/readiness?format=csv"):
        assert client_for(login).get(path).status_code == 403
    assert api(login).get("/readiness").status_code == 403
    if login != "donor":
        assert "/readiness" not in text_of(client_for(login), "/")


@pytest.mark.parametrize("path", ["/", "/readiness", "/readiness/items"])
def test_coordinators_pages_take_few_queries(
    path: str, register: list[str], client_for: Clients, queries: Callable[[], Any]
) -> None:
    browser = client_for("coordinator")
    text_of(browser, path)
    with queries() as seen:
        text_of(browser, path)
    assert len(seen) <= 10, seen


def test_coordinator_sees_first_what_is_ready_and_where_it_is_worst(register: list[str], client_for: Clients) -> None:
    page = text_of(client_for("coordinator"), "/")
    assert "3 of 5 items are ready." in page
    assert page.index("/readiness?unit=IMT-TK") < page.index('class="task-count')
    assert "1 of 3 not ready" in page
    assert "a fault that forbids its use (1)" in page
    assert "/readiness?unit=IMT-FA" not in page  # what is on the way is not what is wrong
