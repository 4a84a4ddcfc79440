"""Which items a board should look at: old, far driven, or unusable. A trigger to assess, never an approval. Pure.

Sources: vehicles at 5 years or 150,000 km (ICRC, UNHCR: domain.md F10); mileage only triggers an assessment (UNDP,
Disposal and Write-Off: domain.md 1.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from assets.core.i18n import Message, msg

ASSESS_AFTER_YEARS = 5
ASSESS_AFTER_KM = Decimal(150_000)
# A board that has just decided to keep an item is not asked again next morning.
ASK_AGAIN_AFTER_DAYS = 365

TRIGGER_NAMES: dict[str, Message] = {
    "age": msg("5 years old or more"),
    "distance": msg("150,000 km or more"),
    "condition": msg("condition D: unusable"),
    "loss": msg("lost"),
    "obsolete": msg("obsolete"),
    "other": msg("other"),
}


@dataclass(frozen=True)
class AssessmentFacts:
    """What the triggers look at; `started_on` is the day in service, or the day of receipt where that is not known."""

    is_vehicle: bool
    started_on: date | None
    odometer_km: Decimal | None
    condition: str | None


def triggers(facts: AssessmentFacts, today: date) -> tuple[str, ...]:
    """Why the item is to be assessed: 'age', 'distance', 'condition'; empty when it is not.

    Age and distance hold for vehicles; what is not known triggers nothing.
    """
    found = []
    if facts.is_vehicle and facts.started_on is not None and facts.started_on <= old_since(today):
        found.append("age")
    if facts.is_vehicle and facts.odometer_km is not None and facts.odometer_km >= ASSESS_AFTER_KM:
        found.append("distance")
    if facts.condition == "D":
        found.append("condition")
    return tuple(found)


def old_since(today: date) -> date:
    """The last day in service that makes a vehicle old today; 29 February counts from the 28th in other years."""
    year = today.year - ASSESS_AFTER_YEARS
    try:
        return today.replace(year=year)
    except ValueError:
        return today.replace(year=year, day=28)
