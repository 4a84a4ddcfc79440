"""Assets with plans for the tests of maintenance, calibration and fitness."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from assets.calibration import service as calibration
from assets.labels.token import new_code
from assets.maintenance import service as maintenance
from assets.people.models import Unit
from assets.registry.models import Asset, EquipmentClass, Label
from tests.support.world import SETUP, World


def put_asset(
    session: Session,
    world: World,
    class_code: str,
    now: datetime,
    *,
    unit: str = "IMT-TK",
    life: str = "in_service",
    plans: bool = True,
) -> Asset:
    """An asset in condition A with its label and, unless told otherwise, the plans of its class."""
    code = new_code()
    asset = Asset(
        code=code,
        equipment_class=session.get_one(EquipmentClass, world.classes[class_code].id),
        unit=session.get_one(Unit, world.units[unit].id),
        life=life,
        registered_at=now,
        condition="A",
        condition_at=now,
    )
    session.add(asset)
    session.add(Label(code=code, state="active", asset=asset, created_at=now))
    session.flush()
    if plans:
        maintenance.adopt_default_plans(session, SETUP, asset, now)
        calibration.adopt_default_plans(session, SETUP, asset, now)
    return asset
