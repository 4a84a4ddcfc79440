"""Custody as a fold: one chain without gap or overlap, whatever the order in which entries were heard of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.custody.rules import ASSIGN, ISSUE, RETURN, VOID, Entry, fold, fold_before, holdings, standing

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)


def minutes(n: int) -> datetime:
    return START + timedelta(minutes=n)


def issue(id_: str, at: int, person: int, n: int = 0, corrects: str | None = None) -> Entry:
    return Entry(id_, ISSUE, minutes(at), n, person, 1, corrects=corrects)


def back(id_: str, at: int, n: int = 0) -> Entry:
    return Entry(id_, RETURN, minutes(at), n, unit_id=1)


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Entries with doubled times and counters, unreturned issues, and corrections of earlier ones."""
    size = draw(st.integers(0, 12))
    entries: list[Entry] = []
    for place in range(size):
        kind = draw(st.sampled_from([ISSUE, ISSUE, RETURN, RETURN, ASSIGN, VOID]))
        target = draw(st.sampled_from(entries)).id if entries and (kind == VOID or draw(st.booleans())) else None
        if kind == VOID and target is None:
            kind = RETURN
        entries.append(
            Entry(
                f"e{place:02}", kind, minutes(draw(st.integers(0, 8))), draw(st.integers(0, 2)),
                draw(st.integers(1, 3)) if kind in {ISSUE, ASSIGN} else None, 1, corrects=target,
            )
        )  # fmt: skip
    return entries


@given(histories(), st.randoms(use_true_random=False))
def test_custody_does_not_depend_on_the_order_of_arrival(entries: list[Entry], rng: Random) -> None:
    shuffled = list(entries)
    rng.shuffle(shuffled)
    assert holdings(shuffled) == holdings(entries)
    assert fold(shuffled) == fold(entries)


@given(histories())
def test_the_chain_of_custody_has_no_gap_and_no_overlap(entries: list[Entry]) -> None:
    chain = holdings(entries)
    for earlier, later in pairwise(chain):
        assert earlier.ended == later.since
        assert earlier.since <= later.since
        assert earlier.person_id != later.person_id
    assert all(holding.ended is None for holding in chain[-1:])
    if chain:
        assert chain[0].since == min(entry.at for entry in standing(entries))


@given(histories())
def test_every_standing_issue_is_in_the_chain_or_goes_to_who_has_it(entries: list[Entry]) -> None:
    chain = holdings(entries)
    begun = {holding.entry_id for holding in chain}
    before: Entry | None = None
    for entry in standing(entries):
        person = entry.person_id
        previous = before.person_id if before else None
        assert entry.id in begun or (before is not None and person == previous)
        before = entry


@given(histories())
def test_the_fold_before_the_end_of_time_is_the_fold(entries: list[Entry]) -> None:
    assert fold_before(entries, minutes(100), 99) == fold(entries)


@given(histories())
def test_doubled_entries_change_nothing(entries: list[Entry]) -> None:
    assert fold(entries + entries) == fold(entries)


def test_of_two_unreturned_issues_the_later_event_wins_and_the_conflict_is_set() -> None:
    heard_late = [issue("b", 7, person=2), issue("a", 5, person=1)]
    current = fold(heard_late)
    assert (current.person_id, current.since, current.conflict) == (2, minutes(7), True)
    assert [holding.person_id for holding in holdings(heard_late)] == [1, 2]


def test_a_late_return_between_two_issues_ends_the_conflict() -> None:
    entries = [issue("a", 5, person=1), issue("b", 7, person=2)]
    assert fold(entries).conflict
    assert not fold([*entries, back("r", 6)]).conflict


def test_a_late_entry_from_before_the_last_one_leaves_the_holder() -> None:
    entries = [issue("a", 5, person=1), back("r", 6), issue("b", 9, person=2)]
    assert fold([*entries, back("late", 8)]).person_id == 2


def test_ties_of_time_are_broken_by_the_phones_counter() -> None:
    assert fold([back("r", 5, n=2), issue("a", 5, person=1, n=1)]).is_free
    assert fold([back("r", 5, n=1), issue("a", 5, person=1, n=2)]).person_id == 1


def test_issuing_again_to_who_has_it_sets_the_day_and_begins_nothing() -> None:
    longer = Entry("b", ISSUE, minutes(9), 0, 1, 1, until=minutes(60))
    current = fold([issue("a", 5, person=1), longer])
    assert (current.since, current.until, current.conflict) == (minutes(5), minutes(60), False)


def test_a_corrected_issue_never_was() -> None:
    wrong = issue("a", 5, person=1)
    nobody = Entry("v", VOID, minutes(5), corrects="a")
    assert fold([wrong, nobody]).since is None
    other = issue("c", 5, person=2, corrects="a")
    assert fold([wrong, other]).person_id == 2
    # The correction was itself a mistake: the first entry counts again.
    assert fold([wrong, nobody, Entry("w", VOID, minutes(6), corrects="v")]).person_id == 1


@pytest.mark.parametrize("at", [0, 4])
def test_nobody_had_it_before_the_first_issue(at: int) -> None:
    assert fold_before([issue("a", 5, person=1)], minutes(at), 0).is_free
