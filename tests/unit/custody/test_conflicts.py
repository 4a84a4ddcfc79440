"""Contradictions as a fold: whatever was heard first, named by what was told first, and gone with a return."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.custody.rules import ISSUE, RETURN, VOID, Entry, holdings
from assets.custody.rules.conflicts import (
    MOVED_ELSEWHERE,
    case_id,
    contradictions,
    return_between,
)
from assets.custody.rules.transfers import RECEIVE, SEND, Step, whereabouts

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
HERE, THERE = 1, 2


def minutes(n: int) -> datetime:
    return START + timedelta(minutes=n)


def issue(id_: str, at: int, person: int, corrects: str | None = None) -> Entry:
    return Entry(id_, ISSUE, minutes(at), 0, person, HERE, corrects=corrects)


def back(id_: str, at: int) -> Entry:
    return Entry(id_, RETURN, minutes(at), 0, unit_id=HERE)


entries = st.lists(
    st.tuples(st.booleans(), st.integers(0, 30), st.integers(1, 3)), max_size=8
).map(
    lambda told: [
        issue(f"e{place}", at, person) if gives else back(f"e{place}", at)
        for place, (gives, at, person) in enumerate(told)
    ]
)  # fmt: skip


@given(entries, st.randoms(use_true_random=False))
def test_what_contradicts_does_not_depend_on_the_order_of_arrival(told: list[Entry], rng: Random) -> None:
    shuffled = list(told)
    rng.shuffle(shuffled)
    assert contradictions(shuffled, None) == contradictions(told, None)


@given(entries)
def test_every_unreturned_stretch_is_one_contradiction_and_a_return_ends_it(told: list[Entry]) -> None:
    found = contradictions(told, None)
    assert len(found) == sum(held.conflict for held in holdings(told))
    known = {entry.id: entry for entry in told}
    for each in found:
        first, second = (known[event_id] for event_id in each.event_ids)
        moment = return_between(first.at, second.at, None)
        if moment is not None:
            left = contradictions([*told, Entry("added", RETURN, moment, 0, unit_id=HERE)], None)
            assert each not in left


def test_a_corrected_entry_goes_by_the_name_of_the_one_it_stands_for() -> None:
    told = [issue("a", 0, 1), issue("b", 10, 2), issue("c", 0, 3, corrects="a")]
    assert [each.event_ids for each in contradictions(told, None)] == [("a", "b")]
    assert contradictions([*told[:2], Entry("v", VOID, minutes(0), corrects="a")], None) == []


@pytest.mark.parametrize(
    ("issued", "returned", "sent", "received", "contradicts"),
    [
        (0, None, 10, 20, True),  # sent while somebody had it
        (0, 5, 10, 20, False),
        (15, None, 10, 20, True),  # handed out while it was on its way
        (15, None, 10, None, True),
        (25, None, 10, 20, False),  # it had arrived
    ],
)
def test_custody_and_transfers_contradict_each_other_where_they_overlap(
    issued: int, returned: int | None, sent: int, received: int | None, *, contradicts: bool
) -> None:
    steps = [Step("s", SEND, minutes(sent), unit=THERE, from_unit=HERE)]
    steps += [] if received is None else [Step("r", RECEIVE, minutes(received), unit=THERE)]
    told = [issue("i", issued, 1)] + ([] if returned is None else [back("b", returned)])
    found = contradictions(told, whereabouts(steps, HERE))
    assert [each.kind for each in found] == ([MOVED_ELSEWHERE] if contradicts else [])
    assert all(set(each.event_ids) == {"i", "s"} for each in found)


def test_what_a_stranger_says_that_he_sent_contradicts_nobody() -> None:
    steps = [Step("s", SEND, minutes(10), unit=HERE, from_unit=THERE)]
    assert contradictions([issue("i", 0, 1)], whereabouts(steps, HERE)) == []


def test_what_the_lender_hands_out_contradicts_the_loan() -> None:
    steps = [
        Step("s", SEND, minutes(1), unit=THERE, from_unit=HERE, until=minutes(900)),
        Step("r", RECEIVE, minutes(2), unit=THERE),
    ]
    where = whereabouts(steps, HERE)
    assert [each.event_ids for each in contradictions([issue("i", 10, 1)], where)] == [("s", "i")]
    borrower = Entry("i", ISSUE, minutes(10), 0, 1, THERE)
    assert contradictions([borrower], where) == []


def test_the_same_events_make_the_same_case() -> None:
    assert case_id(["a", "b"]) == case_id(["b", "a", "b"]) != case_id(["a", "c"])


def test_a_missing_return_lies_between_the_two() -> None:
    assert return_between(minutes(0), minutes(10), minutes(5)) == minutes(5)
    assert return_between(minutes(0), minutes(10), None) == minutes(10) - timedelta(microseconds=1)
    for at in (minutes(0), minutes(10), minutes(11)):
        assert return_between(minutes(0), minutes(10), at) is None
    assert return_between(minutes(3), minutes(3), None) is None
