"""The first page: each sees what he has to do, with the first of it, and nothing of what is not his."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest

from assets.core.app import App
from assets.labels.token import format_code
from assets.people.rules import Role
from tests.support.care import put_asset
from tests.support.custody import Custody, new_asset
from tests.support.engines import ON_ONE_ENGINE
from tests.support.lots import Store
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

Signed = Callable[[str], Browser]
WHY = "night shift"


@dataclass
class Task:
    """One line of the list as the page shows it."""

    count: int
    text: str
    href: str
    first: list[str]
    more: str


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page))).strip()


def tasks(browser: Browser) -> dict[str, Task]:
    """What the page says is to be done, by its words."""
    page = browser.get("/").get_data(as_text=True)
    found: dict[str, Task] = {}
    for part in re.findall(
        r'<li class="card">(.*?)</li>\s*(?=<li class="card">|</ul>\s*(?:</div>|\Z))', page, re.DOTALL
    ):
        head = re.search(
            r'<a class="task" href="([^"]+)".*?task-count num">([^<]+)<.*?task-text">([^<]+)<', part, re.DOTALL
        )
        assert head
        first = re.findall(r'<li><a href="([^"]+)">', part)
        more = re.search(r'aria-label="[^"]*">([^<]+)</a></p>', part)
        task = Task(int(head[2]), unescape(head[3]), unescape(head[1]), first, more[1] if more else "")
        found[task.text] = task
    return found


def known(browser: Browser) -> list[str]:
    """What is only good to know to him."""
    page = browser.get("/").get_data(as_text=True)
    side = re.search(r"<h2>Good to know</h2>(.*?)</section>", page, re.DOTALL)
    return [text_of(line) for line in re.findall(r"</svg>.*?<a (.*?)</li>", side[1], re.DOTALL)] if side else []


@pytest.fixture
def custody(app: App, world: World, clock: Clock) -> Custody:
    return Custody(app, world, clock)


def late(custody: Custody, number: int, unit: str = "IMT-TK", person: str = "P-001") -> list[str]:
    """Items that are with a person and were to be back an hour ago, the longest overdue first."""
    codes = []
    for place in range(number):
        code = new_asset(custody.app, custody.clock.now, unit=unit)
        until = custody.clock.now - timedelta(hours=number - place)
        custody.issue(
            code, person, login="coordinator", until=until, override_reason=WHY,
            occurrence=custody.occurrence(timedelta(days=1)),
        )  # fmt: skip
        codes.append(code)
    return codes


@ON_ONE_ENGINE
@pytest.mark.parametrize("login", ["logistics_officer", "officer", "commander", "technician", "auditor"])
def test_nothing_to_do_is_said_plainly(login: str, client_for: Signed) -> None:
    browser = client_for(login)
    assert "Nothing to do today" in browser.get("/").get_data(as_text=True)
    assert tasks(browser) == {}


def test_the_first_three_of_what_is_late_lead_to_their_items(custody: Custody, client_for: Signed) -> None:
    codes = late(custody, 5)
    found = tasks(client_for("logistics_officer"))["items are not back on the day agreed"]
    assert (found.count, found.href, found.more) == (5, "/assets?custody=overdue", "2 more")
    assert found.first == [f"/assets/{code}" for code in codes[:3]]


def test_what_another_unit_has_to_do_is_nowhere(custody: Custody, client_for: Signed) -> None:
    (mine,) = late(custody, 1)
    (theirs,) = late(custody, 1, "IMT-FA", "P-101")
    for login, own, foreign in (("logistics_officer", mine, theirs), ("logistics2", theirs, mine)):
        page = client_for(login).get("/").get_data(as_text=True)
        assert format_code(own) in page
        assert foreign not in page
        assert format_code(foreign) not in page
    assert tasks(client_for("coordinator"))["items are not back on the day agreed"].count == 2


def test_care_is_a_task_of_who_does_it_and_news_to_the_others(
    app: App, world: World, clock: Clock, client_for: Signed
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        code = put_asset(session, world, "kit", clock.now - timedelta(days=400)).code
    words = "services are due or overdue"
    for login in ("technician", "logistics_officer", "commander", "coordinator"):
        assert tasks(client_for(login))[words].first == [f"/assets/{code}?tab=care"], login
    for login in ("officer", "monitor", "auditor"):
        browser = client_for(login)
        assert words not in tasks(browser), login
        assert any(words in line for line in known(browser)), login
    page = client_for("technician").get("/").get_data(as_text=True)
    assert re.search(r"\d+ days overdue", page)


def test_what_is_due_soon_does_not_repeat_what_is_due_now(
    app: App, world: World, clock: Clock, client_for: Signed
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        due = put_asset(session, world, "radiation.prd", clock.now - timedelta(days=900)).code
        put_asset(session, world, "kit", clock.now - timedelta(days=80))
    found = tasks(client_for("technician"))
    now_due = {line for text, task in found.items() if "within 30 days" not in text for line in task.first}
    soon = {line for text, task in found.items() if "within 30 days" in text for line in task.first}
    assert any(due in line for line in now_due)
    assert soon
    assert not now_due & soon


def test_lots_are_named_with_their_number_and_day(app: App, world: World, clock: Clock, client_for: Signed) -> None:
    store = Store(app, world, clock)
    gone = store.receive("L-7", item="Filter", expires_on=(clock.now - timedelta(days=3)).date().isoformat())
    soon = store.receive("L-8", item="Swab", expires_on=(clock.now + timedelta(days=20)).date().isoformat())
    later = store.receive("L-9", item="Strip", expires_on=(clock.now + timedelta(days=80)).date().isoformat())
    browser = client_for("logistics_officer")
    found = tasks(browser)
    assert {text: task.first for text, task in found.items()} == {
        "lots must not be used: expired, recalled or suspect": [f"/lots/{gone}"],
        "lots expire within 30 days": [f"/lots/{soon}"],
        "lots expire within 90 days": [f"/lots/{later}"],
    }
    assert "Filter · L-7" in browser.get("/").get_data(as_text=True)


def test_what_is_on_its_way_waits_for_who_receives_it(
    custody: Custody, client_for: Signed, api: Callable[[str], Api]
) -> None:
    code, sheet = new_asset(custody.app, custody.clock.now), str(uuid4())
    sent = api("logistics_officer").post("/transfers", {"to_unit": "IMT-FA", "items": [code], "sheet": sheet})
    assert sent.status_code == 201
    incoming = "items are on their way to you"
    assert tasks(client_for("logistics2"))[incoming].first == [f"/transfers/{sheet}"]
    assert incoming not in tasks(client_for("logistics_officer"))


def test_a_conflict_stands_first_for_who_settles_it(custody: Custody, client_for: Signed) -> None:
    late(custody, 1)
    code = new_asset(custody.app, custody.clock.now)
    for person, ago in (("P-001", 120), ("P-002", 60)):
        custody.issue(code, person, occurrence=custody.occurrence(timedelta(minutes=ago)), override_reason=WHY)
    words = "conflicts are open: entries contradict each other"
    for login in ("coordinator", "commander"):
        found = tasks(client_for(login))
        assert next(iter(found)) == words, login
        assert [line.startswith("/conflicts/") for line in found[words].first] == [True]
    assert words not in tasks(client_for("logistics_officer"))
    assert any(words in line for line in known(client_for("logistics_officer")))
    assert words not in client_for("officer").get("/").get_data(as_text=True)


@pytest.mark.parametrize("role", [role.value for role in Role if role is not Role.DONOR])
def test_the_page_takes_few_queries_however_much_there_is(
    role: str, app: App, world: World, clock: Clock, custody: Custody, client_for: Signed, queries: Callable[[], Any]
) -> None:
    browser, store = client_for(role), Store(app, world, clock)
    browser.get("/")

    def cost() -> int:
        with queries() as seen:
            assert browser.get("/").status_code == 200
        return len(seen)

    def fill(times: int) -> None:
        late(custody, times)
        with app.transaction(SETUP, clock.now) as session:
            for _ in range(times):
                put_asset(session, world, "radiation.prd", clock.now - timedelta(days=900))
        for n in range(times):
            store.receive(f"L-{times}-{n}", expires_on=(clock.now + timedelta(days=20)).date().isoformat())

    fill(1)
    few = cost()
    fill(5)
    assert cost() == few <= 10


@ON_ONE_ENGINE
def test_a_donor_goes_to_his_summaries(client_for: Signed) -> None:
    answer = client_for("donor").get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/summaries")


def test_what_was_issued_to_me_waits_for_my_word(custody: Custody, client_for: Signed) -> None:
    code = new_asset(custody.app, custody.clock.now)
    custody.issue(code, "P-002", override_reason=WHY)
    words = "items were issued to you: say whether you have them"
    mine = tasks(client_for("officer"))
    assert next(iter(mine)) == words
    assert (mine[words].first, mine[words].href) == ([f"/assets/{code}"], "/confirmations")
    assert words not in tasks(client_for("logistics_officer"))


def test_a_shift_that_has_ended_is_shown_with_what_leads_to_it(
    custody: Custody, client_for: Signed, api: Callable[[str], Api]
) -> None:
    code, shift = new_asset(custody.app, custody.clock.now), str(uuid4())
    now = custody.clock.now
    command = {"id": str(uuid4()), "kind": "issue", "code": code, "occurred_at": now.isoformat()}
    data = {
        "to": "P-001", "override_reason": WHY, "shift": shift, "until": (now + timedelta(hours=8)).isoformat(),
    }  # fmt: skip
    batch = {"sent_at": now.isoformat(), "commands": [{**command, "data": data}]}
    told = api("logistics_officer").post("/commands", batch).get_json()["results"][0]
    assert told["status"] == "accepted", told
    words = "shifts have ended and not everything is back"
    assert words not in tasks(client_for("logistics_officer"))
    custody.clock.advance(timedelta(hours=9))
    found = tasks(client_for("logistics_officer"))[words]
    assert (found.count, found.first, found.href) == (1, [f"/shifts/{shift}"], "/shifts?show=late")
    assert client_for("logistics_officer").get(found.first[0]).status_code == 200
    assert words not in tasks(client_for("logistics2"))
