"""What a reminder of something due says, in the language of its reader."""

from __future__ import annotations

from assets.calibration.models import CalibrationPlan
from assets.core.i18n import say
from assets.maintenance.models import MaintenancePlan
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.plan_titles import plan_title


def assert_names_in(locale: str, body: str, plan: CalibrationPlan | MaintenancePlan) -> None:
    """Class and plan stand in the mail in this language, and not as they are called in English."""
    for title in (CLASSES[plan.asset.equipment_class.code].title, plan_title(plan.name)):
        assert say(title, locale) != say(title, "en")
        assert say(title, locale) in body
