"""Puts what was received of a round into service together, each item by the gate through which one goes alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import DomainError
from assets.handover.models import HandoverItem
from assets.handover.queries import items_of
from assets.handover.queries.into_service import ids_to_put
from assets.handover.rules import why_not_into_service
from assets.people.rules import Permission, require
from assets.registry.models import Asset, HandoverBatch
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.service.assets import change_asset

STATUSES = ("done", "already", "left")
_AT_ONCE = 400  # below SQLite's limit of bound values


@dataclass(frozen=True)
class PutResult:
    """What became of one item: done, already (in service before) or left as it was, with the reason."""

    item_id: int
    asset: Asset
    status: str
    error: DomainError | None = None


def put_into_service(session: Session, actor: Actor, batch: HandoverBatch, now: datetime) -> list[PutResult]:
    """Bring every received item of the round that the actor may change into service, since today; in their order.

    What is still to come, needs repair, was withdrawn or cannot go for another reason is left and costs the others
    nothing. Again, it changes nothing more. Items of other units are not told of. `NotAllowed` without the right.
    """
    require(actor, Permission.ASSET_WRITE)
    ids = ids_to_put(session, actor, batch)
    results = []
    for first in range(0, len(ids), _AT_ONCE):
        chunk = ids[first : first + _AT_ONCE]
        items = items_of(session, actor, batch, chunk, Permission.ASSET_WRITE, lock=True)
        results += [_put(session, actor, items[item_id], now) for item_id in chunk if item_id in items]
    return results


def _put(session: Session, actor: Actor, item: HandoverItem, now: datetime) -> PutResult:
    asset = item.asset
    if asset.life == "in_service":
        return PutResult(item.id, asset, "already")
    stays = why_not_into_service(asset.life, asset.condition)
    if stays is not None:
        return PutResult(item.id, asset, "left", stays)
    values: dict[str, object] = {"life": "in_service"}
    if asset.in_service_on is None:
        values["in_service_on"] = local_date(now, zone_of(session)).isoformat()
    try:
        with session.begin_nested():
            change_asset(session, actor, asset, parse_asset(values, partial=True), now)
    except DomainError as error:
        return PutResult(item.id, asset, "left", error)
    return PutResult(item.id, asset, "done")
