"""What a period is compared with, and the interval of a sum of weights."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.metrics.rules.intervals import fay_feuer, garwood
from assets.reports.donor_summary.compare import period_before, year_before


@pytest.mark.parametrize(
    ("first", "until", "before"),
    [
        (date(2026, 1, 1), date(2026, 4, 1), (date(2025, 10, 1), date(2026, 1, 1))),
        (date(2026, 4, 1), date(2027, 4, 1), (date(2025, 4, 1), date(2026, 4, 1))),
        (date(2026, 1, 15), date(2026, 4, 20), (date(2025, 10, 12), date(2026, 1, 15))),
    ],
)
def test_period_before_is_as_long_and_ends_where_this_one_begins(
    first: date, until: date, before: tuple[date, date]
) -> None:
    assert period_before(first, until) == before


def test_year_before_of_a_leap_day_exists() -> None:
    assert year_before(date(2024, 2, 29), date(2024, 6, 1)) == (date(2023, 2, 28), date(2023, 6, 1))


@given(st.integers(1, 200))
def test_equal_weights_have_the_exact_interval_of_their_number(count: int) -> None:
    exact, found = garwood(count, 1.0), fay_feuer([1.0] * count)
    assert exact is not None
    assert found == pytest.approx(exact, rel=1e-9)


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=40), st.floats(0.01, 100))
def test_interval_of_a_sum_holds_it_and_follows_its_unit(weights: list[float], factor: float) -> None:
    found = fay_feuer(weights)
    assert found is not None
    assert found[0] <= sum(weights) <= found[1]
    assert fay_feuer([weight * factor for weight in weights]) == pytest.approx(
        (found[0] * factor, found[1] * factor), rel=1e-6
    )


def test_one_heavy_case_makes_the_interval_wide() -> None:
    even, heavy = fay_feuer([2.0] * 10), fay_feuer([0.1] * 9 + [19.1])
    assert even is not None
    assert heavy is not None
    assert heavy[1] - heavy[0] > 3 * (even[1] - even[0])


def test_no_case_has_no_interval() -> None:
    assert fay_feuer([]) is None
    assert fay_feuer([0.0]) is None
