"""The last check before use, for the page of an item."""

from __future__ import annotations

from typing import Any

from assets.core.clock import local_date
from assets.fitness.queries import LastCheck
from assets.fitness.queries.checks import is_checked_each_shift
from assets.registry.models import Asset
from assets.registry.rules.classes import CLASSES
from assets.web.check_words import NOT_PASSED, PASSED, points_words
from assets.web.context import now, the_app, words


def has_check(asset: Asset) -> bool:
    """Whether its class says what is to be looked at before use."""
    code = asset.equipment_class.code
    return code in CLASSES and bool(CLASSES[code].checks)


def check_cells(asset: Asset, found: LastCheck | None) -> dict[str, Any] | None:
    """The last check: result, when and by whom; None where there was none, or the class knows no check."""
    if found is None or not has_check(asset):
        return None
    class_code, zone = asset.equipment_class.code, the_app().settings.zone
    is_old = not found.passed or local_date(found.at, zone) != local_date(now(), zone)
    return {
        "kind": "ready" if found.passed else "blocked",
        "state": words(PASSED if found.passed else NOT_PASSED),
        "points": points_words(class_code, found.failed),
        "at": found.at,
        "actor": found.actor,
        "due": is_checked_each_shift(class_code) and is_old,
    }
