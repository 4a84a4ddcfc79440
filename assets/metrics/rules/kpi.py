"""The formulas of domain.md section 2 as pure functions over sums; each answers a `Kpi` with what it was made of."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from assets.metrics.rules.intervals import garwood, wilson

GRADES = ("A", "B", "C", "D")
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure. `value` is numerator / denominator (a count stands as it is); None when the denominator is 0.

    Shares are 0 to 1. `coverage` is the share of asset-days (or items) with data, None where that is not a question.
    `low` and `high`: a 95 % interval, for shares of items and rates of events only. Days of one asset depend on each
    other, so an interval over days would pretend to know too much.
    """

    code: str
    value: float | None
    numerator: float
    denominator: float
    unit: str
    coverage: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class DaySums:
    """Sums over asset-days on the register; `vehicle_*` over vehicles, `item_*` over everything else.

    Distances in metres, times in seconds, months as days divided by the days of their month.
    """

    asset_days: int = 0
    attended_days: int = 0
    down_s: int = 0
    vehicle_days: int = 0
    vehicle_off_road_days: int = 0
    vehicle_attended_days: int = 0
    vehicle_known_days: int = 0
    vehicle_used_days: int = 0
    vehicle_tracked_days: int = 0
    vehicle_heard_days: int = 0
    measured_m: int = 0
    estimated_m: int = 0
    engine_s: int = 0
    idle_s: int = 0
    item_days: int = 0
    item_known_days: int = 0
    item_uses: int = 0
    vehicle_months: float = 0.0
    vehicle_heard_months: float = 0.0
    item_months: float = 0.0
    item_known_months: float = 0.0

    def __add__(self, other: DaySums) -> DaySums:
        return DaySums(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(DaySums)))


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """Counts of assets in the period and on its last day."""

    on_register: int = 0
    verified: int = 0
    on_register_at_end: int = 0
    subject_at_end: int = 0
    in_calibration_at_end: int = 0
    not_seen_12m: int = 0
    grades: Mapping[str, int] | None = None
    ungraded: int = 0


@dataclass(frozen=True, slots=True)
class WorkSums:
    """Maintenance within the period: preventive orders due and on time, repairs, downtime; times in seconds."""

    pm_due: int = 0
    pm_on_time: int = 0
    repairs: int = 0
    repair_s: int = 0
    downtimes: int = 0
    downtime_s: int = 0
    waiting_parts_s: int = 0


def days_in_month(month: int) -> int:
    """Days of a month given as year * 100 + month."""
    return calendar.monthrange(month // 100, month % 100)[1]


def frequency_grade(used_days: int, observed_days: int) -> str | None:
    """U1 on available days with data: A from 4 use-days a week, B from 1, C below 1, D none; None without data."""
    if observed_days <= 0:
        return None
    if used_days == 0:
        return "D"
    # In whole numbers: 4 days of 7 is exactly the threshold, not a little below it.
    if used_days * 7 >= 4 * observed_days:
        return "A"
    return "B" if used_days * 7 >= observed_days else "C"


def use_kpis(sums: DaySums) -> list[Kpi]:
    """F1, F2, F4, F5, F11, M5 and U2."""
    available = sums.vehicle_days - sums.vehicle_off_road_days
    return [
        _ratio(
            "distance_per_vehicle_month", _km(sums.measured_m), sums.vehicle_heard_months, "km",
            coverage=_share(sums.vehicle_heard_days, sums.vehicle_days),
        ),
        _ratio(
            "estimated_distance_share", _km(sums.estimated_m), _km(sums.measured_m + sums.estimated_m), "share",
            coverage=_share(sums.vehicle_heard_days, sums.vehicle_days),
        ),
        _ratio(
            "utilisation_days_rate", sums.vehicle_used_days, sums.vehicle_known_days, "share",
            coverage=_share(sums.vehicle_known_days, available),
        ),
        _ratio(
            "availability_rate", available, sums.vehicle_days, "share",
            coverage=_share(sums.vehicle_attended_days, sums.vehicle_days),
        ),
        _ratio(
            "availability_operational", _hours(sums.asset_days * _DAY_S - sums.down_s),
            _hours(sums.asset_days * _DAY_S), "share", coverage=_share(sums.attended_days, sums.asset_days),
        ),
        _ratio(
            "idle_ratio", _hours(sums.idle_s), _hours(sums.engine_s), "share",
            coverage=_share(sums.vehicle_heard_days, sums.vehicle_days),
        ),
        _ratio(
            "tracker_coverage", sums.vehicle_heard_days, sums.vehicle_tracked_days, "share",
            coverage=_share(sums.vehicle_tracked_days, sums.vehicle_days),
        ),
        _ratio(
            "uses_per_asset_month", sums.item_uses, sums.item_known_months, "uses",
            coverage=_share(sums.item_known_days, sums.item_days),
            interval=garwood(sums.item_uses, sums.item_known_months),
        ),
    ]  # fmt: skip


def item_kpis(counts: ItemCounts) -> list[Kpi]:
    """V1, V2, C1, C3 and U1."""
    subject, valid = counts.subject_at_end, counts.in_calibration_at_end
    found = [
        _proportion("verification_rate", counts.verified, counts.on_register),
        _count("not_seen_12m", counts.not_seen_12m, counts.on_register_at_end),
        _proportion("in_calibration_rate", valid, subject),
        _count("overdue_calibrations", subject - valid, subject),
    ]
    grades = counts.grades or {}
    graded = sum(grades.values())
    coverage = _share(graded, graded + counts.ungraded)
    return found + [
        _proportion(f"frequency_grade_{grade}", grades.get(grade, 0), graded, coverage=coverage) for grade in GRADES
    ]


def work_kpis(sums: WorkSums) -> list[Kpi]:
    """M8, M2, M4 and M14."""
    return [
        _proportion("pm_compliance", sums.pm_on_time, sums.pm_due),
        _ratio("mttr", _hours(sums.repair_s), sums.repairs, "h"),
        _ratio("mean_downtime", _hours(sums.downtime_s), sums.downtimes, "h"),
        _ratio("waiting_parts_share", _hours(sums.waiting_parts_s), _hours(sums.downtime_s), "share"),
    ]


def by_code(kpis: Iterable[Kpi]) -> dict[str, Kpi]:
    """The figures by their code."""
    return {kpi.code: kpi for kpi in kpis}


def rounded(value: float | Decimal | None, places: int = 6) -> float | None:
    """A figure as it is given out: the same number on both databases and in each run."""
    return None if value is None else round(float(value), places)


def _ratio(
    code: str,
    numerator: float,
    denominator: float,
    unit: str,
    *,
    coverage: float | None = None,
    interval: tuple[float, float] | None = None,
) -> Kpi:
    low, high = interval or (None, None)
    # Rounded first, so that whoever divides what is shown gets the value that is shown.
    numerator, denominator = round(numerator, 6), round(denominator, 6)
    return Kpi(
        code, _share(numerator, denominator), numerator, denominator, unit, coverage,
        rounded(low), rounded(high),
    )  # fmt: skip


def _proportion(code: str, numerator: int, denominator: int, *, coverage: float | None = None) -> Kpi:
    return _ratio(code, numerator, denominator, "share", coverage=coverage, interval=wilson(numerator, denominator))


def _count(code: str, count: int, of: int) -> Kpi:
    return Kpi(code, count if of else None, count, of, "items")


def _share(numerator: float, denominator: float) -> float | None:
    return round(numerator / denominator, 6) if denominator else None


def _km(metres: int) -> float:
    return metres / 1000


def _hours(seconds: int) -> float:
    return seconds / 3600


CODES: tuple[str, ...] = tuple(
    kpi.code for kpi in (*use_kpis(DaySums()), *item_kpis(ItemCounts()), *work_kpis(WorkSums()))
)
