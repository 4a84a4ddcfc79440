"""Whose eyes past custody is for: those of the units that had the item then, not of whoever has it today."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.custody.models import CustodyEntry, TransferStep
from assets.custody.queries.transfers import Journey, journeys
from assets.custody.rules.transfers import whereabouts_before
from assets.people.models import Account, Unit
from assets.people.rules import Permission, reach
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import units_for


def sees_then(session: Session, actor: Actor, event_ids: Collection[str]) -> set[str]:
    """Those of these events whose custody is the actor's to see.

    He sees the custody of a unit that owned or had the asset then, of the unit of the person it went to, or of a side
    of the transfer; or he recorded the event, or it is his own person's. At most five queries, none for who sees all.
    """
    if not event_ids or reach(actor, Permission.CUSTODY_SEE).everything:
        return set(event_ids)
    own_person = select(Account.person_id).where(Account.id == actor.account_id).scalar_subquery()
    rows = session.execute(
        select(
            AssetEvent.id, AssetEvent.asset_id, AssetEvent.occurred_at, AssetEvent.n, AssetEvent.account_id,
            func.coalesce(AssetEvent.unit_id, Asset.unit_id).label("told"), CustodyEntry.person_id,
            own_person.label("own_person"),
            CustodyEntry.unit_id.label("of_person"), TransferStep.unit_id.label("to"),
            TransferStep.from_unit_id.label("sender"),
        )
        .join(Asset, Asset.id == AssetEvent.asset_id)
        .join(CustodyEntry, CustodyEntry.event_id == AssetEvent.id, isouter=True)
        .join(TransferStep, TransferStep.event_id == AssetEvent.id, isouter=True)
        .where(AssetEvent.id.in_(event_ids))
    ).all()  # fmt: skip
    found: set[str] = set()
    others: dict[str, set[int]] = {}
    ways = journeys(session, {row.asset_id for row in rows})
    for row in rows:
        is_own = row.person_id is not None and row.person_id == row.own_person
        if is_own or (row.account_id is not None and row.account_id == actor.account_id):
            found.add(row.id)
        had = _had(ways.get(row.asset_id), row.told, row.occurred_at, row.n)
        others[row.id] = had | {unit for unit in (row.of_person, row.to, row.sender) if unit is not None}
    asked = set().union(*others.values()) if others else set()
    seen = set(session.scalars(select(Unit.id).where(Unit.id.in_(asked), units_for(actor, Permission.CUSTODY_SEE))))
    return found | {event_id for event_id, units in others.items() if units & seen}


def _had(way: Journey | None, told: int, at: datetime, n: int) -> set[int]:
    if way is None:
        return {told}  # It was never sent: the unit that the event itself names.
    where = whereabouts_before(way.steps, way.first_unit, at, n)
    return {where.owner, where.unit}
