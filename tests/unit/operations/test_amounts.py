"""Quantities as people say them, and their kilogrammes: exact for masses, unknown for everything else."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.operations.models import CONTRIBUTIONS, KINDS
from assets.operations.rules import CONTRIBUTION_NAMES, KIND_NAMES
from assets.operations.rules.substances import (
    FAMILIES,
    SUBSTANCES,
    UNIT_NAMES,
    kilogrammes,
    read_amount,
    read_substance,
)
from assets.registry.rules.values import ValueRefused

MILLIGRAMMES = st.integers(1, 999_999)


def test_words_of_the_rules_are_those_the_tables_know() -> None:
    assert tuple(KIND_NAMES) == KINDS
    assert tuple(CONTRIBUTION_NAMES) == CONTRIBUTIONS
    assert {substance.family for substance in SUBSTANCES.values()} == set(FAMILIES)


@given(kg=st.integers(0, 9_999), milligrammes=MILLIGRAMMES)
def test_kilogrammes_and_grammes_said_together_lose_nothing(kg: int, milligrammes: int) -> None:
    grammes = Decimal(milligrammes) / 1000
    quantity, unit = read_amount(f"{kg} kg {grammes} g")
    exact = Decimal(kg) + Decimal(milligrammes) / 1_000_000
    assert (quantity, unit) == (exact * 1000, "g")
    assert kilogrammes(quantity, unit) == exact


@given(parts=st.lists(st.tuples(MILLIGRAMMES, st.sampled_from(["g", "kg"])), min_size=1, max_size=30))
def test_mass_in_kilogrammes_adds_up_exactly(parts: list[tuple[int, str]]) -> None:
    def as_told(milligrammes: int, unit: str) -> str:
        return str(Decimal(milligrammes) / (1000 if unit == "g" else 1_000_000))

    amounts = [read_amount(as_told(milligrammes, unit), unit) for milligrammes, unit in parts]
    told = [kilogrammes(*amount) for amount in amounts]
    assert sum(kg for kg in told if kg is not None) == sum(Decimal(mg) for mg, _ in parts) / 1_000_000


@pytest.mark.parametrize("unit", sorted(set(UNIT_NAMES) - {"g", "kg"}))
def test_what_is_no_mass_has_unknown_kilogrammes_never_zero(unit: str) -> None:
    assert kilogrammes(Decimal(500), unit) is None


@pytest.mark.parametrize(
    ("said", "unit", "kg"),
    [
        ("20 kg 32 g", "", "20.032"),
        ("1 kg 681 g", "", "1.681"),
        ("940", "g", "0.94"),
        ("5.311 kg", "kg", "5.311"),
        ("1 681,5", "g", "1.6815"),
        ("0.000001", "kg", "0.000001"),
        (224, "g", "0.224"),
    ],
)
def test_amounts_are_read_as_officers_write_them(said: object, unit: str, kg: str) -> None:
    assert kilogrammes(*read_amount(said, unit)) == Decimal(kg)


@pytest.mark.parametrize(
    ("said", "unit", "code"),
    [
        ("", "g", "required"),
        ("0", "g", "out_of_range"),
        ("-5", "g", "out_of_range"),
        ("2", "", "unit_required"),
        ("2", "bags", "unknown_word"),
        ("2 kg", "g", "two_units"),
        ("1.5 kg 20 g", "", "not_an_amount"),
        ("1 kg 1000 g", "", "not_an_amount"),
        ("20 g 1 kg", "", "not_an_amount"),
        ("5,311", "kg", "ambiguous_number"),
        ("0.0001", "g", "too_precise"),
        ("1.5", "tablets", "too_precise"),
        ("1e9", "kg", "out_of_range"),
        ("NaN", "kg", "not_a_number"),
        ("١٢", "g", "not_a_number"),
        (True, "g", "not_a_number"),
        ([1], "g", "not_a_number"),
    ],
)
def test_wrong_amounts_say_what_is_wrong(said: object, unit: str, code: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        read_amount(said, unit)
    assert refused.value.code == code


def test_substances_are_known_by_their_other_names() -> None:
    assert read_substance("Hashish") == "cannabis_resin"
    assert read_substance("cannabis herb") == "cannabis_herb"
    with pytest.raises(ValueRefused):
        read_substance("flour")
