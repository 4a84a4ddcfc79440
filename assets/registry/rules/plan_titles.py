"""A plan's name in words: plans keep the English title of the class's default, or what somebody called them."""

from __future__ import annotations

from assets.core.i18n import Message, msg
from assets.registry.rules.classes import CLASSES

_TITLES: dict[str, Message] = {
    **{plan.name: plan.title for defaults in CLASSES.values() for plan in defaults.maintenance_plans},
    **{plan.name: plan.title for defaults in CLASSES.values() for plan in defaults.calibration_plans},
}


def plan_title(name: str) -> Message:
    """The title behind a plan's stored name, to be said in any language; a name that is nobody's default stays."""
    return _TITLES.get(name) or msg("%(name)s", name=name)
