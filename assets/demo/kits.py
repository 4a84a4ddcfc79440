"""The made-up search kits: a list for each, its parts and filters, a check, and one in which a part is missing."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.clock import local_date
from assets.demo.setting import Setting, logistics_actor, moment
from assets.demo.supplies import FILTERS
from assets.kits.rules.lists import LineDraft
from assets.kits.service import check_kit, put_counted, put_part, set_list
from assets.people.models import Unit
from assets.registry.models import Asset, EquipmentClass, StockLot
from assets.registry.service.timeline import happening_now

# Team, and whether the check found everything; the last was never checked.
KITS: tuple[tuple[str, bool | None], ...] = (("IMT-SU", True), ("IMT-TK", False), ("IMT-FA", True), ("IMT-SA", None))
PARTS = ("search.mirror_uvss", "comms.radio")
LINES = [LineDraft("search.mirror_uvss", 1), LineDraft("comms.radio", 1)]
REAGENTS = 5


def make_kits(app: App, made: Setting, now: datetime) -> int:
    """Give these teams a kit with what it has on its shelf; answers how many there are."""
    return sum(_kit(app, made, now, unit, found) for unit, found in KITS)


def _kit(app: App, made: Setting, now: datetime, unit: str, found: bool | None) -> int:
    actor, at = logistics_actor(made, made.units[unit]), moment(app, now, 6, hour=9)
    with app.transaction(actor, at) as session:
        kit, *parts = (_free(session, unit, code, at) for code in ("kit", *PARTS))
        if kit is None:
            return 0
        lot = _lot(session, app, unit, at)
        lines = LINES if lot is None else [*LINES, LineDraft(lot.equipment_class.code, REAGENTS, item=lot.item)]
        set_list(session, actor, kit, lines, at)
        for part in parts:
            if part is not None:
                put_part(session, actor, kit, part, happening_now(at))
        if lot is not None:
            put_counted(session, actor, kit, lot, Decimal(REAGENTS), happening_now(at))
    if found is not None:
        _check(app, actor, kit, [part for part in parts if part is not None], moment(app, now, 2, hour=8), found)
    return 1


def _check(app: App, actor: Actor, kit: Asset, parts: list[Asset], at: datetime, found: bool) -> None:
    with app.transaction(actor, at) as session:
        seen = {part.code: found or place > 0 for place, part in enumerate(parts)}
        check_kit(session, actor, session.get_one(Asset, kit.id), happening_now(at), parts=seen)


def _free(session: Session, unit: str, class_code: str, at: datetime) -> Asset | None:
    """The first item of a class that the team has in its store."""
    return session.scalars(
        select(Asset)
        .join(Unit, Unit.id == Asset.unit_id)
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .options(joinedload(Asset.equipment_class), joinedload(Asset.unit).joinedload(Unit.region))
        .where(
            Unit.code == unit, EquipmentClass.code == class_code, Asset.life == "in_service", Asset.is_kit.is_(None),
            Asset.custodian_person_id.is_(None), Asset.transit_unit_id.is_(None), Asset.holding_unit_id.is_(None),
            Asset.in_kit_id.is_(None), Asset.annulled_at.is_(None), Asset.registered_at < at,
        )
        .order_by(Asset.condition, Asset.code)
    ).first()  # fmt: skip


def _lot(session: Session, app: App, unit: str, at: datetime) -> StockLot | None:
    """The team's lot of filters that is in date."""
    day = local_date(at, app.settings.zone)
    return session.scalars(
        select(StockLot)
        .join(Unit, Unit.id == StockLot.unit_id)
        .where(
            Unit.code == unit, StockLot.item == FILTERS.item, StockLot.expires_on > day,
            StockLot.annulled_at.is_(None), StockLot.recalled_on.is_(None),
        )
        .order_by(StockLot.expires_on)
    ).first()  # fmt: skip
