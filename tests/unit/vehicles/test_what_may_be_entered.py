"""Fuel, papers and accidents as they may be entered, and when a paper is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from assets.core.errors import InvalidInput, RuleViolation
from assets.vehicles.rules.entries import (
    check_reason,
    check_vehicle,
    check_when,
    parse_accident,
    parse_fill,
    parse_paper,
)
from assets.vehicles.rules.papers import Standing, Validity, current, standing
from assets.vehicles.trip_sheet_words import SHEET_LANGUAGES, SHEET_WORDS, SheetVoice

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
TODAY = date(2026, 11, 2)


@pytest.mark.parametrize("litres", ["-5", "0", "300.01", "1e9", "NaN", "Infinity", "x", "", None, True])
def test_litres_that_no_tank_holds_are_refused(litres: object) -> None:
    """Attack: negative and absurd amounts."""
    with pytest.raises(InvalidInput) as refused:
        parse_fill({"litres": litres, "is_full": "yes"}, NOW)
    assert [field.field for field in refused.value.fields] == ["litres"]


def test_fill_reads_what_people_write() -> None:
    given = parse_fill({"litres": "45,5", "is_full": "да", "cost": "550 000", "currency": "uzs"}, NOW)
    assert (given.litres, given.is_full, given.cost, given.currency) == (Decimal("45.5"), True, Decimal(550_000), "UZS")
    assert given.odometer_km is None


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_fill({"litres": "400", "cost": "-1", "currency": "sum", "plate": "01A"}, NOW)
    assert {field.field for field in refused.value.fields} == {"litres", "is_full", "cost", "currency", "plate"}
    with pytest.raises(InvalidInput) as refused:
        parse_accident({"what": "Hit a post", "injured": "no"}, None)
    assert (refused.value.fields[0].field, refused.value.fields[0].code) == ("at", "required")


@pytest.mark.parametrize("at", [NOW + timedelta(seconds=1), datetime(1970, 1, 1, tzinfo=UTC)])
def test_moments_that_cannot_be_are_refused(at: datetime) -> None:
    with pytest.raises(InvalidInput):
        check_when(at, NOW)


def test_only_vehicles_that_are_there_have_entries() -> None:
    with pytest.raises(RuleViolation, match="not_a_vehicle"):
        check_vehicle(is_vehicle=False, life="in_service")
    for life in ("expected", "disposed", "lost"):
        with pytest.raises(RuleViolation, match="life"):
            check_vehicle(is_vehicle=True, life=life)
    check_vehicle(is_vehicle=True, life="withdrawn")


def test_paper_ends_after_it_begins_and_a_correction_has_a_reason() -> None:
    days = {"kind": "insurance", "valid_from": "2026-11-02", "valid_until": "2026-11-01"}
    with pytest.raises(InvalidInput) as refused:
        parse_paper(days)
    assert refused.value.fields[0].field == "valid_until"
    with pytest.raises(InvalidInput):
        check_reason(" ab ")


def paper(first: int, last: int) -> Validity:
    return Validity(TODAY + timedelta(days=first), TODAY + timedelta(days=last))


@pytest.mark.parametrize(
    ("papers", "expected"),
    [
        ([], Standing.MISSING),
        ([paper(-300, -1)], Standing.OVERDUE),
        ([paper(1, 365)], Standing.OVERDUE),
        ([paper(-300, 0)], Standing.WITHIN_7),
        ([paper(-300, 6)], Standing.WITHIN_7),
        ([paper(-300, 7)], Standing.WITHIN_30),
        ([paper(-300, 29)], Standing.WITHIN_30),
        ([paper(-300, 30)], Standing.VALID),
        ([paper(-300, 3), paper(4, 369)], Standing.VALID),
        ([paper(-900, -500), paper(-300, 3)], Standing.WITHIN_7),
    ],
)
def test_paper_is_due_30_and_7_days_before_it_ends_unless_the_next_is_there(
    papers: list[Validity], expected: Standing
) -> None:
    assert standing(papers, TODAY) is expected
    assert standing(reversed(papers), TODAY) is expected


def test_current_paper_is_the_newest_that_is_valid() -> None:
    assert current([paper(-300, 3), paper(-10, 355), paper(4, 900)], TODAY) == paper(-10, 355)
    assert current([paper(-300, -3)], TODAY) is None


def test_trip_sheet_has_every_word_in_each_language_and_says_what_is_not_known() -> None:
    assert all(set(words) == set(SHEET_LANGUAGES) for words in SHEET_WORDS.values())
    for lang in SHEET_LANGUAGES:
        voice = SheetVoice(lang, ZoneInfo("Asia/Tashkent"))
        assert voice.number(None) == voice.say("not_known")
        assert voice.number(0.0) != voice.say("not_known")
    late = datetime(2026, 11, 2, 20, 30, tzinfo=UTC)
    assert SheetVoice("en", ZoneInfo("Asia/Tashkent")).time(late, TODAY) == "01:30 (03.11)"
