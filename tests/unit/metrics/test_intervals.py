"""Intervals: against published values, and what must always hold."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.metrics.rules.intervals import gamma_share_below, garwood, wilson


@pytest.mark.parametrize(
    ("events", "low", "high"),
    [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (5, 1.6235, 11.6683), (10, 4.7954, 18.3904), (100, 81.3641, 121.6266)],
)
def test_exact_poisson_limits_are_those_of_the_tables(events: int, low: float, high: float) -> None:
    limits = garwood(events, 1.0)
    assert limits is not None
    assert limits[0] == pytest.approx(low, abs=5e-4)
    assert limits[1] == pytest.approx(high, abs=5e-4)


def test_score_interval_is_that_of_the_textbook() -> None:
    limits = wilson(81, 263)
    assert limits == pytest.approx((0.2553, 0.3662), abs=5e-4)


def test_no_trials_and_no_exposure_have_no_interval() -> None:
    assert wilson(0, 0) is None
    assert garwood(3, 0.0) is None


def test_rate_scales_with_its_exposure() -> None:
    once, ten = garwood(7, 1.0), garwood(7, 10.0)
    assert once is not None
    assert ten is not None
    assert ten[1] == pytest.approx(once[1] / 10)


def test_large_counts_join_the_exact_limits_without_a_step() -> None:
    exact, near = garwood(4_999, 1.0), garwood(5_001, 1.0)
    assert exact is not None
    assert near is not None
    assert near[0] - exact[0] == pytest.approx(2, abs=0.06)
    assert near[1] - exact[1] == pytest.approx(2, abs=0.06)


@given(st.integers(1, 5000), st.data())
def test_share_lies_within_its_interval(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    limits = wilson(successes, trials)
    assert limits is not None
    assert 0 <= limits[0] <= successes / trials <= limits[1] <= 1


@given(st.integers(0, 3000))
def test_each_poisson_tail_holds_two_and_a_half_percent(events: int) -> None:
    limits = garwood(events, 1.0)
    assert limits is not None
    assert 1 - gamma_share_below(events + 1, limits[1]) == pytest.approx(0.025, abs=1e-6)
    if events:
        assert gamma_share_below(events, limits[0]) == pytest.approx(0.025, abs=1e-6)


@given(st.floats(0.01, 60))
def test_gamma_of_shape_one_is_the_exponential(x: float) -> None:
    assert gamma_share_below(1.0, x) == pytest.approx(1 - math.exp(-x), abs=1e-12)
