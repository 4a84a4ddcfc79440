"""How a check before use is said: passed or not, and what was not in order."""

from __future__ import annotations

from collections.abc import Iterable

from assets.core.i18n import Message, msg
from assets.fitness.rules import points
from assets.registry.models import AssetEvent
from assets.web.context import words

PASSED, NOT_PASSED = msg("passed"), msg("not passed")


def check_details(event: AssetEvent) -> list[str]:
    """What the timeline says of a check; nothing of other events."""
    items = event.data.get("items")
    if event.kind != "check" or not isinstance(items, dict):
        return []
    failed = [str(code) for code, found in items.items() if found != "ok"]
    said = words(PASSED if event.data.get("passed") else NOT_PASSED)
    return [said, points_words(event.asset.equipment_class.code, failed)]


def points_words(class_code: str, failed: Iterable[str]) -> str:
    """The points that were not in order, in words; '' for none."""
    said: list[Message] = points(class_code, failed)
    return "; ".join(words(point) for point in said)
