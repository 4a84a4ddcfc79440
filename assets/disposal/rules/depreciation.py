"""Straight-line depreciation as a memo value: after title transfer the item stands in its recipient's books. Pure.

annual = (cost - residual) / life_years (domain.md 1.3). It starts with the whole month in which the item became
available for use, is not run in the month of disposal (UNDP), residual 0, and never falls below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

RESIDUAL = Decimal(0)
CENT = Decimal("0.01")

# Useful lives in years by class or group of classes, the longest name that fits; defaults to be confirmed by the
# office (domain.md 1.3: light vehicles 6 (UN), heavy vehicles 12, communications 7, IT 4, security and safety 5).
LIFE_YEARS: dict[str, int] = {
    "vehicle": 6,
    "vehicle.forensic_van": 12,
    "comms": 7,
    "it": 4,
    "search": 5,
    "ident": 5,
    "protect": 5,
    "radiation": 5,
    "kit": 5,
}
OTHER_LIFE_YEARS = 5


@dataclass(frozen=True)
class MemoValue:
    """What is left of the cost: `months` of `life_months` are charged, `annual` a year, `value` is left."""

    cost: Decimal
    annual: Decimal
    months: int
    life_months: int
    value: Decimal

    @property
    def charged(self) -> Decimal:
        """What has been charged so far."""
        return self.cost - self.value


def life_years(class_code: str) -> int:
    """The useful life of a class: its own, else its group's."""
    return LIFE_YEARS.get(class_code, LIFE_YEARS.get(class_code.partition(".")[0], OTHER_LIFE_YEARS))


def memo_value(
    cost: Decimal | None,
    available_on: date | None,
    years: int,
    on: date,
    disposed_on: date | None = None,
    residual: Decimal = RESIDUAL,
) -> MemoValue | None:
    """The memo value with the month of `on` charged; None where the cost or the day of use is not known.

    Before the month of availability nothing is charged; from the month of disposal on nothing more is.
    """
    if cost is None or available_on is None or years <= 0:
        return None
    residual = min(residual, cost)
    last = _month(on)
    if disposed_on is not None:
        last = min(last, _month(disposed_on) - 1)
    life = years * 12
    months = min(life, max(0, last - _month(available_on) + 1))
    charged = ((cost - residual) * months / life).quantize(CENT, ROUND_HALF_UP)
    annual = ((cost - residual) / years).quantize(CENT, ROUND_HALF_UP)
    return MemoValue(cost, annual, months, life, max(residual, cost - charged))


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1
