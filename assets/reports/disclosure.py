"""What a donor may be shown: merging of small groups, bands and rounding. Pure; rules of domain.md section 7."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import msg

MIN_ASSETS = 3
MIN_UNITS = 2
# The shortest quarter has 90 days; 89 when the last day is given as the end.
MIN_PERIOD_DAYS = 89
MIN_DELAY_DAYS = 30
KM_STEP = 100
BANDS = ("below_50", "50_to_80", "80_or_more")
VEHICLES = "Vehicles"


@dataclass(frozen=True, slots=True)
class Cell:
    """A group that could be shown: how many assets it has, held by how many units."""

    key: str
    assets: int
    units: int


def merged(cells: Iterable[Cell], *, min_assets: int = MIN_ASSETS, min_units: int = MIN_UNITS) -> frozenset[str]:
    """The keys that must be shown together as "other".

    A group is shown by itself from `min_assets` assets and `min_units` units on. What is merged must itself be large
    enough and hold at least two groups: otherwise the total less the shown groups would reveal the one left out.
    """
    by_size = sorted(cells, key=lambda cell: (cell.assets, cell.units, cell.key))

    def enough(assets: int, units: int) -> bool:
        return assets >= min_assets and units >= min_units

    hidden = [cell for cell in by_size if not enough(cell.assets, cell.units)]
    shown = [cell for cell in by_size if enough(cell.assets, cell.units)]

    def safe() -> bool:
        return len(hidden) >= 2 and enough(sum(c.assets for c in hidden), sum(c.units for c in hidden))

    while hidden and shown and not safe():
        hidden.append(shown.pop(0))
    return frozenset(cell.key for cell in hidden)


def is_publishable(cells: Sequence[Cell]) -> bool:
    """Whether the merged group may be shown at all (it may be all there is, and still too small)."""
    return sum(cell.assets for cell in cells) >= MIN_ASSETS and sum(cell.units for cell in cells) >= MIN_UNITS


def band(share: float | None) -> str | None:
    """The JICA band of a share: from 80 %, 50 to 80 %, below 50 %; None stays unknown."""
    if share is None:
        return None
    if share >= 0.8:
        return "80_or_more"
    return "50_to_80" if share >= 0.5 else "below_50"


def count_band(assets: int) -> str:
    """How many, roughly: exact numbers by region would tell the strength of one team."""
    for least, words in ((100, "100_or_more"), (30, "30_to_99"), (10, "10_to_29")):
        if assets >= least:
            return words
    return "3_to_9"


def rounded_km(km: float | None) -> float | None:
    """Kilometres to the nearest hundred: finer figures could be matched with single trips."""
    return None if km is None else float(round(km / KM_STEP) * KM_STEP)


def reporting_class(code: str, name: str) -> str:
    """The name under which a class is reported.

    All vehicles are one class: the number or state of the unmarked ones among them must not be told.
    """
    return VEHICLES if code.startswith("vehicle.") else name


def check_period(first: date, until: date, today: date) -> None:
    """`InvalidInput` unless the period (half-open) is a quarter or longer and over."""
    if (until - first).days < MIN_PERIOD_DAYS:
        raise invalid("to", msg("A donor summary covers a quarter or longer."), code="period_too_short")
    if until > today:
        raise invalid("to", msg("The period is not over yet."), code="period_not_over")


def released_from(until: date) -> date:
    """The first day on which a summary of a period that ended before `until` may be released."""
    return until + timedelta(days=MIN_DELAY_DAYS)


def check_delay(until: date, today: date) -> None:
    """`RuleViolation` while the period ended less than `MIN_DELAY_DAYS` ago."""
    earliest = released_from(until)
    if today < earliest:
        raise RuleViolation(
            msg(
                "A summary is released at least %(days)s days after its period: from %(day)s on.",
                days=MIN_DELAY_DAYS,
                day=earliest.isoformat(),
            ),
            code="too_early",
        )
