"""Signing on the glass of the scan page, and confirming: with the mouse as a finger, without a connection, by PIN."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from assets.core import files
from assets.core.app import App
from assets.core.clock import system_clock
from assets.custody.models import CustodyConfirmation, Signature
from assets.people.service.pins import set_pin
from tests.e2e.conftest import PHONE, expect_all_sent
from tests.support.custody import new_asset
from tests.support.server import serving
from tests.support.world import PASSWORD, World, build_world

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PIN = "730418"


@pytest.fixture
def clock() -> Callable[..., Any]:
    return system_clock


@pytest.fixture
def site(sqlite_app: App) -> Iterator[tuple[App, World, str]]:
    world = build_world(sqlite_app, system_clock())
    with serving(sqlite_app) as address:
        yield sqlite_app, world, address


def signed_in(browser: Browser, address: str, login: str, **options: Any) -> tuple[BrowserContext, Page]:
    context = browser.new_context(viewport=PHONE, base_url=address, **options)
    page = context.new_page()
    page.goto("/login")
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.click("main button.primary")
    page.wait_for_url(lambda url: "/login" not in url)
    return context, page


def draw(page: Page) -> None:
    """A zigzag across the pad."""
    pad = page.get_by_test_id("signature-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 90)
    page.mouse.down()
    for n in range(1, 9):
        page.mouse.move(box["x"] + 30 + 30 * n, box["y"] + (40 if n % 2 else 130), steps=4)
    page.mouse.up()


def begin_issue(page: Page, code: str) -> None:
    page.goto(f"/scan?code={code}")
    page.get_by_test_id("action-issue").click()
    page.get_by_test_id("person").and_(page.locator("[value='P-002']")).check(force=True)


def words_of(app: App) -> list[tuple[str, bool]]:
    with app.reading() as session:
        rows = session.scalars(select(CustodyConfirmation).order_by(CustodyConfirmation.at)).all()
        return [(row.method, row.has_it) for row in rows]


def test_signed_on_glass_without_a_connection_it_comes_dark_on_white_and_once(
    site: tuple[App, World, str], browser: Browser
) -> None:
    app, _, address = site
    code = new_asset(app, system_clock())
    context, page = signed_in(browser, address, "logistics_officer", color_scheme="dark", device_scale_factor=3)
    begin_issue(page, code)
    draw(page)
    page.get_by_test_id("signature-clear").click()
    draw(page)
    context.set_offline(True)
    page.get_by_test_id("action-confirm").click()
    expect(page.get_by_test_id("unsent")).to_contain_text("Not sent yet: 1")
    context.set_offline(False)
    expect(page.get_by_test_id("unsent")).to_be_hidden(timeout=30_000)
    assert words_of(app) == [("signature", True)]
    with app.reading() as session:
        kept = session.scalars(select(Signature)).one()
        drawn = Image.open(BytesIO(files.read(files.folder_in(app.settings.data_dir), kept.file_key))).convert("L")
    shades = drawn.histogram()
    assert drawn.getpixel((0, 0)) == 255, "white paper in the dark theme"
    assert 0 < sum(shades[:80]) < sum(shades[200:]) / 4, "dark ink, and not much of it"
    assert kept.size < 60_000
    context.close()


def test_a_touch_by_mistake_is_no_signature_and_paper_is_an_answer(
    site: tuple[App, World, str], browser: Browser
) -> None:
    app, _, address = site
    code = new_asset(app, system_clock())
    context, page = signed_in(browser, address, "logistics_officer")
    begin_issue(page, code)
    page.get_by_test_id("signature-pad").click()
    page.get_by_test_id("signed-on-paper").focus()
    page.keyboard.press("Space")
    page.get_by_test_id("action-confirm").click()
    expect(page.get_by_test_id("scan-message")).to_contain_text("Recorded")
    page.goto(f"/assets/{code}")
    expect(page.locator(".timeline")).to_contain_text("signed on paper")
    assert words_of(app) == []
    context.close()


def test_a_pin_is_sealed_on_the_issuers_phone_also_without_a_connection(
    site: tuple[App, World, str], browser: Browser
) -> None:
    app, world, address = site
    with app.transaction(world.actors["officer"], system_clock()) as session:
        account = session.merge(world.accounts["officer"])
        set_pin(session, world.actors["officer"], account, PIN, system_clock())
    codes = [new_asset(app, system_clock()) for _ in range(2)]
    context, page = signed_in(browser, address, "logistics_officer")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or "") if "/commands" in request.url else None)
    with page.expect_response("**/scan/pin-key"):
        begin_issue(page, codes[0])
    page.get_by_test_id("pin").fill("12")
    page.get_by_test_id("action-confirm").click()
    expect(page.locator("[data-error]")).to_contain_text("six digits")
    page.get_by_test_id("pin").fill(PIN)
    context.set_offline(True)
    page.get_by_test_id("action-confirm").click()
    expect(page.get_by_test_id("unsent")).to_contain_text("Not sent yet: 1")
    context.set_offline(False)
    expect(page.get_by_test_id("unsent")).to_be_hidden(timeout=30_000)
    assert words_of(app) == [("pin", True)]
    begin_issue(page, codes[1])
    page.get_by_test_id("pin").fill("990001")
    page.get_by_test_id("action-confirm").click()
    expect(page.get_by_test_id("scan-message")).to_contain_text("wrong PIN")
    assert words_of(app) == [("pin", True)]
    assert any("sealed" in body for body in sent)
    assert not [body for body in sent if PIN in body or "990001" in body]
    context.close()


def test_the_receiver_confirms_and_denies_on_his_own_phone(site: tuple[App, World, str], browser: Browser) -> None:
    app, _, address = site
    codes = [new_asset(app, system_clock()) for _ in range(3)]
    context, page = signed_in(browser, address, "logistics_officer")
    for code in codes:
        begin_issue(page, code)
        page.get_by_test_id("action-confirm").click()
        expect(page.get_by_test_id("scan-message")).to_contain_text("Recorded")
    his, phone = signed_in(browser, address, "officer")
    phone.goto("/confirmations")
    boxes = phone.locator("input[name=issue]")
    expect(boxes).to_have_count(3)
    boxes.nth(0).check()
    boxes.nth(1).check()
    phone.get_by_test_id("have-it").click()
    expect(boxes).to_have_count(1)
    his.set_offline(True)
    phone.get_by_test_id("have-it-not").click()
    expect(phone.locator("[data-said]")).to_contain_text("kept on this device")
    his.set_offline(False)
    expect_all_sent(phone)
    assert sorted(words_of(app)) == [("own_phone", False), ("own_phone", True), ("own_phone", True)]
    page.goto("/confirmations/unit?show=denied")
    expect(page.locator("main")).to_contain_text("denied")
    his.close()
    context.close()
