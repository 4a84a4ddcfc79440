"""What was revised: kilometres of days that changed after their month, or after somebody was given them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.metrics.models import AssetDay
from assets.metrics.queries.extent import Extent
from assets.telemetry.models import DayRevision, TrackerDay


@dataclass(frozen=True)
class Revised:
    """Measured metres before and now, when the last change was, how many days changed, and why.

    `late_samples` is how many samples came later than they should have.
    """

    at: datetime
    before_m: float
    after_m: float
    days: int
    late_samples: int
    reasons: tuple[str, ...]


def revised_months(session: Session, extent: Extent) -> dict[int, Revised]:
    """Months of the extent (year * 100 + month) whose days changed after the month was over."""
    changes: dict[int, list[Any]] = {}
    for row in _changes(session, extent):
        if row.revised_on.year * 100 + row.revised_on.month > row.month:
            changes.setdefault(row.month, []).append(row)
    if not changes:
        return {}
    totals = _totals(session, extent)
    return {month: _revised(rows, totals.get(month, 0.0)) for month, rows in sorted(changes.items())}


def revised_since(session: Session, extent: Extent, since: datetime) -> Revised | None:
    """What changed of the extent's days after a moment; None where nothing did."""
    rows = [row for row in _changes(session, extent) if row.at > since]
    return _revised(rows, sum(_totals(session, extent).values())) if rows else None


def _changes(session: Session, extent: Extent) -> Sequence[Any]:
    return session.execute(
        select(
            AssetDay.month, DayRevision.asset_id, DayRevision.day, DayRevision.revised_on, DayRevision.at,
            DayRevision.before_m, DayRevision.after_m, DayRevision.late_samples, DayRevision.reason,
        )
        .join(AssetDay, (AssetDay.asset_id == DayRevision.asset_id) & (AssetDay.day == DayRevision.day))
        .where(extent.condition, AssetDay.on_register, DayRevision.day >= extent.first, DayRevision.day < extent.until)
    ).all()  # fmt: skip


def _totals(session: Session, extent: Extent) -> dict[int, float]:
    """Metres measured by month, as telemetry has them now."""
    rows = session.execute(
        select(AssetDay.month, func.sum(TrackerDay.distance_m))
        .join(AssetDay, (AssetDay.asset_id == TrackerDay.asset_id) & (AssetDay.day == TrackerDay.day))
        .where(extent.condition, AssetDay.on_register)
        .group_by(AssetDay.month)
    )
    return {month: float(metres) for month, metres in rows}


def _revised(rows: Sequence[Any], now_m: float) -> Revised:
    # Changes of one day follow on each other: their sum is what has become of it.
    change_m = sum(row.after_m - row.before_m for row in rows)
    return Revised(
        max(row.at for row in rows),
        now_m - change_m,
        now_m,
        len({(row.asset_id, row.day) for row in rows}),
        sum(max(0, row.late_samples) for row in rows if row.reason == "late_data"),
        tuple(sorted({row.reason for row in rows})),
    )
