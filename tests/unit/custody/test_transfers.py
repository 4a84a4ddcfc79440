"""Transfers as a fold: the same steps in any order of arrival end the same, and one unit answers at every moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.errors import DomainError
from assets.custody.rules.sending import SendFacts, check_receipt, decide_receive, decide_send, worst_difference
from assets.custody.rules.transfers import (
    ASSIGN,
    CANCEL,
    CANCELLED,
    DAMAGED,
    EARLY_RECEIPT,
    GOOD,
    IN_DOUBT,
    LATE_WORD,
    MISSING,
    RECEIVE,
    RECEIVED,
    SEND,
    SETTLE,
    WITH_ADDRESSEE,
    WITH_SENDER,
    WRONG_ITEM,
    Step,
    Whereabouts,
    whereabouts,
    whereabouts_before,
)

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
A, B, C = 1, 2, 3


def at(n: int) -> datetime:
    return START + timedelta(minutes=n)


def send(id_: str, minute: int, from_unit: int = A, to: int = B, until: int | None = None) -> Step:
    return Step(id_, SEND, at(minute), 0, to, from_unit, None if until is None else at(until))


def receive(id_: str, minute: int, unit: int = B, outcome: str = GOOD) -> Step:
    return Step(id_, RECEIVE, at(minute), 0, unit, outcome=outcome)


def cancel(id_: str, minute: int, target: str) -> Step:
    return Step(id_, CANCEL, at(minute), target=target)


def settle(id_: str, minute: int, target: str, outcome: str) -> Step:
    return Step(id_, SETTLE, at(minute), target=target, outcome=outcome)


def where(*steps: Step) -> Whereabouts:
    return whereabouts(steps, A)


def states(found: Whereabouts) -> dict[str, str]:
    return {passage.id: passage.state for passage in found.passages}


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """Anything that three units may enter of one asset: also what contradicts itself, at the same moment, or late."""
    steps: list[Step] = []
    for place in range(draw(st.integers(0, 10))):
        kind = draw(st.sampled_from([SEND, SEND, SEND, RECEIVE, RECEIVE, RECEIVE, CANCEL, SETTLE, ASSIGN]))
        moment, n = at(draw(st.integers(0, 3000))), draw(st.integers(0, 1))
        unit = draw(st.sampled_from([A, B, C]))
        outcome, until, target, sender = "", None, None, None
        if kind == SEND:
            sender = draw(st.sampled_from([each for each in (A, B, C) if each != unit]))
            until = draw(st.sampled_from([None, None, moment + timedelta(days=3)]))
        elif kind == RECEIVE:
            outcome = draw(st.sampled_from([GOOD, GOOD, DAMAGED, MISSING, WRONG_ITEM]))
        elif kind in {CANCEL, SETTLE}:
            target = draw(st.sampled_from([step.id for step in steps] or ["none"]))
            outcome = draw(st.sampled_from([WITH_SENDER, WITH_ADDRESSEE])) if kind == SETTLE else ""
        if kind == SEND:
            outcome = draw(st.sampled_from(["", "", "", IN_DOUBT]))
        heard = moment + timedelta(minutes=draw(st.integers(0, 9000))) if draw(st.booleans()) else None
        steps.append(Step(f"e{place:02}", kind, moment, n, unit, sender, until, target, outcome, heard))
    return steps


@given(histories(), st.randoms(use_true_random=False))
def test_the_end_does_not_depend_on_the_order_or_the_repetition_of_what_was_heard(
    steps: list[Step], rng: Random
) -> None:
    shuffled = [*steps, *steps[::2]]
    rng.shuffle(shuffled)
    assert whereabouts(shuffled, A) == whereabouts(steps, A)


@given(histories())
def test_one_unit_answers_at_every_moment(steps: list[Step]) -> None:
    found = whereabouts(steps, A)
    assert found.chain[0].since is None
    assert found.chain[-1].ended is None
    for earlier, later in pairwise(found.chain):
        assert earlier.ended == later.since
        assert earlier.unit != later.unit
        assert earlier.since is None or (later.since is not None and earlier.since <= later.since)
    assert found.chain[-1].unit == found.unit


@given(histories())
def test_at_most_one_transfer_is_open_and_it_leaves_the_unit_that_answers(steps: list[Step]) -> None:
    found = whereabouts(steps, A)
    still_open = [passage for passage in found.passages if passage.is_open]
    assert still_open == ([] if found.open is None else [found.open])
    if found.open is not None:
        assert found.open.from_unit == found.unit
        assert found.open.to_unit != found.unit


@given(histories())
def test_every_sending_and_receipt_is_kept_somewhere(steps: list[Step]) -> None:
    found = whereabouts(steps, A)
    kept = {passage.id for passage in found.passages} | {passage.receipt for passage in found.passages}
    for place, step in enumerate(sorted(steps, key=lambda each: each.order)):
        if step.kind == SEND and step.id not in kept:
            # Only the same sending, entered again while it was open, begins nothing of its own.
            before = sorted(steps, key=lambda each: each.order)[:place]
            assert any(other.kind == SEND and other.unit == step.unit for other in before)


@given(histories(), st.sampled_from([SEND, RECEIVE]), st.integers(0, 3000), st.permutations([A, B, C]))
def test_late_word_undoes_nothing_that_has_arrived(steps: list[Step], kind: str, minute: int, units: list[int]) -> None:
    late = Step("late", kind, at(minute), 0, units[0], units[1] if kind == SEND else None, heard=at(20_000))
    assert arrived(whereabouts(steps, A)) <= arrived(whereabouts([*steps, late], A))


def arrived(found: Whereabouts) -> set[tuple[str, int | None, int]]:
    return {(each.id, each.from_unit, each.to_unit) for each in found.passages if each.state == RECEIVED}


@given(histories())
def test_a_loan_changes_no_owner_and_ends_with_its_date(steps: list[Step]) -> None:
    found = whereabouts(steps, A)
    assert (found.lent_to is None) == (found.loan is None)
    if found.lent_to is None:
        assert found.until is None
    owners = {A} | {step.unit for step in steps if step.kind == ASSIGN} | {
        step.unit for step in steps if step.kind == SEND and step.until is None
    }  # fmt: skip
    assert found.owner in owners


@given(histories())
def test_what_was_before_the_end_of_time_is_all(steps: list[Step]) -> None:
    assert whereabouts_before(steps, A, at(10_000_000), 9) == whereabouts(steps, A)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_four_phones_in_any_order_end_with_the_last_receiver(order: tuple[int, ...]) -> None:
    steps = [send("s1", 0), receive("r1", 10), send("s2", 20, B, C), receive("r2", 30, C)]
    found = where(*(steps[place] for place in order))
    assert (found.owner, found.unit, found.open, found.needs_an_answer) == (C, C, None, False)
    assert [(part.unit, part.since) for part in found.chain] == [(A, None), (B, at(10)), (C, at(30))]


def test_on_its_way_the_sender_answers() -> None:
    found = where(send("s", 0))
    assert (found.unit, found.open is not None) == (A, True)
    assert found.unit_at(at(5)) == A


def test_a_receipt_waits_for_its_sending_and_moves_nothing_until_then() -> None:
    waiting = where(receive("r", 10))
    assert (waiting.unit, states(waiting)) == (A, {"r": "unsent"})
    joined = where(receive("r", 10), send("s", 0))
    assert (joined.unit, states(joined)) == (B, {"s": "received"})


def test_a_sending_entered_after_its_receipt_is_joined_with_it() -> None:
    found = where(receive("r", 10), send("s", 15))
    assert (found.unit, states(found)) == (B, {"s": "received"})
    assert found.chain[-1].since == at(15)


def test_a_receipt_of_long_before_is_of_another_sending() -> None:
    late = int(EARLY_RECEIPT.total_seconds() // 60) + 11
    found = where(receive("r", 10), send("s", late))
    assert states(found) == {"r": "unsent", "s": "in_transit"}


def test_another_unit_cannot_take_what_was_not_sent_to_it() -> None:
    found = where(send("s", 0), receive("r", 10, C))
    assert (found.unit, states(found)) == (A, {"s": "in_transit", "r": "unsent"})


def test_two_who_received_the_same_in_one_unit_say_nothing_new() -> None:
    found = where(send("s", 0), receive("r", 10), receive("r2", 11))
    assert states(found) == {"s": "received"}


def test_what_was_sent_twice_is_unclear_and_goes_where_it_was_received() -> None:
    both = where(send("s1", 0, A, B), send("s2", 5, A, C))
    assert states(both) == {"s1": "unclear", "s2": "in_transit"}
    found = where(send("s1", 0, A, B), send("s2", 5, A, C), receive("r", 10, B))
    assert (found.unit, states(found)) == (B, {"s1": "received", "s2": "unclear"})


def test_missing_stays_on_its_way_with_a_question_until_it_is_settled() -> None:
    asked = [send("s", 0), receive("r", 10, outcome=MISSING)]
    found = where(*asked)
    assert (found.unit, found.open is not None, states(found)) == (A, True, {"s": "question"})
    back = where(*asked, settle("x", 20, "s", WITH_SENDER))
    assert (back.unit, back.open, states(back)) == (A, None, {"s": "settled_back"})
    there = where(*asked, settle("x", 20, "s", WITH_ADDRESSEE))
    assert (there.unit, there.owner, states(there)) == (B, B, {"s": "settled_there"})
    came_later = where(*asked, receive("r2", 20))
    assert (came_later.unit, states(came_later)) == (B, {"s": "received"})


def test_cancelled_after_it_was_received_changes_nothing() -> None:
    found = where(cancel("x", 15, "s"), receive("r", 10), send("s", 0))
    assert (found.unit, states(found)) == (B, {"s": "received"})


def test_received_after_it_was_cancelled_is_an_open_question() -> None:
    found = where(send("s", 0), cancel("x", 5, "s"), receive("r", 10))
    assert (found.unit, states(found)) == (A, {"s": "cancelled", "r": "unsent"})
    assert found.needs_an_answer


def test_a_loan_keeps_its_owner_and_comes_back_in_two_steps() -> None:
    lent = [send("s", 0, until=500), receive("r", 10)]
    found = where(*lent)
    assert (found.owner, found.unit, found.lent_to, found.until, found.loan) == (A, B, B, at(500), "s")
    on_its_way = where(*lent, send("b", 100, B, A))
    assert (on_its_way.unit, on_its_way.lent_to) == (B, B)
    home = where(*lent, send("b", 100, B, A), receive("h", 110, A))
    assert (home.owner, home.unit, home.lent_to, home.until, home.loan) == (A, A, None, None, None)


def test_a_correction_of_the_register_is_the_last_word() -> None:
    found = where(send("s", 0), Step("c", ASSIGN, at(5), unit=C))
    assert (found.owner, found.unit, found.open, states(found)) == (C, C, None, {"s": "unclear"})


def facts(*steps: Step, **changed: Any) -> SendFacts:
    values: dict[str, Any] = {
        "life": "in_service", "is_held": False, "from_unit": A, "to_unit": B, "at": at(100), "until": None,
        "where": where(*steps), "is_fresh": True, "knows": True, "names": {A: "A", B: "B", C: "C"},
    }  # fmt: skip
    return SendFacts(**(values | changed))


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        (facts(to_unit=A), "same_unit"),
        (facts(until=at(100)), "invalid"),
        (facts(life="lost"), "not_to_send"),
        (facts(life="disposed", is_fresh=False), "not_to_send"),
        (facts(is_held=True), "still_issued"),
        (facts(send("s", 0)), "in_transit"),
        (facts(send("s", 0, until=500), receive("r", 1), to_unit=C), "lent"),
        (facts(send("s", 0), receive("r", 1), to_unit=C), "not_with_you"),
        (facts(send("s", 0, until=500), receive("r", 1), from_unit=B, to_unit=C), "only_back"),
        (facts(send("s", 0, until=500), receive("r", 1), from_unit=B, to_unit=A, until=at(900)), "no_loan_back"),
    ],
)
def test_a_sending_is_refused_with_its_code(refused: SendFacts, code: str) -> None:
    with pytest.raises(DomainError) as caught:
        decide_send(refused)
    assert code in {caught.value.code, *(each.code for each in caught.value.fields)}


@pytest.mark.parametrize(
    "allowed",
    [
        facts(),
        facts(life="withdrawn"),  # to a workshop, or to be disposed of
        facts(send("s", 0, until=500), receive("r", 1), from_unit=B, to_unit=A),
        facts(send("s", 0), is_fresh=False),
        facts(is_held=True, is_fresh=False),
        facts(send("s", 0), to_unit=C, knows=False),
    ],
)
def test_what_happened_or_is_unknown_to_the_sender_is_kept(allowed: SendFacts) -> None:
    decide_send(allowed)


def test_the_worst_difference_decides() -> None:
    assert worst_difference([]) == GOOD
    assert worst_difference([DAMAGED, MISSING]) == MISSING


@pytest.mark.parametrize(
    ("outcome", "condition", "note"), [(GOOD, None, ""), (MISSING, "A", ""), (DAMAGED, "C", ""), (WRONG_ITEM, None, "")]
)
def test_a_receipt_says_the_condition_of_what_came_and_what_is_different(
    outcome: str, condition: str | None, note: str
) -> None:
    with pytest.raises(DomainError):
        check_receipt(outcome, condition, note)


def test_what_is_here_already_is_not_received_again() -> None:
    with pytest.raises(DomainError, match="already_here"):
        decide_receive(A, where(), is_fresh=True, knows=True)
    decide_receive(A, where(), is_fresh=False, knows=True)
    decide_receive(B, where(send("s", 0)), is_fresh=True, knows=True)


def told(step: Step, heard: timedelta) -> Step:
    """The same step, as it was heard so long after it happened."""
    return replace(step, heard=step.at + heard)


SOON, LATE = timedelta(minutes=1), LATE_WORD + timedelta(hours=2)
SETTLED = [told(send("s", 60), SOON), told(receive("r", 70), SOON)]


def test_a_transfer_that_both_told_is_not_undone_by_late_word() -> None:
    forged = [told(send("s2", 0, A, C), LATE), told(receive("r2", 10, C), LATE)]
    found = where(*SETTLED, *forged)
    assert (found.unit, found.owner, found.open) == (B, B, None)
    assert states(found) == {"s": "received", "s2": "unclear", "r2": "unclear"}
    in_time = where(*SETTLED, *(told(each, timedelta(hours=2)) for each in forged))
    assert in_time.unit == C, "what is told in time counts by when it happened"


def test_late_word_of_what_nobody_contradicts_counts() -> None:
    found = where(*SETTLED, told(send("s2", 100, B, C), LATE), told(receive("r2", 110, C), LATE))
    assert (found.unit, found.needs_an_answer) == (C, False)


def test_late_word_that_was_set_aside_is_ended_by_a_cancelling() -> None:
    forged = [told(send("s2", 0, A, C), LATE), told(receive("r2", 10, C), LATE)]
    found = where(*SETTLED, *forged, cancel("x", 9000, "r2"), cancel("y", 9001, "s2"))
    assert states(found) == {"s": RECEIVED, "s2": CANCELLED, "r2": CANCELLED}
    assert not found.needs_an_answer


def test_late_word_cannot_make_a_loan_of_what_was_given_for_good() -> None:
    found = where(*SETTLED, told(send("s2", 65, until=90_000), LATE))
    assert (found.owner, found.until) == (B, None)


def test_a_sending_that_was_told_when_another_was_known_is_on_its_way_by_a_receipt_alone() -> None:
    known, later = told(send("s1", 0), SOON), told(send("s2", 5, A, C), timedelta(minutes=11))
    found = where(known, later)
    assert (found.open is not None and found.open.to_unit, states(found)) == (B, {"s1": "in_transit", "s2": "unclear"})
    came = where(known, later, told(receive("r", 20, C), SOON))
    assert (came.unit, states(came)) == (C, {"s1": "unclear", "s2": "received"})
    ended = where(known, later, cancel("x", 15, "s2"), told(receive("r", 20, C), SOON))
    assert (ended.unit, states(ended)) == (A, {"s1": "in_transit", "s2": "cancelled", "r": "unsent"})


def test_what_was_issued_when_it_was_sent_is_unclear_until_it_is_received() -> None:
    doubted = replace(send("s", 0), outcome=IN_DOUBT)
    found = where(doubted)
    assert (found.open, states(found)) == (None, {"s": "unclear"})
    assert where(doubted, receive("r", 10, outcome=MISSING)).open is None
    assert where(doubted, receive("r", 10)).unit == B


def test_a_borrower_sends_it_nowhere_but_back() -> None:
    lent = [send("s", 0, until=500), receive("r", 10)]
    onward = where(*lent, send("o", 20, B, C), receive("q", 30, C))
    assert (onward.unit, onward.owner, states(onward)) == (B, A, {"s": "received", "o": "unclear", "q": "unsent"})
