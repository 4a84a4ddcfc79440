"""Whether an instrument passed: simple acceptance, and nothing passes by what is missing."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.calibration.rules import (
    DecisionRule,
    Kind,
    Point,
    Standing,
    check_standard,
    decide,
    standing,
    valid_until,
)
from assets.core.errors import InvalidInput, RuleViolation

SIMPLE = DecisionRule.SIMPLE
values = st.decimals(-1000, 1000, places=3)


def _point(found: str | None, left: str | None = None, name: str = "a") -> Point:
    read = [Decimal(text) if text is not None else None for text in (found, left)]
    return Point(name, tolerance_low=Decimal(90), tolerance_high=Decimal(110), as_found=read[0], as_left=read[1])


@given(values, values, values)
def test_simple_acceptance_takes_the_limits_in(low: Decimal, high: Decimal, value: Decimal) -> None:
    low, high = min(low, high), max(low, high)
    point = Point("a", tolerance_low=low, tolerance_high=high, as_found=value)
    assert decide(SIMPLE, [point], adjusted=False).passed == (low <= value <= high)
    assert decide(SIMPLE, [Point("a", tolerance_low=low, tolerance_high=high, as_found=low)], adjusted=False).passed


@given(st.lists(st.tuples(values, values), min_size=1, max_size=8))
def test_one_bad_point_fails_the_whole(readings: list[tuple[Decimal, Decimal]]) -> None:
    points = [
        Point(f"p{n}", tolerance_low=Decimal(-500), tolerance_high=Decimal(500), as_found=found, as_left=left)
        for n, (found, left) in enumerate(readings)
    ]
    decision = decide(SIMPLE, points, adjusted=True)
    assert decision.as_found == all(abs(found) <= 500 for found, _ in readings)
    assert decision.passed == all(abs(left) <= 500 for _, left in readings)


def test_adjustment_mends_the_result_and_keeps_the_finding() -> None:
    decision = decide(SIMPLE, [_point("120", "101")], adjusted=True)
    assert (decision.as_found, decision.as_left, decision.passed) == (False, True, True)


def test_missing_reading_before_adjustment_is_unknown_not_good() -> None:
    decision = decide(SIMPLE, [_point(None, "101"), _point("99", "99", "b")], adjusted=True)
    assert (decision.as_found, decision.passed) == (None, True)


@pytest.mark.parametrize(("ok", "passed"), [(True, True), (False, False)])
def test_checklist_decides(ok: bool, passed: bool) -> None:
    assert decide(SIMPLE, [Point("alarm", ok=True), Point("display", ok=ok)], adjusted=False).passed == passed


@pytest.mark.parametrize(
    ("points", "adjusted"),
    [
        ([], False),
        ([_point(None)], False),
        ([_point("100", "100")], False),
        ([_point("100")], True),
        ([_point("100"), _point("100")], False),
        ([Point(" ", ok=True)], False),
        ([Point("a", as_found=Decimal(1))], False),
        ([Point("a", tolerance_low=Decimal(2), tolerance_high=Decimal(1), as_found=Decimal(1))], False),
        ([Point("a", tolerance_low=Decimal("NaN"), as_found=Decimal(1))], False),
        ([Point("a", tolerance_low=Decimal(0), as_found=Decimal("Infinity"))], False),
        ([_point("100", None, f"p{n}") for n in range(61)], False),
    ],
)
def test_points_that_cannot_be_judged_are_refused(points: list[Point], adjusted: bool) -> None:
    with pytest.raises(InvalidInput):
        decide(SIMPLE, points, adjusted=adjusted)


def test_nothing_passes_with_a_standard_out_of_date() -> None:
    day = date(2026, 11, 2)
    check_standard(Kind.CALIBRATION, "block 7", day, day, passed=True)
    with pytest.raises(RuleViolation):
        check_standard(Kind.CALIBRATION, "block 7", day - timedelta(days=1), day, passed=True)
    check_standard(Kind.CALIBRATION, "block 7", day - timedelta(days=1), day, passed=False)
    with pytest.raises(InvalidInput):
        check_standard(Kind.CALIBRATION, "", None, day, passed=True)
    with pytest.raises(InvalidInput):
        check_standard(Kind.VERIFICATION, "block 7", None, day, passed=True)
    check_standard(Kind.FUNCTIONAL_CHECK, "", None, day, passed=True)


def test_failed_result_is_never_valid() -> None:
    assert valid_until(date(2026, 1, 1), 365, passed=False) is None
    assert valid_until(date(2026, 1, 1), 365, passed=True) == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("result", "left", "meter_left", "expected"),
    [
        ("", 100, None, Standing.NEVER), ("fail", 100, None, Standing.FAILED), ("pass", 31, None, Standing.VALID),
        ("pass", 30, None, Standing.SOON), ("pass", 0, None, Standing.SOON), ("pass", -1, None, Standing.OVERDUE),
        ("pass", 100, Decimal(0), Standing.OVERDUE), ("pass", 100, Decimal(1), Standing.VALID),
    ],
)  # fmt: skip
def test_standing(result: str, left: int, meter_left: Decimal | None, expected: Standing) -> None:
    today = date(2026, 11, 2)
    assert standing(result, today + timedelta(days=left), meter_left, today) == expected


@pytest.mark.parametrize("number", [Decimal(10) ** 11, Decimal("-1e500")])
def test_an_item_of_a_checklist_carries_no_number_that_cannot_be(number: Decimal) -> None:
    with pytest.raises(InvalidInput):
        decide(SIMPLE, [Point("alarm", ok=True, nominal=number)], adjusted=False)
