"""What may leave the house: no group small enough to point at one item, and none that the totals would give away."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.errors import InvalidInput, RuleViolation
from assets.reports.disclosure import (
    MIN_ASSETS,
    MIN_UNITS,
    VEHICLES,
    Cell,
    band,
    check_delay,
    check_period,
    count_band,
    merged,
    reporting_class,
    rounded_km,
)
from assets.reports.disclosure.periods import may_follow_withdrawn

cells = st.lists(
    st.builds(Cell, st.uuids().map(str), st.integers(1, 12), st.integers(1, 4)), max_size=14, unique_by=lambda c: c.key
)


@given(cells)
def test_each_group_shown_by_itself_is_large_enough(found: list[Cell]) -> None:
    hidden = merged(found)
    assert all(c.assets >= MIN_ASSETS and c.units >= MIN_UNITS for c in found if c.key not in hidden)


@given(cells)
def test_total_less_the_shown_groups_never_reveals_a_small_one(found: list[Cell]) -> None:
    hidden = [c for c in found if c.key in merged(found)]
    if hidden and len(hidden) < len(found):
        assert len(hidden) >= 2
        assert sum(c.assets for c in hidden) >= MIN_ASSETS
        assert sum(c.units for c in hidden) >= MIN_UNITS


@given(cells)
def test_nothing_is_merged_without_need(found: list[Cell]) -> None:
    if all(c.assets >= MIN_ASSETS and c.units >= MIN_UNITS for c in found):
        assert merged(found) == frozenset()


def test_one_small_region_takes_the_smallest_other_with_it() -> None:
    found = [Cell("UZ-TK", 60, 3), Cell("UZ-FA", 9, 2), Cell("UZ-SU", 30, 1)]
    assert merged(found) == {"UZ-SU", "UZ-FA"}


def test_regions_of_one_team_each_are_shown_together() -> None:
    found = [Cell(f"R{n}", 25, 1) for n in range(13)] + [Cell("UZ-TK", 60, 3)]
    assert merged(found) == {f"R{n}" for n in range(13)}


@pytest.mark.parametrize("code", ["vehicle.investigation", "vehicle.offroad", "vehicle.forensic_van"])
def test_unmarked_vehicles_are_not_told_from_others(code: str) -> None:
    assert reporting_class(code, "Investigation vehicle") == VEHICLES


@pytest.mark.parametrize(
    ("share", "words"), [(None, None), (0.0, "below_50"), (0.5, "50_to_80"), (0.79, "50_to_80"), (0.8, "80_or_more")]
)
def test_bands_are_those_of_the_donor(share: float | None, words: str | None) -> None:
    assert band(share) == words


def test_kilometres_are_rounded_to_a_hundred_and_counts_to_bands() -> None:
    assert rounded_km(2_149.9) == 2_100
    assert rounded_km(None) is None
    assert [count_band(n) for n in (3, 9, 10, 29, 30, 99, 100)] == [
        "3_to_9", "3_to_9", "10_to_29", "10_to_29", "30_to_99", "30_to_99", "100_or_more",
    ]  # fmt: skip


def test_shortest_quarter_is_long_enough() -> None:
    check_period(date(2026, 1, 1), date(2026, 4, 1), date(2026, 4, 1))
    with pytest.raises(InvalidInput):
        check_period(date(2026, 1, 1), date(2026, 3, 1), date(2026, 4, 1))


def test_release_is_possible_from_the_thirtieth_day_on_with_a_reason() -> None:
    assert check_delay(date(2026, 4, 1), date(2026, 5, 1), " the mission\ncomes in May ") == "the mission comes in May"
    for today, reason, code in (
        (date(2026, 4, 30), "a good reason", "too_early"),
        (date(2026, 5, 1), "", "early_needs_a_reason"),
        (date(2026, 6, 29), "x" * 301, "early_needs_a_reason"),
    ):
        with pytest.raises(RuleViolation) as refused:
            check_delay(date(2026, 4, 1), today, reason)
        assert refused.value.code == code


def test_release_is_usual_from_the_ninetieth_day_on() -> None:
    assert check_delay(date(2026, 4, 1), date(2026, 6, 30), "not needed any more") == ""


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(89, 400), st.integers(-500, 500))
def test_withdrawn_summary_is_followed_by_the_same_period_or_one_without_its_days(
    first: date, days: int, shift: int
) -> None:
    until = first + timedelta(days=days)
    moved = first + timedelta(days=shift), until + timedelta(days=shift)
    shares = {first + timedelta(days=n) for n in range(days)} & {moved[0] + timedelta(days=n) for n in range(days)}
    assert may_follow_withdrawn(first, until, *moved) == (not shift or not shares)
