"""What one unit says alone, late or against another: it is kept as a question and moves nothing that is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from assets.custody.service.expected import MAX_QUESTIONS
from tests.support.transfers import HERE, THERE, Moves, refused
from tests.support.world import Clock

Make = Callable[..., str]


def test_a_receipt_without_its_sending_shows_nothing_and_moves_nothing(moves: Moves, make: Make) -> None:
    code = make()
    entered = moves.receive(code)
    assert entered.waits
    assert (moves.unit(code), moves.listed(code)) == ("IMT-TK", [("unsent", False)])
    assert not moves.sees(THERE, code)


def test_two_who_sent_the_same_elsewhere_are_both_kept(moves: Moves, make: Make) -> None:
    code = make()
    moves.send(code, ago=60)
    later = moves.send(code, "IMT-SU", ago=30)
    assert moves.listed(code) == [("unclear", False), ("in_transit", True)]
    assert later.passage is not None
    moves.receive(code, ago=15)
    assert (moves.unit(code), moves.listed(code)) == ("IMT-FA", [("received", False), ("unclear", False)])
    moves.end(later, "coordinator")
    assert moves.listed(code) == [("received", False), ("cancelled", False)]


def test_a_receipt_tells_the_condition_of_another_units_item_only_once_it_is_joined(
    moves: Moves, make: Make, clock: Clock
) -> None:
    code = make()
    before = moves.custody.asset(code)
    mistake = moves.receive(code, condition="D")
    found = moves.custody.asset(code)
    assert (found.condition, found.last_seen_at) == (before.condition, before.last_seen_at)
    moves.end(mistake, THERE)
    moves.receive(code, condition="C")
    came_at = clock.now
    moves.send(code)
    joined = moves.custody.asset(code)
    assert (moves.unit(code), joined.condition, joined.condition_at) == ("IMT-FA", "C", came_at)


def test_a_former_addressee_says_nothing_of_what_moved_on(moves: Moves, make: Make) -> None:
    code = make()
    moves.send(code)
    moves.receive(code)
    moves.send(code, "IMT-TK", login=THERE)
    moves.receive(code, login=HERE)
    seen_at = moves.custody.asset(code).last_seen_at
    assert moves.receive(code, condition="D").waits
    found = moves.custody.asset(code)
    assert (found.condition, found.last_seen_at) == ("A", seen_at)


def test_an_unexplained_sending_of_another_units_item_is_no_sighting(moves: Moves, make: Make) -> None:
    code = make()
    before = moves.custody.asset(code).last_seen_at
    assert moves.send(code, "IMT-SU", login=THERE, ago=11).is_unclear
    assert moves.custody.asset(code).last_seen_at == before


def test_late_word_does_not_move_what_both_units_have_told(moves: Moves, make: Make, clock: Clock) -> None:
    code, earlier = make(), 5 * 24 * 60
    moves.send(code)
    moves.receive(code)
    clock.advance(timedelta(days=5))
    sent = moves.send(code, "IMT-SU", login="coordinator", ago=earlier + 60)
    unit = moves.custody.world.units["IMT-SU"]
    came = moves.receive(code, login="coordinator", unit=unit, ago=earlier + 30)
    assert (sent.is_unclear, came.is_unclear) == (True, True)
    assert moves.unit(code) == "IMT-FA"
    assert sorted(moves.listed(code)) == [("received", False), ("unclear", False), ("unclear", False)]
    moves.end(came, "coordinator")
    moves.end(sent, "coordinator")
    assert not moves.custody.asset(code).transfer_unclear


def test_eleven_minutes_do_not_send_what_is_on_its_way_already(moves: Moves, make: Make, clock: Clock) -> None:
    code = make()
    moves.send(code)
    clock.advance(timedelta(minutes=20))
    assert moves.send(code, "IMT-SU", ago=11).is_unclear
    assert moves.listed(code) == [("in_transit", True), ("unclear", False)]


def test_eleven_minutes_do_not_send_what_is_issued(moves: Moves, make: Make, clock: Clock) -> None:
    code = make()
    moves.custody.issue(code, "P-001", override_reason="night shift")
    clock.advance(timedelta(minutes=30))
    entered = moves.send(code, ago=11)
    assert (entered.is_unclear, entered.event.data["conflict"]) == (True, True)
    assert moves.custody.asset(code).transit_unit_id is None
    moves.receive(code)
    assert moves.unit(code) == "IMT-FA", "once it is there, it went"


def test_eleven_minutes_do_not_let_a_borrower_send_it_on(moves: Moves, make: Make, clock: Clock) -> None:
    code = make()
    moves.send(code, until=clock.now + timedelta(days=3))
    moves.receive(code)
    clock.advance(timedelta(minutes=30))
    assert moves.send(code, "IMT-SU", login=THERE, ago=11).is_unclear


@pytest.mark.parametrize("days", [None, 3])
def test_an_issue_of_what_was_on_its_way_or_lent_is_a_conflict(
    moves: Moves, make: Make, clock: Clock, days: int | None
) -> None:
    code = make()
    moves.send(code, until=clock.now + timedelta(days=days) if days else None)
    if days:
        moves.receive(code)
    clock.advance(timedelta(minutes=30))
    happened = moves.custody.occurrence(timedelta(minutes=11))
    event_id = moves.custody.issue(code, "P-001", override_reason="night shift", occurrence=happened)
    assert moves.custody.event(event_id).data["conflict"] is True


def test_who_has_the_item_ends_what_others_say_of_it(moves: Moves, make: Make) -> None:
    code = make()
    came, went = moves.receive(code), moves.send(code, "IMT-SU", login=THERE, ago=11)
    moves.end(came, HERE)
    moves.end(went, HERE)
    assert {state for state, _ in moves.listed(code)} == {"cancelled"}
    assert not moves.custody.asset(code).transfer_unclear


def test_a_unit_leaves_so_many_questions_of_one_item_and_no_more(moves: Moves, make: Make) -> None:
    code, other = make(), make()
    asked = [moves.receive(code) for _ in range(MAX_QUESTIONS)]
    refused("too_many_questions", lambda: moves.receive(code))
    assert len(moves.listed(code)) == MAX_QUESTIONS
    assert moves.receive(other).waits
    moves.end(asked[0], HERE)
    assert moves.receive(code).waits
