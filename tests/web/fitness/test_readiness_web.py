"""Readiness over HTTP: numbers that open their items, for the coordinator alone, in few queries; and his first page."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.custody.service import field
from assets.maintenance.models import WorkOrder
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import Completion, close_work_order, report_fault
from assets.registry.rules.classes import CLASSES
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import happening_now
from tests.support.care import put_asset
from tests.support.custody import Custody
from tests.support.journal import noted
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


def told_of(browser: Browser, code: str) -> tuple[str, str]:
    """The state of an item and the reasons for it, as the list of readiness says them."""
    rows = csv.DictReader(text_of(browser, "/readiness/items?format=csv").lstrip("\ufeff").splitlines())
    (found,) = [(row["state"], row["reasons"]) for row in rows if row["code"] == code]
    return found


@pytest.mark.parametrize(
    ("passed", "state", "reason", "counted_under"),
    [
        (
            False,
            "blocked",
            (
                "Not in order at the check before use: Complete by its checklist. Repair it, or check it again. "
                "It has an open minor fault."
            ),
            "check before use not passed",
        ),
        (True, "due", "It has an open minor fault.", "a minor fault"),
    ],
)
def test_kit_found_incomplete_is_not_ready_until_it_is_put_right(
    *, passed: bool, state: str, reason: str, counted_under: str, app: App, world: World, clock: Clock,
    client_for: Clients,
) -> None:  # fmt: skip
    # `passed`: what is missing does not keep it from being used. A kit's own check asks for nothing else.
    assert [item.code for item in CLASSES["kit"].checks] == ["complete"]
    with app.transaction(SETUP, clock.now) as session:
        code = put_asset(session, world, "kit", clock.now).code
    browser = client_for("coordinator")
    assert told_of(browser, code) == ("ready", "")
    with Custody(app, world, clock).by("officer") as (session, actor):
        asset = asset_by_code(session, actor, code)
        field.check(session, actor, asset, happening_now(clock.now), items={"complete": False}, passed=passed)
    assert told_of(browser, code) == (state, reason)
    page = text_of(browser, "/readiness")
    assert "0 of 1 items are ready." in page
    assert counted_under in page
    assert "Not in order at the check: complete" in text_of(browser, f"/assets/{code}"), "what is missing is said there"
    with app.transaction(SETUP, clock.now) as session:
        (order,) = session.scalars(select(WorkOrder))
        close_work_order(session, SETUP, order, Completion(clock.now, "Torch replaced"), clock.now)
    assert told_of(browser, code) == ("ready", "")


def test_kit_whose_completeness_was_not_looked_at_in_time_is_blocked_by_that_name(
    app: App, world: World, clock: Clock, client_for: Clients
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        code = put_asset(session, world, "kit", clock.now).code
    told = []
    for _ in range(3):
        clock.advance(timedelta(days=50))
        told.append(told_of(client_for("coordinator"), code))
    assert told == [
        ("ready", ""), ("due", "Completeness: due."), ("blocked", "Completeness: overdue beyond its grace."),
    ]  # fmt: skip


PAGES = ("/readiness", "/readiness/items?limit=50", "/readiness/items?state=blocked&limit=50", "/")


def test_answer_of_readiness_grows_with_units_and_classes_and_not_with_items(
    app: App, world: World, clock: Clock, client_for: Clients, api: Callable[[str], Api], queries: Callable[[], Any]
) -> None:
    """Statements and bytes are the same for ten times as many items; how long 2,000 take is measured elsewhere."""
    browser, program = client_for("coordinator"), api("coordinator")

    def cost() -> dict[str, tuple[int, int]]:
        asked = {path: partial(browser.get, path) for path in PAGES} | {"api": partial(program.get, "/readiness")}
        found = {}
        for path, ask in asked.items():
            ask()  # what is kept from one request to the next is not counted
            with queries() as seen:
                answer = ask()
            assert answer.status_code == 200, path
            found[path] = (len(seen), len(answer.get_data()))
        return found

    _fill(app, world, clock, 1)
    few = cost()
    _fill(app, world, clock, 9)
    many = cost()
    assert "360 items" in text_of(browser, "/readiness").replace("of 360 items", "360 items")
    for path, (statements, size) in few.items():
        assert many[path][0] == statements <= 10, path
        # Longer numbers and the link to the next page are all that may come.
        assert many[path][1] <= size * (1.1 if "items" not in path else 2.2), path
        assert many[path][1] < 200_000, path


def _fill(app: App, world: World, clock: Clock, times: int) -> None:
    """So many times 36 items: three classes with care and calibration, two units, in and out of order."""
    with app.transaction(SETUP, clock.now) as session:
        for n in range(36 * times):
            code, unit = ("radiation.prd", "kit", "comms.radio")[n % 3], ("IMT-TK", "IMT-FA")[n % 2]
            put_asset(session, world, code, clock.now, unit=unit).condition = "AABD"[n // 6 % 4]


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


@pytest.mark.parametrize(
    ("path", "entity", "filters"),
    [
        ("/readiness?unit=IMT-TK&format=csv", "readiness_list", {"unit": "IMT-TK"}),
        ("/readiness/items?state=blocked&limit=3&format=csv", "readiness_items_list", {"state": "blocked"}),
    ],
)
def test_what_is_taken_away_is_journalled_and_what_is_looked_at_is_not(
    path: str, entity: str, filters: dict[str, str], register: list[str], app: App, world: World, client_for: Clients
) -> None:
    browser = client_for("coordinator")
    text_of(browser, path.removesuffix("&format=csv"))
    assert browser.get(f"{path}&region=XX").status_code == 400
    assert noted(app, entity) == []
    text_of(browser, path)
    assert noted(app, entity) == [("csv", "exported", world.accounts["coordinator"].id, {"filters": filters})]
    assert f'value="{entity}"' in text_of(client_for("auditor"), "/journal")


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
    # What has not arrived cannot be used; why is said beside it.
    assert page.index("/readiness?unit=IMT-FA") < page.index("not arrived yet (1)")
