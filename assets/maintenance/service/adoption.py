"""Adopts plans: items get the care that their class needs, one by one or many together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.maintenance.models import MaintenancePlan
from assets.maintenance.queries.due import CARED_FOR
from assets.maintenance.rules.due import check_terms
from assets.maintenance.service.plans import refresh_plans, start_day
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.queries.class_plans import assets_without_plans, plan_codes
from assets.registry.rules.classes import CLASSES, MaintenancePlanDefault
from assets.registry.scope import require_asset


def adopt_default_plans(session: Session, actor: Actor, asset: Asset, now: datetime) -> list[MaintenancePlan]:
    """Give the asset the plans of its class that it does not have yet, severe intervals where the class says so.

    They count from the day of registration, or of coming into use if that is later: what was done before is not known.
    """
    require_asset(actor, Permission.PLAN_WRITE, asset)
    return _adopt(session, [asset], now)


def adopt_plans_of(session: Session, assets: Sequence[Asset], now: datetime) -> list[MaintenancePlan]:
    """As `adopt_default_plans`, for many; those that are not cared for (still to come, withdrawn) are left out.

    The right is that of the act which brings them, and the caller's to check. A few queries for each 400 assets.
    """
    return _adopt(session, [one for one in assets if one.life in CARED_FOR and one.annulled_at is None], now)


def adopt_missing_plans(session: Session, _actor: Actor, now: datetime, *, limit: int = 500) -> int:
    """Give up to `limit` assets that have no plan at all the plans of their class; answers how many got some.

    For the scheduler: nothing registered stays without plans, by whichever door it came. Call it until it answers 0.
    """
    codes = [code for code, defaults in CLASSES.items() if defaults.maintenance_plans]
    assets = assets_without_plans(session, MaintenancePlan.asset_id, codes, CARED_FOR, limit=limit)
    _adopt(session, assets, now)
    return len(assets)


def plan_from_default(
    asset: Asset, default: MaintenancePlanDefault, start: date, now: datetime, *, severe: bool
) -> MaintenancePlan:
    """A plan as its class gives it, counting from the day `start`; the caller adds and refreshes it."""
    days, meter_interval = default.intervals(severe=severe)
    return MaintenancePlan(
        asset=asset,
        code=default.code,
        name=default.name,
        interval_days=days,
        meter_kind=(default.meter_kind or "") if meter_interval is not None else "",
        meter_interval=meter_interval,
        severe=severe,
        source="class",
        reason="",
        active=True,
        last_done_on=start,
        basis="start",
        created_at=now,
    )


def _adopt(session: Session, assets: Sequence[Asset], now: datetime) -> list[MaintenancePlan]:
    cared = [asset for asset in assets if _defaults(asset)]
    known = plan_codes(session, MaintenancePlan.asset_id, MaintenancePlan.code, [asset.id for asset in cared])
    adopted = []
    for asset in cared:
        start, severe = start_day(session, asset), CLASSES[asset.equipment_class.code].severe_use
        for default in _defaults(asset):
            if default.code not in known[asset.id]:
                plan = plan_from_default(asset, default, start, now, severe=severe)
                check_terms(plan.terms)
                adopted.append(plan)
    if adopted:
        session.add_all(adopted)
        session.flush()
        refresh_plans(session, adopted, now)
    return adopted


def _defaults(asset: Asset) -> tuple[MaintenancePlanDefault, ...]:
    defaults = CLASSES.get(asset.equipment_class.code)
    return defaults.maintenance_plans if defaults is not None else ()
