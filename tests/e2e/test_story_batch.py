"""The logistics officer's first story: 200 items from a spreadsheet, wrong rows by name, labels, and the act."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import DESKTOP, sign_in
from tests.support.office import PASSWORD, Office

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("stories")]
UNIT = "IMT-SI"
HEAD = ("class", "unit", "serial_number", "vin", "received_on")
VIN = "JTEBU3FJ40K012345"
VIN_IN_CYRILLIC = "JТЕВU3FJ40K012345"  # Т, Е, В
TWICE, SECOND_VAN, UNKNOWN = 61, 121, 181


def spreadsheet() -> bytes:
    """200 rows: one serial number twice, one VIN twice (each once in Cyrillic look-alikes), one class that is none."""
    rows = [["comms.radio", UNIT, f"BA-{n:03}", "", "2026-05-06"] for n in range(200)]
    rows[0] = ["vehicle.patrol", UNIT, "", VIN, "2026-05-06"]
    rows[TWICE - 2][2] = "ВА-010"  # what stands in row 12, its first two letters Cyrillic
    rows[SECOND_VAN - 2] = ["vehicle.patrol", UNIT, "", VIN_IN_CYRILLIC, "2026-05-06"]
    rows[UNKNOWN - 2][0] = "comms.walkie"
    text = io.StringIO()
    csv.writer(text).writerows([HEAD, *rows])
    return text.getvalue().encode()


@pytest.fixture
def page(officers: dict[str, BrowserContext]) -> Iterator[Page]:
    page = officers["logistics"].new_page()
    page.set_viewport_size(DESKTOP)
    yield page
    page.close()


def registered(office: Office, query: str) -> int:
    return len(office.call("/assets", login="logistics", query=query, limit=500)["items"])


def test_wrong_rows_are_named_and_nothing_is_kept_until_the_right_ones_are_asked_for(
    story_office: Office, page: Page
) -> None:
    page.goto("/import?kind=assets")
    page.set_input_files("[name=table]", {"name": "batch.csv", "mimeType": "text/csv", "buffer": spreadsheet()})
    page.locator("main form button.primary").click()
    page.wait_for_url("**/import/*")

    # Each wrong row by its number, column and words; of two that are one, the row that had it first.
    expect(page.get_by_role("main")).to_contain_text("3 rows have errors. Nothing is saved yet.")
    for row, column, words in (
        (TWICE, "serial_number", "Row 12 "), (SECOND_VAN, "vin", "Row 2 "), (UNKNOWN, "class", "comms.walkie"),
    ):  # fmt: skip
        wrong = page.get_by_role("row").filter(has_text=f"Row {row}").filter(has_text="error")
        expect(wrong).to_contain_text(column)
        expect(wrong).to_contain_text(words)
    assert registered(story_office, "BA-") == registered(story_office, VIN) == 0

    # All of it cannot be saved while a row is wrong; the right ones are saved when that is said.
    expect(page.get_by_role("button", name="Save all")).to_have_count(0)
    page.get_by_role("button", name="Save the 197 valid rows").click()
    expect(page.get_by_role("main")).to_contain_text("197 rows were saved.")
    assert registered(story_office, "BA-") == 196
    assert registered(story_office, VIN) == 1

    # Their labels, on A4.
    page.get_by_role("link", name="Print labels").click()
    page.get_by_label("these codes").check()
    found = story_office.call("/assets", login="logistics", query="BA-", limit=500)["items"]
    page.fill("[name=codes]", "\n".join(asset["code"] for asset in found[:24]))
    page.select_option("[name=layout]", "L7160")
    with page.expect_download() as printed:
        page.get_by_role("button", name="Make the PDF").click()
    pdf = printed.value.path().read_bytes()
    assert pdf.startswith(b"%PDF-")


def test_the_act_of_a_batch_prints_in_three_languages(story_office: Office, browser: Browser, page: Page) -> None:
    for code, kind in (("JAPAN", "donor"), ("CUSTOMS", "agency")):
        story_office.assets("organisation", "add", code, "--kind", kind, "--name", code.title())
    story_office.call("/grants", {"code": "JP-9", "title": "Equipment of teams", "donor": "JAPAN"})
    line = {
        "class": "comms.radio", "unit": UNIT, "agency": "CUSTOMS", "unit_value": 1500, "serials": ["RB-1", "RB-2"],
    }  # fmt: skip
    made = story_office.call(
        "/batches",
        {"number": "R-9", "grant": "JP-9", "handed_over_on": "2026-05-06", "currency": "USD", "lines": [line]},
    )
    context = browser.new_context(viewport=DESKTOP, base_url=story_office.address)
    desk = context.new_page()
    sign_in(desk, story_office.address, "coordinator", PASSWORD)
    desk.goto(f"/rounds/{made['id']}")
    expect(desk.get_by_role("main")).to_contain_text("R-9")
    for language in ("uz", "ru", "en"):
        act = desk.request.get(f"/rounds/{made['id']}/act.pdf?lang={language}")
        assert act.ok, language
        assert act.body().startswith(b"%PDF-"), language
    context.close()
