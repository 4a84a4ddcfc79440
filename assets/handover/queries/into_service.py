"""What putting a round into service together would do, and to which items."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from assets.core.actor import Actor
from assets.handover.models import HandoverItem, HandoverLine
from assets.handover.rules import why_not_into_service
from assets.people.rules import Permission
from assets.registry.models import Asset, HandoverBatch
from assets.registry.scope import assets_for


@dataclass(frozen=True)
class Waiting:
    """What putting a round into service together would do: how many items go and stay, and the first that stay.

    Of those that stay, `to_come` were not counted in yet.
    """

    goes: int = 0
    stays: int = 0
    to_come: int = 0
    staying: tuple[HandoverItem, ...] = ()


def not_in_service(session: Session, actor: Actor, batch: HandoverBatch, *, limit: int) -> Waiting:
    """Those of the round's items that the actor may put into service and that are not in service yet. One query."""
    alike = (Asset.life, Asset.condition)
    order = (HandoverLine.number, HandoverItem.number)
    found = (
        select(
            HandoverItem.id,
            func.count().over(partition_by=alike).label("of_kind"),
            func.row_number().over(partition_by=alike, order_by=order).label("place"),
        )
        .join(HandoverItem.line)
        .join(HandoverItem.asset)
        .where(HandoverLine.batch_id == batch.id, Asset.life != "in_service", assets_for(actor, Permission.ASSET_WRITE))
        .subquery()
    )
    rows = session.execute(
        select(HandoverItem, found.c.of_kind, found.c.place)
        .join(found, found.c.id == HandoverItem.id)
        .join(HandoverItem.line)
        .join(HandoverItem.asset)
        .options(
            contains_eager(HandoverItem.line).options(
                joinedload(HandoverLine.model), joinedload(HandoverLine.equipment_class)
            ),
            contains_eager(HandoverItem.asset),
        )
        .where(found.c.place <= limit)
        .order_by(*order)
    ).all()
    total = sum(row.of_kind for row in rows if row.place == 1)
    staying = [row for row in rows if why_not_into_service(row[0].asset.life, row[0].asset.condition) is not None]
    stays = sum(row.of_kind for row in staying if row.place == 1)
    to_come = sum(row.of_kind for row in staying if row.place == 1 and row[0].asset.life == "expected")
    return Waiting(total - stays, stays, to_come, tuple(row[0] for row in staying[:limit]))


def ids_to_put(session: Session, actor: Actor, batch: HandoverBatch) -> list[int]:
    """The ids of the round's items that the actor may put into service, in the order of their lines. One query."""
    statement = (
        select(HandoverItem.id)
        .join(HandoverItem.line)
        .join(HandoverItem.asset)
        .where(HandoverLine.batch_id == batch.id, assets_for(actor, Permission.ASSET_WRITE))
        .order_by(HandoverLine.number, HandoverItem.number)
    )
    return list(session.scalars(statement))
