"""Which PINs are taken, and how long one is locked."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.errors import InvalidInput
from assets.people.models import PersonPin
from assets.people.service.pins import ENDED_AFTER, LOCKED_AFTER, LOCKED_FOR, Standing, check_pin, standing_of

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "pin",
    ["123456", "654321", "890123", "111111", "000000", "121212", "123123", "112233", "998877", "159753", "135791"],
)
def test_what_anybody_tries_first_is_no_pin(pin: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_pin(pin)
    assert refused.value.fields[0].code == "too_easy"


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "12 456", "abcdef", "１２３４５７", "-12345", "1234.6"])
def test_a_pin_is_six_digits(pin: str) -> None:
    with pytest.raises(InvalidInput):
        check_pin(pin)


def test_ones_own_number_is_no_pin() -> None:
    with pytest.raises(InvalidInput):
        check_pin("730418", "P-730418")
    assert check_pin("730418", "P-002") == "730418"


@given(st.integers(0, 999_999))
def test_nearly_all_others_are_taken_or_refused_in_words(number: int) -> None:
    pin = f"{number:06d}"
    with suppress(InvalidInput):
        assert check_pin(pin) == pin


def kept(wrong: int, ago: timedelta) -> PersonPin:
    return PersonPin(person_id=1, pin_hash="x", set_at=NOW, wrong=wrong, wrong_at=NOW - ago)


def test_every_fifth_wrong_one_locks_for_a_quarter_of_an_hour_and_the_twentieth_ends_it() -> None:
    moment = timedelta(seconds=1)
    assert standing_of(kept(LOCKED_AFTER - 1, moment), NOW) is Standing.OPEN
    assert standing_of(kept(LOCKED_AFTER, moment), NOW) is Standing.LOCKED
    assert standing_of(kept(LOCKED_AFTER, LOCKED_FOR), NOW) is Standing.OPEN
    assert standing_of(kept(LOCKED_AFTER + 1, moment), NOW) is Standing.OPEN
    assert standing_of(kept(2 * LOCKED_AFTER, moment), NOW) is Standing.LOCKED
    assert standing_of(kept(ENDED_AFTER, timedelta(days=400)), NOW) is Standing.ENDED
    assert standing_of(PersonPin(person_id=1, pin_hash="", set_at=NOW, wrong=0), NOW) is Standing.NONE
    assert standing_of(None, NOW) is Standing.NONE
