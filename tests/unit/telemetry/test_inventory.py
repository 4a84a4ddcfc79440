"""What is written down of a tracker: numbers that cannot be right are refused, box by box."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.errors import InvalidInput
from assets.telemetry.inventory import INVENTORY_FIELDS, cleaned, is_luhn

IMEI = "490154203237518"  # the example of 3GPP TS 23.003, annex B
ICCID = "8999801234567890125"


def _check_digit(digits: str) -> str:
    return next(digit for digit in "0123456789" if is_luhn(digits + digit))


@given(st.text("0123456789", min_size=14, max_size=14))
def test_one_wrong_digit_of_an_imei_is_always_found(digits: str) -> None:
    right = digits + _check_digit(digits)
    assert cleaned({"imei": right}) == {"imei": right}
    for place in range(15):
        wrong = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]
        with pytest.raises(InvalidInput):
            cleaned({"imei": wrong})


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("imei", " 49-015420-323751-8 ", IMEI),
        ("iccid", "8999 8012 3456 7890 125F", ICCID),
        ("iccid", "8999801234567890125f", ICCID),
        ("msisdn", "+998 90 123-45-67", "+998901234567"),
        ("vendor", "  Teltonika ", "Teltonika"),
        ("imei", "", ""),
    ],
)
def test_numbers_are_kept_as_programs_write_them(name: str, typed: str, kept: str) -> None:
    assert cleaned({name: typed}) == {name: kept}


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("imei", "49015420323751"), ("imei", "490154203237517"), ("imei", "٤٩٠١٥٤٢٠٣٢٣٧٥١٨"),
        ("iccid", "1234567890123456789"),
        ("iccid", "8999801234567890126"), ("msisdn", "998901234567"), ("msisdn", "+0123456789"), ("vendor", "x" * 61),
        ("note", "a\0b"), ("sim_operator", "\x1b[31m"), ("colour", "red"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused_beside_its_box(name: str, typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        cleaned({name: typed, "serial": "S-1"})
    assert [error.field for error in refused.value.fields] == [name]


def test_every_wrong_box_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        cleaned({"imei": "1", "iccid": "2", "vendor": "Queclink"})
    assert {error.field for error in refused.value.fields} == {"imei", "iccid"}


@given(st.sampled_from(sorted(INVENTORY_FIELDS)), st.text(max_size=500))
def test_no_text_makes_a_box_fail_but_in_words(name: str, text: str) -> None:
    try:
        kept = cleaned({name: text})[name]
    except InvalidInput:
        return
    assert len(kept) <= INVENTORY_FIELDS[name].longest
