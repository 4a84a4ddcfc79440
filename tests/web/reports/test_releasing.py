"""Nobody releases alone: another person does, who may; a draft reaches no donor, and no words that name somebody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assets.core.app import App
from tests.db.metrics.days import FIRST
from tests.db.reports.given import AFTER, UNTIL, give
from tests.support.world import Clock, World
from tests.web.reports.conftest import shown_in


def test_office_writes_another_approves_and_the_donor_reads(draft: str, client_for: Callable[[str], Any]) -> None:
    coordinator, approver, donor = client_for("coordinator"), client_for("approver"), client_for("donor")
    text = coordinator.get(draft).get_data(as_text=True)
    answer = coordinator.post(f"{draft}/words", {"shown": shown_in(text), "problems": "Tyres <b>are</b> worn."})
    assert answer.status_code == 303
    text = approver.get(draft).get_data(as_text=True)
    assert "Tyres &lt;b&gt;are&lt;/b&gt; worn." in text
    assert approver.post(f"{draft}/approve", {"shown": shown_in(text)}).status_code == 303
    assert "Tyres &lt;b&gt;are&lt;/b&gt; worn." in donor.get(draft).get_data(as_text=True)
    book = donor.get(f"{draft}/file.xlsx?lang=uz")
    assert book.mimetype.endswith("spreadsheetml.sheet")


def test_drafter_does_not_get_the_button_and_is_refused(
    app: App, world: World, clock: Clock, client_for: Callable[[str], Any]
) -> None:
    clock.now = AFTER
    give(app, world)
    approver = client_for("approver")
    form = {"donor": "JPN", "from": str(FIRST), "to": str(UNTIL)}
    place = approver.post("/summaries/new", form).headers["Location"]
    text = approver.get(place).get_data(as_text=True)
    assert f"{place}/approve" not in text
    answer = approver.post(f"{place}/approve", {"shown": shown_in(text)})
    assert answer.status_code == 400
    assert "second person" in answer.get_data(as_text=True)
    assert client_for("donor").get(place).status_code == 404


def test_draft_with_a_name_in_it_says_so_and_is_not_released(draft: str, client_for: Callable[[str], Any]) -> None:
    coordinator, approver = client_for("coordinator"), client_for("approver")
    shown = shown_in(coordinator.get(draft).get_data(as_text=True))
    coordinator.post(f"{draft}/words", {"shown": shown, "went_well": "Karimov worked hard."})
    text = approver.get(draft).get_data(as_text=True)
    assert "a person&#39;s name" in text
    answer = approver.post(f"{draft}/approve", {"shown": shown_in(text)})
    assert answer.status_code == 400
    assert client_for("donor").get(draft).status_code == 404


def test_auditor_reads_a_draft_and_is_offered_and_allowed_nothing(
    draft: str, client_for: Callable[[str], Any], api: Callable[[str], Any]
) -> None:
    auditor = client_for("auditor")
    shown = auditor.get(draft)
    text = shown.get_data(as_text=True)
    assert (shown.status_code, "This is a draft" in text) == (200, True)
    for offered in (f"{draft}/words", f"{draft}/approve", "<textarea", "Keep the words"):
        assert offered not in text
    assert auditor.get(f"{draft}/file.pdf").status_code == 200
    assert "/summaries/new" not in auditor.get("/summaries").get_data(as_text=True)
    assert auditor.get("/summaries/new").status_code == 403
    period = {"from": FIRST.isoformat(), "to": UNTIL.isoformat()}
    assert auditor.post("/summaries/new", {"donor": "JPN", **period}).status_code == 403
    words = {"shown": shown_in(client_for("coordinator").get(draft).get_data(as_text=True)), "problems": "By me."}
    assert auditor.post(f"{draft}/words", words).status_code == 403
    program, number = api("auditor"), draft.rpartition("/")[2]
    assert program.post("/summaries", {"donor": "JPN", **period}).status_code == 403
    body = {"words": {"problems": "By me."}, "sha256": words["shown"]}
    written = program.client.patch(f"/api/v1/summaries/{number}/words", json=body, headers=program.headers)
    assert written.status_code == 403
    assert "By me." not in auditor.get(draft).get_data(as_text=True)
