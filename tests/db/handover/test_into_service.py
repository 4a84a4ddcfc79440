"""Putting a round into service together: what was received goes, what may not stays and says why, once and no more."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import NotAllowed
from assets.core.journal import JournalEntry
from assets.disposal.service import withdraw
from assets.handover.queries import round_by_id
from assets.handover.queries.into_service import not_in_service
from assets.handover.service.into_service import PutResult, put_into_service
from assets.registry.models import AssetEvent
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.scope import asset_by_code
from assets.registry.service.assets import change_asset
from tests.db.handover.conftest import Entered
from tests.support.rounds import line
from tests.support.world import SETUP, START

Enter = Callable[..., Entered]
ActorFor = Callable[[str], Actor]
CRACKED = {"grade": "C", "note": "Screen cracked"}


def put(entered: Entered, actor: Actor = SETUP) -> list[PutResult]:
    with entered.app.transaction(actor, entered.clock.now) as session:
        return put_into_service(session, actor, round_by_id(session, entered.id), entered.clock.now)


def told(results: list[PutResult]) -> list[tuple[str, str]]:
    return [(result.status, result.error.code if result.error is not None else "") for result in results]


def preview(entered: Entered, actor: Actor = SETUP, limit: int = 10) -> tuple[int, int, list[int]]:
    with entered.app.reading() as session:
        batch = round_by_id(session, entered.id)
        waiting = not_in_service(session, actor, batch, limit=limit)
        return waiting.goes, waiting.stays, [item.id for item in waiting.staying]


def life_events(app: App, asset_id: int) -> list[AssetEvent]:
    with app.reading() as session:
        statement = select(AssetEvent).where(AssetEvent.asset_id == asset_id, AssetEvent.kind == "life")
        return list(session.scalars(statement.order_by(AssetEvent.received_at, AssetEvent.n)))


def five(enter: Enter) -> Entered:
    """Received, damaged, short, wrong serial, not counted."""
    entered = enter(line(quantity=5, serials="A1\nA2\nA3\nA4\nA5"))
    entered.say(0)
    entered.say(1, "damaged", **CRACKED)
    entered.say(2, "short")
    entered.say(3, "wrong_serial", serial="B4")
    return entered


def test_what_was_received_goes_and_the_rest_says_why_it_stays(enter: Enter) -> None:
    entered = five(enter)
    assert preview(entered) == (2, 3, [entered.items[place] for place in (1, 2, 4)])
    results = put(entered)
    assert [result.item_id for result in results] == entered.items
    assert told(results) == [
        ("done", ""), ("left", "damaged"), ("left", "not_received"), ("done", ""), ("left", "not_received"),
    ]  # fmt: skip
    lives = [entered.asset(place).life for place in range(5)]
    assert lives == ["in_service", "received", "expected", "in_service", "expected"]


def test_each_goes_as_if_alone_with_its_day_and_its_event(enter: Enter, app: App) -> None:
    entered = five(enter)
    put(entered)
    asset = entered.asset(0)
    assert asset.in_service_on == START.date()
    newest = life_events(app, asset.id)[-1]
    assert (newest.data, newest.actor_name) == ({"from": "received", "to": "in_service"}, SETUP.name)
    with app.reading() as session:
        bodies = session.scalars(
            select(JournalEntry.body).where(
                JournalEntry.entity == "asset",
                JournalEntry.entity_id == str(asset.id),
                JournalEntry.action == "changed",
            )
        )
        changes = [json.loads(body)["values"].get("life") for body in bodies]
        assert ["received", "in_service"] in changes, "the journal does not tell of it"


def test_a_day_that_was_entered_before_is_kept(enter: Enter, app: App) -> None:
    entered = enter()
    entered.say(0)
    with app.transaction(SETUP, entered.clock.now) as session:
        asset = asset_by_code(session, SETUP, entered.asset(0).code)
        draft = parse_asset({"in_service_on": "2026-10-20"}, partial=True)
        change_asset(session, SETUP, asset, draft, entered.clock.now)
    put(entered)
    assert str(entered.asset(0).in_service_on) == "2026-10-20"


def test_a_second_time_changes_nothing_more(enter: Enter, app: App) -> None:
    entered = five(enter)
    put(entered)

    def state() -> tuple[object, ...]:
        with app.reading() as session:
            written = [session.scalar(select(func.count()).select_from(table)) for table in (AssetEvent, JournalEntry)]
        return *written, *(entered.asset(place).version for place in range(5))

    before = state()
    assert [status for status, _ in told(put(entered))] == ["already", "left", "left", "already", "left"]
    assert state() == before
    assert preview(entered)[0] == 0


def test_what_came_later_goes_the_next_time(enter: Enter) -> None:
    entered = five(enter)
    put(entered)
    entered.say(2)
    assert told(put(entered))[2] == ("done", "")


def test_what_was_repaired_goes_though_it_came_damaged(enter: Enter, app: App) -> None:
    entered = five(enter)
    with app.transaction(SETUP, entered.clock.now) as session:
        asset = asset_by_code(session, SETUP, entered.asset(1).code)
        change_asset(session, SETUP, asset, parse_asset({"condition": "B"}, partial=True), entered.clock.now)
    assert told(put(entered))[1] == ("done", "")


def test_what_left_by_a_case_or_was_never_delivered_does_not_come_back_this_way(
    enter: Enter, app: App, actor_for: ActorFor
) -> None:
    entered = enter(line(quantity=3, serials="A1\nA2\nA3"))
    entered.say(0)
    entered.say(1)
    entered.say(2, "not_delivered", note="The maker went bankrupt")
    commander = actor_for("commander")
    with app.transaction(commander, entered.clock.now) as session:
        withdraw(
            session, commander, asset_by_code(session, commander, entered.asset(0).code), "Recalled", entered.clock.now
        )
    assert preview(entered) == (1, 1, [entered.items[0]])
    assert told(put(entered)) == [("left", "life_by_case"), ("done", "")]
    assert [entered.asset(place).life for place in range(3)] == ["withdrawn", "in_service", "expected"]


def test_items_of_other_units_are_neither_moved_nor_told_of(enter: Enter, actor_for: ActorFor) -> None:
    entered = enter(line(), line(unit="IMT-FA", serials="F1\nF2"))
    for place in range(4):
        entered.say(place)
    officer = actor_for("logistics_officer")
    assert preview(entered, officer)[:2] == (2, 0)
    assert [result.item_id for result in put(entered, officer)] == entered.items[:2]
    assert [entered.asset(place).life for place in range(4)] == ["in_service"] * 2 + ["received"] * 2


@pytest.mark.parametrize("role", ["commander", "officer", "technician", "auditor", "approver"])
def test_who_may_not_change_one_item_may_not_put_many_into_service(
    enter: Enter, actor_for: ActorFor, role: str
) -> None:
    entered = enter()
    entered.say(0)
    with pytest.raises(NotAllowed):
        put(entered, actor_for(role))
    assert entered.asset(0).life == "received"


def test_a_round_of_which_nothing_came_has_nothing_to_do(enter: Enter) -> None:
    entered = enter()
    assert (preview(entered, limit=1), told(put(entered))) == (
        (0, 2, entered.items[:1]), [("left", "not_received")] * 2,
    )  # fmt: skip


def test_what_is_still_to_come_is_told_apart_from_what_stays_for_another_reason(enter: Enter) -> None:
    entered = five(enter)
    with entered.app.reading() as session:
        waiting = not_in_service(session, SETUP, round_by_id(session, entered.id), limit=1)
    assert (waiting.goes, waiting.stays, waiting.to_come) == (2, 3, 2)
