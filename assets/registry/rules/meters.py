"""Meters: which kinds there are, and whether a reading can stand."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import Message, msg

METER_KINDS: dict[str, Message] = {
    "odometer_km": msg("odometer, km"),
    "engine_h": msg("engine hours"),
    "hours": msg("hours of use"),
    "uses": msg("uses"),
    "scans": msg("scans"),
    "samples": msg("samples"),
    "shots": msg("shots"),
    "wear_days": msg("wear days"),
    "tests_left": msg("tests left"),
}
MAX_VALUE = Decimal("9999999")


def check_kind(kind: str) -> str:
    """The kind, or `InvalidInput` when there is no such meter."""
    if kind not in METER_KINDS:
        raise invalid("meter", msg("The meter is one of: %(kinds)s.", kinds=", ".join(METER_KINDS)))
    return kind


def check_reading(value: Decimal, at: datetime, before: Decimal | None, after: Decimal | None, now: datetime) -> None:
    """`InvalidInput` or `RuleViolation` unless the reading fits between the absolute ones before and after it.

    A meter that was turned back or replaced is entered as a correction with its reason instead.
    """
    if not value.is_finite() or value < 0 or value > MAX_VALUE:
        raise invalid("value", msg("A reading is a number from 0 to %(max)s.", max=MAX_VALUE))
    if at > now:
        raise invalid("at", msg("A reading cannot be from the future."))
    if before is not None and value < before:
        raise RuleViolation(
            msg(
                "The reading %(value)s is lower than the one before it, %(before)s. "
                "Enter a correction with its reason if the meter was replaced or misread.",
                value=value,
                before=before,
            ),
            code="reading_falls",
        )
    if after is not None and value > after:
        raise RuleViolation(
            msg("The reading %(value)s is higher than a later one, %(after)s.", value=value, after=after),
            code="reading_above_later",
        )
