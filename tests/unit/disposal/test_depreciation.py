"""Memo values: straight line, whole months, nothing in the month of disposal, never below the residual value."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.disposal.rules.depreciation import CENT, life_years, memo_value

DAYS = st.dates(date(2005, 1, 1), date(2060, 12, 31))
MONEY = st.decimals(0, 10**9, places=2)
YEARS = st.integers(1, 20)


def test_memo_value_falls_by_a_twelfth_of_the_year_from_the_month_of_use() -> None:
    memo = memo_value(Decimal(60_000), date(2024, 3, 28), 5, date(2024, 3, 31))
    assert memo is not None
    assert (memo.annual, memo.months, memo.value) == (Decimal("12000.00"), 1, Decimal("59000.00"))
    later = memo_value(Decimal(60_000), date(2024, 3, 28), 5, date(2025, 2, 1))
    assert later is not None
    assert (later.months, later.value, later.charged) == (12, Decimal(48_000), Decimal(12_000))


def test_month_of_disposal_is_not_charged() -> None:
    disposed = memo_value(Decimal(60_000), date(2024, 3, 28), 5, date(2026, 1, 1), date(2024, 5, 1))
    assert disposed is not None
    assert (disposed.months, disposed.value) == (2, Decimal(58_000))


def test_what_is_not_known_has_no_value() -> None:
    assert memo_value(None, date(2024, 1, 1), 5, date(2025, 1, 1)) is None
    assert memo_value(Decimal(5), None, 5, date(2025, 1, 1)) is None


@pytest.mark.parametrize(
    ("class_code", "years"),
    [
        ("vehicle.offroad", 6), ("vehicle.forensic_van", 12), ("comms.radio", 7), ("it.other", 4), ("ident.raman", 5),
        ("protect.armour", 5), ("kit", 5), ("something.new", 5),
    ],
)  # fmt: skip
def test_useful_life_is_that_of_the_class_or_its_group(class_code: str, years: int) -> None:
    assert life_years(class_code) == years


@given(MONEY, DAYS, YEARS, DAYS, MONEY)
def test_value_lies_between_residual_and_cost(
    cost: Decimal, start: date, years: int, on: date, residual: Decimal
) -> None:
    memo = memo_value(cost, start, years, on, residual=residual)
    assert memo is not None
    assert min(residual, cost) <= memo.value <= cost
    assert memo.charged + memo.value == cost
    assert 0 <= memo.months <= memo.life_months


@given(MONEY, DAYS, YEARS, DAYS, st.integers(0, 4000))
def test_value_never_rises(cost: Decimal, start: date, years: int, on: date, days: int) -> None:
    before, after = memo_value(cost, start, years, on), memo_value(cost, start, years, on + timedelta(days=days))
    assert before is not None
    assert after is not None
    assert after.value <= before.value


@given(MONEY, DAYS, YEARS)
def test_nothing_is_charged_before_and_all_at_the_end(cost: Decimal, start: date, years: int) -> None:
    first = memo_value(cost, start, years, start.replace(day=1) - timedelta(days=1))
    end = memo_value(cost, start, years, date(start.year + years, start.month, 1))
    last = memo_value(cost, start, years, date(start.year + years, start.month, 1) - timedelta(days=1))
    assert first is not None
    assert end is not None
    assert last is not None
    assert (first.months, first.value) == (0, cost)
    assert end.value == last.value == 0
    assert abs(last.annual * years - cost) <= CENT * years


@given(MONEY, DAYS, YEARS, DAYS, DAYS)
def test_from_the_month_of_disposal_on_it_stands_still(
    cost: Decimal, start: date, years: int, gone: date, on: date
) -> None:
    ended = memo_value(cost, start, years, on, gone)
    frozen = memo_value(cost, start, years, min(on, gone.replace(day=1) - timedelta(days=1)))
    assert ended == frozen
