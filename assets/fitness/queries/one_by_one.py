"""The fitness of assets, for a page of them at once, and as a condition for filters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.orm import Session

from assets.calibration import queries as calibration
from assets.calibration.rules import BINDING
from assets.core.db import DEFAULT_ZONE
from assets.fitness.rules import CalibrationFact, CareFact, Facts, Fitness, judge
from assets.maintenance import queries as maintenance
from assets.registry.models import Asset


def fitness_of(session: Session, assets: Sequence[Asset], now: datetime) -> dict[int, Fitness]:
    """The fitness of each asset by its id, in three queries however many there are (a page, at most 500),
    whose classes were read with them."""
    if not assets:
        return {}
    ids = [asset.id for asset in assets]
    faults: dict[int, list[str]] = defaultdict(list)
    for asset_id, _, severity in maintenance.open_faults(session, ids):
        faults[asset_id].append(severity)
    care = maintenance.views_for(session, ids, now)
    calibrations = calibration.views_for(session, ids, now)
    return {
        asset.id: judge(
            Facts(
                life=asset.life,
                condition=asset.condition,
                fault_severities=tuple(faults[asset.id]),
                care=tuple(_care(view) for view in care.get(asset.id, ())),
                subject_to_calibration=calibration.is_subject(asset.equipment_class),
                calibrations=tuple(_calibration(view) for view in calibrations.get(asset.id, ())),
            )
        )
        for asset in assets
    }


def unfit_assets_condition(now: datetime, zone: ZoneInfo = DEFAULT_ZONE) -> ColumnElement[bool]:
    """A condition on `Asset` that says the same as `not fitness.fit`."""
    return or_(
        Asset.life != "in_service",
        func.coalesce(Asset.condition, "") == "D",  # never NULL, so that it can be negated
        maintenance.blocking_condition(),
        maintenance.past_grace_condition(now, zone),
        calibration.unfit_condition(now, zone),
    )


def _care(view: maintenance.PlanView) -> CareFact:
    due = view.due
    return CareFact(view.plan.name, due.standing.value, due.days_left, due.meter_left, due.meter_unknown)


def _calibration(view: calibration.PlanView) -> CalibrationFact:
    return CalibrationFact(view.plan.name, view.plan.kind in BINDING, view.standing.value)
