"""Whether other units may ask for an asset: its owner says so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import NotAllowed
from assets.registry.models import Asset
from assets.registry.service.timeline import happening_now, record
from assets.reservations.queries import is_keeper, is_shared


def share(session: Session, actor: Actor, asset: Asset, now: datetime, *, shared: bool) -> bool:
    """Let other units ask for the asset, or no more; answers whether that changed anything.

    Only for who answers for its unit; a borrower cannot. What was asked for before stays.
    """
    if not is_keeper(actor, asset):
        raise NotAllowed
    if is_shared(asset) == shared:
        return False
    asset.shared = shared
    record(session, actor, asset, "shared" if shared else "not_shared", happening_now(now))
    return True
