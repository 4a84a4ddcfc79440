"""What a line and a count may say, which count holds, and what a round is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.errors import InvalidInput, RuleViolation
from assets.handover.rules import (
    COUNT_OUTCOMES,
    DIFFERENCES,
    OUTCOME_NAMES,
    OUTCOME_STATES,
    Count,
    check_count,
    check_may_close,
    check_size,
    check_still_open,
    in_usd,
    newest,
    read_line,
    read_serials,
    total_of,
)
from assets.metrics.rules.kpi import CODES
from assets.registry.rules.targets import TARGET_KPIS, check_target
from tests.support.rounds import codes, line
from tests.support.world import START


@dataclass
class Stored:
    id: int
    at: datetime


@given(st.permutations(range(6)), st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_the_count_made_last_holds_in_whatever_order_they_came(order: list[int], minutes: list[int]) -> None:
    counts = [Stored(n, START + timedelta(minutes=minutes[n])) for n in range(6)]
    assert newest([counts[n] for n in order]) == max(counts, key=lambda c: (c.at, c.id))
    assert newest([]) is None


@pytest.mark.parametrize(
    "text",
    ["A1\nB2\n\n C3 ", "A1\tB2\tC3", "A1, B2; C3", ["A1", "", "B2", "C3"]],
    ids=["lines", "tabs", "marks", "list"],
)
def test_serials_are_read_as_people_and_sheets_write_them(text: object) -> None:
    assert read_serials(text) == ("A1", "B2", "C3")


def test_a_line_without_a_quantity_has_as_many_as_numbers() -> None:
    assert read_line(line(quantity=""), 1).quantity == 2
    assert read_line(line(quantity="7", serials=""), 1).quantity == 7


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"quantity": "", "serials": ""}, "quantity", "required"),
        ({"quantity": "0"}, "quantity", "out_of_range"),
        ({"quantity": "two"}, "quantity", "not_a_number"),
        ({"quantity": "1"}, "serials", "too_many_serials"),
        ({"unit": ""}, "unit", "required"),
        ({"class": "", "model": ""}, "class", "required"),
        ({"class": "vehicle.tank"}, "class", "unknown_word"),
        ({"unit_value": "-1"}, "unit_value", "out_of_range"),
        ({"unit_value": "12.345"}, "unit_value", "too_precise"),
        ({"serials": "A\x00"}, "serials", "control_characters"),
        ({"price": "1"}, "price", "unknown_field"),
    ],
)
def test_a_wrong_cell_is_named_with_its_row(values: dict[str, object], field: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_line(line(**values), 17)
    assert (17, field, code) in codes(caught.value.fields)


def test_all_wrong_cells_of_a_line_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_line(line(quantity="x", unit="", unit_value="y"), 3)
    assert {error.field for error in caught.value.fields} == {"quantity", "unit", "unit_value"}


def test_a_round_has_lines_and_an_end() -> None:
    check_size(2000, 500)
    for items, lines in ((0, 0), (2001, 1), (501, 501)):
        with pytest.raises(InvalidInput):
            check_size(items, lines)


GOOD = [
    Count("1", 1, "received"),
    Count("1", 1, "received", serial="X", grade="B", note="box torn"),
    Count("1", 1, "short"),
    Count("1", 1, "short", note="the lorry had one box less"),
    Count("1", 1, "damaged", grade="C", note="screen cracked"),
    Count("1", 1, "damaged", grade="D", note="crushed", serial="X"),
    Count("1", 1, "wrong_serial", serial="X"),
    Count("1", 1, "not_delivered", note="the maker stopped it"),
]
BAD = [
    (Count("1", 1, "pending"), "outcome"),
    (Count("1", 1, "perhaps"), "outcome"),
    (Count("1", 1, "damaged", note="cracked"), "condition"),
    (Count("1", 1, "damaged", grade="A", note="cracked"), "condition"),
    (Count("1", 1, "damaged", grade="C", note=" "), "note"),
    (Count("1", 1, "received", grade="D"), "outcome"),
    (Count("1", 1, "wrong_serial", serial="  "), "serial"),
    (Count("1", 1, "not_delivered"), "note"),
    (Count("1", 1, "short", serial="X"), "serial"),
    (Count("1", 1, "short", grade="A"), "condition"),
    (Count("1", 1, "received", note="x" * 501), "note"),
    (Count("1", 1, "wrong_serial", serial="x" * 81), "serial"),
]


@pytest.mark.parametrize("count", GOOD, ids=lambda count: count.outcome)
def test_a_count_that_says_what_its_outcome_needs_is_taken(count: Count) -> None:
    check_count(count)


@pytest.mark.parametrize(("count", "field"), BAD)
def test_a_count_that_lacks_what_its_outcome_needs_is_refused(count: Count, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_count(count)
    assert field in {error.field for error in caught.value.fields}


def test_the_count_closes_only_when_all_was_counted_and_once() -> None:
    check_may_close({"received": 21, "short": 2}, closed=False)
    for tally, closed, code in (
        ({"received": 21, "pending": 1}, False, "not_counted"),
        ({"received": 21}, True, "already_closed"),
        ({"pending": 0}, False, "nothing_to_count"),
    ):
        with pytest.raises(RuleViolation) as caught:
            check_may_close(tally, closed=closed)
        assert caught.value.code == code


@pytest.mark.parametrize("outcome", COUNT_OUTCOMES)
def test_after_closing_only_what_was_missing_is_counted(outcome: str) -> None:
    check_still_open(None, outcome)
    if outcome in {"short", "not_delivered"}:
        check_still_open(START, outcome)
    else:
        with pytest.raises(RuleViolation):
            check_still_open(START, outcome)


def test_every_outcome_has_words_a_state_and_its_place() -> None:
    assert set(OUTCOME_STATES) == set(OUTCOME_NAMES)
    assert set(DIFFERENCES) == set(COUNT_OUTCOMES) - {"received"}


def test_a_round_is_worth_its_lines_and_unknown_is_not_nothing() -> None:
    assert total_of([(2, Decimal("10.50")), (3, None), (1, Decimal(4))]) == Decimal("25.00")
    assert total_of([(2, None)]) is None
    assert in_usd(Decimal(151_250), "JPY", Decimal("151.25")) == Decimal("1000.00")
    assert in_usd(Decimal(10), "USD", None) == 10
    assert in_usd(Decimal(10), "JPY", None) is None
    assert in_usd(None, "USD", None) is None


def test_every_figure_that_can_be_promised_is_one_that_is_computed() -> None:
    assert set(TARGET_KPIS) <= set(CODES)


@pytest.mark.parametrize(
    ("kpi", "class_code", "value", "field"),
    [
        ("utilisation_days_rate", "", "1.01", "value"),
        ("utilisation_days_rate", "ident.raman", "0.5", "class"),
        ("uses_per_asset_month", "vehicle.patrol", "4", "class"),
        ("in_calibration_rate", "kit", "1", "class"),
        ("pm_compliance", "vehicle.tank", "1", "class"),
        ("happiness", "", "1", "kpi"),
        ("distance_per_vehicle_month", "", "10000000", "value"),
    ],
)
def test_a_plan_must_suit_its_figure(kpi: str, class_code: str, value: str, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_target(kpi, class_code, Decimal(value))
    assert [error.field for error in caught.value.fields] == [field]
