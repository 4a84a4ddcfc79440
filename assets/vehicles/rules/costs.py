"""What driving takes and costs: litres per 100 km (F6) and running cost per km (F7) of the domain's formulas. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class Fill:
    """A fuel fill that counts."""

    at: datetime
    litres: Decimal
    full: bool
    odometer_km: Decimal | None = None


@dataclass(frozen=True)
class Consumption:
    """Litres that went in between full fills, and the kilometres between the same fills."""

    litres: Decimal
    km: Decimal
    stretches: int

    @property
    def per_100km(self) -> Decimal:
        """F6: 100 x litres / km, to the tenth of a litre."""
        return (100 * self.litres / self.km).quantize(Decimal("0.1"))


def consumption(fills: Iterable[Fill]) -> Consumption | None:
    """What was used between full fills whose odometer is known; None while that is not known.

    From one full tank to the next, all that was filled in after the first is what was used: partial fills count, in
    whatever order. A stretch in which the odometer does not grow (it was replaced) is left out.
    """
    litres = km = Decimal(0)
    stretches = 0
    since: Decimal | None = None
    filled = Decimal(0)
    for fill in sorted(fills, key=lambda one: (one.at, one.odometer_km or Decimal(0))):
        filled += fill.litres
        if not fill.full or fill.odometer_km is None:
            continue
        if fill.odometer_km == since:
            continue  # topped up at the same pump: it belongs to what follows
        if since is not None and fill.odometer_km > since:
            litres, km, stretches = litres + filled, km + fill.odometer_km - since, stretches + 1
        since, filled = fill.odometer_km, Decimal(0)
    return Consumption(litres, km, stretches) if stretches else None


@dataclass(frozen=True)
class Reading:
    """What an odometer showed; `replaced`: another odometer was put in then."""

    at: datetime
    value: Decimal
    replaced: bool = False


@dataclass(frozen=True)
class Driven:
    """Kilometres from `since` (the beginning of the span, or the first moment from which it is known) to its end."""

    since: datetime
    km: Decimal


def first_known(readings: Iterable[Reading], start: datetime, end: datetime) -> Reading | None:
    """The reading from which distance in [start, end] counts: the last replacement within it, else the last one until
    `start`, else the first after it.
    """
    known = sorted((reading for reading in readings if reading.at <= end), key=lambda reading: reading.at)
    replaced = [reading for reading in known if reading.replaced and reading.at > start]
    if replaced:
        return replaced[-1]
    before = [reading for reading in known if reading.at <= start]
    return before[-1] if before else (known[0] if known else None)


@dataclass
class Cost:
    """What was spent in one currency."""

    currency: str
    fuel: Decimal = Decimal(0)
    maintenance: Decimal = Decimal(0)
    insurance: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return self.fuel + self.maintenance + self.insurance

    def per_km(self, km: Decimal | None) -> Decimal | None:
        """F7: (fuel + maintenance + insurance) / km; tyres are bought on work orders. None while km is not known."""
        return (self.total / km).quantize(Decimal("0.0001")) if km else None


@dataclass
class Costs:
    """What was spent, each currency for itself (they are never summed), and how many bills have no amount."""

    by_currency: dict[str, Cost] = field(default_factory=dict)
    unknown: int = 0

    def add(self, part: str, amount: Decimal | None, currency: str) -> None:
        """Count one bill to `part` ('fuel', 'maintenance', 'insurance'); without an amount it is unknown, not 0."""
        if amount is None:
            self.unknown += 1
            return
        cost = self.by_currency.setdefault(currency, Cost(currency))
        setattr(cost, part, getattr(cost, part) + amount)

    @property
    def listed(self) -> list[Cost]:
        return [self.by_currency[currency] for currency in sorted(self.by_currency)]


def share(cost: Decimal, valid: tuple[date, date], span: tuple[date, date]) -> Decimal:
    """The part of a premium for the days of `span` (half-open) on which its paper is valid (on both of its days)."""
    days = (valid[1] - valid[0]).days + 1
    within = (min(valid[1], _day_before(span[1])) - max(valid[0], span[0])).days + 1
    return (cost * max(within, 0) / days).quantize(Decimal("0.01"))


def _day_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)
