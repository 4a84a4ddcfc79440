"""Kits for people: a page of them, the kit that a part is in, and the checks and entries of one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.kits.models import Kit, KitCheck, KitLine, KitPart
from assets.kits.queries.contents import contents
from assets.kits.rules.completeness import COMPLETE, NO_LIST, STATE_NAMES, UNCHECKED, Contents
from assets.kits.rules.lists import KIT_CLASS
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, EquipmentClass, StockLot
from assets.registry.queries.stock import lots_for
from assets.registry.scope import assets_for

# Says of each part of these contents whether it is fit.
Judged = Callable[[Mapping[int, Contents]], Mapping[int, Contents]]


@dataclass(frozen=True)
class KitFilter:
    """Codes of a unit and of a state (`STATE_NAMES`); empty does not narrow."""

    unit: str = ""
    state: str = ""


@dataclass(frozen=True)
class Row:
    """A kit with what belongs in it and what is in it."""

    asset: Asset
    contents: Contents


def kits_page(
    session: Session,
    actor: Actor,
    wanted: KitFilter,
    blocked: ColumnElement[bool],
    judged: Judged,
    today: date,
    *,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[Row]:
    """Kits within the actor's sight by label code: assets of the class, and others with a list or parts.

    `blocked` says as a condition on `Asset` which of them lack what they must have. `after`: (code of the last one,).
    """
    if wanted.state not in {"", *STATE_NAMES}:
        known = ", ".join(STATE_NAMES)
        raise invalid("state", msg("This is one of: %(known)s.", known=known), code="unknown_word")
    of_class = select(EquipmentClass.id).where(EquipmentClass.code == KIT_CLASS)
    conditions = [
        assets_for(actor, Permission.ASSET_READ), Asset.life != "disposed",
        or_(Asset.class_id.in_(of_class), Asset.id.in_(select(Kit.asset_id))),
    ]  # fmt: skip
    if wanted.unit:
        conditions.append(Asset.unit_id.in_(select(Unit.id).where(Unit.code == wanted.unit)))
    if wanted.state:
        conditions.append(_in_state(wanted.state, blocked))
    if after is not None:
        conditions.append(Asset.code > str(after[0]))
    assets = list(
        session.scalars(
            select(Asset)
            .options(
                joinedload(Asset.unit), joinedload(Asset.model), joinedload(Asset.equipment_class),
                joinedload(Asset.custodian_person),
            )
            .where(*conditions)
            .order_by(Asset.code)
            .limit(limit)
        )
    )  # fmt: skip
    found = judged(contents(session, Kit.asset_id.in_([asset.id for asset in assets]), today)) if assets else {}
    return [Row(asset, found.get(asset.id, Contents())) for asset in assets]


def _in_state(state: str, blocked: ColumnElement[bool]) -> ColumnElement[bool]:
    listed = Asset.id.in_(select(KitLine.kit_id).where(KitLine.active))
    checked = Asset.id.in_(select(Kit.asset_id).where(Kit.checked_at.is_not(None)))
    if state == NO_LIST:
        return ~listed
    if state == COMPLETE:
        return and_(listed, ~blocked, checked)
    if state == UNCHECKED:
        return and_(listed, ~blocked, ~checked)
    return and_(listed, blocked)


def kit_of_part(session: Session, actor: Actor, asset: Asset) -> Asset | None:
    """The kit that the asset is in, when the actor may see it."""
    found: Asset | None = session.scalar(
        select(Asset)
        .join(KitPart, KitPart.kit_id == Asset.id)
        .where(KitPart.asset_id == asset.id, assets_for(actor, Permission.ASSET_READ))
    )
    return found


def kit_codes_of(session: Session, asset_ids: Collection[int]) -> dict[int, str]:
    """The label of the kit that each of these assets is in, where it is in one; no query for none of them."""
    if not asset_ids:
        return {}
    rows = session.execute(
        select(KitPart.asset_id, Asset.code)
        .join(Asset, Asset.id == KitPart.kit_id)
        .where(KitPart.asset_id.in_(asset_ids), Asset.annulled_at.is_(None))
    )
    return {row[0]: row[1] for row in rows}


def checks_of(session: Session, kit: Asset, limit: int = 10) -> list[KitCheck]:
    """The checks of a kit, newest first."""
    statement = select(KitCheck).where(KitCheck.kit_id == kit.id).options(joinedload(KitCheck.account))
    return list(session.scalars(statement.order_by(KitCheck.at.desc(), KitCheck.n.desc()).limit(limit)))


def lots_for_kit(session: Session, actor: Actor, kit: Asset) -> list[StockLot]:
    """The lots of the kit's unit that the actor may see, by item and expiry: what could be put into it."""
    statement = select(StockLot).where(lots_for(actor), StockLot.unit_id == kit.unit_id)
    return list(session.scalars(statement.order_by(StockLot.item, StockLot.expires_on, StockLot.id).limit(200)))
