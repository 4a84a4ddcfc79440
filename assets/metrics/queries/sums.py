"""The days summed up by asset, unit and month in one pass; every grouping of every figure is made from these sums."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from assets.metrics.models import AssetDay
from assets.metrics.queries.extent import By, Extent
from assets.metrics.rules.kpi import DaySums, ItemCounts, days_in_month, frequency_grade

NOT_SEEN_DAYS = 365


@dataclass(frozen=True, slots=True)
class Cell:
    """The days of one asset with one unit in one month; `observed` days have data on use and were not off road."""

    asset_id: int
    class_id: int
    unit_id: int
    month: int
    sums: DaySums
    last: date
    seen_days: int
    observed_days: int
    used_days: int


@dataclass(frozen=True, slots=True)
class Ending:
    """An asset on the register on the last day of the period or of a month in it."""

    asset_id: int
    class_id: int
    unit_id: int
    month: int
    day: date
    subject: bool
    valid: bool
    unseen: bool


@dataclass(frozen=True)
class Days:
    """What the days of an extent come to; `last` is the last day that is worked out, None when there is none."""

    cells: Sequence[Cell]
    endings: Sequence[Ending]
    last: date | None

    def sums(self, by: By) -> dict[Any, DaySums]:
        """Sums over the asset-days on the register, by group (class, unit or asset id, month, or None for all)."""
        found: dict[Any, dict[str, float]] = {}
        for cell in self.cells:
            totals = found.setdefault(key_of(by)(cell), dict.fromkeys(DaySums.__slots__, 0))
            for name in DaySums.__slots__:
                totals[name] += getattr(cell.sums, name)
        return {key: DaySums(**totals) for key, totals in found.items()}  # type: ignore[arg-type]  # whole where whole

    def counts(self, by: By) -> dict[Any, ItemCounts]:
        """Assets on the register, sighted, in calibration and by frequency grade, by group."""
        key = key_of(by)
        registered: dict[Any, set[int]] = defaultdict(set)
        verified: dict[Any, set[int]] = defaultdict(set)
        use: dict[Any, dict[int, list[int]]] = defaultdict(dict)
        for cell in self.cells:
            group = key(cell)
            registered[group].add(cell.asset_id)
            if cell.seen_days:
                verified[group].add(cell.asset_id)
            of_asset = use[group].setdefault(cell.asset_id, [0, 0])
            of_asset[0] += cell.used_days
            of_asset[1] += cell.observed_days
        ends: dict[Any, list[Ending]] = defaultdict(list)
        for ending in self.endings:
            if by == "month" or ending.day == self.last:
                ends[key(ending)].append(ending)
        found = {}
        for group, assets in registered.items():
            grades = Counter(frequency_grade(used, observed) for used, observed in use[group].values())
            last = ends[group]
            found[group] = ItemCounts(
                on_register=len(assets),
                verified=len(verified[group]),
                on_register_at_end=len(last),
                subject_at_end=sum(item.subject for item in last),
                in_calibration_at_end=sum(item.subject and item.valid for item in last),
                not_seen_12m=sum(item.unseen for item in last),
                grades={grade: count for grade, count in grades.items() if grade is not None},
                ungraded=grades[None],
            )
        return found

    def places(self) -> dict[int, tuple[int, int]]:
        """Class and last unit of each asset."""
        in_order = sorted(self.cells, key=lambda cell: cell.last)
        return {cell.asset_id: (cell.class_id, cell.unit_id) for cell in in_order}

    def grades(self) -> dict[int, str | None]:
        """The frequency grade of each asset on the register; None where nothing is known."""
        return {
            asset_id: next(iter(counts.grades or {}), None) for asset_id, counts in self.counts("asset").items()
        }  # fmt: skip


def key_of(by: By) -> Callable[[Cell | Ending], Any]:
    """How a cell is told its group."""
    keys: dict[str, Callable[[Cell | Ending], Any]] = {
        "class": lambda row: row.class_id,
        "unit": lambda row: row.unit_id,
        "asset": lambda row: row.asset_id,
        "month": lambda row: row.month,
        "all": lambda _row: None,
    }
    return keys[by]


def days_of(session: Session, extent: Extent) -> Days:
    """The days of the extent, summed up: two queries, whatever is asked of them afterwards."""
    cells = _cells(session, extent)
    last = max((cell.last for cell in cells), default=None)
    return Days(cells, _endings(session, extent, last) if last else [], last)


def _cells(session: Session, extent: Extent) -> list[Cell]:
    day, vehicle, item, count = AssetDay, AssetDay.vehicle, ~AssetDay.vehicle, func.count()
    observed = and_(~day.off_road, day.known)
    statement = (
        select(
            day.asset_id,
            day.class_id,
            day.unit_id,
            day.month,
            func.max(day.day).label("last"),
            count.filter(day.seen).label("seen_days"),
            count.filter(observed).label("observed_days"),
            count.filter(observed, day.used).label("used_days"),
            count.label("asset_days"),
            count.filter(day.attended).label("attended_days"),
            func.sum(day.down_s).label("down_s"),
            count.filter(vehicle).label("vehicle_days"),
            count.filter(vehicle, day.off_road).label("vehicle_off_road_days"),
            count.filter(vehicle, day.attended).label("vehicle_attended_days"),
            count.filter(vehicle, observed).label("vehicle_known_days"),
            count.filter(vehicle, observed, day.used).label("vehicle_used_days"),
            # Nobody could expect to hear of a vehicle that was told to be silent.
            count.filter(vehicle, day.tracked, or_(day.heard, ~day.silent)).label("vehicle_tracked_days"),
            count.filter(vehicle, day.heard).label("vehicle_heard_days"),
            func.sum(day.measured_m).filter(vehicle).label("measured_m"),
            func.sum(day.estimated_m).filter(vehicle).label("estimated_m"),
            func.sum(day.engine_s).filter(vehicle).label("engine_s"),
            func.sum(day.idle_s).filter(vehicle).label("idle_s"),
            count.filter(item).label("item_days"),
            count.filter(item, day.known).label("item_known_days"),
            func.sum(day.uses).filter(item, day.known).label("item_uses"),
        )
        .where(extent.condition, day.on_register)
        .group_by(day.asset_id, day.class_id, day.unit_id, day.month)
    )
    return [
        Cell(*row[:4], _sums(row[3], [int(v or 0) for v in row[8:]]), *row[4:8]) for row in session.execute(statement)
    ]


def _sums(month: int, figures: list[int]) -> DaySums:
    # In the order of the fields of DaySums; the months follow from the days.
    length = days_in_month(month)
    sums = DaySums(*figures)
    return replace(
        sums,
        vehicle_months=sums.vehicle_days / length,
        vehicle_heard_months=sums.vehicle_heard_days / length,
        item_months=sums.item_days / length,
        item_known_months=sums.item_known_days / length,
    )


def _endings(session: Session, extent: Extent, last: date) -> list[Ending]:
    """Assets on the last day and on the last day of each month before it.

    "Not seen for a year" is asked on the very last day only: no touch within 365 days by an asset that was on the
    register 365 days ago.
    """
    ends, day = [last], last.replace(day=1) - timedelta(days=1)
    while day >= extent.first:
        ends.append(day)
        day = day.replace(day=1) - timedelta(days=1)
    a_year_ago = last - timedelta(days=NOT_SEEN_DAYS)
    recent = select(AssetDay.asset_id).where(AssetDay.touched, AssetDay.day > a_year_ago, AssetDay.day <= last)
    old = select(AssetDay.asset_id).where(AssetDay.on_register, AssetDay.day == a_year_ago)
    unseen = and_(AssetDay.day == last, AssetDay.asset_id.not_in(recent), AssetDay.asset_id.in_(old))
    statement = select(
        AssetDay.asset_id, AssetDay.class_id, AssetDay.unit_id, AssetDay.month, AssetDay.day,
        AssetDay.subject_to_calibration, AssetDay.in_calibration, unseen,
    ).where(AssetDay.day.in_(ends), AssetDay.on_register, *extent.where)  # fmt: skip
    return [Ending(*row) for row in session.execute(statement)]
