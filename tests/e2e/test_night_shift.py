"""A night shift of twelve items in flight mode, the phone switched off in between; and what is not back at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Route, expect
from sqlalchemy import select

from assets.core.app import App
from assets.core.clock import system_clock
from assets.registry.models import AssetEvent
from assets.registry.scope import asset_by_code
from assets.shifts.models import Shift, ShiftItem
from assets.shifts.service import NewItem, create_set
from tests.e2e.conftest import CHROMIUM, CHROMIUM_FLAGS, PHONE, expect_all_sent
from tests.e2e.test_offline import press, ready_for_the_yard
from tests.support.custody import new_asset
from tests.support.world import SETUP, World, build_world
from tests.support.yard import Yard, yard

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ITEMS = 12


@pytest.fixture
def clock() -> Callable[..., Any]:
    return system_clock


@pytest.fixture
def world(sqlite_app: App) -> World:
    return build_world(sqlite_app, system_clock())


@pytest.fixture
def site(sqlite_app: App, world: World, tmp_path: Path) -> Iterator[Yard]:
    with yard(sqlite_app, tmp_path / "tls") as found:
        yield found


@pytest.fixture
def phone(playwright: Playwright, site: Yard) -> Iterator[BrowserContext]:
    flags = [*CHROMIUM_FLAGS, f"--ignore-certificate-errors-spki-list={site.key}"]
    browser: Browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
    context = browser.new_context(viewport=PHONE, base_url=site.address, locale="en-GB", timezone_id="Asia/Tashkent")
    yield context
    browser.close()


def kit_of(app: App, world: World) -> list[str]:
    """Twelve items, the first two in a standing set of the unit."""
    codes = [new_asset(app, system_clock()) for _ in range(ITEMS)]
    with app.transaction(SETUP, system_clock()) as session:
        unit = session.merge(world.units["IMT-TK"], load=True)
        create_set(session, SETUP, unit, "Night kit", [NewItem(code=code) for code in codes[:2]])
    return codes


def add(page: Page, code: str) -> None:
    page.get_by_test_id("scan-code").fill(code)
    page.get_by_test_id("add-code").click()
    expect(page.locator(f'[data-testid=thing][data-code="{code}"]').get_by_test_id("thing-tick")).to_be_checked()


def choose_crew(page: Page) -> None:
    page.get_by_test_id("crew-search").fill("Karimov")
    page.get_by_test_id("crew-choice").first.click()
    expect(page.get_by_test_id("crew")).to_contain_text("Karimov")


def told(app: App, kind: str) -> list[AssetEvent]:
    with app.reading() as session:
        found = select(AssetEvent).where(AssetEvent.kind == kind).order_by(AssetEvent.occurred_at, AssetEvent.n)
        return list(session.scalars(found))


def test_twelve_items_issued_in_flight_mode_are_twelve_events_once_and_what_is_not_back_is_on_the_board(
    site: Yard, phone: BrowserContext, sqlite_app: App, world: World
) -> None:
    app, codes = sqlite_app, kit_of(sqlite_app, world)
    ready_for_the_yard(phone.new_page())
    phone.set_offline(True)
    page = phone.new_page()
    page.goto("/shifts/new")
    choose_crew(page)
    page.get_by_test_id("standing-set").click()
    expect(page.get_by_test_id("thing")).to_have_count(2)
    for code in codes[:7]:
        add(page, code)
    page.close()  # Switched off with the basket half full.
    page = phone.new_page()
    page.goto("/shifts/new")
    expect(page.get_by_test_id("thing")).to_have_count(7)
    expect(page.get_by_test_id("crew")).to_contain_text("Karimov")
    for code in codes[7:]:
        add(page, code)
    stale = phone.new_page()
    stale.goto("/shifts/new")
    expect(stale.get_by_test_id("thing")).to_have_count(ITEMS)
    page.bring_to_front()
    page.get_by_test_id("shift-confirm").click()
    expect(page.get_by_test_id("shift-done")).to_contain_text("kept on this device")
    confirm_again(stale, codes[0])
    expect(page.get_by_test_id("unsent")).to_contain_text(f"Not sent yet: {ITEMS + 1}")
    for each in phone.pages:
        each.close()  # Switched off again, with everything still here.
    assert told(app, "issue") == []
    phone.set_offline(False)
    page = phone.new_page()
    expect_all_sent(page)
    page.goto("/shifts/new")
    expect(page.get_by_test_id("thing")).to_have_count(0)
    issues = told(app, "issue")
    assert sorted(event.asset_id for event in issues) == sorted({event.asset_id for event in issues})
    assert len(issues) == ITEMS
    with app.reading() as session:
        (shift,) = session.scalars(select(Shift))
        assert {item.shift_id for item in session.scalars(select(ShiftItem))} == {shift.id}
        assert len(session.scalars(select(ShiftItem)).all()) == ITEMS
    come_back(page, shift.id, codes[1:])
    with app.transaction(SETUP, system_clock()) as session:
        # The night is over: the shift and its loan ended an hour ago.
        over = system_clock() - timedelta(hours=1)
        kept = session.get_one(Shift, shift.id)
        kept.started_at, kept.ends_at = over - timedelta(hours=12), over
        asset_by_code(session, SETUP, codes[0]).custody_until = over
    page.goto("/shifts")
    expect(page.get_by_text("1 item is not back at its shift's end.")).to_be_visible()
    expect(page.get_by_text("not back at its end").first).to_be_visible()


def confirm_again(stale: Page, code: str) -> None:
    """Another tab still shows the basket: it says that it was confirmed, and nothing of it comes back."""
    stale.bring_to_front()
    # It may have looked by itself already, and then has nothing to press any more.
    stale.evaluate("document.querySelector('[data-testid=shift-confirm]')?.click()")
    expect(stale.get_by_test_id("shift-done")).to_contain_text("was confirmed already")
    stale.goto("/shifts/new")
    expect(stale.get_by_test_id("shift-confirm")).to_be_visible()
    expect(stale.get_by_test_id("thing")).to_have_count(0)


def test_what_is_typed_or_asked_while_a_basket_is_sent_does_not_bring_it_back(
    site: Yard, phone: BrowserContext, sqlite_app: App, world: World
) -> None:
    app, code = sqlite_app, new_asset(sqlite_app, system_clock())
    page = phone.new_page()
    ready_for_the_yard(page)
    page.goto("/shifts/new")
    choose_crew(page)
    add(page, code)
    held: list[Route] = []
    page.route("**/api/v1/commands", lambda route: held.append(route))  # noqa: PLW0108 - playwright marks the function
    with page.expect_request("**/api/v1/commands"):
        page.get_by_test_id("shift-confirm").click()
    page.get_by_test_id("note").fill("typed while it is sent")
    held.pop().continue_()
    page.unroute("**/api/v1/commands")
    expect(page.get_by_test_id("shift-done")).to_be_visible(timeout=15_000)
    page.goto("/shifts/new")
    expect(page.get_by_test_id("shift-confirm")).to_be_visible()
    expect(page.get_by_test_id("thing")).to_have_count(0)
    assert len(told(app, "issue")) == 1


def come_back(page: Page, shift: str, codes: list[str]) -> None:
    """All but one come back, scanned without a network too."""
    page.goto(f"/shifts/{shift}/return")
    expect(page.get_by_test_id("thing")).to_have_count(len(codes) + 1)
    page.context.set_offline(True)
    for code in codes:
        page.get_by_test_id("scan-code").fill(code)
        page.get_by_test_id("add-code").click()
        expect(page.locator(f'[data-testid=thing][data-code="{code}"]').get_by_test_id("thing-tick")).to_be_checked()
    press(page, "all-good", "shift-confirm")
    expect(page.get_by_test_id("shift-done")).to_contain_text("kept on this device")
    expect(page.get_by_test_id("shift-done")).to_contain_text("Still out: 1")
    page.context.set_offline(False)
    expect(page.get_by_test_id("unsent")).to_be_hidden(timeout=30_000)


def test_item_whose_check_failed_stays_here_with_words_online_and_offline(
    site: Yard, phone: BrowserContext, sqlite_app: App, world: World
) -> None:
    app, code = sqlite_app, new_asset(sqlite_app, system_clock())
    page = phone.new_page()
    ready_for_the_yard(page)
    phone.set_offline(True)
    page.goto(f"/scan?code={code}")
    press(page, "action-check", "check-all-ok", "point-glass-not")
    page.get_by_test_id("check-fault-text").fill("Cracked across")
    press(page, "action-confirm")
    expect(page.get_by_test_id("scan-message").first).to_contain_text("kept on this device")
    expect(page.get_by_test_id("fit")).to_contain_text("Repair it, or check it again.")
    for is_offline in (True, False):
        phone.set_offline(is_offline)
        if not is_offline:
            expect_all_sent(page)
        page.goto("/shifts/new")
        if is_offline:
            choose_crew(page)
            page.get_by_test_id("scan-code").fill(code)
            page.get_by_test_id("add-code").click()
        thing = page.get_by_test_id("thing")
        expect(thing).to_contain_text("check it again")
        expect(thing.get_by_test_id("thing-tick")).not_to_be_checked()
        thing.get_by_test_id("thing-tick").check()
        page.get_by_test_id("shift-confirm").click()
        expect(page.get_by_test_id("shift-problem")).to_contain_text("leave it here, or state a reason")
        thing.get_by_test_id("thing-tick").uncheck()
    assert [event.data["passed"] for event in told(app, "check")] == [False]
    assert [event.data["text"] for event in told(app, "fault")] == ["Cracked across"]
    assert told(app, "issue") == []
