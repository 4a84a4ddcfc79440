"""Words and numbers of a donor summary in the language that it is written in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal

from assets.core.i18n import Message, msg, say

UNKNOWN = msg("unknown")

DEFINITIONS: dict[str, tuple[Message, Message]] = {
    "in_service_rate": (
        msg("In service"), msg("Items on the register on the last day, of all items handed over.")
    ),
    "verification_rate": (
        msg("Verified"),
        msg("Items that a person had before them in the period (scan, return or check), of all items on the register."),
    ),
    "used_rate": (
        msg("Used"), msg("Items used on at least one day of the period, of the items whose use is known.")
    ),
    "distance_per_vehicle_month": (
        msg("Distance per vehicle and month"),
        msg("Measured kilometres per month of a vehicle whose tracker was heard."),
    ),
    "estimated_distance_share": (
        msg("Estimated distance"),
        msg("Kilometres estimated over gaps of the signal, of measured and estimated ones; not in the distance above."),
    ),
    "utilisation_days_rate": (
        msg("Utilisation"),
        msg("Days with a trip of 5 km or more or a recorded use, of the days on which a vehicle could be used."),
    ),
    "availability_rate": (
        msg("Availability"), msg("Vehicle-days that were not off the road (12 hours or more), of all vehicle-days.")
    ),
    "tracker_coverage": (
        msg("Tracker coverage"), msg("Days on which a vehicle's tracker was heard, of the days with a tracker.")
    ),
    "uses_per_asset_month": (
        msg("Uses per item and month"), msg("Recorded uses per month of an item whose records are kept.")
    ),
    "not_seen_12m": (
        msg("Not seen for a year"), msg("Items with no scan, telemetry or work for more than 365 days.")
    ),
    "in_calibration_rate": (
        msg("In calibration"),
        msg("Items with a valid calibration or verification on the last day, of those that need one."),
    ),
    "overdue_calibrations": (
        msg("Without a valid calibration"), msg("Items that need a calibration or verification and had no valid one.")
    ),
    "pm_compliance": (
        msg("Planned care on time"),
        msg("Planned care done within its grace (a fifth of the interval, at most 28 days), of all that fell due."),
    ),
    "mttr": (msg("Mean time to repair"), msg("Hours worked per repair, waiting left out.")),
    "mean_downtime": (msg("Mean downtime"), msg("Hours that an item stood still per case, waiting included.")),
    "waiting_parts_share": (
        msg("Waiting for parts"), msg("Hours of standstill spent waiting for parts, of all hours of standstill.")
    ),
}  # fmt: skip

MADE_OF: dict[str, Message] = {
    "distance_per_vehicle_month": msg("%(part)s km in %(whole)s vehicle-months"),
    "estimated_distance_share": msg("%(part)s of %(whole)s km"),
    "utilisation_days_rate": msg("%(part)s of %(whole)s vehicle-days"),
    "availability_rate": msg("%(part)s of %(whole)s vehicle-days"),
    "tracker_coverage": msg("%(part)s of %(whole)s vehicle-days"),
    "uses_per_asset_month": msg("%(part)s uses in %(whole)s item-months"),
    "pm_compliance": msg("%(part)s of %(whole)s services"),
    "mttr": msg("%(part)s h in %(whole)s repairs"),
    "mean_downtime": msg("%(part)s h in %(whole)s cases"),
    "waiting_parts_share": msg("%(part)s of %(whole)s h"),
}
"""What numerator and denominator are, where they are not simply items."""
OF_ITEMS = msg("%(part)s of %(whole)s items")

BAND_WORDS: dict[str, Message] = {
    "80_or_more": msg("80 % or more"),
    "50_to_80": msg("50 to 80 %"),
    "below_50": msg("below 50 %"),
}
COUNT_WORDS: dict[str, Message] = {
    "100_or_more": msg("100 or more"),
    "30_to_99": msg("30 to 99"),
    "10_to_29": msg("10 to 29"),
    "3_to_9": msg("3 to 9"),
}
TITLE_WORDS: dict[str, Message] = {
    "retained_by_agency": msg("retained by the agency"),
    "right_of_use": msg("right of use"),
    "conditional_title": msg("conditional title"),
    "title_transferred": msg("title transferred"),
}
UNIT_WORDS: dict[str, Message] = {
    "km": msg("km"), "h": msg("h"), "uses": msg("uses"), "items": msg("items"), "share": msg("%"),
}  # fmt: skip


class Voice:
    """Says words, numbers and days in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def say(self, words: Message | str) -> str:
        return say(words, self.lang)

    def number(self, value: float | Decimal | None, decimals: int = 0) -> str:
        """A number; unknown is said, never 0."""
        if value is None:
            return self.say(UNKNOWN)
        return format_decimal(value, "#,##0" + ("." + "0" * decimals if decimals else ""), locale=self.lang)

    def percent(self, share: float | None) -> str:
        """A share from 0 to 1 in percent, with one decimal where it is not whole."""
        if share is None:
            return self.say(UNKNOWN)
        percent = round(share * 100, 1)
        return f"{self.number(percent, 0 if percent == round(percent) else 1)} %"

    def made_of(self, code: str, numerator: float, denominator: float) -> str:
        """Numerator and denominator of a figure with what they count."""
        words = MADE_OF.get(code, OF_ITEMS)
        return self.say(msg(words.text, part=self._sum(numerator), whole=self._sum(denominator)))

    def _sum(self, value: float) -> str:
        # From a hundred on a decimal says nothing more.
        return self.number(value, 0 if value == round(value) or abs(value) >= 100 else 1)

    def money(self, value: Decimal | None, currency: str) -> str:
        """An amount in whole units of its currency."""
        return self.say(UNKNOWN) if value is None else f"{currency} {self.number(value)}"

    def day(self, value: date) -> str:
        return format_date(value, "d MMMM y", locale=self.lang)

    def month(self, text: str, form: str = "MMM y") -> str:
        """A month given as YYYY-MM."""
        return format_date(date(int(text[:4]), int(text[5:]), 1), form, locale=self.lang)
