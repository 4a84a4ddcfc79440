"""When each instrument was in calibration: what the in-calibration rate is made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from assets.calibration.models import CalibrationPlan, CalibrationRecord
from assets.calibration.rules import BINDING
from assets.core.clock import day_start
from assets.core.db import zone_of


@dataclass(frozen=True)
class PlanValidity:
    """One plan that an asset is subject to: since when, and the half-open spans in which a pass was valid."""

    plan_id: int
    kind: str
    subject_since: datetime
    valid: tuple[tuple[datetime, datetime], ...]


def calibration_validity(
    session: Session, asset_ids: Sequence[int] | None = None
) -> dict[int, tuple[PlanValidity, ...]]:
    """For each asset subject to calibration or verification: its active plans and when a pass was valid.

    A pass holds from when it was done until the end of its last valid day, or until a later failure. An asset was in
    calibration at a moment when every one of its plans had a valid pass then. Plans that fall due by a meter alone
    have open-ended spans. Corrected records are left out.
    """
    zone = zone_of(session)
    plans = select(CalibrationPlan).where(CalibrationPlan.active, CalibrationPlan.kind.in_(tuple(BINDING)))
    if asset_ids is not None:
        plans = plans.where(CalibrationPlan.asset_id.in_(asset_ids))
    correction = aliased(CalibrationRecord)
    found = select(CalibrationRecord).where(
        CalibrationRecord.annulled_at.is_(None),
        ~select(correction.id).where(correction.corrects_id == CalibrationRecord.id).exists(),
    )
    if asset_ids is not None:
        found = found.where(CalibrationRecord.asset_id.in_(asset_ids))
    by_plan: dict[int, list[CalibrationRecord]] = defaultdict(list)
    for record in session.scalars(found.order_by(CalibrationRecord.performed_at, CalibrationRecord.id)):
        by_plan[record.plan_id].append(record)
    result: dict[int, list[PlanValidity]] = defaultdict(list)
    for plan in session.scalars(plans.order_by(CalibrationPlan.id)):
        done = by_plan[plan.id]
        since = min([plan.created_at, *(record.performed_at for record in done[:1])])
        result[plan.asset_id].append(PlanValidity(plan.id, plan.kind, since, _valid_spans(done, zone)))
    return {asset_id: tuple(validities) for asset_id, validities in result.items()}


def _valid_spans(done: Sequence[CalibrationRecord], zone: ZoneInfo) -> tuple[tuple[datetime, datetime], ...]:
    spans: list[tuple[datetime, datetime]] = []
    for record, later in zip(done, [*done[1:], None], strict=True):
        if record.result != "pass":
            continue
        end = datetime.max.replace(tzinfo=record.performed_at.tzinfo)
        if record.valid_until is not None:
            end = day_start(record.valid_until + timedelta(days=1), zone)
        if later is not None:
            end = min(end, later.performed_at)
        if end > record.performed_at:
            spans.append((record.performed_at, end))
    return tuple(spans)
