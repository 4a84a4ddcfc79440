"""The logistics officer's third story: the forensic van is lent to another team, used there, and missed when late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from assets.bootstrap import build_app
from assets.core.actor import system_actor
from assets.labels.token import format_code
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.service.assets import register_asset
from assets.settings import Settings
from tests.support.office import Office

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("stories")]
HERE, THERE = "IMT-SI", "IMT-SU"
VAN = {"class": "vehicle.forensic_van", "unit": HERE, "life": "in_service"}
NOW = datetime.now(UTC)


@pytest.fixture
def pages(officers: dict[str, BrowserContext]) -> Iterator[dict[str, Page]]:
    opened = {login: officers[login].new_page() for login in ("logistics", "neighbour")}
    yield opened
    for page in opened.values():
        page.close()


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def told_late(office: Office, login: str, kind: str, code: str, at: datetime, data: dict[str, Any]) -> None:
    """What a phone without a network kept for days, and sends now."""
    command = {"id": str(uuid4()), "n": 0, "kind": kind, "code": code, "occurred_at": at.isoformat(), "data": data}
    body = {"sent_at": datetime.now(UTC).isoformat(), "commands": [command]}
    (result,) = office.call("/commands", body, login=login)["results"]
    assert result["status"] == "accepted", result


def steps(office: Office, code: str) -> list[dict[str, Any]]:
    """What the interface tells of its transfers, the oldest first."""
    events = office.call(f"/assets/{code}/history", login="logistics", limit=100)["items"]
    return [event for event in reversed(events) if event["kind"].startswith("transfer")]


def test_a_loan_is_confirmed_by_the_label_and_leaves_no_gap(story_office: Office, pages: dict[str, Page]) -> None:
    van = story_office.call("/assets", VAN, login="logistics")
    code = van["code"]
    until = (NOW + timedelta(days=5)).date()

    # Lent for dates: it is on its way, and the lender answers for it.
    sender = pages["logistics"]
    sender.goto(f"/transfers/new?asset={code}")
    sender.select_option("[name=to_unit]", THERE)
    sender.fill("[name=until]", until.isoformat())
    sender.get_by_role("button", name="Send", exact=True).click()
    expect(sender.get_by_role("main")).to_contain_text("on the way")

    # The receiver types the code under the label on his own phone, and confirms.
    receiver = pages["neighbour"]
    receiver.goto("/scan")
    receiver.get_by_test_id("scan-code").fill(format_code(code).lower())
    receiver.get_by_role("button", name="Open", exact=True).click()
    receiver.get_by_test_id("action-transfer_receive").click()
    receiver.get_by_role("radio", name="B").first.check(force=True)
    receiver.get_by_test_id("action-confirm").click()
    expect(receiver.get_by_text("Recorded", exact=True)).to_be_visible()

    # One after the other, sent and received, with nothing between them and nothing beside them.
    (loan,) = story_office.call("/transfers", login="logistics", asset=code)["items"]
    assert (loan["from_unit"], loan["to_unit"], loan["state"], loan["lent_now"]) == (HERE, THERE, "received", True)
    assert loan["sent_at"] < loan["received_at"]
    told = steps(story_office, code)
    assert [event["kind"] for event in told] == ["transfer_send", "transfer_receive"]
    assert told[0]["at"] < told[1]["at"]
    assert story_office.call(f"/assets/{code}", login="logistics")["unit"] == HERE, "it stays its owner's"
    sender.goto(f"/assets/{code}")
    expect(sender.get_by_role("main")).to_contain_text("It is lent to")
    assert story_office.call("/transfers", login="logistics", show="overdue", asset=code)["items"] == []


def test_an_overdue_loan_is_told_at_both_ends_and_its_use_counts_where_it_was(
    story_office: Office, pages: dict[str, Page]
) -> None:
    code = registered_before(story_office, days_ago(30))
    told_late(
        story_office, "logistics", "transfer_send", code, days_ago(12),
        {"to_unit": THERE, "until": days_ago(3).date().isoformat()},
    )  # fmt: skip
    told_late(story_office, "neighbour", "transfer_receive", code, days_ago(11.9), {"condition": "A"})
    for day in (9, 8, 7):
        began = days_ago(day)
        told_late(
            story_office, "neighbour", "use", code, began + timedelta(hours=1), {"started_at": began.isoformat()}
        )  # fmt: skip

    # Both ends are told on their first page, in the list, and by mail.
    for page in pages.values():
        page.goto("/")
        page.get_by_role("link").filter(has_text="not back on the day agreed").first.click()
        page.wait_for_url("**/transfers?show=overdue*")
        expect(page.get_by_role("main")).to_contain_text(format_code(code))
    assert "mails about due work" in story_office.assets("job", "run", "due_list")

    # The days of use stand with the unit that had it, and none with the owner.
    story_office.assets("job", "run", "day_roll_up")
    assert used_days(story_office, code) == {THERE: 3}
    borrower = pages["neighbour"]
    borrower.goto("/utilisation?class=vehicle.forensic_van&by=asset")
    expect(borrower.get_by_role("main")).to_contain_text(format_code(code))


def registered_before(office: Office, at: datetime) -> str:
    """A van that has been in the register for a while; its code."""
    actor = system_actor("tests")
    settings = Settings(data_dir=Path(office.environment["ASSETS_DATA_DIR"]))
    with closing(build_app(settings)) as app, app.transaction(actor, at) as session:
        return register_asset(session, actor, parse_asset(dict(VAN), partial=False), at).code


def used_days(office: Office, code: str) -> dict[str, int]:
    """Days on which it was used, by unit, where there are any."""
    found = office.call("/utilisation", by="unit", asset=code, **{"from": days_ago(20).date().isoformat()})["items"]
    days = {item["key"]: item["numerator"] for item in found if item["kpi"] == "utilisation_days_rate"}
    return {unit: round(count) for unit, count in days.items() if count}
