"""The logistics officer's fourth story: what is due in 30 days by km, hours or date, and what the forecast rests on."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.conftest import DESKTOP
from tests.support.office import Office

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("stories")]
UNIT = "IMT-SU"
TODAY = datetime.now(UTC).date()
PATROL, INVESTIGATION = "JTMDU000000000407", "JTMDU000000000408"


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@pytest.fixture
def page(officers: dict[str, BrowserContext]) -> Iterator[Page]:
    page = officers["neighbour"].new_page()
    page.set_viewport_size(DESKTOP)
    yield page
    page.close()


def bring_in(office: Office, folder: Path, kind: str, head: tuple[str, ...], *rows: tuple[object, ...]) -> None:
    path = folder / f"{kind}.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    office.assets("import", kind, str(path))


def code_of(office: Office, vin: str) -> str:
    (asset,) = office.call("/assets", login="neighbour", query=vin)["items"]
    return str(asset["code"])


def read_meter(office: Office, code: str, meter: str, values_by_day: dict[int, int]) -> None:
    """Readings told by a phone, each of so many days ago."""
    now = datetime.now(UTC)
    commands = [
        {
            "id": str(uuid4()), "n": n, "kind": "reading", "code": code,
            "occurred_at": (now - timedelta(days=days)).isoformat(), "data": {"meter": meter, "value": value},
        }
        for n, (days, value) in enumerate(values_by_day.items())
    ]  # fmt: skip
    told = office.call("/commands", {"sent_at": now.isoformat(), "commands": commands}, login="neighbour")
    assert {result["status"] for result in told["results"]} == {"accepted"}, told


def row_of(page: Page, code: str, care: str) -> Locator:
    """The line of one care of one item."""
    printed = f"{code[:5]}-{code[5:]}"
    return page.get_by_role("row").filter(has_text=printed).filter(has_text=care)


def test_what_is_due_in_30_days_comes_by_its_earliest_trigger(story_office: Office, page: Page, tmp_path: Path) -> None:
    # Both serviced 100 days ago at 40,000 km, and driven 40 km a day since: 4,000 km.
    head = ("class", "unit", "vin", "life", "odometer_km", "last_service_on", "last_service_km", "received_on")
    bring_in(
        story_office, tmp_path, "assets", head,
        ("vehicle.patrol", UNIT, PATROL, "in_service", 44_000, ago(100), 40_000, ago(400)),
        ("vehicle.investigation", UNIT, INVESTIGATION, "in_service", 44_000, ago(100), 40_000, ago(400)),
    )  # fmt: skip
    patrol, investigation = (code_of(story_office, vin) for vin in (PATROL, INVESTIGATION))
    for code in (patrol, investigation):
        read_meter(story_office, code, "odometer_km", {days: 44_000 - 40 * days for days in (90, 60, 30)})
    story_office.assets("job", "run", "due_list")

    # By kilometres: severe use is the patrol class's own (5,000 km, half a year), and the kilometres come first.
    page.goto("/maintenance?within_days=30")
    oil = row_of(page, patrol, "Engine oil")
    expect(oil).to_contain_text("severe use")
    expect(oil).to_contain_text("45,000")
    expect(oil).to_contain_text("1,000 km left")
    expect(oil).to_contain_text("Assumes 40.0 a day, the mean of the")
    expect(row_of(page, investigation, "Engine oil")).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text("Grace: a fifth of the interval, at most 28 days.")

    # By date: half a year of severe use is over in 83 days, and the list says when and with which grace.
    page.goto(f"/assets/{patrol}/plans")
    brakes = page.get_by_role("row").filter(has_text="Brake inspection")
    expect(brakes).to_contain_text("grace 28 days")
    expect(brakes).to_contain_text("severe use")

    # By hours: a plan of its own, by the engine's hours or the calendar, whichever comes first.
    read_meter(story_office, investigation, "engine_h", {50: 0, 1: 90})
    page.goto(f"/assets/{investigation}/plans")
    page.fill("[name=name]", "Generator service")
    page.fill("[name=interval_days]", "365")
    page.select_option("[name=meter_kind]", "engine_h")
    page.fill("[name=meter_interval]", "100")
    page.fill("[name=last_done_on]", ago(50))
    page.fill("[name=last_done_meter]", "0")
    page.fill("[name=reason]", "It carries a generator.")
    page.get_by_role("button", name="Add the plan").click()
    page.goto("/maintenance?within_days=30")
    generator = row_of(page, investigation, "Generator service")
    expect(generator).to_contain_text("10 h left")
    expect(generator).to_contain_text("grace 28 days")
