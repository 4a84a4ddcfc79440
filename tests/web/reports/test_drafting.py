"""The pages on which an office drafts a summary and writes its words: warnings, boxes, two writers, few queries."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from assets.core.app import App
from assets.registry.models import HandoverBatch
from tests.db.metrics.days import add_asset
from tests.db.reports.given import AFTER, UNTIL
from tests.support.world import World
from tests.web.reports.conftest import shown_in


def test_form_comes_back_with_what_was_typed(world: World, client_for: Callable[[str], Any]) -> None:
    answer = client_for("coordinator").post(
        "/summaries/new", {"donor": "JPN", "from": "2026-01-01", "to": "2026-02-01"}
    )
    assert answer.status_code == 400
    text = answer.get_data(as_text=True)
    assert 'value="2026-01-01"' in text
    assert "a quarter or longer" in text


def test_figures_stand_before_the_boxes_and_the_comparison_is_one_tap_away(
    draft: str, client_for: Callable[[str], Any]
) -> None:
    for role in ("approver", "coordinator"):
        text = client_for(role).get(draft).get_data(as_text=True)
        assert text.index("Was it provided?") < text.index('id="release"')
        assert text.index(f'href="{draft}/compare"') < text.index("Was it provided?")
        assert f'href="{draft}/compare"' not in "".join(re.findall(r"<details.*?</details>", text, re.DOTALL))
    assert text.index("Was it provided?") < text.index('id="words"')


def test_draft_warns_of_a_round_that_was_counted_in_after_the_period(
    draft: str, app: App, world: World, client_for: Callable[[str], Any]
) -> None:
    warning = "Some items of these rounds were counted in or registered only after the period"
    assert warning not in client_for("coordinator").get(draft).get_data(as_text=True)
    drafter = world.actors["coordinator"]
    with app.transaction(drafter, AFTER) as session:
        batch = session.query(HandoverBatch).filter_by(number="R3").one()
        add_asset(session, world, "comms.radio", batch_id=batch.id, life="received", received_on=UNTIL)
    text = client_for("coordinator").get(draft).get_data(as_text=True)
    assert warning in text
    assert "R3 (1)" in text


def test_draft_with_its_boxes_takes_few_queries(
    draft: str, client_for: Callable[[str], Any], queries: Callable[[], Any]
) -> None:
    coordinator = client_for("coordinator")
    shown = shown_in(coordinator.get(draft).get_data(as_text=True))
    coordinator.post(f"{draft}/words", {"shown": shown, "problems": "Tyres are worn."})
    for path in (draft, f"{draft}/compare"):
        with queries() as seen:
            coordinator.get(path)
        assert len(seen) <= 10, (path, seen)


def test_box_that_is_too_full_comes_back_with_what_was_typed(draft: str, client_for: Callable[[str], Any]) -> None:
    coordinator = client_for("coordinator")
    shown = shown_in(coordinator.get(draft).get_data(as_text=True))
    answer = coordinator.post(f"{draft}/words", {"shown": shown, "problems": "too long " * 60, "lessons": "kept too"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "At most 280 characters" in text
    assert "kept too" in text


def test_words_of_two_writers_are_both_there(draft: str, client_for: Callable[[str], Any]) -> None:
    coordinator, approver = client_for("coordinator"), client_for("approver")
    shown = shown_in(coordinator.get(draft).get_data(as_text=True))
    coordinator.post(f"{draft}/words", {"shown": shown, "problems": "The first words."})
    answer = approver.post(f"{draft}/words", {"shown": shown, "problems": "The second words."})
    assert answer.status_code == 409
    # What was typed stands in the box, what is kept in the preview below.
    text = answer.get_data(as_text=True)
    assert "The second words." in text
    assert "The first words." in text
