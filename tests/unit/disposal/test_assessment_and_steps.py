"""What triggers an assessment, and what each step of a loss or disposal needs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from assets.core.errors import DomainError, InvalidInput, RuleViolation
from assets.disposal.rules import cases
from assets.disposal.rules.assessment import AssessmentFacts, old_since, triggers

TODAY = date(2026, 11, 2)


def facts(
    *, vehicle: bool = True, since: date | None = None, km: int | None = None, grade: str | None = "A"
) -> AssessmentFacts:
    return AssessmentFacts(vehicle, since, None if km is None else Decimal(km), grade)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (facts(since=date(2021, 11, 2)), ("age",)),
        (facts(since=date(2021, 11, 3)), ()),
        (facts(km=150_000), ("distance",)),
        (facts(km=149_999), ()),
        (facts(since=date(2018, 6, 25), km=200_000, grade="D"), ("age", "distance", "condition")),
        (facts(vehicle=False, since=date(2010, 1, 1), km=999_999), ()),
        (facts(vehicle=False, grade="D"), ("condition",)),
        (facts(grade=None), ()),
    ],
)
def test_age_and_distance_of_vehicles_and_condition_of_all_ask_for_an_assessment(
    given: AssessmentFacts, found: tuple[str, ...]
) -> None:
    assert triggers(given, TODAY) == found


def test_leap_day_is_five_years_old_on_the_next_first_of_march_at_the_latest() -> None:
    assert old_since(date(2024, 2, 29)) == date(2019, 2, 28)
    assert "age" in triggers(facts(since=date(2020, 2, 29)), date(2025, 3, 1))


def code_of(error: DomainError) -> str:
    return error.fields[0].code if error.fields else error.code


@pytest.mark.parametrize(
    ("life", "decision", "trigger", "code"),
    [
        ("in_service", None, "age", "not_withdrawn"),
        ("disposed", None, "age", "not_withdrawn"),
        ("withdrawn", None, "loss", "not_lost"),
        ("withdrawn", None, "", "unknown_word"),
        ("lost", None, "loss", "loss_not_decided"),
        ("lost", "found", "loss", "loss_not_decided"),
        ("lost", "written_off", "age", "trigger_is_loss"),
    ],
)
def test_only_withdrawn_or_written_off_items_are_proposed(
    life: str, decision: str | None, trigger: str, code: str
) -> None:
    with pytest.raises(DomainError) as caught:
        cases.check_proposal(life, decision, trigger)
    assert code_of(caught.value) == code


def test_withdrawn_and_settled_losses_may_be_proposed() -> None:
    cases.check_proposal("withdrawn", None, "age")
    cases.check_proposal("lost", "recovered_value", "loss")


def test_what_is_lost_is_only_written_off() -> None:
    cases.check_method("lost", "write_off")
    with pytest.raises(InvalidInput):
        cases.check_method("lost", "sale")
    with pytest.raises(InvalidInput):
        cases.check_method("withdrawn", "eaten")


@pytest.mark.parametrize(
    ("life", "method", "recipient", "proceeds", "tracker", "code"),
    [
        ("in_service", "sale", "A buyer", Decimal(5), False, "not_withdrawn"),
        ("lost", "sale", "A buyer", Decimal(5), False, "lost_since"),
        ("withdrawn", "sale", "A buyer", Decimal(5), True, "tracker_mounted"),
        ("withdrawn", "sale", "", Decimal(5), False, "required"),
        ("withdrawn", "sale", "A buyer", None, False, "required"),
        ("withdrawn", "gift", "", None, False, "required"),
        ("withdrawn", "sale", "A buyer", Decimal("-1"), False, "invalid"),
        ("withdrawn", "sale", "A buyer", Decimal("1.001"), False, "invalid"),
    ],
)
def test_carrying_out_needs_what_its_way_needs(
    life: str, method: str, recipient: str, proceeds: Decimal | None, tracker: bool, code: str
) -> None:
    with pytest.raises(DomainError) as caught:
        cases.check_carried_out(life, method, recipient, proceeds, has_tracker=tracker)
    assert code_of(caught.value) == code


def test_what_is_complete_is_carried_out() -> None:
    cases.check_carried_out("withdrawn", "sale", "A buyer", Decimal("0.00"), has_tracker=False)
    cases.check_carried_out("withdrawn", "destruction", "", None, has_tracker=False)
    cases.check_carried_out("lost", "write_off", "", None, has_tracker=True)


def test_only_a_find_needs_no_inquiry() -> None:
    cases.check_loss_decision("reported", "found", None)
    with pytest.raises(RuleViolation, match="inquiry_missing"):
        cases.check_loss_decision("reported", "written_off", None)
    with pytest.raises(RuleViolation, match="already_decided"):
        cases.check_loss_decision("decided", "found", None)
    with pytest.raises(InvalidInput):
        cases.check_loss_decision("inquiry", "written_off", Decimal(5))


def test_who_brought_a_case_does_not_decide_it() -> None:
    cases.check_second_person(1, 2)
    cases.check_second_person(None, None)  # the product's own actors have no account
    with pytest.raises(RuleViolation, match="second_person"):
        cases.check_second_person(1, 1)


def test_days_stand_in_their_order_and_not_in_the_future() -> None:
    assert cases.check_day("day", TODAY, TODAY) == TODAY
    for day, first in ((None, None), (date(2026, 11, 3), None), (date(2026, 10, 1), date(2026, 10, 2))):
        with pytest.raises(InvalidInput):
            cases.check_day("day", day, TODAY, not_before=first)
