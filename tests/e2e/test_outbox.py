"""What a phone records without a connection: kept with its photos, sent once, and shown until a person has seen it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from sqlalchemy import func, select

from assets.core.app import App
from assets.core.clock import system_clock
from assets.documents.models import Document
from assets.people.models import RoleGrant
from assets.registry.models import AssetEvent
from assets.registry.scope import asset_by_code
from tests.e2e.conftest import PHONE, expect_all_sent
from tests.support.custody import new_asset
from tests.support.journal import noted
from tests.support.papers import picture
from tests.support.server import serving
from tests.support.world import PASSWORD, SETUP, World, build_world

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def clock() -> Callable[..., Any]:
    return system_clock


@pytest.fixture
def site(sqlite_app: App) -> Iterator[tuple[App, World, str]]:
    world = build_world(sqlite_app, system_clock())
    with serving(sqlite_app) as address:
        yield sqlite_app, world, address


@pytest.fixture
def phone(browser: Browser, site: tuple[App, World, str]) -> Iterator[BrowserContext]:
    """A phone on which the logistics officer has signed in."""
    context = browser.new_context(viewport=PHONE, base_url=site[2])
    page = context.new_page()
    sign_in(page, "logistics_officer")
    page.close()
    yield context
    context.close()


def sign_in(page: Page, login: str) -> None:
    page.goto("/login")
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.click("main button.primary")
    page.wait_for_url(lambda url: "/login" not in url)


def happened(app: App, code: str, kind: str) -> int:
    with app.reading() as session:
        asset = asset_by_code(session, SETUP, code)
        counted = select(func.count()).where(AssetEvent.asset_id == asset.id, AssetEvent.kind == kind)
        return session.scalar(counted) or 0


def photos(app: App) -> int:
    with app.reading() as session:
        return session.scalar(select(func.count()).where(Document.event_id.is_not(None))) or 0


def record_seen(page: Page, note: str = "", photo: Path | None = None) -> None:
    page.get_by_test_id("action-sighting").click()
    page.get_by_test_id("note").fill(note)
    if photo is not None:
        page.get_by_test_id("photos").set_input_files(photo)
    page.get_by_test_id("action-confirm").click()


def test_recorded_without_a_connection_it_is_sent_once_with_its_photo(
    site: tuple[App, World, str], phone: BrowserContext, tmp_path: Path
) -> None:
    app, _, _ = site
    code, photo = new_asset(app, system_clock()), tmp_path / "IMG_1.png"
    photo.write_bytes(picture())
    page = phone.new_page()
    page.goto(f"/scan?code={code}")
    expect(page.get_by_test_id("scanned")).to_be_visible()
    phone.set_offline(True)
    record_seen(page, "in the yard", photo)
    expect(page.get_by_test_id("scan-message")).to_contain_text("kept on this device")
    expect(page.get_by_test_id("unsent")).to_contain_text("Not sent yet: 1")
    assert happened(app, code, "sighting") == 0
    page.close()  # The phone is put away; what it recorded is not lost with the page.
    phone.set_offline(False)
    later, other = phone.new_page(), phone.new_page()
    later.goto("/")
    expect_all_sent(other)
    expect(later.get_by_test_id("unsent")).to_be_hidden()
    assert (happened(app, code, "sighting"), photos(app)) == (1, 1)


def test_fifty_actions_of_a_day_are_sent_in_their_order(site: tuple[App, World, str], phone: BrowserContext) -> None:
    app, _, _ = site
    code = new_asset(app, system_clock())
    page = phone.new_page()
    page.goto(f"/scan?code={code}")
    expect(page.get_by_test_id("scanned")).to_be_visible()
    phone.set_offline(True)
    for number in range(50):
        record_seen(page, f"round {number}")
        expect(page.get_by_test_id("unsent")).to_contain_text(f"Not sent yet: {number + 1}")
    phone.set_offline(False)
    expect(page.get_by_test_id("unsent")).to_be_hidden(timeout=30_000)
    with app.reading() as session:
        events = session.scalars(
            select(AssetEvent).where(AssetEvent.kind == "sighting").order_by(AssetEvent.occurred_at)
        )
        assert [event.data["note"] for event in events] == [f"round {number}" for number in range(50)]


def test_refused_later_it_stays_with_the_reason_until_it_is_given_up(
    site: tuple[App, World, str], phone: BrowserContext
) -> None:
    app, _, _ = site
    code, good = new_asset(app, system_clock()), new_asset(app, system_clock())
    page = phone.new_page()
    page.goto(f"/scan?code={code}")
    expect(page.get_by_test_id("scanned")).to_be_visible()
    phone.set_offline(True)
    record_seen(page, "first")
    expect(page.get_by_test_id("scan-message")).to_contain_text("kept on this device")
    with app.transaction(SETUP, system_clock()) as session:
        asset_by_code(session, SETUP, code).annulled_at = system_clock()  # Meanwhile its registration was undone.
    phone.set_offline(False)
    strip = page.get_by_test_id("unsent")
    expect(strip).to_contain_text("refused")
    page.goto(f"/scan?code={good}")
    record_seen(page, "not held up")
    expect(page.get_by_test_id("scan-message")).to_contain_text("Recorded")
    strip.get_by_role("link", name="Show").click()
    card = page.locator("[data-entry]")
    expect(card).to_have_count(1)
    card.locator("[data-give-up]").click()
    page.locator("#give-up [data-confirm]").click()
    expect(page.locator("#give-up [data-error]")).to_contain_text("Say why")
    page.locator("#give-up textarea").fill("it was another item")
    page.locator("#give-up [data-confirm]").click()
    expect(page.get_by_text("Everything is sent")).to_be_visible()
    [(_, action, _, values)] = noted(app, "command")
    assert (action, values["data"], values["reason"]) == ("given_up", {"note": "first"}, "it was another item")


def give_up(page: Page, reason: str) -> None:
    page.locator("[data-entry] [data-give-up]").click()
    page.locator("#give-up textarea").fill(reason)
    page.locator("#give-up [data-confirm]").click()


def test_what_is_just_being_sent_is_not_given_up(site: tuple[App, World, str], phone: BrowserContext) -> None:
    app, _, _ = site
    code = new_asset(app, system_clock())
    page, other = phone.new_page(), phone.new_page()
    on_their_way: list[Route] = []
    page.route("**/api/v1/commands", lambda route: on_their_way.append(route))  # noqa: PLW0108  playwright marks it
    page.goto(f"/scan?code={code}")
    record_seen(page, "first")
    expect(page.get_by_test_id("unsent")).to_contain_text("Not sent yet: 1")
    other.goto("/unsent")
    give_up(other, "it was another item")
    page.wait_for_timeout(1000)  # Nothing tells that it waits: were it given up at once, this is when.
    on_their_way[0].continue_()
    expect(other.locator("#give-up [data-error]")).to_contain_text("sent before it could be given up")
    assert (happened(app, code, "sighting"), noted(app, "command")) == (1, [])


def test_who_may_not_record_any_more_is_told_so_and_gives_up(
    site: tuple[App, World, str], phone: BrowserContext
) -> None:
    app, world, _ = site
    code = new_asset(app, system_clock())
    page = phone.new_page()
    page.goto(f"/scan?code={code}")
    expect(page.get_by_test_id("scanned")).to_be_visible()
    phone.set_offline(True)
    record_seen(page, "first")
    expect(page.get_by_test_id("scan-message")).to_contain_text("kept on this device")
    now = system_clock()
    with app.transaction(SETUP, now) as session:
        account = world.accounts["logistics_officer"].id
        for grant in session.scalars(select(RoleGrant).where(RoleGrant.account_id == account)):
            grant.valid_until = now
    phone.set_offline(False)
    expect(page.get_by_test_id("unsent")).to_contain_text("refused")  # Signing in again would change nothing.
    page.goto("/unsent")
    expect(page.locator("[data-entry]")).to_contain_text("refused")
    give_up(page, "it is on paper")
    expect(page.get_by_text("Everything is sent")).to_be_visible()
    [(_, action, _, values)] = noted(app, "command")
    assert (action, values["reason"], happened(app, code, "sighting")) == ("given_up", "it is on paper", 0)


def test_page_that_was_open_for_too_long_costs_the_queue_nothing(
    site: tuple[App, World, str], phone: BrowserContext
) -> None:
    app, _, _ = site
    code = new_asset(app, system_clock())
    page = phone.new_page()
    page.goto(f"/scan?code={code}")
    expect(page.get_by_test_id("scanned")).to_be_visible()
    # The sign-in changes between the question who is signed in and the sending: its token is one of before.
    page.route(
        "**/api/v1/commands",
        lambda route: route.continue_(headers={**route.request.headers, "x-csrftoken": "of-another-sign-in"}),
    )
    record_seen(page, "first")
    strip = page.get_by_test_id("unsent")
    expect(strip).to_contain_text("Not sent yet: 1")
    expect(strip).not_to_contain_text("refused")
    assert happened(app, code, "sighting") == 0
    page.unroute("**/api/v1/commands")
    expect_all_sent(page)
    assert happened(app, code, "sighting") == 1


def test_signing_out_keeps_it_and_the_next_person_neither_sees_nor_sends_it(
    site: tuple[App, World, str], phone: BrowserContext
) -> None:
    app, _, _ = site
    code = new_asset(app, system_clock())
    page = phone.new_page()
    page.goto(f"/scan?code={code}")
    expect(page.get_by_test_id("scanned")).to_be_visible()
    page.route("**/api/v1/commands", lambda route: route.abort())
    record_seen(page, "mine")
    expect(page.get_by_test_id("unsent")).to_contain_text("Not sent yet: 1")
    phone.clear_cookies()
    page.unroute("**/api/v1/commands")
    sign_in(page, "officer")
    page.goto("/unsent")
    expect(page.locator("[data-foreign]")).to_contain_text("another account")
    assert page.locator("[data-entry]").count() == 0
    assert "mine" not in page.content()
    assert happened(app, code, "sighting") == 0
    phone.clear_cookies()
    sign_in(page, "logistics_officer")
    expect_all_sent(page)
    assert happened(app, code, "sighting") == 1
