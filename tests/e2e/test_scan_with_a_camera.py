"""The scan page in a real browser whose camera films a printed label: open, issue, return, and nothing done twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, Request, expect
from sqlalchemy import func, select

from assets.core.app import App
from assets.core.clock import system_clock
from assets.core.idempotency import CommandReceipt
from assets.core.journal import JournalEntry
from assets.custody.models import CustodyEntry, UseSession
from assets.labels.token import format_code
from assets.registry.models import AssetEvent
from assets.registry.scope import asset_by_code
from assets.registry.service.labels import register_label_blank
from assets.settings import Settings
from tests.support.custody import new_asset
from tests.support.film import film, printed_label
from tests.support.server import serving
from tests.support.world import PASSWORD, SETUP, World, build_world

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
CHROMIUM = "/usr/bin/chromium"


@pytest.fixture
def clock() -> Callable[..., Any]:
    """The browser has a clock of its own, so the server has the real one too."""
    return system_clock


@pytest.fixture
def site(sqlite_app: App) -> Iterator[tuple[App, World, str]]:
    """A running site with the small world: the application, the world, the address."""
    world = build_world(sqlite_app, system_clock())
    with serving(sqlite_app) as address:
        yield sqlite_app, world, address


@pytest.fixture
def browse(playwright: Playwright) -> Iterator[Callable[..., Page]]:
    """Opens a phone-sized page signed in as a login, with a camera that plays a film."""
    opened = []

    def open_page(address: str, login: str, path: Path | None, locale: str = "en-GB") -> Page:
        flags = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        if path is not None:
            flags.append(f"--use-file-for-fake-video-capture={path}")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*flags, "--no-sandbox"])
        opened.append(browser)
        page = browser.new_page(viewport={"width": 390, "height": 844}, locale=locale)
        page.goto(f"{address}/login?next=/scan")
        page.fill("[name=login]", login)
        page.fill("[name=password]", PASSWORD)
        page.click("main button")
        page.wait_for_url("**/scan*")
        return page

    yield open_page
    for browser in opened:
        browser.close()


def label_film(code: str, app: App, folder: Path, layout: str = "L7160", base: str = "") -> Path:
    return film(printed_label(code, layout, base, folder), folder / "camera.y4m")


def counts(app: App) -> list[int]:
    tables = (AssetEvent, CustodyEntry, UseSession, CommandReceipt, JournalEntry)
    with app.reading() as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def holder(app: App, code: str) -> int | None:
    with app.reading() as session:
        return asset_by_code(session, SETUP, code).custodian_person_id


def test_a_filmed_label_opens_its_asset_and_issue_and_return_are_done_once(
    site: tuple[App, World, str], browse: Callable[..., Page], tmp_path: Path
) -> None:
    app, world, address = site
    code = new_asset(app, system_clock())
    page = browse(address, "logistics_officer", label_film(code, app, tmp_path))
    posted: list[str] = []

    def note(request: Request) -> None:
        if request.url.endswith("/api/v1/commands") and request.post_data:
            posted.append(request.post_data)

    page.on("request", note)
    scanned = page.get_by_test_id("scanned")
    expect(scanned).to_have_attribute("data-code", code, timeout=60_000)
    expect(scanned).to_contain_text(format_code(code))

    page.get_by_test_id("action-issue").click()
    page.get_by_test_id("person-search").fill("yuldasheva")
    expect(page.get_by_test_id("person")).to_have_count(1)
    # The radio of a person is drawn over by its label, as a thumb would find it.
    page.get_by_text("Юлдашева").click()
    page.get_by_test_id("action-confirm").click()
    expect(page.get_by_test_id("scan-message")).to_contain_text("Recorded")
    expect(page.get_by_test_id("scanned")).to_contain_text("Юлдашева")
    assert holder(app, code) == world.persons["P-002"].id

    page.get_by_test_id("action-return").click()
    page.locator("label", has=page.get_by_test_id("condition-B")).click()
    page.locator("label", has=page.get_by_test_id("use-usual")).click()
    page.get_by_test_id("action-confirm").click()
    expect(page.get_by_test_id("scan-message")).to_contain_text("Recorded")
    expect(page.get_by_test_id("action-issue")).to_be_visible()
    assert holder(app, code) is None
    expect(page.get_by_test_id("unsent")).to_be_hidden()

    before, sent = counts(app), list(posted)
    assert len(sent) == 2
    for _ in range(3):
        for body in sent:
            answer = page.evaluate(
                """async (body) => {
                    const token = document.querySelector('meta[name="csrf-token"]').content;
                    const headers = {"Content-Type": "application/json", "X-CSRFToken": token};
                    const response = await fetch("/api/v1/commands", {method: "POST", headers, body});
                    return [response.status, await response.text()];
                }""",
                body,
            )
            assert answer[0] == 200, answer
            assert [result["status"] for result in json.loads(answer[1])["results"]] == ["repeated"]
    assert counts(app) == before


def test_a_filmed_blank_label_is_put_on_an_item_whose_old_one_then_says_so(
    site: tuple[App, World, str], browse: Callable[..., Page], tmp_path: Path
) -> None:
    app, _, address = site
    code = new_asset(app, system_clock())
    with app.transaction(SETUP, system_clock()) as session:
        blank = register_label_blank(session, SETUP, system_clock()).code
    page = browse(address, "logistics_officer", label_film(blank, app, tmp_path))
    expect(page.get_by_test_id("scanned")).to_have_attribute("data-code", blank, timeout=60_000)
    page.get_by_test_id("action-claim_label").click()
    page.get_by_test_id("claim-scan").click()
    # The camera still films the blank label, which is not taken for the item's; here the old code is typed.
    page.get_by_test_id("scan-code").fill(format_code(code).lower())
    page.get_by_test_id("scan-code").press("Enter")
    expect(page.get_by_test_id("claim-item")).to_have_value(format_code(code))
    page.get_by_test_id("action-confirm").click()
    expect(page.get_by_test_id("scan-message")).to_contain_text("Recorded")
    expect(page.get_by_test_id("scanned")).to_have_attribute("data-code", blank)
    with app.reading() as session:
        assert asset_by_code(session, SETUP, code).code == blank
    page.goto(f"{address}/scan?code={code}")
    expect(page.get_by_test_id("scan-message")).to_contain_text("was replaced")
    expect(page.get_by_test_id("scanned")).to_have_attribute("data-code", blank)


def test_a_small_label_with_the_bare_code_opens_its_asset_too(
    site: tuple[App, World, str], browse: Callable[..., Page], tmp_path: Path
) -> None:
    app, _, address = site
    code = new_asset(app, system_clock())
    page = browse(address, "officer", label_film(code, app, tmp_path, "L7651"))
    expect(page.get_by_test_id("scanned")).to_have_attribute("data-code", code, timeout=60_000)
    expect(page.get_by_test_id("action-sighting")).to_be_visible()
    assert page.get_by_test_id("action-issue").count() == 0


def test_a_label_of_a_foreign_host_is_refused_and_never_opened(
    site: tuple[App, World, str], browse: Callable[..., Page], tmp_path: Path
) -> None:
    app, _, address = site
    code = new_asset(app, system_clock())
    requests: list[str] = []
    page = browse(address, "officer", label_film(code, app, tmp_path, base="https://assets.evil.example"))
    page.on("request", lambda request: requests.append(request.url))
    expect(page.locator('[data-part="camera-note"]')).to_contain_text(
        "assets.evil.example", ignore_case=True, timeout=60_000
    )
    assert page.get_by_test_id("scanned").count() == 0
    assert not [url for url in requests if not url.startswith((address, "blob:", "data:"))]


def test_an_address_of_ours_on_a_label_opens_its_asset(
    site: tuple[App, World, str], browse: Callable[..., Page], tmp_path: Path
) -> None:
    app, _, address = site
    code = new_asset(app, system_clock())
    # The test site calls itself http://localhost; a label from the days of https still is its own.
    assert app.settings == Settings(data_dir=app.settings.data_dir, base_url="http://localhost")
    page = browse(address, "officer", label_film(code, app, tmp_path, base="https://localhost"))
    expect(page.get_by_test_id("scanned")).to_have_attribute("data-code", code, timeout=60_000)


def test_without_a_camera_the_code_is_typed_and_refusals_say_why(
    site: tuple[App, World, str], browse: Callable[..., Page]
) -> None:
    app, _, address = site
    code = new_asset(app, system_clock())
    page = browse(address, "logistics_officer", None)
    typed = format_code(code).lower().replace("0", "o").replace("1", "l")
    page.get_by_test_id("scan-code").fill(typed)
    page.get_by_test_id("scan-code").press("Enter")
    expect(page.get_by_test_id("scanned")).to_have_attribute("data-code", code)
    page.get_by_test_id("action-fault").click()
    page.locator("label", has=page.get_by_test_id("severity-critical")).click()
    page.get_by_test_id("text").fill("<img src=x onerror=alert(1)> glass broken")
    page.get_by_test_id("action-confirm").click()
    expect(page.get_by_test_id("fit")).to_contain_text("Not fit")
    page.get_by_test_id("action-issue").click()
    page.get_by_text("Karimov").click()
    page.get_by_test_id("action-confirm").click()
    expect(page.locator("[data-error]")).to_contain_text("Reason")
    page.get_by_test_id("override_reason").fill("Exercise without live use")
    page.get_by_test_id("action-confirm").click()
    expect(page.get_by_test_id("scan-message")).to_contain_text("Recorded")
    assert holder(app, code) is not None
