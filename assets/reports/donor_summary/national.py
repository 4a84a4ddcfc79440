"""The exact figures of the whole country for a period, and which of them stand on too little to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.maintenance.rules.orders import Cause
from assets.metrics.queries.extent import Extent, donor_extent
from assets.metrics.rules.intervals import garwood
from assets.metrics.rules.kpi import Kpi, rounded
from assets.metrics.utilisation import Utilisation, utilisation_of
from assets.reports.disclosure import MIN_ASSETS, VEHICLES, rounded_km
from assets.reports.donor_summary.items import Items, items_of
from assets.reports.figures import Measure
from assets.reports.queries import given as giving
from assets.reports.queries import work

OF_VEHICLES = (
    "distance_per_vehicle_month", "estimated_distance_share", "utilisation_days_rate", "availability_rate",
    "tracker_coverage", "accidents_per_100k_km",
)  # fmt: skip
# Figures of vehicles that stand on those that were heard, or whose use is known, only.
_HEARD = frozenset(
    {"distance_per_vehicle_month", "estimated_distance_share", "tracker_coverage", "accidents_per_100k_km"}
)
_OF_CASES = ("in_calibration_rate", "overdue_calibrations", "pm_compliance", "mttr", "mean_downtime")
_SHOWN = (
    "distance_per_vehicle_month", "estimated_distance_share", "utilisation_days_rate", "availability_rate",
    "tracker_coverage", "uses_per_asset_month", "verification_rate", "not_seen_12m", "in_calibration_rate",
    "overdue_calibrations", "pm_compliance", "mttr", "mean_downtime", "waiting_parts_share",
)  # fmt: skip
_PER_KM = 100_000


@dataclass(frozen=True)
class National:
    """A donor's items in a period, what their days come to, and the measures as they may leave the house."""

    extent: Extent
    items: Items
    use: Utilisation
    seen: set[int]
    grades: dict[int, str | None]
    stood: work.Standstills
    measures: tuple[Measure, ...]


def national(session: Session, donor_id: int, first: date, until: date, now: datetime, zone: ZoneInfo) -> National:
    """Read and work out everything that is exact for the country in the local days `first` to before `until`."""
    extent = donor_extent(donor_id, first, until)
    items = items_of(giving.given_items(session, donor_id, until, zone))
    use = utilisation_of(session, extent, now, zone)
    seen = giving.verified(session, extent)
    grades = use.days.grades()
    known = use.overall()
    distance = known["distance_per_vehicle_month"]
    kpis = (
        *_headline(items, grades),
        *(known[code] for code in _SHOWN),
        _accidents(work.accidents(session, donor_id, first, until, zone), distance),
    )
    stood = work.standstills(session, extent)
    # Beside the hours of all standstills, those for parts tell the hours of the other causes.
    waiting_is_told = Cause.WAITING_PARTS not in stood.together
    measures = _measures(kpis, _behind(items, use), waiting_is_told=waiting_is_told)
    return National(extent, items, use, seen, grades, stood, tuple(measures))


def items_class(code: str) -> str:
    """Whether a class is one of the vehicles."""
    return VEHICLES if code.startswith("vehicle.") else ""


def measured(kpi: Kpi) -> Measure:
    """A figure as it may leave the house: kilometres rounded, the rest as it is."""
    value, numerator, denominator = kpi.value, kpi.numerator, kpi.denominator
    if kpi.unit == "km":
        value, numerator = rounded_km(value), rounded_km(numerator) or 0.0
    if kpi.code == "estimated_distance_share":
        numerator, denominator = rounded_km(numerator) or 0.0, rounded_km(denominator) or 0.0
        value = rounded(numerator / denominator) if denominator else None
    return Measure(
        kpi.code, value, round(numerator, 1), round(denominator, 1), kpi.unit, kpi.coverage, kpi.low, kpi.high
    )


@dataclass(frozen=True)
class _Behind:
    """How many items figures stand on: vehicles on the register, heard, of known use; others with records of use."""

    vehicles: int
    heard: int
    known: int
    recorded: int

    def of(self, code: str) -> int | None:
        """How many items stand behind this figure; None where it is no figure of days."""
        if code == "uses_per_asset_month":
            return self.recorded
        if code not in OF_VEHICLES:
            return None
        # One vehicle with a tracker among many is still one vehicle's kilometres.
        narrower = self.heard if code in _HEARD else self.known if code == "utilisation_days_rate" else self.vehicles
        return min(self.vehicles, narrower)


def _behind(items: Items, use: Utilisation) -> _Behind:
    cells = use.days.cells
    return _Behind(
        vehicles=sum(item.on_register for item in items.given if items_class(item.class_code) == VEHICLES),
        heard=len({cell.asset_id for cell in cells if cell.sums.vehicle_heard_days}),
        known=len({cell.asset_id for cell in cells if cell.sums.vehicle_known_days}),
        recorded=len({cell.asset_id for cell in cells if cell.sums.item_known_days}),
    )


def _measures(kpis: tuple[Kpi, ...], behind: _Behind, *, waiting_is_told: bool) -> list[Measure]:
    """The measures; those that fewer than three vehicles, items or cases stand behind without their numbers."""
    cases: Mapping[str, float] = {kpi.code: kpi.denominator for kpi in kpis if kpi.code in _OF_CASES}

    def is_hidden(kpi: Kpi) -> bool:
        if kpi.code == "waiting_parts_share" and not waiting_is_told:
            return True
        items = behind.of(kpi.code)
        if items is not None:
            return 0 < items < MIN_ASSETS
        return 0 < cases.get("mean_downtime" if kpi.code == "waiting_parts_share" else kpi.code, 0) < MIN_ASSETS

    return [left_out(kpi.code, kpi.unit) if is_hidden(kpi) else measured(kpi) for kpi in kpis]


def left_out(code: str, unit: str) -> Measure:
    """A figure that is known and not shown; its numbers are not in it."""
    return Measure(code, None, 0.0, 0.0, unit, hidden=True)


def _headline(items: Items, grades: dict[int, str | None]) -> list[Kpi]:
    """The shares on the first page that are no KPI of their own: in service, and used in the period."""
    total, serving = len(items.given), len(items.serving)
    graded = [grade for grade in grades.values() if grade is not None]
    used = sum(grade != "D" for grade in graded)
    return [
        Kpi("handed_over", total, total, total, "items"),
        Kpi("in_service_rate", rounded(serving / total) if total else None, serving, total, "share"),
        Kpi(
            "used_rate", rounded(used / len(graded)) if graded else None, used, len(graded), "share",
            coverage=rounded(len(graded) / len(grades)) if grades else None,
        ),
    ]  # fmt: skip


def _accidents(count: int, distance: Kpi) -> Kpi:
    """F9: accidents per 100,000 measured kilometres with the exact Poisson interval."""
    exposure = (rounded_km(distance.numerator) or 0.0) / _PER_KM
    low, high = garwood(count, exposure) or (None, None)
    return Kpi(
        "accidents_per_100k_km", rounded(count / exposure) if exposure else None, count, exposure, "per_100k_km",
        distance.coverage, rounded(low), rounded(high),
    )  # fmt: skip
