"""What may be written of an operation, and that every wrong part is named at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from assets.core.errors import InvalidInput
from assets.operations.rules.fields import OPERATION_FIELDS, parse_operation

LEAST: dict[str, object] = {"kind": "patrol", "unit": "IMT-TK", "starts_on": "2026-10-28"}


def wrong_fields(values: dict[str, Any], *, partial: bool = False) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        parse_operation(values, partial=partial)
    return {error.field: error.code for error in refused.value.fields}


def test_a_sheet_says_in_one_cell_what_a_call_says_in_a_list() -> None:
    sheet = parse_operation(
        LEAST
        | {
            "agencies": "MIA; CUSTOMS",
            "seizures": "heroin 20 kg 32 g + opium 940 g; hashish 5311 g",
            "contributions": "search.videoscope=decisive; vehicle.patrol=supported",
        }
    )
    call = parse_operation(
        LEAST
        | {
            "agencies": ["MIA", "CUSTOMS"],
            "seizures": [
                {
                    "items": [
                        {"substance": "heroin", "quantity": "20032", "unit": "g"},
                        {"substance": "opium", "quantity": 940, "unit": "g"},
                    ]
                },
                {"items": [{"substance": "cannabis_resin", "quantity": Decimal(5311), "unit": "g"}]},
            ],
            "contributions": [
                {"class": "search.videoscope", "contribution": "decisive"},
                {"class": "vehicle.patrol", "contribution": "supported"},
            ],
        }
    )
    assert sheet == call
    assert [item.kg for seizure in sheet.seizures for item in seizure.items] == [
        Decimal("20.032"), Decimal("0.94"), Decimal("5.311"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "key", ["id", "version", "recorded_by", "closed_at", "annulled_at", "kg", "struck_out", "role"]
)
def test_protected_and_unknown_keys_are_refused_in_every_way_in(key: str) -> None:
    assert wrong_fields({**LEAST, key: "1"}) == {key: "unknown_field"}
    assert wrong_fields({key: "1"}, partial=True) == {key: "unknown_field"}


def test_unknown_keys_inside_a_seizure_are_refused() -> None:
    seizures = [{"items": [{"substance": "heroin", "quantity": 1, "unit": "g", "kg": 900}], "struck_out": False}]
    assert wrong_fields({**LEAST, "seizures": seizures}) == {"seizures.0.struck_out": "unknown_field"}
    del seizures[0]["struck_out"]
    assert wrong_fields({**LEAST, "seizures": seizures}) == {"seizures.0.items.0.kg": "unknown_field"}


def test_every_wrong_part_is_named_at_once() -> None:
    found = wrong_fields(
        {
            "kind": "raid",
            "starts_on": "yesterday",
            "arrests": "-1",
            "seizures": [
                {"items": [{"substance": "flour", "quantity": "x", "unit": "g"}, {"substance": "", "quantity": "1"}]},
                {"items": []},
            ],
            "contributions": {"toaster": "decisive", "ident.raman": "magic"},
        }
    )
    assert found == {
        "kind": "unknown_word",
        "unit": "required",
        "starts_on": "not_a_date",
        "arrests": "out_of_range",
        "seizures.0.items.0.substance": "unknown_word",
        "seizures.0.items.0.quantity": "not_a_number",
        "seizures.0.items.1.substance": "required",
        "seizures.0.items.1.unit": "unit_required",
        "seizures.1.items": "required",
        "contributions.0.class": "unknown_word",
        "contributions.1.contribution": "unknown_word",
    }


@pytest.mark.parametrize("shape", [5, {"a": 1}, [[]], [5], [{"items": 5}], [{"items": [[]]}], [None]])
def test_shapeless_seizures_are_refused_not_crashed_on(shape: object) -> None:
    assert all(field.startswith("seizures") for field in wrong_fields({**LEAST, "seizures": shape}))


def test_a_change_requires_nothing_and_takes_nothing_that_is_told_once() -> None:
    assert parse_operation({"arrests": "2"}, partial=True).given == {"arrests"}
    once = {key for key, field in OPERATION_FIELDS.items() if field.only_new}
    assert once == {"code", "seizures", "closed"}
    assert wrong_fields(dict.fromkeys(once, "1"), partial=True) == dict.fromkeys(once, "only_new")


def test_what_is_sent_empty_is_to_be_cleared() -> None:
    draft = parse_operation({"note": " ", "searches": None}, partial=True)
    assert ("note" in draft, draft.note, "searches" in draft, draft.searches) == (True, "", True, None)


def test_too_long_texts_and_lists_are_refused() -> None:
    assert wrong_fields({**LEAST, "note": "x" * 4001}) == {"note": "too_long"}
    assert wrong_fields({**LEAST, "agencies": [f"A{n}" for n in range(51)]}) == {"agencies": "too_many"}
    assert wrong_fields({**LEAST, "seizures": "heroin 1 g;" * 51}) == {"seizures": "too_many"}
    assert wrong_fields({**LEAST, "code": "a\x00b"}) == {"code": "control_characters"}
    assert wrong_fields({**LEAST, "code": "=cmd|' /C calc'!A0"}) == {"code": "invalid"}
