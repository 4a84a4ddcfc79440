"""Lots: how they stand by their days, and what may be done with how much."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.errors import InvalidInput, RuleViolation
from assets.registry.rules.stock import (
    LotDraft,
    Standing,
    check_days,
    check_write_off,
    counted_difference,
    plain,
    standing_of,
)

TODAY = date(2026, 11, 2)
AMOUNTS = st.decimals(0, 9_999_999, places=3)


@pytest.mark.parametrize(
    ("days", "standing"),
    [
        (-1, Standing.EXPIRED), (0, Standing.WITHIN_30), (30, Standing.WITHIN_30), (31, Standing.WITHIN_90),
        (90, Standing.WITHIN_90), (91, Standing.GOOD), (None, Standing.GOOD),
    ],
)  # fmt: skip
def test_a_lot_stands_by_its_expiry_and_may_be_used_on_its_last_day(days: int | None, standing: Standing) -> None:
    expires_on = None if days is None else TODAY + timedelta(days=days)
    assert standing_of(expires_on, None, TODAY) is standing


@given(st.one_of(st.none(), st.dates(date(2000, 1, 1), date(2100, 1, 1))))
def test_recalled_comes_before_every_expiry(expires_on: date | None) -> None:
    assert standing_of(expires_on, TODAY, TODAY) is Standing.RECALLED


@given(AMOUNTS, AMOUNTS)
def test_a_count_makes_the_register_say_what_was_counted(on_hand: Decimal, counted: Decimal) -> None:
    assert on_hand + counted_difference(on_hand, counted, recalled=False) == counted


@given(AMOUNTS, AMOUNTS)
def test_a_recalled_lot_never_grows(on_hand: Decimal, counted: Decimal) -> None:
    if counted > on_hand:
        with pytest.raises(RuleViolation):
            counted_difference(on_hand, counted, recalled=True)
    else:
        assert counted_difference(on_hand, counted, recalled=True) <= 0


@given(AMOUNTS, AMOUNTS)
def test_no_more_is_written_off_than_is_there(on_hand: Decimal, quantity: Decimal) -> None:
    if 0 < quantity <= on_hand:
        check_write_off(on_hand, quantity)
    else:
        with pytest.raises(InvalidInput):
            check_write_off(on_hand, quantity)


def test_a_lot_is_not_opened_before_it_came_nor_in_the_future() -> None:
    lot = LotDraft("kit", "Kit", "L", "U", Decimal(1), received_on=TODAY, opened_on=TODAY - timedelta(days=1))
    with pytest.raises(InvalidInput):
        check_days(lot, TODAY)
    with pytest.raises(InvalidInput):
        check_days(LotDraft("kit", "Kit", "L", "U", Decimal(1), received_on=TODAY + timedelta(days=1)), TODAY)


@given(AMOUNTS)
def test_amounts_are_said_without_needless_zeros_and_mean_the_same(amount: Decimal) -> None:
    said = plain(amount)
    assert Decimal(said) == amount
    assert not said.endswith(".")
    assert "." not in said or not said.endswith("0")
