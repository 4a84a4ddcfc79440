"""Words and numbers of a donor summary in the language that it is written in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal

from assets.core.i18n import Message, msg, say
from assets.reports.render.blocks import Cell, Number

UNKNOWN = msg("unknown")

HIDDEN = "*"
"""Stands for a number that is left out; each table with one says what it means."""
HIDDEN_NOTE = msg("* left out: 1 or 2, or needed so that such a number cannot be worked out.")
NOT_SHOWN = msg("not shown")

DEFINITIONS: dict[str, tuple[Message, Message]] = {
    "handed_over": (msg("Handed over"), msg("Items of the donor's handovers that were received and registered.")),
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
    "accidents_per_100k_km": (
        msg("Accidents per 100,000 km"), msg("Faults of vehicles reported as accidents, per 100,000 measured km.")
    ),
    "seizures_per_1000_use_days": (
        msg("Seizures per 1,000 days of use"),
        msg("Seizures of closed operations, per 1,000 days on which this donor's vehicles were used."),
    ),
}  # fmt: skip

FORMULAS: dict[str, Message] = {
    "handed_over": msg("items received"),
    "in_service_rate": msg("items on the register on the last day / items handed over"),
    "verification_rate": msg("items seen by a person / items on the register in the period"),
    "used_rate": msg("items with a day of use / items with data"),
    "distance_per_vehicle_month": msg("measured km / months of vehicles heard"),
    "estimated_distance_share": msg("estimated km / (measured km + estimated km)"),
    "utilisation_days_rate": msg("days used / days with data that were not off the road"),
    "availability_rate": msg("(vehicle-days - days off the road) / vehicle-days"),
    "tracker_coverage": msg("days heard / days with a tracker"),
    "uses_per_asset_month": msg("uses / item-months with records"),
    "not_seen_12m": msg("items without a scan, telemetry or work for 365 days"),
    "in_calibration_rate": msg("items with a valid pass / items that need one"),
    "overdue_calibrations": msg("items that need a pass - items with a valid one"),
    "pm_compliance": msg("services done within the grace / services that fell due"),
    "mttr": msg("hours worked / repairs"),
    "mean_downtime": msg("hours of standstill / cases"),
    "waiting_parts_share": msg("hours waiting for parts / hours of standstill"),
    "accidents_per_100k_km": msg("100,000 x accidents / measured km"),
    "seizures_per_1000_use_days": msg("1,000 x seizures / days used"),
}

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
    "accidents_per_100k_km": msg("%(part)s in %(whole)s x 100,000 km"),
    "seizures_per_1000_use_days": msg("%(part)s in %(whole)s x 1,000 days"),
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
KIND_WORDS: dict[str, Message] = {
    "joint_operation": msg("Joint operations"),
    "controlled_delivery.internal": msg("Controlled deliveries, internal"),
    "controlled_delivery.international": msg("Controlled deliveries, international"),
    "patrol": msg("Patrols"),
    "checkpoint": msg("Checkpoints"),
    "search": msg("Searches"),
}
LARGEST_WORDS: dict[str, Message] = {
    "under_quarter": msg("less than a quarter"),
    "quarter_to_half": msg("a quarter to a half"),
    "over_half": msg("more than a half"),
}
CASE_WORDS: dict[str, Message] = {
    "reported": msg("reported, no inquiry yet"),
    "inquiry": msg("inquiry under way"),
    "decided": msg("decided"),
    "proposed": msg("proposed to the board"),
    "approved": msg("approved, not carried out yet"),
    "rejected": msg("rejected by the board"),
    "carried_out": msg("carried out"),
    "reversed": msg("carried out and reversed"),
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

    def name(self, words: str) -> str:
        """The name of a class, which is stored in English, in this language as far as it is translated."""
        return say(Message(words), self.lang)

    def cell(self, value: float | Decimal | None, decimals: int = 0) -> Cell:
        """A number for a table; unknown as a word."""
        text = self.number(value, decimals)
        return text if value is None else Number(text, value, decimals)

    def count(self, value: int | None) -> Cell:
        """A count for a table; one that is left out as a star."""
        return HIDDEN if value is None else Number(self.number(value), value)

    def share(self, share: float | None) -> Cell:
        """A share for a table, in percent."""
        text = self.percent(share)
        return text if share is None else Number(text, share, 1, percent=True)

    def amount(self, value: Decimal | None, currency: str) -> Cell:
        """Money for a table."""
        text = self.money(value, currency)
        return text if value is None else Number(text, value, currency=currency)

    def noted(self, rows: Sequence[Sequence[Cell]], *texts: str) -> str:
        """The note of a table: these texts, and what the star means where there is one."""
        starred = any(HIDDEN in str(cell).split() for row in rows for cell in row)
        return " ".join((*texts, self.say(HIDDEN_NOTE)) if starred else texts)

    def _sum(self, value: float) -> str:
        # From a hundred on a decimal says nothing more.
        return self.number(value, 0 if value == round(value) or abs(value) >= 100 else 1)

    def money(self, value: Decimal | None, currency: str) -> str:
        """An amount in whole units of its currency."""
        return self.say(UNKNOWN) if value is None else f"{currency} {self.number(value)}"

    def day(self, value: date) -> str:
        return format_date(value, "d MMMM y", locale=self.lang)

    def period(self, first: date, until: date) -> str:
        """A half-open stretch of days."""
        return f"{self.day(first)} – {self.day(until - timedelta(days=1))}"

    def span(self, first: date, until: date) -> dict[str, str]:
        """First and last day of a half-open stretch, for words with both."""
        return {"first": self.day(first), "last": self.day(until - timedelta(days=1))}

    def month(self, text: str, form: str = "MMM y") -> str:
        """A month given as YYYY-MM."""
        return format_date(date(int(text[:4]), int(text[5:]), 1), form, locale=self.lang)
