"""A default plan is named in the reader's language; what somebody called a plan stays as it was written."""

from __future__ import annotations

import pytest

from assets.core.i18n import say
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.plan_titles import plan_title

STORED = sorted(
    {plan.name for each in CLASSES.values() for plan in each.maintenance_plans}
    | {plan.name for each in CLASSES.values() for plan in each.calibration_plans}
)


@pytest.mark.parametrize("language", ["ru", "uz"])
@pytest.mark.parametrize("name", STORED)
def test_default_plan_is_named_in_the_readers_language(name: str, language: str) -> None:
    assert say(plan_title(name), "en") == name
    assert say(plan_title(name), language) != name


def test_name_that_somebody_gave_stays() -> None:
    assert [say(plan_title("Rust, 100 % of it"), language) for language in ("en", "ru", "uz")] == [
        "Rust, 100 % of it"
    ] * 3
