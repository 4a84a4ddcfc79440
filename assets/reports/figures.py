"""The figures of a donor summary: one frozen value, from which page, PDF and JSON are made, and nothing else.

What is not a field here cannot reach a donor. There is none for a position, a plate, a VIN, a serial number, a label, a
tracker, a person, a unit or a day of use; regions carry bands only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import msgspec

TEMPLATE_VERSION = 1


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure with what it was made of; `coverage` the share of asset-days with data, shares from 0 to 1."""

    code: str
    value: float | None
    numerator: float
    denominator: float
    unit: str
    coverage: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A grant as its agreements name it."""

    code: str
    title: str
    en_number: str
    ga_number: str


@dataclass(frozen=True, slots=True)
class Head:
    """The head block: who gave what through whom, and for which time this holds."""

    donor: str
    implementing_agencies: tuple[str, ...]
    grants: tuple[GrantLine, ...]
    first: date
    until: date
    data_as_of: date


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A handover; `month` as YYYY-MM, `contents` pairs of class and quantity."""

    number: str
    month: str
    grant: str
    contents: tuple[tuple[str, int], ...]
    items: int
    value: Decimal | None
    currency: str
    receiving_agencies: int
    title_statuses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValuePoint:
    """The value handed over up to and including a month."""

    month: str
    currency: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class ClassLine:
    """Where the items of a class are: each is counted in exactly one column after `handed_over`."""

    name: str
    handed_over: int
    verified: int
    not_verified: int
    withdrawn: int
    lost: int
    disposed: int


@dataclass(frozen=True, slots=True)
class RegionLine:
    """A region that may be shown by itself, in bands; with `code` '' the regions that are shown together."""

    code: str
    name: str
    items: str
    verified: str | None
    availability: str | None


@dataclass(frozen=True, slots=True)
class StateLine:
    """Condition and frequency grades of a class: counts for A, B, C, D and unknown."""

    name: str
    items: int
    condition: tuple[int, int, int, int, int]
    frequency: tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class MonthLine:
    """Vehicles in a month: km per vehicle-month (rounded) and availability; None where nothing is known."""

    month: str
    km: float | None
    availability: float | None


@dataclass(frozen=True, slots=True)
class InstrumentLine:
    """Use and calibration of a class of detectors, search or safety equipment."""

    name: str
    items: int
    uses: Measure
    in_calibration: Measure


@dataclass(frozen=True, slots=True)
class CauseLine:
    """Hours of standstill for one cause."""

    cause: str
    hours: float


@dataclass(frozen=True, slots=True)
class CostLine:
    """What maintenance cost, by who paid; whole units of the currency."""

    payer: str
    currency: str
    amount: Decimal
    orders: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything a donor summary says."""

    template: int
    head: Head
    measures: tuple[Measure, ...]
    batches: tuple[BatchLine, ...]
    cumulative: tuple[ValuePoint, ...]
    classes: tuple[ClassLine, ...]
    regions: tuple[RegionLine, ...]
    regions_shown_together: tuple[str, ...]
    marks_applied: int
    marks_missing: int
    marks_exempt: int
    states: tuple[StateLine, ...]
    matrix: tuple[tuple[int, ...], ...]
    vehicles: int
    months: tuple[MonthLine, ...]
    instruments: tuple[InstrumentLine, ...]
    downtime: tuple[CauseLine, ...]
    costs: tuple[CostLine, ...]
    days_worked_out: int
    days_of_period: int

    def measure(self, code: str) -> Measure:
        """The national figure with this code."""
        return next(measure for measure in self.measures if measure.code == code)


def to_json(figures: Figures) -> str:
    """The figures as text that is the same for the same figures, to the byte."""
    return msgspec.json.encode(figures, order="deterministic").decode()


def from_json(text: str) -> Figures:
    """The figures that `to_json` wrote."""
    return msgspec.json.decode(text, type=Figures)


def sha256(text: str | bytes) -> str:
    """The hash by which frozen figures and files are known."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()
