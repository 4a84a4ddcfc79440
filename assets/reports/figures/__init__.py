"""The figures of a donor summary: one frozen value, from which page, files and comparisons are made, and nothing else.

What is not a field here cannot reach a donor. There is none for a position, a plate, a VIN, a serial number, a label, a
tracker, a person, a unit or a day of use; regions carry bands only. A count that is None was left out because it is
small, or because with it a small one could be worked back: the true number is not in here either.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec

from assets.reports.figures.lines import (
    BatchLine,
    Before,
    CauseLine,
    ClassLine,
    ContributionLine,
    CostLine,
    Count,
    Findings,
    GrantLine,
    Head,
    InstrumentLine,
    Instruments,
    KindLine,
    ListLine,
    Measure,
    MonthLine,
    Plan,
    RatePoint,
    RegionLine,
    Results,
    ResultTotals,
    Spread,
    StateLine,
    States,
    SubstanceLine,
    ValuePoint,
    Vehicles,
    Whereabouts,
    Work,
)

TEMPLATE_VERSION = 2

__all__ = [
    "TEMPLATE_VERSION",
    "AnyVersion",
    "BatchLine",
    "Before",
    "CauseLine",
    "ClassLine",
    "ContributionLine",
    "CostLine",
    "Count",
    "Figures",
    "Findings",
    "GrantLine",
    "Head",
    "InstrumentLine",
    "Instruments",
    "KindLine",
    "ListLine",
    "Measure",
    "MonthLine",
    "Plan",
    "RatePoint",
    "RegionLine",
    "ResultTotals",
    "Results",
    "Spread",
    "StateLine",
    "States",
    "SubstanceLine",
    "ValuePoint",
    "Vehicles",
    "Whereabouts",
    "Work",
    "from_json",
    "of_any_version",
    "sha256",
    "to_json",
]


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything a donor summary says; `words` are pairs of a box and what a person wrote into it."""

    template: int
    head: Head
    measures: tuple[Measure, ...]
    plans: tuple[Plan, ...]
    before: Before | None
    batches: tuple[BatchLine, ...]
    cumulative: tuple[ValuePoint, ...]
    whereabouts: Whereabouts
    classes: tuple[ClassLine, ...]
    regions: tuple[RegionLine, ...]
    regions_shown_together: tuple[str, ...]
    states: States
    vehicles: Vehicles
    instruments: Instruments
    work: Work
    results: Results
    findings: Findings
    asset_list: tuple[ListLine, ...]
    days_worked_out: int
    days_of_period: int
    words: tuple[tuple[str, str], ...] = ()

    def measure(self, code: str) -> Measure:
        """The national figure with this code."""
        return next(measure for measure in self.measures if measure.code == code)

    def plan(self, code: str, class_name: str = "") -> Plan | None:
        """What was promised of a figure."""
        return next((plan for plan in self.plans if (plan.code, plan.class_name) == (code, class_name)), None)

    def previous(self, code: str) -> Measure | None:
        """The figure of the period before."""
        return next((m for m in self.before.measures if m.code == code), None) if self.before else None

    def said(self, box: str) -> str:
        """What was written into a box; '' for nothing."""
        return dict(self.words).get(box, "")


@dataclass(frozen=True, slots=True)
class AnyVersion:
    """What frozen figures of every version hold."""

    template: int
    measures: tuple[Measure, ...]


def to_json(figures: Figures) -> str:
    """The figures as text that is the same for the same figures, to the byte."""
    # A whole number in a field for fractions comes back as one: read once, so that writing again gives the same text.
    read = from_json(msgspec.json.encode(figures))
    return msgspec.json.encode(read, order="deterministic").decode()


def from_json(text: str | bytes) -> Figures:
    """The figures that `to_json` of this version wrote."""
    return msgspec.json.decode(text, type=Figures)


def of_any_version(text: str) -> AnyVersion:
    """Version and measures of figures that any version wrote."""
    return msgspec.json.decode(text, type=AnyVersion)


def sha256(text: str | bytes) -> str:
    """The hash by which frozen figures and files are known."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()
