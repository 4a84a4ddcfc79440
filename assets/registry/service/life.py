"""Moves of an asset's life that a case leads to; a life that needs no case is set by `change_asset`."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.registry.models import Asset, AssetEvent
from assets.registry.rules.life import check_move
from assets.registry.service.timeline import Occurrence, record


def move_life(
    session: Session,
    actor: Actor,
    asset: Asset,
    life: str,
    occurrence: Occurrence,
    data: Mapping[str, object] | None = None,
) -> AssetEvent:
    """Bring the asset to another life and record the event 'life'; `data` is told beside from and to.

    `RuleViolation` where that life cannot follow the present one, or the asset is issued and must be returned first.
    Rights and the case behind it are the caller's.
    """
    old = asset.life
    check_move(old, life, held=asset.custodian_person_id is not None)
    asset.life = life
    asset.version += 1
    return record(session, actor, asset, "life", occurrence, {**(data or {}), "from": old, "to": life})
