"""The logistics officer's fifth story on the phone: test kits first expired first out, counted to the last test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.office import Office

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("stories")]
UNIT = "IMT-NG"
KIT: dict[str, Any] = {
    "class": "ident.test_kit", "item": "Colour test", "unit": UNIT, "counted_in": "packs", "tests_per_pack": 20,
}  # fmt: skip


def in_days(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


@pytest.fixture
def office(story_office: Office) -> Office:
    story_office.call("/persons", {"number": "P-7", "unit": UNIT, "name": "Aliyev Anvar"}, login="storekeeper")
    return story_office


@pytest.fixture
def page(officers: dict[str, BrowserContext]) -> Iterator[Page]:
    page = officers["storekeeper"].new_page()
    yield page
    page.close()


def issue_by_scan(page: Page, lot: dict[str, Any], quantity: str) -> None:
    page.goto(f"/scan?code={lot['code']}")
    page.get_by_test_id("action-stock_issue").click()
    page.get_by_test_id("quantity").fill(quantity)
    page.get_by_text("Aliyev Anvar").click()


def test_kits_go_first_expired_first_out_and_are_counted_to_the_last_test(office: Office, page: Page) -> None:
    numbers = {"OLD": -1, "SOON": 20, "LATER": 80}
    lots = {
        name: office.call(
            "/lots", KIT | {"lot_number": name, "quantity": 5, "expires_on": in_days(days)}, login="storekeeper"
        )
        for name, days in numbers.items()
    }

    # Warnings: what expired, and what expires within 30 and 90 days.
    page.goto("/")
    for words in ("lots must not be used", "lots expire within 30 days", "lots expire within 90 days"):
        expect(page.get_by_text(words)).to_be_visible()

    # An expired lot cannot be issued: the page says so and offers nothing to do it with.
    page.goto(f"/scan?code={lots['OLD']['code']}")
    expect(page.get_by_test_id("fit")).to_contain_text("expired")
    expect(page.get_by_test_id("fit")).to_contain_text("Lot SOON goes first.")
    expect(page.get_by_test_id("action-stock_issue")).to_have_count(0)

    # The form proposes what expires first, and asks why another.
    page.goto(f"/lots/{lots['LATER']['id']}/issue")
    expect(page.get_by_label("lot SOON")).to_be_checked()
    page.get_by_text("lot LATER ·").click()
    page.get_by_label("How much").fill("1")
    page.get_by_label("To whom").select_option("P-7")
    page.get_by_role("button", name="Issue").click()
    expect(page.get_by_role("alert")).to_contain_text("Lot SOON expires first")

    # By its label, from the phone.
    issue_by_scan(page, lots["SOON"], "2")
    page.get_by_test_id("action-confirm").click()
    expect(page.get_by_text("Recorded", exact=True)).to_be_visible()
    assert office.call(f"/lots/{lots['SOON']['id']}", login="storekeeper")["on_hand"] == 3

    # A pack is opened with its positive control, and its tests are counted off.
    page.goto(f"/lots/{lots['SOON']['id']}")
    page.locator("summary", has_text="Open a pack").click()
    page.get_by_text("Passed: it showed").click()
    page.get_by_role("button", name="Open a pack").click()
    expect(page.get_by_text("20 tests left")).to_be_visible()
    page.get_by_label("Tests used").fill("8")
    page.get_by_role("button", name="Count off").click()
    expect(page.get_by_text("12 tests left", exact=True)).to_be_visible()

    # How long it lasts: 8 packs in date, 2 issued in 90 days.
    page.goto("/lots/items")
    expect(page.get_by_text("360 days")).to_be_visible()

    # Recalled: it is not issued any more, and the page says who still has some.
    page.goto(f"/lots/{lots['SOON']['id']}")
    page.locator("summary", has_text="Recall the lot").click()
    page.locator("#recall_reason").fill("The maker's notice")
    page.get_by_role("button", name="Recall the lot").click()
    expect(page.get_by_text("Some of it is still out")).to_be_visible()
    expect(page.locator("#out")).to_contain_text("Aliyev Anvar")
    expect(page.locator("a", has_text="Issue").filter(has_not_text="issued")).to_have_count(0)
