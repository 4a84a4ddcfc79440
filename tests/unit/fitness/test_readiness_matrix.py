"""Readiness counted: every item once in its cell, its row, its column and the whole; the worst reason stands for it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assets.fitness.readiness import REASON_NAMES, STATES, Item, is_elsewhere, matrix, worst
from assets.fitness.rules import Facts, judge

FACTS = st.builds(
    Facts,
    life=st.sampled_from(["in_service", "received", "expected", "withdrawn", "lost"]),
    condition=st.sampled_from(["A", "C", "D", None]),
    fault_severities=st.sampled_from([(), ("minor",), ("critical", "minor")]),
    subject_to_calibration=st.booleans(),
)
ITEMS = st.builds(
    lambda n, unit, class_code, issued, elsewhere, facts: Item(
        f"{n:010d}", class_code, unit, f"Unit {unit}", "UZ-TK", None, None, facts.life, issued, elsewhere, judge(facts)
    ),
    st.integers(0, 10**6), st.sampled_from("ABC"), st.sampled_from(["kit", "comms.radio"]), st.booleans(),
    st.booleans(), FACTS,
)  # fmt: skip


@given(st.lists(ITEMS, max_size=60))
def test_each_item_is_counted_once_everywhere(items: list[Item]) -> None:
    found = matrix(items)
    assert found.total.total == len(items)
    for cells in (found.cells, found.by_unit, found.by_class):
        assert sum(cell.total for cell in cells.values()) == len(items)
    for state in STATES:
        wanted = sum(item.state == state for item in items)
        assert found.total.counts[state] == sum(cell.counts[state] for cell in found.cells.values()) == wanted
    assert found.total.issued == sum(item.issued for item in items)


@given(st.lists(ITEMS, max_size=60))
def test_each_item_that_is_not_ready_has_one_reason_with_words(items: list[Item]) -> None:
    found = matrix(items)
    told = sum(count for _, count in found.total.why())
    assert told == found.total.not_ready == sum(item.state in {"blocked", "unknown", "away"} for item in items)
    assert all(code in REASON_NAMES for code, _ in found.total.why())
    assert all(bool(item.reasons) for item in items if item.state != "ready")


@given(st.lists(ITEMS, max_size=60))
def test_what_is_due_can_be_used_and_is_told_apart(items: list[Item]) -> None:
    total = matrix(items).total
    assert total.ready + total.due + total.not_ready == total.total
    assert sum(count for _, count in total.falls_due()) == total.due == sum(item.state == "due" for item in items)


@given(ITEMS)
def test_what_another_unit_has_is_away_whatever_its_fitness(item: Item) -> None:
    assert item.state == ("away" if item.elsewhere else item.fitness.state)


def test_an_item_issued_within_its_unit_is_not_elsewhere() -> None:
    assert not is_elsewhere(1, None)
    assert not is_elsewhere(1, 1)
    assert is_elsewhere(1, 2)


@given(st.lists(ITEMS, max_size=60))
def test_worst_come_first_and_full_ones_are_left_out(items: list[Item]) -> None:
    ranked = [cell for _, cell in worst(matrix(items).by_unit, 10)]
    shares = [cell.not_ready / cell.total for cell in ranked]
    assert shares == sorted(shares, reverse=True)
    assert all(shares)
