"""Which plans a service or a certificate on paper speaks of, in every class."""

from __future__ import annotations

import pytest

from assets.calibration.service.opening import calibration_plans_of
from assets.maintenance.service.opening import serviced_plans
from assets.registry.rules.classes import CLASSES


@pytest.mark.parametrize(
    ("code", "plans"),
    [
        # A visit to the workshop renews neither the insurance nor the state's inspection.
        ("vehicle.patrol", ["oil", "inspection", "air_filter", "chassis"]),
        ("search.xray", ["service"]),
        ("ident.raman", ["maker_service"]),
        ("search.videoscope", ["sheath"]),
        ("ident.test_kit", []),
        ("no.such", []),
    ],
)
def test_a_service_on_paper_speaks_of_what_a_service_does(code: str, plans: list[str]) -> None:
    assert [plan.code for plan in serviced_plans(code)] == plans


@pytest.mark.parametrize("code", sorted(CLASSES))
def test_a_certificate_speaks_of_the_kind_that_makes_its_class_fit_longest_first(code: str) -> None:
    plans = calibration_plans_of(code)
    assert {plan.kind for plan in plans} <= {CLASSES[code].calibration_kind}
    days = [plan.interval_days or 0 for plan in plans]
    assert days == sorted(days, reverse=True)
    assert bool(plans) == (CLASSES[code].calibration_kind != "none")


@pytest.mark.parametrize("code", sorted(CLASSES))
def test_every_class_with_care_has_a_plan_that_a_service_speaks_of(code: str) -> None:
    assert bool(serviced_plans(code)) == bool(CLASSES[code].maintenance_plans)
