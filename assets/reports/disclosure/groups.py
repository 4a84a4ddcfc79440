"""Which groups are large enough to be shown by themselves, and how roughly: merging, bands, rounding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MIN_ASSETS = 3
MIN_UNITS = 2
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


def two_digits(value: float | None) -> float | None:
    """A quantity with two significant digits: from exact sums and limits one could work out the largest part."""
    return None if value is None else float(f"{value:.2g}")


def reporting_class(code: str, name: str) -> str:
    """The name under which a class is reported.

    All vehicles are one class: the number or state of the unmarked ones among them must not be told.
    """
    return VEHICLES if code.startswith("vehicle.") else name
