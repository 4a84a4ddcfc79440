"""A kit is fit only if what its list requires is in it, fit and in date; words say what lacks and what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from assets.core.errors import InvalidInput, RuleViolation
from assets.core.i18n import msg
from assets.kits.rules.completeness import Contents, Counted, Line, Part
from assets.kits.rules.lists import LineDraft, PutFacts, check_list, decide_put

CHECKED = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
MIRROR = Line(1, "search.mirror_uvss", 2)
METER = Line(2, "search.density_meter", 1, model_id=20, model_name="CT Buster K910B")
TESTS = Line(3, "ident.test_kit", 10, item="Colour test for opiates")


def mirror(asset_id: int = 1) -> Part:
    return Part(asset_id, f"MMMMM0000{asset_id}", 1, "search.mirror_uvss", "in_service", "A", CHECKED)


def meter(asset_id: int = 9, model_id: int = 20) -> Part:
    return Part(asset_id, f"DDDDD0000{asset_id}", 2, "search.density_meter", "in_service", "A", CHECKED, model_id)


def reagents(quantity: int = 10, barred: str = "", lot_id: int = 1) -> Counted:
    return Counted(lot_id, 3, "ident.test_kit", TESTS.item, f"L-{lot_id}", "tests", Decimal(quantity), barred)


FULL = Contents((MIRROR, METER, TESTS), (mirror(1), mirror(2), meter()), (reagents(),), CHECKED)


def said(contents: Contents) -> list[tuple[str, str]]:
    return [(found.code, found.state) for found in contents.findings()]


def test_kit_with_all_that_its_list_asks_for_is_complete() -> None:
    assert (said(FULL), FULL.state) == ([], "complete")


def test_kit_without_a_list_is_not_judged() -> None:
    bare = Contents(parts=(mirror(),))
    assert (said(bare), bare.state) == ([], "no_list")


def test_kit_never_checked_is_unknown() -> None:
    fresh = replace(FULL, checked_at=None)
    assert (said(fresh), fresh.state) == ([("kit_never_checked", "unknown")], "unchecked")


@pytest.mark.parametrize(
    "gone", [replace(mirror(2), missing_since=CHECKED), replace(mirror(2), away=True), None], ids=str
)
def test_missing_or_absent_required_part_makes_the_kit_incomplete_and_names_it(gone: Part | None) -> None:
    kit = replace(FULL, parts=tuple(part for part in (mirror(1), gone, meter()) if part is not None))
    assert (said(kit), kit.state) == ([("kit_incomplete", "blocked")], "incomplete")
    words = str(kit.findings()[0].message)
    assert "1 of 2" in words
    assert ("MMMMM-00002" in words) is (gone is not None)


def test_what_is_not_required_is_told_and_forbids_nothing() -> None:
    kit = replace(FULL, lines=(replace(MIRROR, number=3, required=False), METER, TESTS))
    assert (said(kit), kit.state) == ([("kit_to_mend", "due")], "complete")


def test_unfit_part_blocks_the_kit_only_while_no_fit_one_does_its_work() -> None:
    unfit = replace(meter(), fit=False, why=msg("Never calibrated."))
    kit = replace(FULL, parts=(mirror(1), mirror(2), unfit))
    assert said(kit) == [("kit_part_unfit", "blocked")]
    assert "Never calibrated." in str(kit.findings()[0].message)
    assert said(replace(kit, parts=(*kit.parts, meter(8)))) == [("kit_to_mend", "due")]


def test_part_of_another_model_does_not_do() -> None:
    assert said(replace(FULL, parts=(mirror(1), mirror(2), meter(model_id=21)))) == [("kit_incomplete", "blocked")]


def test_part_of_a_model_with_its_own_line_does_not_count_for_its_class_too() -> None:
    lines = (METER, replace(METER, model_id=None, model_name=""))
    assert said(Contents(lines, (meter(8), meter(9)), (), CHECKED)) == [("kit_incomplete", "blocked")]
    assert said(Contents(lines, (meter(8), meter(9, model_id=21)), (), CHECKED)) == []


@pytest.mark.parametrize("barred", ["expired", "recalled", "suspect"])
def test_lot_that_may_not_be_used_blocks_the_kit_even_beside_enough_others(barred: str) -> None:
    kit = replace(FULL, counted=(reagents(), reagents(2, barred, 2)))
    assert said(kit) == [("kit_lot_expired", "blocked")]
    assert "L-2" in str(kit.findings()[0].message)


def test_too_few_of_what_is_counted_makes_the_kit_incomplete() -> None:
    assert said(replace(FULL, counted=(reagents(9),))) == [("kit_incomplete", "blocked")]


def test_what_is_in_it_beside_the_list_is_shown_apart() -> None:
    other = Part(7, "RRRRR00007", 5, "comms.radio", "in_service", "A", CHECKED)
    parts, lots = replace(FULL, parts=(*FULL.parts, other)).unlisted()
    assert (parts, lots) == ([other], [])


def test_list_names_every_line_that_is_wrong() -> None:
    lines = [
        LineDraft("comms.radio", 0),
        LineDraft("kit", 1),
        LineDraft("comms.radio", 1, model="One"),
        LineDraft("comms.radio", 2, model="ONE"),
        LineDraft("ident.test_kit", 1, model="One", item="Two"),
    ]
    with pytest.raises(InvalidInput) as refused:
        check_list(lines)
    assert {each.field for each in refused.value.fields} == {
        "lines.0.number", "lines.1.class", "lines.3", "lines.4.item",
    }  # fmt: skip


GOOD_PUT = PutFacts(
    same_asset=False, part_is_kit=False, kit_is_part=False, life="in_service", same_unit=True, together=True,
    is_late=False,
)  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "code", "also_late"),
    [
        ({"same_asset": True}, "kit_in_kit", True),
        ({"part_is_kit": True}, "kit_in_kit", True),
        ({"kit_is_part": True}, "kit_in_kit", True),
        ({"life": "lost"}, "not_to_put", False),
        ({"same_unit": False}, "other_unit", False),
        ({"together": False}, "not_together", False),
    ],
)
def test_what_may_not_be_put_in_is_refused_and_a_kit_in_a_kit_always(
    wrong: dict[str, Any], code: str, also_late: bool
) -> None:
    facts = replace(GOOD_PUT, **wrong)
    with pytest.raises(RuleViolation) as refused:
        decide_put(facts)
    assert refused.value.code == code
    if also_late:
        with pytest.raises(RuleViolation):
            decide_put(replace(facts, is_late=True))
    else:
        decide_put(replace(facts, is_late=True))
