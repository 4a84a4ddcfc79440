"""Programs draft, write and release with the rules of the pages, and get nothing but what was released."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assets.core.app import App
from tests.db.metrics.days import FIRST
from tests.db.reports.given import AFTER, UNTIL, give
from tests.support.world import Clock, World
from tests.web.reports.conftest import drafted


def test_program_drafts_writes_and_releases_with_the_same_rules(
    app: App, world: World, clock: Clock, api: Callable[[str], Any]
) -> None:
    clock.now = AFTER
    give(app, world)
    coordinator, approver = api("coordinator"), api("approver")
    made = coordinator.post("/summaries", {"donor": "JPN", "from": str(FIRST), "to": str(UNTIL)})
    assert made.status_code == 201
    number = made.get_json()["id"]
    body = {"words": {"lessons": "Ask +998 90 123 45 67"}, "sha256": made.get_json()["sha256"]}
    written = coordinator.patch(f"/summaries/{number}/words", body).get_json()
    assert [found["box"] for found in written["findings"]] == ["lessons"]
    refused = approver.post(f"/summaries/{number}/approve", {"sha256": written["sha256"]})
    assert refused.get_json()["code"] == "words_tell"
    body = {"words": {"lessons": ""}, "sha256": written["sha256"]}
    written = coordinator.patch(f"/summaries/{number}/words", body).get_json()
    assert approver.post(f"/summaries/{number}/approve", {"sha256": made.get_json()["sha256"]}).status_code == 200
    assert written["sha256"] == made.get_json()["sha256"]
    assert api("donor").get("/summaries").get_json()["items"][0]["state"] == "released"


def test_draft_is_not_in_the_interface_for_programs(
    app: App, world: World, clock: Clock, api: Callable[[str], Any]
) -> None:
    clock.now = AFTER
    give(app, world)
    number = drafted(app, world)
    coordinator = api("coordinator")
    assert coordinator.get("/summaries").get_json() == {"items": [], "next": None}
    assert coordinator.get(f"/summaries/{number}").status_code == 404
