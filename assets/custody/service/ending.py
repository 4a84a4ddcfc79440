"""The end of a custody that no return will ever end: the item is lost for good."""

from __future__ import annotations

from sqlalchemy.orm import Session

from assets.custody import rules
from assets.custody.models import CustodyEntry
from assets.custody.service.handover import follow_entries, lock
from assets.registry.models import Asset, AssetEvent


def end_custody(session: Session, asset: Asset, event: AssetEvent) -> None:
    """Nobody has the asset any more from this event on; nothing happens where nobody had it.

    The event says what ended it, so the entry is no sighting: nobody had the item in hand.
    """
    lock(session, asset)
    if asset.custodian_person_id is None:
        return
    session.add(
        CustodyEntry(
            event_id=event.id, asset_id=asset.id, kind=rules.RETURN, at=event.occurred_at, n=event.n,
            person_id=asset.custodian_person_id, unit_id=asset.unit_id,
        )
    )  # fmt: skip
    follow_entries(session, asset, event)
