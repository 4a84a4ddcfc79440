"""A kit in a yard: checked by ticking, missed parts and old labels, with a network and without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from assets.core.app import App
from assets.core.clock import system_clock
from assets.custody.service.labels import replace_label
from assets.registry.scope import asset_by_code
from tests.e2e.conftest import CHROMIUM, CHROMIUM_FLAGS, PHONE
from tests.e2e.test_offline import confirm, press, ready_for_the_yard, scan
from tests.support.kits import Kits
from tests.support.world import Clock, World, build_world
from tests.support.yard import Yard, yard

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def clock() -> Callable[..., Any]:
    return system_clock


@pytest.fixture
def world(sqlite_app: App) -> World:
    return build_world(sqlite_app, system_clock())


@pytest.fixture
def kits(sqlite_app: App, world: World) -> Kits:
    return Kits(sqlite_app, world, Clock(system_clock() - timedelta(hours=1)))


@pytest.fixture
def site(sqlite_app: App, world: World, tmp_path: Path) -> Iterator[Yard]:
    with yard(sqlite_app, tmp_path / "tls") as found:
        yield found


@pytest.fixture
def page(playwright: Playwright, site: Yard) -> Iterator[Page]:
    flags = [*CHROMIUM_FLAGS, f"--ignore-certificate-errors-spki-list={site.key}"]
    browser: Browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
    context: BrowserContext = browser.new_context(viewport=PHONE, base_url=site.address, locale="en-GB")
    yield context.new_page()
    browser.close()


def labelled(page: Page, code: str) -> None:
    """A USB scanner reads a label while a form is open."""
    page.evaluate(
        """(code) => document.dispatchEvent(new CustomEvent("label-scanned",
        { detail: { code }, cancelable: true }))""",
        code,
    )


def check_with_one_missing(page: Page, kit: str, there: str, gone: str) -> None:
    scan(page, kit)
    expect(page.get_by_test_id("fit")).to_contain_text("Fit for use")
    press(page, "action-kit_check", f"part-{there}-yes", f"part-{gone}-no")
    confirm(page)
    expect(page.get_by_test_id("fit")).to_contain_text("Not fit for use")
    press(page, "action-issue", "person", "action-confirm")
    expect(page.locator("[data-error]")).to_contain_text("Reason to issue it all the same")


def test_kit_with_a_part_missing_is_not_issued(kits: Kits, site: Yard, page: Page) -> None:
    kit, one, other = kits.full_kit()
    ready_for_the_yard(page)
    check_with_one_missing(page, kit, one, other)
    assert kits.fitness(kit).fit is False


def test_kit_is_judged_without_a_network_and_takes_the_parts_along_that_are_in_it(
    kits: Kits, site: Yard, page: Page
) -> None:
    kit, one, other = kits.full_kit()
    ready_for_the_yard(page)
    site.line.is_down = True
    page.goto("/scan")
    check_with_one_missing(page, kit, one, other)
    page.get_by_test_id("override_reason").fill("Nothing else is there")
    confirm(page)
    scan(page, one)
    expect(page.get_by_test_id("scanned")).to_contain_text("(not sent yet)")
    scan(page, other)
    expect(page.get_by_test_id("scanned")).to_contain_text("nobody: in store")
    press(page, "action-kit_take")
    confirm(page)
    expect(page.get_by_test_id("action-kit_take")).to_have_count(0)
    scan(page, kit)
    press(page, "action-kit_check")
    expect(page.get_by_test_id(f"part-{one}-yes")).to_have_count(1)
    expect(page.get_by_test_id(f"part-{other}-yes")).to_have_count(0)


def test_old_label_of_a_part_ticks_it_and_the_kit_s_own_label_nothing(kits: Kits, site: Yard, page: Page) -> None:
    kit, one, _ = kits.full_kit()
    with kits.by("logistics_officer") as (session, actor):
        part = asset_by_code(session, actor, one)
        replace_label(session, actor, part, kits.occurrence(), "Worn off")
        new = part.code
    ready_for_the_yard(page)
    scan(page, kit)
    press(page, "action-kit_check")
    labelled(page, one)
    expect(page.get_by_test_id(f"part-{new}-yes")).to_be_checked()
    labelled(page, kit)
    expect(page.get_by_test_id("kit-told")).to_be_empty()
