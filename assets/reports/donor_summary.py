"""Works out the figures of a donor summary from the days and the register, and leaves out what a donor must not see."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import reduce
from operator import add
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.metrics.queries.extent import Extent, built_until, donor_extent
from assets.metrics.rules.kpi import DaySums, ItemCounts, Kpi, by_code, item_kpis, use_kpis
from assets.metrics.utilisation import Utilisation, utilisation_of
from assets.people.models import Organisation
from assets.reports import queries
from assets.reports.disclosure import VEHICLES, Cell, merged, reporting_class, rounded_km
from assets.reports.figures import (
    TEMPLATE_VERSION,
    ClassLine,
    Figures,
    Head,
    InstrumentLine,
    Measure,
    MonthLine,
    StateLine,
)
from assets.reports.queries import Given

OTHER = "Other equipment"
_GRADES = ("A", "B", "C", "D", None)
_MEASURES = (
    "distance_per_vehicle_month", "estimated_distance_share", "utilisation_days_rate", "availability_rate",
    "tracker_coverage", "uses_per_asset_month", "verification_rate", "not_seen_12m", "in_calibration_rate",
    "overdue_calibrations", "pm_compliance", "mttr", "mean_downtime", "waiting_parts_share",
)  # fmt: skip


@dataclass(frozen=True)
class _Items:
    """The donor's items by the class they are reported under."""

    given: list[Given]
    reported: dict[int, str]

    @property
    def names(self) -> list[str]:
        """The classes, vehicles first, the rest last."""
        found = set(self.reported.values())
        return sorted(found, key=lambda name: (name != VEHICLES, name == OTHER, name))

    def of(self, name: str) -> list[Given]:
        return [item for item in self.given if self.reported[item.class_id] == name]


def figures_for(
    session: Session, donor: Organisation, first: date, until: date, now: datetime, zone: ZoneInfo
) -> Figures:
    """The figures of the local days `first` to the day before `until` for everything this donor's grants paid for.

    Only reads. The caller has checked the period (`disclosure.check_period`).
    """
    extent = donor_extent(donor.id, first, until)
    items = _items(queries.given_items(session, donor.id, until, zone))
    use = utilisation_of(session, extent, now, zone)
    national = use.overall()
    seen = queries.verified(session, extent)
    regions, together = queries.regions(session, extent, seen)
    worked_out = min(until, built_until(session) or first)
    marks = Counter(item.visibility_mark for item in items.given)
    conditions = queries.conditions(session, [item.asset_id for item in items.given], until, zone)
    grades = use.days.grades()
    return Figures(
        template=TEMPLATE_VERSION,
        head=_head(session, donor, first, until, local_date(now, zone)),
        measures=tuple(
            measured(kpi) for kpi in (*_headline(items, seen, grades), *(national[code] for code in _MEASURES))
        ),
        batches=queries.batches(session, donor.id, until, items.given),
        cumulative=queries.cumulative(session, donor.id, until, items.given),
        classes=tuple(_class_line(name, items.of(name), seen) for name in items.names),
        regions=regions,
        regions_shown_together=together,
        marks_applied=marks["applied"],
        marks_missing=marks["missing"] + marks["damaged"],
        marks_exempt=marks["exempt"],
        states=tuple(_state_line(name, items.of(name), conditions, grades) for name in items.names),
        matrix=_matrix(items.given, conditions, grades),
        vehicles=sum(item.on_register for item in items.of(VEHICLES)),
        months=_months(use, extent),
        instruments=_instruments(use, items),
        downtime=queries.downtime_by_cause(session, extent),
        costs=queries.costs(session, donor.id, first, until, zone),
        days_worked_out=max(0, (worked_out - first).days),
        days_of_period=(until - first).days,
    )


def measured(kpi: Kpi) -> Measure:
    """A figure as it may leave the house: kilometres rounded, the rest as it is."""
    value, numerator = kpi.value, kpi.numerator
    if kpi.unit == "km":
        value, numerator = rounded_km(value), rounded_km(numerator) or 0.0
    return Measure(
        kpi.code, value, round(numerator, 1), round(kpi.denominator, 1), kpi.unit, kpi.coverage, kpi.low, kpi.high
    )


def _items(given: list[Given]) -> _Items:
    """Classes of fewer than three items are reported together, so that no single item stands alone."""
    names = {item.class_id: reporting_class(item.class_code, item.class_name) for item in given}
    counts = Counter(names[item.class_id] for item in given)
    small = merged((Cell(name, count, 1) for name, count in counts.items()), min_units=1)
    return _Items(given, {class_id: OTHER if name in small else name for class_id, name in names.items()})


def _headline(items: _Items, seen: set[int], grades: dict[int, str | None]) -> list[Kpi]:
    """The shares on the first page that are no KPI of their own: in service, and used in the period."""
    total = len(items.given)
    serving = sum(item.on_register for item in items.given)
    graded = {asset_id: grade for asset_id, grade in grades.items() if grade is not None}
    used = sum(grade != "D" for grade in graded.values())
    return [
        Kpi("handed_over", total if total else None, total, total, "items"),
        Kpi("in_service_rate", serving / total if total else None, serving, total, "share"),
        Kpi(
            "used_rate", round(used / len(graded), 6) if graded else None, used, len(graded), "share",
            coverage=round(len(graded) / len(grades), 6) if grades else None,
        ),
    ]  # fmt: skip


def _head(session: Session, donor: Organisation, first: date, until: date, as_of: date) -> Head:
    grants, agencies = queries.grants(session, donor.id)
    return Head(donor.name, agencies, grants, first, until, as_of)


def _class_line(name: str, given: list[Given], seen: set[int]) -> ClassLine:
    verified = sum(item.on_register and item.asset_id in seen for item in given)
    serving = sum(item.on_register for item in given)
    lives = Counter(item.life for item in given if not item.on_register)
    # What was operable then and is not now (or the other way round) counts as withdrawn from the period's view.
    other = len(given) - serving - lives["lost"] - lives["disposed"]
    return ClassLine(name, len(given), verified, serving - verified, other, lives["lost"], lives["disposed"])


def _spread(grades: list[str | None]) -> tuple[int, int, int, int, int]:
    counted = Counter(grades)
    return counted["A"], counted["B"], counted["C"], counted["D"], counted[None]


def _state_line(name: str, given: list[Given], conditions: dict[int, str], grades: dict[int, str | None]) -> StateLine:
    serving = [item.asset_id for item in given if item.on_register]
    return StateLine(
        name,
        len(serving),
        _spread([conditions.get(asset_id) for asset_id in serving]),
        _spread([grades.get(asset_id) for asset_id in serving]),
    )


def _matrix(
    given: list[Given], conditions: dict[int, str], grades: dict[int, str | None]
) -> tuple[tuple[int, ...], ...]:
    """Counts with a row for each condition and a column for each frequency: A, B, C, D, unknown."""
    counted = Counter((conditions.get(item.asset_id), grades.get(item.asset_id)) for item in given if item.on_register)
    return tuple(tuple(counted[condition, use] for use in _GRADES) for condition in _GRADES)


def _months(use: Utilisation, extent: Extent) -> tuple[MonthLine, ...]:
    found = use.kpis("month")
    lines = []
    month = extent.first.replace(day=1)
    while month < extent.until:
        of_month: dict[str, Kpi] = by_code(found.get(month.year * 100 + month.month, []))
        km, share = of_month.get("distance_per_vehicle_month"), of_month.get("availability_rate")
        lines.append(
            MonthLine(
                f"{month:%Y-%m}", rounded_km(km.value) if km else None, share.value if share else None
            )
        )  # fmt: skip
        month = (month + timedelta(days=31)).replace(day=1)
    return tuple(lines)


def _instruments(use: Utilisation, items: _Items) -> tuple[InstrumentLine, ...]:
    sums, counts = use.days.sums("class"), use.days.counts("class")
    by_name: dict[str, list[int]] = defaultdict(list)
    for class_id, name in items.reported.items():
        by_name[name].append(class_id)
    lines = []
    for name in items.names:
        ids = by_name[name]
        used = by_code(use_kpis(reduce(add, (sums.get(n, DaySums()) for n in ids), DaySums())))
        state = by_code(item_kpis(_added([counts.get(n, ItemCounts()) for n in ids])))
        uses, valid = used["uses_per_asset_month"], state["in_calibration_rate"]
        if name == VEHICLES or (not uses.denominator and not valid.denominator):
            continue
        serving = sum(item.on_register for item in items.of(name))
        lines.append(InstrumentLine(name, serving, measured(uses), measured(valid)))
    return tuple(lines)


def _added(counts: list[ItemCounts]) -> ItemCounts:
    whole: dict[str, Any] = {
        f.name: sum(getattr(c, f.name) for c in counts) for f in fields(ItemCounts) if f.name != "grades"
    }
    return ItemCounts(**whole)
