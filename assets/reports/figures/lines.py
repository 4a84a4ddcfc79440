"""The parts that a summary's figures are made of. A count that is None was left out, and its number is not in here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Count = int | None
Spread = tuple[Count, Count, Count, Count, Count]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure with what it was made of; `coverage` the share of asset-days with data, shares from 0 to 1.

    `hidden`: it is known and left out, because fewer than three items or cases stand behind it.
    """

    code: str
    value: float | None
    numerator: float
    denominator: float
    unit: str
    coverage: float | None = None
    low: float | None = None
    high: float | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What was promised of a figure: by the agreements of grants that gave `items` of the `of_items` items.

    `class_name` '' means the whole equipment. Several grants' values are weighted by their items.
    """

    code: str
    class_name: str
    value: float
    items: int
    of_items: int


@dataclass(frozen=True, slots=True)
class Before:
    """The period before, for comparison; `summary` is the number of the released summary it stands in, if any."""

    first: date
    until: date
    summary: int | None
    measures: tuple[Measure, ...]


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
    """A handover; `month` as YYYY-MM, `contents` pairs of class and quantity; `promised` items of its deed, if listed.

    `usd` is the value at the rate of `rate_on`; None where no rate was entered.
    """

    number: str
    month: str
    grant: str
    contents: tuple[tuple[str, int], ...]
    items: int
    promised: int | None
    value: Decimal | None
    currency: str
    usd: Decimal | None
    rate_on: date | None
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
    """Where the items of a class are: each handed over is counted in exactly one of the last three.

    `off_register` is None in figures of earlier drafts only: it follows from `handed_over` and the tables of condition.
    """

    name: str
    handed_over: int
    verified: Count
    not_verified: Count
    off_register: Count


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The country's exact totals: where every item that was handed over is."""

    handed_over: int
    verified: int
    not_verified: int
    withdrawn: int
    lost: int
    disposed: int
    marks_applied: Count
    marks_missing: Count
    marks_exempt: Count


@dataclass(frozen=True, slots=True)
class RegionLine:
    """A region that may be shown by itself, in bands; with `code` '' the regions that are shown together.

    `names` are pairs of a language and the region's name in it.
    """

    code: str
    names: tuple[tuple[str, str], ...]
    items: str | None
    verified: str | None
    availability: str | None


@dataclass(frozen=True, slots=True)
class StateLine:
    """Condition and frequency grades of a class: counts for A, B, C, D and unknown."""

    name: str
    items: int
    condition: Spread
    frequency: Spread


@dataclass(frozen=True, slots=True)
class States:
    """The annex form of condition and use: by class, in the country, and crossed (`matrix` None: not shown)."""

    lines: tuple[StateLine, ...]
    condition: tuple[int, int, int, int, int]
    frequency: tuple[int, int, int, int, int]
    matrix: tuple[Spread, ...] | None


@dataclass(frozen=True, slots=True)
class MonthLine:
    """Vehicles in a month: km per vehicle-month (rounded) and availability; None where nothing is known."""

    month: str
    km: float | None
    availability: float | None


@dataclass(frozen=True, slots=True)
class Vehicles:
    """Vehicles on the register, how they went month by month, and how many are due to be assessed (F10)."""

    count: int
    months: tuple[MonthLine, ...]
    due_by_age: Count
    due_by_distance: Count
    age_known: int
    distance_known: int


@dataclass(frozen=True, slots=True)
class InstrumentLine:
    """A class of detectors, search or safety equipment; `subject` 0: it needs no calibration."""

    name: str
    items: int
    uses: Measure
    subject: Count
    in_calibration: Count
    checks: Count
    checks_passed: Count
    deployed: Count


@dataclass(frozen=True, slots=True)
class Instruments:
    """The instruments by class; `operations` is how many joint operations the deployment rate is of.

    `lots`: lots of consumables of this donor: in use, expired, expiring within 90 days of the end, recalled.
    """

    lines: tuple[InstrumentLine, ...]
    operations: Count
    lots: tuple[Count, Count, Count, Count] | None


@dataclass(frozen=True, slots=True)
class CauseLine:
    """Hours of standstill for one cause; with `cause` '' causes that few items stood for, taken together."""

    cause: str
    hours: float


@dataclass(frozen=True, slots=True)
class CostLine:
    """What maintenance cost, by who paid; whole units of the currency; None from fewer than three jobs."""

    payer: str
    currency: str
    amount: Decimal | None
    orders: Count


@dataclass(frozen=True, slots=True)
class Work:
    """Standstills and costs of the country."""

    downtime: tuple[CauseLine, ...]
    costs: tuple[CostLine, ...]


@dataclass(frozen=True, slots=True)
class KindLine:
    """Closed operations of a kind, in the period and in the same period of the year before."""

    kind: str
    now: Count
    year_before: Count


@dataclass(frozen=True, slots=True)
class SubstanceLine:
    """Seizures of a substance in at least three cases; kilogrammes with two digits and a 95 % interval.

    `largest` is the band of the largest case's share of the weight: 'under_quarter', 'quarter_to_half', 'over_half'.
    `year_before` counts cases.
    """

    substance: str
    cases: int
    kg: float | None
    low: float | None
    high: float | None
    largest: str
    weighed: int
    year_before: Count


@dataclass(frozen=True, slots=True)
class ContributionLine:
    """What those who were there said of a class's part in closed operations."""

    name: str
    none: Count
    supported: Count
    decisive: Count


@dataclass(frozen=True, slots=True)
class RatePoint:
    """Seizure cases in a stretch of time, per thousand days on which vehicles were used."""

    first: date
    until: date
    rate: Measure


@dataclass(frozen=True, slots=True)
class ResultTotals:
    """Exact totals of closed operations in a stretch of time."""

    operations: int
    arrests: Count
    seizures: int
    searches: Count
    finds: Count
    assessed: int
    with_equipment: Count


@dataclass(frozen=True, slots=True)
class Results:
    """Results of closed operations in the whole country, whoever gave the equipment."""

    totals: ResultTotals
    year_before: ResultTotals
    kinds: tuple[KindLine, ...]
    substances: tuple[SubstanceLine, ...]
    other_substances: int
    contributions: tuple[ContributionLine, ...]
    rates: tuple[RatePoint, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """Loss and disposal cases of the donor's items by their state at the end of the period."""

    losses: tuple[tuple[str, int], ...]
    disposals: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ListLine:
    """A line of the asset list: what came with a handover, by class and model ('' for vehicles)."""

    batch: str
    class_name: str
    model: str
    items: int
