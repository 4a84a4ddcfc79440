"""May it be issued, may it be returned, what does a use add: the pure decisions of custody."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from assets.core.errors import InvalidInput, RuleViolation
from assets.core.i18n import msg
from assets.custody.rules import (
    DONE_AFTER,
    CurrentCustody,
    IssueFacts,
    Situation,
    check_until,
    check_use,
    credit,
    decide_issue,
    decide_return,
    is_fresh,
    likely_actions,
)

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
FREE = CurrentCustody()
HELD = CurrentCustody(person_id=8, since=NOW)
GOOD = IssueFacts("in_service", FREE, 7, None, date(2026, 11, 2), is_fresh=True)
OVERDUE = (("calibration_overdue", msg("Calibration is overdue")),)


def refusal(facts: IssueFacts) -> str:
    with pytest.raises(RuleViolation) as caught:
        decide_issue(facts)
    return caught.value.code


def test_what_is_free_and_fit_may_be_issued() -> None:
    decision = decide_issue(GOOD)
    assert (decision.conflict, decision.overridden) == (False, ())


@pytest.mark.parametrize("life", ["expected", "received", "withdrawn", "disposed", "lost"])
def test_only_what_is_in_service_may_be_issued(life: str) -> None:
    facts = dataclasses.replace(GOOD, life=life, override_reason="urgent", may_override=True)
    assert refusal(facts) == "not_in_service"


def test_nothing_is_issued_to_a_person_who_has_left() -> None:
    left = dataclasses.replace(GOOD, person_left_on=date(2026, 11, 2))
    assert refusal(left) == "person_has_left"
    assert not decide_issue(dataclasses.replace(left, person_left_on=date(2026, 11, 3))).conflict


def test_what_another_person_has_is_not_issued_now() -> None:
    assert refusal(dataclasses.replace(GOOD, holder=HELD)) == "already_issued"
    assert not decide_issue(dataclasses.replace(GOOD, holder=CurrentCustody(person_id=7))).conflict


def test_an_issue_of_long_ago_is_kept_as_a_conflict() -> None:
    assert decide_issue(dataclasses.replace(GOOD, holder=HELD, is_fresh=False)).conflict


def test_what_is_not_fit_goes_out_only_with_a_reason_and_the_right() -> None:
    unfit = dataclasses.replace(GOOD, reasons=OVERDUE)
    with pytest.raises(RuleViolation, match="Calibration is overdue") as caught:
        decide_issue(unfit)
    assert (caught.value.code, caught.value.data["reasons"]) == ("not_fit", ["calibration_overdue"])
    stated = dataclasses.replace(unfit, override_reason="Training only")
    assert refusal(stated) == "override_not_allowed"
    assert decide_issue(dataclasses.replace(stated, may_override=True)).overridden == ("calibration_overdue",)


def test_a_reason_for_what_is_fit_overrides_nothing() -> None:
    assert decide_issue(dataclasses.replace(GOOD, override_reason="just so")).overridden == ()


def test_what_nobody_has_is_not_returned_now() -> None:
    with pytest.raises(RuleViolation) as caught:
        decide_return(FREE, is_fresh=True)
    assert caught.value.code == "not_issued"
    decide_return(FREE, is_fresh=False)
    decide_return(HELD, is_fresh=True)


def test_ten_minutes_divide_doing_from_done() -> None:
    assert is_fresh(NOW, NOW + DONE_AFTER - timedelta(microseconds=1))
    assert not is_fresh(NOW, NOW + DONE_AFTER)


def test_a_loan_ends_after_it_begins() -> None:
    check_until(NOW + timedelta(days=1), NOW)
    check_until(None, NOW)
    with pytest.raises(InvalidInput):
        check_until(NOW, NOW)


@pytest.mark.parametrize(
    ("count", "hours", "started", "ended"),
    [
        (0, None, None, None),
        (10_001, None, None, None),
        (None, Decimal(0), None, None),
        (None, Decimal(-1), None, None),
        (None, Decimal(1001), None, None),
        (1, None, NOW, NOW - timedelta(minutes=1)),
        (1, None, NOW + timedelta(minutes=1), None),
    ],
)
def test_a_use_without_sense_is_refused(
    count: int | None, hours: Decimal | None, started: datetime | None, ended: datetime | None
) -> None:
    with pytest.raises(InvalidInput):
        check_use(count, hours, started, ended, NOW)


@pytest.mark.parametrize(
    ("meter", "count", "hours", "added"),
    [
        ("uses", 3, None, ("uses", Decimal(3))),
        ("scans", 12, Decimal(2), ("scans", Decimal(12))),
        ("hours", None, Decimal("1.5"), ("hours", Decimal("1.5"))),
        ("hours", 2, None, None),
        ("tests_left", 4, None, ("tests_left", Decimal(-4))),
        ("odometer_km", 5, Decimal(5), None),
        ("", 1, None, None),
    ],
)
def test_a_use_is_counted_in_the_meter_of_its_class(
    meter: str, count: int | None, hours: Decimal | None, added: tuple[str, Decimal] | None
) -> None:
    assert credit(meter, count, hours) == added


ALL = Situation(in_service=True, is_held=False, is_fit=True, may_hand_over=True, may_report=True)


@pytest.mark.parametrize(
    ("changed", "offered"),
    [
        ({}, ["issue", "sighting", "fault"]),
        ({"is_fit": False}, ["sighting", "fault", "issue"]),
        ({"is_held": True}, ["return", "sighting", "fault"]),
        ({"is_held": True, "in_service": False, "is_fit": False}, ["return", "sighting", "fault"]),
        ({"in_service": False, "is_fit": False}, ["sighting", "fault"]),
        ({"may_hand_over": False}, ["sighting", "fault"]),
        ({"may_hand_over": False, "repairs": True}, ["fault", "sighting"]),
        ({"may_hand_over": False, "may_report": False}, []),
    ],
)
def test_the_likeliest_action_comes_first_and_nothing_that_cannot_be_done(
    changed: dict[str, bool], offered: list[str]
) -> None:
    assert likely_actions(dataclasses.replace(ALL, **changed)) == offered
