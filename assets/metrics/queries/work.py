"""Maintenance as the formulas need it: care that fell due, repairs and standstills of a span, by group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.clock import day_span, local_date
from assets.maintenance.models import WorkOrder
from assets.maintenance.queries.measures import DowntimeRow, PmOrder, downtimes, pm_orders
from assets.maintenance.rules.orders import WAITING, Cause, Kind, State, merged, total
from assets.metrics.queries.extent import By, Extent
from assets.metrics.queries.sums import Days
from assets.metrics.rules.kpi import WorkSums


@dataclass(frozen=True, slots=True)
class Repair:
    """A repair done within the span: how long it was worked on, waiting left out."""

    asset_id: int
    done_at: datetime
    seconds: int


@dataclass(frozen=True, slots=True)
class Standstill:
    """The part of one order's downtime that lies within the span, and what of it was waiting for parts."""

    asset_id: int
    started_at: datetime
    seconds: int
    waiting_parts_s: int


@dataclass(frozen=True)
class Work:
    """Care that fell due, repairs and standstills of the assets of an extent; `places` are their class and unit."""

    care: list[PmOrder]
    repairs: list[Repair]
    standstills: list[Standstill]
    places: dict[int, tuple[int, int]]
    zone: ZoneInfo

    def sums(self, by: By) -> dict[Any, WorkSums]:
        """The sums by group. An item counts for the unit that had it last in the period.

        A standstill counts for the part of it that lies in the period, in the month in which that part begins.
        """
        found: dict[Any, WorkSums] = defaultdict(WorkSums)
        for order in self.care:
            key = self._key(by, order.asset_id, order.fell_due_on)
            sums = found[key]
            found[key] = replace(sums, pm_due=sums.pm_due + 1, pm_on_time=sums.pm_on_time + bool(order.on_time))
        for repair in self.repairs:
            key = self._key(by, repair.asset_id, local_date(repair.done_at, self.zone))
            sums = found[key]
            found[key] = replace(sums, repairs=sums.repairs + 1, repair_s=sums.repair_s + repair.seconds)
        for stood in self.standstills:
            key = self._key(by, stood.asset_id, local_date(stood.started_at, self.zone))
            sums = found[key]
            found[key] = replace(
                sums,
                downtimes=sums.downtimes + 1,
                downtime_s=sums.downtime_s + stood.seconds,
                waiting_parts_s=sums.waiting_parts_s + stood.waiting_parts_s,
            )
        return dict(found)

    def _key(self, by: By, asset_id: int, day: date) -> Any:
        class_id, unit_id = self.places[asset_id]
        keys: dict[str, Any] = {
            "class": class_id, "unit": unit_id, "asset": asset_id, "month": day.year * 100 + day.month, "all": None,
        }  # fmt: skip
        return keys[by]


def work_of(session: Session, days: Days, extent: Extent, now: datetime, zone: ZoneInfo) -> Work:
    """The work on the assets that have days in the extent; standstills that last are counted until `now`."""
    span = day_span(extent.first, extent.until, zone)
    places = days.places()
    orders = _repair_orders(session, span)
    # Waiting may have begun before the span: look as far back as the earliest repair goes.
    earliest = min((order.started_at for order in orders), default=span[0])
    stood = downtimes(session, (min(earliest, span[0]), span[1]))
    return Work(
        [order for order in pm_orders(session, span, now) if order.on_time is not None and order.asset_id in places],
        [repair for repair in _repairs(orders, stood) if repair.asset_id in places],
        [row for row in _standstills(stood, span, now) if row.asset_id in places],
        places,
        zone,
    )


def _repair_orders(session: Session, span: tuple[datetime, datetime]) -> Sequence[Any]:
    return session.execute(
        select(WorkOrder.id, WorkOrder.asset_id, WorkOrder.started_at, WorkOrder.done_at).where(
            WorkOrder.kind == Kind.CORRECTIVE,
            WorkOrder.state == State.DONE,
            WorkOrder.started_at.is_not(None),
            WorkOrder.done_at >= span[0],
            WorkOrder.done_at < span[1],
        )
    ).all()


def _repairs(orders: Sequence[Any], stood: Sequence[DowntimeRow]) -> list[Repair]:
    waited: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in stood:
        if row.cause in WAITING and row.ended_at is not None:
            waited[row.work_order_id].append((row.started_at, row.ended_at))
    found = []
    for order in orders:
        within = [(max(start, order.started_at), min(end, order.done_at)) for start, end in waited[order.id]]
        worked = order.done_at - order.started_at - total(within)
        found.append(Repair(order.asset_id, order.done_at, max(0, int(worked.total_seconds()))))
    return found


def _standstills(rows: list[DowntimeRow], span: tuple[datetime, datetime], now: datetime) -> list[Standstill]:
    found: dict[tuple[int, int], tuple[datetime, int, int]] = {}
    taken: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in rows:
        start, end = max(row.started_at, span[0]), min(row.ended_at or now, span[1])
        if end <= start:
            continue
        # Two orders on one item do not double its standstill: the second counts for what it adds.
        before = total(taken[row.asset_id])
        taken[row.asset_id] = merged([*taken[row.asset_id], (start, end)])
        added = int((total(taken[row.asset_id]) - before) / timedelta(seconds=1))
        began, whole, waiting = found.get((row.asset_id, row.work_order_id), (start, 0, 0))
        parts = added if row.cause == Cause.WAITING_PARTS else 0
        found[row.asset_id, row.work_order_id] = (min(began, start), whole + added, waiting + parts)
    return [Standstill(asset_id, *figures) for (asset_id, _), figures in found.items()]
