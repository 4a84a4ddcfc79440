"""Taking over when items were last serviced: their plans count from the day and the reading on paper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.maintenance.models import MaintenancePlan
from assets.maintenance.rules.due import LastDone
from assets.maintenance.service.adoption import plan_from_default
from assets.maintenance.service.plans import refresh_plans, start_day
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.rules.classes import CLASSES, MaintenancePlanDefault
from assets.registry.scope import require_unit

_CHUNK = 400
_SERVICES = frozenset({"service", "maker_service"})


@dataclass(frozen=True)
class Serviced:
    """An asset with its last service on paper; `is_new`: it has no plans yet."""

    asset: Asset
    last: LastDone
    is_new: bool = True


def serviced_plans(class_code: str) -> tuple[MaintenancePlanDefault, ...]:
    """The plans of a class that "last serviced" on a paper list speaks of.

    Those called a service; else those by a meter (a vehicle's visit to the workshop, not its insurance); else the main
    one, which stands first.
    """
    plans = CLASSES[class_code].maintenance_plans if class_code in CLASSES else ()
    called = tuple(plan for plan in plans if plan.code in _SERVICES)
    return called or tuple(plan for plan in plans if plan.meter_kind) or plans[:1]


def take_over_services(session: Session, actor: Actor, given: Sequence[Serviced], now: datetime) -> None:
    """Give these assets the plans of their class, those of `serviced_plans` counting from their last service.

    A metered plan whose reading is not on paper counts from what the meter shows now.
    """
    known = _plans(session, [one.asset.id for one in given if not one.is_new])
    touched: list[MaintenancePlan] = []
    for one in given:
        require_unit(actor, Permission.IMPORT_RUN, one.asset.unit)
        plans = known.get(one.asset.id) or _adopted(session, one.asset, now)
        codes = {plan.code for plan in serviced_plans(one.asset.equipment_class.code)}
        for plan in plans:
            if plan.code in codes and plan.source == "class":
                plan.last_done_on, plan.basis = one.last.on, "done"
                plan.last_done_meter = one.last.meter if plan.meter_kind == "odometer_km" else None
        touched += plans
    session.flush()
    refresh_plans(session, touched, now)


def take_back_services(session: Session, actor: Actor, assets: Sequence[Asset], now: datetime) -> None:
    """Let the class's plans of these assets count from their start again, as if nothing had been taken over."""
    touched: list[MaintenancePlan] = []
    for plans in _plans(session, [asset.id for asset in assets]).values():
        for plan in plans:
            require_unit(actor, Permission.IMPORT_RUN, plan.asset.unit)
            if plan.source == "class" and plan.active:
                plan.last_done_on, plan.last_done_meter, plan.basis = start_day(session, plan.asset), None, "start"
                touched.append(plan)
    session.flush()
    refresh_plans(session, touched, now)


def _adopted(session: Session, asset: Asset, now: datetime) -> list[MaintenancePlan]:
    defaults = CLASSES[asset.equipment_class.code]
    start = start_day(session, asset)
    plans = [
        plan_from_default(asset, default, start, now, severe=defaults.severe_use)
        for default in defaults.maintenance_plans
    ]
    session.add_all(plans)
    return plans


def _plans(session: Session, asset_ids: Sequence[int]) -> dict[int, list[MaintenancePlan]]:
    found: dict[int, list[MaintenancePlan]] = defaultdict(list)
    for first in range(0, len(asset_ids), _CHUNK):
        rows = session.scalars(
            select(MaintenancePlan)
            .options(joinedload(MaintenancePlan.asset).joinedload(Asset.unit))
            .where(MaintenancePlan.asset_id.in_(asset_ids[first : first + _CHUNK]))
        )
        for plan in rows:
            found[plan.asset_id].append(plan)
    return found
