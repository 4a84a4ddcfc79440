"""A phone in a yard without a network, over HTTPS: closed and opened again, it shows, refuses and records as ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect
from sqlalchemy import func, select

from assets.core.app import App
from assets.core.clock import system_clock
from assets.documents.models import Document
from assets.labels.token import new_code
from assets.registry.models import Asset, AssetEvent, Label, StockLot
from assets.registry.service.lot_labels import give_label
from tests.e2e.conftest import CHROMIUM, CHROMIUM_FLAGS, PHONE
from tests.support.custody import new_asset
from tests.support.journal import noted
from tests.support.lots import Store
from tests.support.papers import picture
from tests.support.storms import killing
from tests.support.world import PASSWORD, SETUP, Clock, World, build_world
from tests.support.yard import Held, Yard, yard

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


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


def sign_in(page: Page, login: str = "logistics_officer") -> None:
    page.goto("/login")
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.click("main button.primary")
    page.wait_for_url(lambda url: "/login" not in url)


KEPT = """async () => {
  const book = () => new Promise((resolve, reject) => {
    const opening = indexedDB.open("known");
    opening.onerror = reject;
    opening.onsuccess = () => {
      const asked = opening.result.transaction("head").objectStore("head").get("head");
      asked.onsuccess = () => { opening.result.close(); resolve(asked.result); };
    };
  });
  for (;;) {
    const known = (await indexedDB.databases()).some((each) => each.name === "known" && each.version === 1);
    if (known && (await caches.match("/sw-note")) && (await book())) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}"""
"""Returns once the pages and the items are on the phone."""


def ready_for_the_yard(page: Page, login: str = "logistics_officer") -> None:
    """Signed in, with the pages and the items on the phone."""
    sign_in(page, login)
    page.goto("/scan")
    page.evaluate(KEPT)


def scan(page: Page, code: str) -> None:
    """Type the code as a person would, on the scan page."""
    if page.get_by_test_id("scan-next").is_visible():
        page.get_by_test_id("scan-next").click()
    page.get_by_test_id("scan-code").fill(code)
    page.locator("[data-part=code-form] button").click()


def press(page: Page, *names: str) -> None:
    """Choose what has these test ids, one after the other; a choice is its label."""
    for name in names:
        field = page.get_by_test_id(name).first
        (field.locator("xpath=..") if field.get_attribute("type") == "radio" else field).click()


def confirm(page: Page) -> None:
    page.get_by_test_id("action-confirm").click()
    expect(page.get_by_test_id("scan-message").first).to_be_visible(timeout=15_000)


def flush(page: Page) -> None:
    """Send what waits, as the button does, and return when it is over; the page is /unsent."""
    page.evaluate(
        """async () => (await import(document.querySelector('script[src$="outbox/page.js"]').src
        .replace("page.js", "outbox.js"))).flush()"""
    )


def events(app: App) -> list[AssetEvent]:
    """Everything that a phone recorded, in the order in which it happened."""
    with app.reading() as session:
        told = select(AssetEvent).where(AssetEvent.n > 0).order_by(AssetEvent.occurred_at, AssetEvent.n)
        return list(session.scalars(told))


def photos(app: App) -> int:
    with app.reading() as session:
        return session.scalar(select(func.count()).where(Document.event_id.is_not(None))) or 0


def test_closed_and_opened_again_without_a_network_it_answers_scans_and_records_once(
    sqlite_app: App, site: Yard, phone: BrowserContext
) -> None:
    code = new_asset(sqlite_app, system_clock())
    page = phone.new_page()
    ready_for_the_yard(page)
    page.close()
    site.line.is_down = True
    page = phone.new_page()
    page.goto(f"/a/{code}")  # The phone's own camera read the label.
    expect(page.get_by_test_id("as-of")).to_contain_text("kept on this device")
    press(page, "action-issue")
    page.get_by_test_id("person-search").fill("юлдашева")
    expect(page.get_by_test_id("person")).to_have_count(1, timeout=15_000)
    press(page, "person")
    confirm(page)
    expect(page.get_by_test_id("scanned")).to_contain_text("(not sent yet)")
    expect(page.get_by_test_id("action-return")).to_be_visible()
    assert events(sqlite_app) == []
    page.goto("/readiness")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    site.line.is_down = False
    page.goto("/unsent")
    expect(page.get_by_text("Everything is sent")).to_be_visible(timeout=15_000)
    assert [event.kind for event in events(sqlite_app)] == ["issue"]


def test_what_is_not_fit_is_refused_without_a_network_in_the_same_words(
    sqlite_app: App, world: World, site: Yard, phone: BrowserContext
) -> None:
    now = system_clock()
    detector, mirror = new_asset(sqlite_app, now, "ident.ims_trace"), new_asset(sqlite_app, now)
    store = Store(sqlite_app, world, Clock(now))
    lots = {}
    for name, ends in (("good", 90), ("expired", -1)):
        lot = store.receive(f"L-{name}", item=name, expires_on=(now.date() + timedelta(days=ends)).isoformat())
        with sqlite_app.transaction(SETUP, now) as session:
            lots[name] = give_label(session, SETUP, session.get_one(StockLot, lot), now)
    page = phone.new_page()
    ready_for_the_yard(page)
    page.goto(f"/scan?code={detector}")
    online = page.get_by_test_id("fit").inner_text()
    site.line.is_down = True
    page.goto(f"/scan?code={detector}")
    expect(page.get_by_test_id("as-of")).to_be_visible()
    assert page.get_by_test_id("fit").inner_text() == online
    press(page, "action-issue")
    press(page, "person", "action-confirm")
    expect(page.locator("[data-error]")).to_contain_text("Reason to issue it all the same")
    press(page, "action-back")
    scan(page, lots["expired"])
    expect(page.get_by_test_id("scanned")).to_contain_text("expired")
    assert page.get_by_test_id("action-stock_issue").count() == 0
    scan(page, lots["good"])
    expect(page.get_by_test_id("action-stock_issue")).to_be_visible()
    scan(page, mirror)
    press(page, "action-fault", "severity-critical")
    page.get_by_test_id("text").fill("The glass is broken")
    confirm(page)
    expect(page.get_by_test_id("fit")).to_contain_text("dangerous")
    press(page, "action-issue")
    expect(page.get_by_test_id("override_reason")).to_be_visible()


def test_signing_out_leaves_nothing_known_and_the_next_person_sees_his_own(
    sqlite_app: App, site: Yard, phone: BrowserContext
) -> None:
    now = system_clock()
    here, there = new_asset(sqlite_app, now), new_asset(sqlite_app, now, unit="IMT-FA")
    page = phone.new_page()
    ready_for_the_yard(page)
    page.locator("details[data-menu] summary").last.click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
    assert page.evaluate("async () => (await caches.match('/scan')) === undefined")
    ready_for_the_yard(page, "logistics2")
    site.line.is_down = True
    page.goto(f"/scan?code={there}")
    expect(page.get_by_test_id("as-of")).to_be_visible(timeout=15_000)
    scan(page, here)
    expect(page.get_by_test_id("scan-message")).to_contain_text("not among the 1 items")


@pytest.mark.parametrize("way", ["on the page", "past the page"])
def test_pages_on_their_way_at_sign_out_are_not_kept_after_it(way: str, site: Yard, phone: BrowserContext) -> None:
    site.line.held = held = Held("/offline")  # The last of the pages that are kept: the others have come.
    page = phone.new_page()
    sign_in(page)
    page.goto("/scan")
    for _ in range(150):
        if held.made.is_set():
            break
        page.wait_for_timeout(100)
    assert held.made.is_set()
    if way == "on the page":
        page.locator("details[data-menu] summary").last.click()
        page.get_by_role("button", name="Sign out").click()
    else:  # Nothing of the page's own runs: the service worker alone hears of it.
        page.evaluate("document.querySelector('form[action=\"/logout\"]').submit()")
    page.wait_for_url("**/login")
    held.go.set()
    for _ in range(20):  # Nothing tells that nothing comes: red at once where it does.
        assert page.evaluate("async () => (await caches.match('/scan')) === undefined")
        page.wait_for_timeout(100)


def test_browser_sends_what_waits_when_no_page_is_open(sqlite_app: App, site: Yard, phone: BrowserContext) -> None:
    code = new_asset(sqlite_app, system_clock())
    page = phone.new_page()
    ready_for_the_yard(page)
    page.goto(f"/scan?code={code}")
    site.line.is_down = True
    press(page, "action-sighting")
    confirm(page)
    other = phone.new_page()
    page.close()
    assert events(sqlite_app) == []
    site.line.is_down = False
    workers = phone.new_cdp_session(other)
    seen: list[Any] = []
    workers.on("ServiceWorker.workerRegistrationUpdated", lambda told: seen.extend(told["registrations"]))
    workers.send("ServiceWorker.enable")
    for _ in range(50):
        if seen:
            break
        other.wait_for_timeout(100)
    workers.send(
        "ServiceWorker.dispatchSyncEvent",
        {"origin": site.address, "registrationId": seen[0]["registrationId"], "tag": "outbox", "lastChance": False},
    )
    for _ in range(100):
        if events(sqlite_app):
            break
        other.wait_for_timeout(100)
    assert [event.kind for event in events(sqlite_app)] == ["sighting"]


def test_two_thousand_items_open_without_a_network_within_a_second(
    sqlite_app: App, world: World, site: Yard, phone: BrowserContext
) -> None:
    now = system_clock()
    codes = [new_code() for _ in range(2000)]
    with sqlite_app.transaction(SETUP, now) as session:
        for code in codes:
            asset = Asset(
                code=code, class_id=world.classes["search.mirror_uvss"].id, unit_id=world.units["IMT-TK"].id,
                registered_at=now, life="in_service",
            )  # fmt: skip
            session.add(asset)
            session.flush()
            session.add(Label(code=code, state="active", asset_id=asset.id, created_at=now))
    page = phone.new_page()
    ready_for_the_yard(page)
    site.line.is_down = True
    page.goto("/scan")
    took_ms = page.evaluate(
        """async (code) => {
          const begun = performance.now();
          const version = document.querySelector('link[rel=icon]').getAttribute("href").split("/")[2];
          const { lookup } = await import(`/static/${version}/known/known.js`);
          const found = await lookup(code);
          return found && found.asOf ? performance.now() - begun : Infinity;
        }""",
        codes[1234],
    )
    print(f"2000 items: the first answer without a network after {took_ms:.0f} ms")
    assert took_ms < 1000


def test_fifty_actions_survive_lost_answers_two_pages_and_a_server_that_dies_at_every_one(
    sqlite_app: App, site: Yard, phone: BrowserContext, tmp_path: Path
) -> None:
    now = system_clock()
    codes, photo = [new_asset(sqlite_app, now) for _ in range(10)], tmp_path / "IMG_1.png"
    photo.write_bytes(picture())
    page = phone.new_page()
    ready_for_the_yard(page)
    page.close()
    site.line.is_down = True
    page = phone.new_page()
    page.goto("/scan")
    for code in codes:
        five_actions(page, code, photo)
    expect(page.get_by_test_id("unsent")).to_contain_text("Not sent yet: 50")
    page.close()
    page, other = phone.new_page(), phone.new_page()
    page.goto("/unsent")
    other.goto("/unsent")
    waiting = [card.get_attribute("data-entry") for card in page.locator("[data-entry]").all()]
    assert len(waiting) == 50
    deaths = 0
    counts: list[int] = []
    while len(events(sqlite_app)) < 50 and deaths < 150:
        site.line.is_down = False
        # What was recorded before is looked up again in a transaction of its own: the next one is the first new one.
        with killing(sqlite_app.main.engine, len(events(sqlite_app)) + 1, "after_commit"):
            flush((page, other)[deaths % 2])
        deaths += 1
        counts.append(len(events(sqlite_app)))
    assert len(events(sqlite_app)) == 50
    site.line.is_down, site.line.answers_to_lose = False, 4
    for _ in range(6):
        flush(page)
        flush(other)
    expect(page.get_by_text("Everything is sent")).to_be_visible(timeout=30_000)
    told = events(sqlite_app)
    assert [event.id for event in told] == waiting
    written = [entity for entity, action, _, _ in noted(sqlite_app, "asset_event") if action == "added"]
    assert [entity for entity in written if entity in set(waiting)] == waiting, "the journal: once each, in this order"
    assert photos(sqlite_app) == 20
    posts = Counter(path.rsplit("/", 1)[-1] for path in site.line.posted)
    print(f"50 actions, 20 photos: the server died {deaths} times, 4 answers were lost; posts: {dict(posts)}")
    assert counts == list(range(1, 51))


def five_actions(page: Page, code: str, photo: Path) -> None:
    """Seen with a photo, issued, taken back, a fault with a photo, seen again."""
    scan(page, code)
    press(page, "action-sighting", "condition-A")
    page.get_by_test_id("photos").set_input_files(photo)
    confirm(page)
    press(page, "action-issue")
    press(page, "person")
    confirm(page)
    press(page, "action-return", "condition-B", "use-usual")
    confirm(page)
    press(page, "action-fault", "severity-minor")
    page.get_by_test_id("text").fill("A scratch")
    page.get_by_test_id("photos").set_input_files(photo)
    confirm(page)
    press(page, "action-sighting")
    confirm(page)
