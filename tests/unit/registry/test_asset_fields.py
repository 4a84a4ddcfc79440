"""The one list of writable fields: each value is read or refused by name, and nothing else can be set."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.errors import InvalidInput
from assets.registry.rules.asset_fields import ASSET_FIELDS, check_together, parse_asset

LEAST = {"class": "comms.radio", "unit": "IMT-TK"}


def refused(values: Mapping[str, object], *, partial: bool = False) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        parse_asset(values, partial=partial)
    return {error.field: error.code for error in caught.value.fields}


def test_class_and_unit_are_required_and_named_together() -> None:
    assert refused({"serial_number": "1"}) == {"class": "required", "unit": "required"}


def test_a_change_requires_nothing_but_cannot_empty_what_is_required() -> None:
    assert parse_asset({}, partial=True).given == frozenset()
    assert refused({"unit": " "}, partial=True) == {"unit": "required"}


@pytest.mark.parametrize(
    "key", ["id", "role", "unit_id", "version", "custodian_person_id", "registered_at", "serial_folded"]
)
def test_what_is_not_in_the_list_cannot_be_set(key: str) -> None:
    assert refused({**LEAST, key: "1"}) == {key: "unknown_field"}


@pytest.mark.parametrize("key", ["odometer_km", "engine_h", "code"])
def test_opening_values_are_not_changed_later(key: str) -> None:
    assert refused({key: "1"}, partial=True) == {key: "only_new"}


def test_all_that_is_wrong_is_named_at_once() -> None:
    wrong = {"class": "car", "unit": "X" * 33, "value": "much", "received_on": "31.02.2026", "life": "broken"}
    assert set(refused(wrong)) == set(wrong)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.5", "1234.50"), ("1234,5", "1234.50"), ("1 234,56", "1234.56"), ("1\u00a0234\u202f567,8", "1234567.80"),
        ("1,234.56", "1234.56"), ("1.234,56", "1234.56"), ("1,234,567", "1234567.00"), ("0", "0.00"), (12.5, "12.50"),
        (7, "7.00"), ("0,125000", None), ("1,234", None), ("-1", None), ("NaN", None), ("1e999", None),
        ("12,34,5", None),
        ("1_000", None), ("١٢", None), ("Infinity", None), (True, None), ("12.345", None), ("99999999999999999", None),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them_or_refused(text: object, value: str | None) -> None:
    if value is None:
        assert set(refused({**LEAST, "value": text})) == {"value"}
    else:
        assert parse_asset({**LEAST, "value": text}).value == Decimal(value)


@given(st.decimals(min_value=0, max_value=9_999_999, places=2))
def test_every_amount_survives_each_way_of_writing_it(amount: Decimal) -> None:
    english = f"{amount:,.2f}"
    continental = english.translate(str.maketrans(",.", ".,"))
    for text in (str(amount), english, continental, continental.replace(".", " ")):
        assert parse_asset({**LEAST, "value": text}).value == amount


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-11-21", date(2026, 11, 21)), ("21.11.2026", date(2026, 11, 21)),
        (datetime(2026, 11, 21, 5, tzinfo=UTC), date(2026, 11, 21)), ("11/21/2026", None), ("2026-13-01", None),
        ("29.02.2026", None), ("0001-01-01", None), ("٢٠٢٦-11-21", None), ("x", None),
    ],
)  # fmt: skip
def test_days_are_iso_or_with_dots(value: object, day: date | None) -> None:
    if day is None:
        assert set(refused({**LEAST, "received_on": value})) == {"received_on"}
    else:
        assert parse_asset({**LEAST, "received_on": value}).received_on == day


@pytest.mark.parametrize("bad", ["a\x00b", "a\x07b", "a\ud800b", "a\x1bb", "a\nb"])
def test_control_characters_never_reach_the_database(bad: str) -> None:
    assert refused({**LEAST, "serial_number": bad}) == {"serial_number": "control_characters"}


def test_a_note_may_have_lines() -> None:
    assert parse_asset({**LEAST, "note": "one\r\ntwo"}).note == "one\ntwo"


@given(
    st.dictionaries(
        st.sampled_from(sorted(ASSET_FIELDS)),
        st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans(), st.lists(st.text())),
    )
)
def test_any_shape_of_value_is_read_or_refused_never_an_accident(values: dict[str, object]) -> None:
    refused_fields: set[str] = set()
    try:
        given_keys = parse_asset(values, partial=True).given
    except InvalidInput as error:
        refused_fields, given_keys = {item.field for item in error.fields}, frozenset()
    assert refused_fields <= set(values)
    assert refused_fields or given_keys == set(values)


def test_an_empty_value_clears_and_an_absent_one_does_not() -> None:
    draft = parse_asset({"warranty_until": "", "plate": None}, partial=True)
    assert ("warranty_until" in draft, "plate" in draft, "vin" in draft) == (True, True, False)
    assert (draft.warranty_until, draft.plate) == (None, "")


def test_a_ligature_that_unfolds_beyond_the_column_is_refused() -> None:
    assert refused({**LEAST, "vin": "ß" * 40}) == {"vin": "too_long"}


def test_a_mistyped_label_says_so() -> None:
    assert refused({**LEAST, "code": "0000000001"}) == {"code": "label_mistyped"}
    assert parse_asset({**LEAST, "code": "00000-ooooo"}).code == "0000000000"


@pytest.mark.parametrize(
    ("mark", "reason", "waiver", "wrong"),
    [
        ("applied", "", "", None), ("exempt", "fragile", "", None), ("exempt", "embassy_waiver", "No. 5", None),
        ("exempt", "", "", "exemption_reason"), ("applied", "fragile", "", "exemption_reason"),
        ("exempt", "embassy_waiver", "", "waiver_ref"),
    ],
)  # fmt: skip
def test_an_exemption_has_its_reason_and_a_waiver_its_reference(
    mark: str, reason: str, waiver: str, wrong: str | None
) -> None:
    if wrong is None:
        check_together(visibility_mark=mark, exemption_reason=reason, waiver_ref=waiver)
    else:
        with pytest.raises(InvalidInput) as caught:
            check_together(visibility_mark=mark, exemption_reason=reason, waiver_ref=waiver)
        assert [error.field for error in caught.value.fields] == [wrong]
