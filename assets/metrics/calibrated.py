"""When each asset had a valid calibration or verification, as half-open spans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from assets.calibration.models import CalibrationPlan, CalibrationRecord
from assets.calibration.rules import Kind
from assets.core.clock import day_start
from assets.core.db import zone_of

Interval = tuple[int, int]
_COUNTED = (Kind.CALIBRATION, Kind.VERIFICATION)


def calibrated_spans(
    session: Session, asset_ids: Collection[int], span: tuple[datetime, datetime]
) -> dict[int, list[Interval]]:
    """Spans (whole seconds since 1970) within which every active calibration or verification plan was satisfied.

    A plan is satisfied from a record that passed until the next one, at the latest until the end of the day to which
    the record is valid. Records that were corrected do not count. An asset without such a plan has no span.
    """
    zone, end = zone_of(session), int(span[1].timestamp())
    by_plan: dict[tuple[int, int], list[tuple[int, int | None]]] = {
        (asset_id, plan_id): []
        for asset_id, plan_id in session.execute(
            select(CalibrationPlan.asset_id, CalibrationPlan.id).where(
                CalibrationPlan.active, CalibrationPlan.kind.in_(_COUNTED), CalibrationPlan.asset_id.in_(asset_ids)
            )
        )
    }
    correction = aliased(CalibrationRecord)
    for record in session.execute(
        select(
            CalibrationRecord.asset_id, CalibrationRecord.plan_id, CalibrationRecord.performed_at,
            CalibrationRecord.result, CalibrationRecord.valid_until,
        )
        .where(
            CalibrationRecord.asset_id.in_(asset_ids),
            CalibrationRecord.performed_at < span[1],
            CalibrationRecord.annulled_at.is_(None),
            ~select(correction.id).where(correction.corrects_id == CalibrationRecord.id).exists(),
        )
        .order_by(CalibrationRecord.performed_at, CalibrationRecord.id)
    ):  # fmt: skip
        of_plan = by_plan.get((record.asset_id, record.plan_id))
        if of_plan is not None:
            passed_until = _last_second(record.valid_until, zone, end) if record.result == "pass" else None
            of_plan.append((int(record.performed_at.timestamp()), passed_until))
    plans: dict[int, list[list[Interval]]] = defaultdict(list)
    for (asset_id, _), records in by_plan.items():
        plans[asset_id].append(list(_satisfied(records, end)))
    return {asset_id: _common(spans) for asset_id, spans in plans.items()}


def _last_second(valid_until: date | None, zone: ZoneInfo, end: int) -> int:
    if valid_until is None:
        return end
    return int(day_start(valid_until + timedelta(days=1), zone).timestamp())


def _satisfied(records: list[tuple[int, int | None]], end: int) -> Iterable[Interval]:
    for (start, until), (following, _) in pairwise([*records, (end, None)]):
        if until is not None and start < min(until, following):
            yield start, min(until, following)


def _common(plans: list[list[Interval]]) -> list[Interval]:
    """The time that lies within a span of every plan."""
    found = plans[0]
    for other in plans[1:]:
        found = [
            (max(a, c), min(b, d)) for a, b in found for c, d in other if max(a, c) < min(b, d)
        ]  # fmt: skip
    return found
