"""Sets of sequence numbers against plain sets, and what is asked for again when."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from assets.telemetry.ranges import MAX_ASKS, Ask, RangeSet, ask_again

PAIRS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)).map(lambda p: (p[0], p[0] + p[1])), max_size=12)


def _numbers(pairs: list[tuple[int, int]]) -> set[int]:
    return {number for first, last in pairs for number in range(first, last + 1)}


def _members(ranges: RangeSet) -> set[int]:
    return _numbers(list(ranges))


@given(PAIRS, PAIRS)
def test_ranges_behave_as_sets_of_numbers(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    a, b = RangeSet.of(left), RangeSet.of(right)
    assert _members(a) == _numbers(left)
    assert _members(a | b) == _numbers(left) | _numbers(right)
    assert _members(a - b) == _numbers(left) - _numbers(right)
    assert _members(a & b) == _numbers(left) & _numbers(right)
    assert len(a) == len(_numbers(left))
    assert all((number in a) == (number in _numbers(left)) for number in range(-1, 72))


@given(PAIRS)
def test_ranges_are_sorted_and_never_touch(pairs: list[tuple[int, int]]) -> None:
    for ranges in (
        RangeSet.of(pairs),
        RangeSet.of_numbers(_numbers(pairs)),
        RangeSet.of(pairs) - RangeSet.of([(5, 9)]),
    ):
        listed = list(ranges)
        assert all(first <= last for first, last in listed)
        assert all(earlier[1] + 1 < later[0] for earlier, later in pairwise(listed))
        assert RangeSet.loads(ranges.dumps()) == ranges


@given(PAIRS, st.integers(-1, 70))
def test_upto_above_and_missing_agree(pairs: list[tuple[int, int]], ceiling: int) -> None:
    ranges, numbers = RangeSet.of(pairs), _numbers(pairs)
    assert all(number in numbers for number in range(ranges.upto + 1))
    assert ranges.upto + 1 not in numbers
    assert _members(ranges.above(ceiling)) == {number for number in numbers if number > ceiling}
    assert _members(ranges.missing_to(ceiling)) == set(range(ceiling + 1)) - numbers
    assert ranges.highest == max(numbers, default=-1)


def test_a_hole_is_asked_for_with_doubling_pauses_five_times_and_then_given_up() -> None:
    hole = RangeSet.of([(3, 5)])
    asked: tuple[Ask, ...] = ()
    asks, now_s, given_up = [], 0.0, RangeSet()
    while not given_up:
        want, asked, given_up = ask_again(hole, asked, now_s)
        if want:
            asks.append(now_s)
        now_s += 1
    assert asks == [0, 60, 180, 420, 900]
    assert len(asks) == MAX_ASKS
    assert now_s - 1 == 900 + 960
    assert given_up == hole


@given(st.lists(st.tuples(PAIRS, st.integers(0, 200)), max_size=8))
def test_only_holes_are_asked_for_and_remembered(rounds: list[tuple[list[tuple[int, int]], int]]) -> None:
    asked: tuple[Ask, ...] = ()
    now_s = 0
    for pairs, wait_s in rounds:
        now_s += wait_s
        holes = RangeSet.of(pairs)
        want, asked, given_up = ask_again(holes, asked, now_s)
        remembered = RangeSet.of((ask.first, ask.last) for ask in asked)
        assert not want - holes
        assert not (remembered & given_up)
        assert (remembered | given_up) == holes
        assert sum(ask.last - ask.first + 1 for ask in asked) == len(remembered)
