"""The table of classes is complete and sound; life moves only as the table allows."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest

from assets.core.errors import RuleViolation
from assets.registry.rules.classes import CALIBRATION_KINDS, CLASSES, ClassDefaults
from assets.registry.rules.life import AT_REGISTRATION, LIFE_NAMES, check_by_hand, check_move, choices_from, may_move
from assets.registry.rules.meters import METER_KINDS

ALLOWED = {
    ("expected", "received"), ("received", "in_service"), ("in_service", "withdrawn"), ("withdrawn", "in_service"),
    ("withdrawn", "disposed"), ("received", "lost"), ("in_service", "lost"), ("withdrawn", "lost"),
    ("lost", "received"), ("lost", "in_service"), ("lost", "withdrawn"), ("lost", "disposed"),
    ("received", "withdrawn"), ("withdrawn", "received"),
}  # fmt: skip


def test_the_24_codes_of_the_domain_are_there() -> None:
    assert len(CLASSES) == 24
    assert all(code == defaults.code for code, defaults in CLASSES.items())


@pytest.mark.parametrize("defaults", CLASSES.values(), ids=lambda d: d.code)
def test_each_class_is_sound(defaults: ClassDefaults) -> None:
    meters = {plan.meter_kind for plan in defaults.maintenance_plans} - {None}
    meters |= {plan.meter_kind for plan in defaults.calibration_plans} - {None}
    assert meters | {defaults.usage_meter} - {""} <= set(METER_KINDS)
    assert defaults.calibration_kind in CALIBRATION_KINDS
    assert (defaults.calibration_kind == "none") == (not defaults.calibration_plans)
    for codes in (
        [plan.code for plan in defaults.maintenance_plans],
        [plan.code for plan in defaults.calibration_plans],
        [item.code for item in defaults.checks],
    ):
        assert len(codes) == len(set(codes))
    for plan in defaults.maintenance_plans:
        assert plan.interval_days or plan.meter_interval
        assert (plan.meter_kind is None) == (plan.meter_interval is None)


def test_severe_use_is_never_more_lenient() -> None:
    for defaults in CLASSES.values():
        for plan in defaults.maintenance_plans:
            usual, severe = plan.intervals(severe=False), plan.intervals(severe=True)
            for before, after in zip(usual, severe, strict=True):
                assert (before is None) == (after is None)
                assert before is None or after is None or after <= before


def test_a_patrol_vehicle_changes_oil_at_5000_km_or_half_a_year() -> None:
    patrol = CLASSES["vehicle.patrol"]
    oil = next(plan for plan in patrol.maintenance_plans if plan.code == "oil")
    assert patrol.severe_use
    assert oil.intervals(severe=True) == (182, Decimal(5000))


@pytest.mark.parametrize(("old", "new"), list(product(LIFE_NAMES, LIFE_NAMES)))
def test_life_moves_only_as_the_table_says(old: str, new: str) -> None:
    assert may_move(old, new) == (old == new or (old, new) in ALLOWED)
    if not may_move(old, new):
        with pytest.raises(RuleViolation):
            check_move(old, new, held=False)


def test_what_somebody_holds_cannot_be_disposed_of() -> None:
    check_move("withdrawn", "disposed", held=False)
    with pytest.raises(RuleViolation, match="still_issued"):
        check_move("withdrawn", "disposed", held=True)


def test_what_somebody_holds_is_not_withdrawn_and_can_get_lost() -> None:
    check_move("in_service", "lost", held=True)
    with pytest.raises(RuleViolation, match="still_issued"):
        check_move("in_service", "withdrawn", held=True)


@pytest.mark.parametrize(("old", "new"), sorted(ALLOWED))
def test_losses_and_disposals_go_by_their_cases_and_never_by_hand(old: str, new: str) -> None:
    if new in {"lost", "disposed"} or old in {"lost", "withdrawn"}:
        with pytest.raises(RuleViolation, match="life_by_case"):
            check_by_hand(old, new)
    else:
        check_by_hand(old, new)


def test_the_form_offers_only_what_is_allowed() -> None:
    assert choices_from("in_service") == ("in_service", "withdrawn")
    assert choices_from("withdrawn") == ("withdrawn",)
    assert choices_from("disposed") == ("disposed",)
    assert "disposed" not in AT_REGISTRATION
