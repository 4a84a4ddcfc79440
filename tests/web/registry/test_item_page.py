"""The page of one item: what custody and trackers have to say, what each viewer may do, and a brake on guessing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from assets.core.app import App
from assets.labels.token import new_code
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import report_fault
from assets.registry.models import Asset
from assets.registry.scope import asset_by_code
from assets.telemetry.provisioning import add_tracker
from tests.support.care import put_asset
from tests.support.custody import Custody, new_asset
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

Make = Callable[..., str]
SignIn = Callable[[str], Browser]


@pytest.fixture
def custody(app: App, world: World, clock: Clock) -> Custody:
    return Custody(app, world, clock)


@pytest.fixture
def make(app: App, world: World, clock: Clock) -> Make:
    return partial(new_asset, app, clock.now)


def page(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def actions(browser: Browser, code: str) -> list[str]:
    """Where the actions of the page lead, in their order."""
    head = page(browser, f"/assets/{code}").split("<header", 2)[2].split("</header>")[0]
    return re.findall(rf'href="/assets/{code}/([\w/-]+)"', head)


def listed(browser: Browser, query: str) -> set[str]:
    return set(re.findall(r'row-link" href="/assets/(\w{10})"', page(browser, f"/assets?{query}")))


def test_overdue_lists_what_is_not_back_when_agreed(
    client_for: SignIn, api: Callable[[str], Api], make: Make, custody: Custody, clock: Clock
) -> None:
    late, kept, returned = make(), make(), make()
    for code, days in ((late, 1), (kept, 3), (returned, 1)):
        custody.issue(code, "P-001", until=clock.now + timedelta(days=days))
    custody.give_back(returned, occurrence=custody.occurrence(timedelta(minutes=-1)))
    browser = client_for("logistics_officer")
    assert listed(browser, "custody=overdue") == set()
    clock.advance(timedelta(days=2))
    browser = client_for("logistics_officer")
    assert listed(browser, "custody=overdue") == {late}
    shown = page(browser, "/assets?custody=overdue")
    assert re.search(r'class="chip"[^>]*>not back when agreed', shown)
    assert [row["code"] for row in api("coordinator").get("/assets", custody="overdue").get_json()["items"]] == [late]
    assert "It is not back" in page(browser, f"/assets/{late}")
    assert "It is not back" not in page(browser, f"/assets/{kept}")


def test_overdue_says_nothing_to_who_may_not_see_who_has_what(
    client_for: SignIn, make: Make, custody: Custody, clock: Clock
) -> None:
    custody.issue(make(), "P-001", until=clock.now + timedelta(days=1))
    clock.advance(timedelta(days=2))
    technician = client_for("technician")
    assert listed(technician, "custody=overdue") == set()
    assert "not back when agreed" not in page(technician, "/assets")
    assert client_for("logistics2").get("/assets?custody=late").status_code == 400


def test_each_viewer_is_offered_what_he_may_do_likeliest_first(
    client_for: SignIn, make: Make, custody: Custody
) -> None:
    code = make()
    assert actions(client_for("logistics_officer"), code)[:3] == ["issue", "sighting", "fault"]
    assert actions(client_for("technician"), code) == ["fault", "sighting", "work-orders/new", "report-loss"]
    assert actions(client_for("officer"), code) == ["sighting", "fault", "report-loss"]
    assert actions(client_for("logistics_officer"), code)[-2:] == ["withdraw", "report-loss"]
    assert actions(client_for("auditor"), code) == []
    custody.issue(code, "P-001")
    assert actions(client_for("logistics_officer"), code)[0] == "return"
    assert "withdraw" not in actions(client_for("logistics_officer"), code)
    with custody.by("technician") as (session, actor):
        asset = asset_by_code(session, actor, code)
        report_fault(session, actor, asset, Severity.CRITICAL, "Broken", custody.occurrence())
    custody.give_back(code, occurrence=custody.occurrence(timedelta(minutes=-1)))
    assert actions(client_for("logistics_officer"), code)[:3] == ["sighting", "fault", "issue"]


def test_a_conflict_of_custody_is_said_until_it_is_corrected(
    client_for: SignIn, make: Make, custody: Custody, clock: Clock
) -> None:
    code = make()
    early = custody.occurrence(timedelta(hours=2))
    custody.issue(code, "P-001", occurrence=custody.occurrence(timedelta(hours=1)))
    officer = client_for("officer")
    assert "contradict each other" not in page(officer, f"/assets/{code}")
    wrong = custody.issue(code, "P-002", occurrence=early)  # told later by another phone
    assert "contradict each other" in page(officer, f"/assets/{code}")
    clock.advance(timedelta(hours=1))
    custody.correct(code, wrong, reason="It was another one")
    assert "contradict each other" not in page(officer, f"/assets/{code}")


def test_entries_lead_to_their_correction_once_and_only_for_who_may_correct(
    client_for: SignIn, make: Make, custody: Custody, clock: Clock
) -> None:
    code = make()
    event_id = custody.issue(code, "P-001")
    link = f"/assets/{code}/events/{event_id}/correct"
    logistics = client_for("logistics_officer")
    assert link in page(logistics, f"/assets/{code}")
    assert logistics.get(link).status_code == 200
    for login in ("officer", "technician", "auditor"):
        assert "/correct" not in page(client_for(login), f"/assets/{code}")
    clock.advance(timedelta(hours=1))
    custody.correct(code, event_id, reason="Not issued")
    shown = page(logistics, f"/assets/{code}")
    assert link not in shown
    assert "corrected later" in shown


def test_an_issue_in_spite_of_unfitness_is_listed_with_its_reason(
    client_for: SignIn, make: Make, custody: Custody
) -> None:
    code = make()
    with custody.by("technician") as (session, actor):
        asset = asset_by_code(session, actor, code)
        report_fault(session, actor, asset, Severity.MAJOR, "Broken", custody.occurrence())
    custody.issue(code, "P-001", override_reason="Exercise without use <b>")
    shown = page(client_for("logistics_officer"), f"/assets/{code}")
    card = shown.split("Issued although not fit")[1].split("</section>")[0]
    assert "Exercise without use &lt;b&gt;" in card
    assert "P-001" in card
    assert "Issued although not fit" not in page(client_for("technician"), f"/assets/{code}")


def test_the_tracker_is_told_without_any_place(
    app: App, world: World, clock: Clock, client_for: SignIn, queries: Callable[[], Any]
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        vehicle = put_asset(session, world, "vehicle.patrol", clock.now)
        add_tracker(session, "TRK-A", session.get_one(Asset, vehicle.id), clock.now - timedelta(hours=2))
        code, kit = vehicle.code, put_asset(session, world, "kit", clock.now).code
    browser = client_for("coordinator")
    with queries() as seen:
        shown = page(browser, f"/assets/{code}?tab=tracker")
    assert len(seen) <= 10, seen
    assert 'href="/trackers/TRK-A"' in shown
    assert "never heard" in shown
    assert browser.get(f"/assets/{kit}?tab=tracker").status_code == 404
    assert client_for("officer").get(f"/assets/{code}?tab=tracker").status_code == 404


def test_an_item_with_a_history_needs_ten_queries_at_most(
    client_for: SignIn, make: Make, custody: Custody, clock: Clock, queries: Callable[[], Any]
) -> None:
    code = make("vehicle.patrol")
    for person in ("P-001", "P-002"):
        custody.issue(code, person)
        clock.advance(timedelta(hours=1))
        custody.give_back(code)
        clock.advance(timedelta(hours=1))
    custody.correct(code, custody.issue(code, "P-001"), to="P-002", reason="Another person")
    browser = client_for("coordinator")
    for tab in ("overview", "care", "labels"):
        with queries() as seen:
            shown = page(browser, f"/assets/{code}?tab={tab}")
        assert len(seen) <= 10, (tab, seen)
        assert tab != "overview" or "P-002" in shown


@pytest.mark.parametrize("path", ["/a/{}", "/A/{}", "/a?code={}", "/assets/{}"])
def test_guessing_labels_ends_in_429_for_a_while(client_for: SignIn, make: Make, clock: Clock, path: str) -> None:
    browser, code = client_for("officer"), make()
    expected = browser.get(path.format(code)).status_code
    answers = [browser.get(path.format(new_code())).status_code for _ in range(42)]
    assert answers == [404] * 40 + [429] * 2
    assert browser.get(path.format(code)).status_code == 429
    assert client_for("logistics_officer").get(path.format(code)).status_code == expected  # another account goes on
    clock.advance(timedelta(minutes=10))
    assert browser.get(path.format(code)).status_code == expected


def test_guessing_through_the_api_ends_in_429_and_foreign_codes_count(api: Callable[[str], Api], make: Make) -> None:
    officer, foreign, mine = api("officer"), make(unit="IMT-FA"), make()
    answers = [officer.get(f"/assets/{foreign}").status_code for _ in range(41)]
    assert answers == [404] * 40 + [429]
    refused = officer.get(f"/assets/{mine}")
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert api("coordinator").get(f"/assets/{mine}").status_code == 200
