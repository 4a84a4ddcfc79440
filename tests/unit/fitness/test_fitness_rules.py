"""May it be used, and if not, why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.fitness.rules import CalibrationFact, CareFact, Facts, judge

GOOD = Facts(condition="A")


def test_good_item_is_ready_without_reasons() -> None:
    fitness = judge(GOOD)
    assert (fitness.fit, fitness.state, fitness.reasons) == (True, "ready", ())


@pytest.mark.parametrize(
    ("facts", "fit", "state", "code"),
    [
        (Facts(life="withdrawn", condition="A"), False, "blocked", "life_withdrawn"),
        (Facts(life="expected", condition="A"), False, "away", "life_expected"),
        (Facts(condition="D"), False, "blocked", "condition_unusable"),
        (Facts(condition="C"), True, "due", "condition_needs_repair"),
        (Facts(), True, "unknown", "condition_unknown"),
        (Facts(condition="A", fault_severities=("minor",)), True, "due", "fault_minor"),
        (Facts(condition="A", fault_severities=("minor", "major")), False, "blocked", "fault_major"),
        (Facts(condition="A", fault_severities=("critical", "major")), False, "blocked", "fault_critical"),
        (Facts(condition="A", care=(CareFact("oil", "due"),)), True, "due", "service_due"),
        (Facts(condition="A", care=(CareFact("oil", "overdue"),)), False, "blocked", "service_overdue"),
        (Facts(condition="A", care=(CareFact("oil", "fine", meter_unknown=True),)), True, "unknown", "meter_unknown"),
        (Facts(condition="A", subject_to_calibration=True), False, "blocked", "never_calibrated"),
    ],
)
def test_reason_and_state(facts: Facts, fit: bool, state: str, code: str) -> None:
    fitness = judge(facts)
    assert (fitness.fit, fitness.state, fitness.reasons[0].code) == (fit, state, code)


@pytest.mark.parametrize(
    ("binding", "standing", "fit", "code"),
    [
        (True, "never", False, "never_calibrated"), (True, "overdue", False, "calibration_overdue"),
        (True, "failed", False, "calibration_failed"), (True, "soon", True, "calibration_soon"),
        (False, "never", True, "check_due"), (False, "overdue", True, "check_due"),
        (False, "failed", False, "calibration_failed"),
    ],
)  # fmt: skip
def test_calibration_standing(binding: bool, standing: str, fit: bool, code: str) -> None:
    facts = Facts(
        condition="A", subject_to_calibration=binding, calibrations=(CalibrationFact("x", binding, standing),)
    )
    fitness = judge(facts)
    assert (fitness.fit, [reason.code for reason in fitness.reasons]) == (fit, [code])


@given(
    st.sampled_from(["in_service", "received", "lost"]),
    st.sampled_from(["A", "C", "D", None]),
    st.lists(st.sampled_from(["minor", "major", "critical"]), max_size=3),
    st.lists(st.sampled_from(["fine", "soon", "due", "overdue"]), max_size=3),
)
def test_another_bad_fact_never_makes_it_fit(
    life: str, condition: str | None, faults: list[str], care: list[str]
) -> None:
    facts = Facts(life, condition, tuple(faults), tuple(CareFact("c", standing) for standing in care))
    worse = Facts(life, condition, (*facts.fault_severities, "major"), facts.care)
    assert not judge(worse).fit
    assert judge(facts).fit == (
        life == "in_service" and condition != "D" and not {"major", "critical"} & set(faults) and "overdue" not in care
    )
