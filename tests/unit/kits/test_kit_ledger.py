"""What is in a kit follows from its entries by event time, in whatever order they are heard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from assets.kits.rules.ledger import (
    COUNT_KINDS,
    COUNTED,
    FOUND,
    MISSING,
    PART_KINDS,
    PUT,
    TAKE,
    USED,
    Balance,
    CountEntry,
    PartEntry,
    Stay,
    balance,
    current_stay,
    stay_at,
    stays,
)

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)


def at(hours: int) -> datetime:
    return START + timedelta(hours=hours)


def entry(kind: str, hours: int, kit: int = 1, n: int = 0) -> PartEntry:
    return PartEntry(f"{kind}-{kit}-{hours}-{n}", kit, kind, at(hours), n)


def test_part_put_into_another_kit_is_moved_and_says_so() -> None:
    chain = stays([entry(PUT, 1, kit=1), entry(PUT, 5, kit=2)])
    assert chain == [Stay(1, at(1), at(5)), Stay(2, at(5), moved=True)]


def test_part_taken_out_of_a_kit_that_it_has_left_stays_where_it_is() -> None:
    assert current_stay([entry(PUT, 1, kit=1), entry(PUT, 5, kit=2), entry(TAKE, 6, kit=1)]) == Stay(
        2, at(5), moved=True
    )


def test_missing_part_is_missing_from_the_first_check_that_missed_it_until_it_is_found() -> None:
    entries = [entry(PUT, 1), entry(MISSING, 3), entry(MISSING, 4)]
    assert current_stay(entries) == Stay(1, at(1), missing_since=at(3))
    assert current_stay([*entries, entry(FOUND, 6)]) == Stay(1, at(1))
    assert current_stay([*entries, entry(PUT, 6)]) == Stay(1, at(1))


def test_what_was_looked_for_where_it_was_not_moves_nothing() -> None:
    assert current_stay([entry(PUT, 1, kit=1), entry(FOUND, 3, kit=2)]) == Stay(1, at(1))
    assert current_stay([entry(FOUND, 3, kit=2)]) is None


def test_where_a_part_was_is_told_for_any_moment() -> None:
    entries = [entry(PUT, 1), entry(TAKE, 3), entry(PUT, 5, kit=2)]
    assert stay_at(entries, at(2), 0) == Stay(1, at(1))
    assert stay_at(entries, at(4), 0) is None
    assert stay_at(entries, at(5), 0) == Stay(2, at(5))


part_entries = st.lists(
    st.builds(
        PartEntry,
        st.uuids().map(str), st.integers(1, 3), st.sampled_from(PART_KINDS), st.integers(0, 6).map(at),
        st.integers(0, 2),
    ),
    max_size=12,
).flatmap(lambda made: st.tuples(st.just(made), st.permutations(made)))  # fmt: skip


@given(part_entries)
def test_part_is_in_one_kit_at_most_and_the_order_of_hearing_changes_nothing(
    told: tuple[list[PartEntry], list[PartEntry]],
) -> None:
    made, heard = told
    chain = stays(heard)
    assert chain == stays(made)
    assert all(one.until is not None and one.since < one.until <= other.since for one, other in pairwise(chain))
    assert all(stay.missing_since is None or stay.missing_since >= stay.since for stay in chain)
    assert current_stay(heard) == (chain[-1] if chain and chain[-1].until is None else None)


def test_more_used_than_was_there_says_by_how_much_until_somebody_counts() -> None:
    put = CountEntry("a", PUT, at(1), Decimal(5))
    used = CountEntry("b", USED, at(2), Decimal(7))
    assert balance([put, used]) == Balance(Decimal(0), Decimal(2))
    counted = balance([put, used, CountEntry("c", COUNTED, at(3), Decimal(1))])
    assert counted == Balance(Decimal(1), Decimal(0))


count_entries = st.lists(
    st.builds(
        CountEntry,
        st.uuids().map(str), st.sampled_from(COUNT_KINDS), st.integers(0, 6).map(at), st.integers(0, 9).map(Decimal),
        st.integers(0, 2),
    ),
    max_size=12,
).flatmap(lambda made: st.tuples(st.just(made), st.permutations(made)))  # fmt: skip


@given(count_entries)
def test_count_is_never_below_nothing_and_what_is_short_is_told(
    told: tuple[list[CountEntry], list[CountEntry]],
) -> None:
    made, heard = told
    found = balance(heard)
    assert found == balance(made)
    assert found.quantity >= 0
    assert found.short >= 0
    since = sorted(made, key=lambda each: each.order)
    counts = [place for place, each in enumerate(since) if each.kind == COUNTED]
    since = since[counts[-1] :] if counts else since
    plain = sum((each.quantity if each.kind in {PUT, COUNTED} else -each.quantity for each in since), Decimal(0))
    assert found.quantity - found.short == plain
