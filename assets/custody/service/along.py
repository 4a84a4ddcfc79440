"""A kit is handed over as a whole: its parts go with it, each by an entry of its own in the same transaction.

A part that was missed, or that was elsewhere then, is not pretended to go. What is entered of a part has an id that
follows from the kit's event, so that it is entered once.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.custody import queries, rules
from assets.custody.queries.transfers import journeys
from assets.custody.rules.transfers import Whereabouts, whereabouts_before
from assets.kits.models import KitEntry
from assets.kits.queries import parts_at
from assets.kits.rules.completeness import NEVER_ALONG
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import reaches_asset
from assets.registry.service.timeline import Occurrence


def parts_along(session: Session, kit: Asset, occurrence: Occurrence) -> list[Asset]:
    """The parts of a kit that were in it, and where it was, just before something happened to it; none of what is none.

    Held until the transaction ends. To be asked before the kit's own entry is written.
    """
    if not kit.is_kit:
        return []
    ids = parts_at(session, kit.id, occurrence.occurred_at, occurrence.n)
    parts = session.scalars(
        select(Asset)
        .options(joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.equipment_class))
        .where(Asset.id.in_(ids), Asset.annulled_at.is_(None), Asset.life.not_in(NEVER_ALONG))
        .order_by(Asset.id)
        .with_for_update(of=Asset)
    ).all()
    everything = [kit, *parts]
    held = queries.entries(session, [asset.id for asset in everything])
    ways = journeys(session, [asset.id for asset in everything])
    holder = {
        asset.id: rules.fold_before(held[asset.id], occurrence.occurred_at, occurrence.n).person_id
        for asset in everything
    }
    place = {}
    for asset in everything:
        journey = ways.get(asset.id)
        where = (
            None
            if journey is None
            else whereabouts_before(journey.steps, journey.first_unit, occurrence.occurred_at, occurrence.n)
        )
        place[asset.id] = (asset.unit_id, None, None) if where is None else _place(where)
    return [p for p in parts if holder[p.id] == holder[kit.id] and place[p.id] == place[kit.id]]


def in_reach(actor: Actor, parts: Sequence[Asset]) -> tuple[list[Asset], list[Asset]]:
    """The parts that the actor may hand over, and those that he may not: another unit has them by now.

    What he tells of its kit is entered of the former alone; the kit's own event names the latter (`not_entered`).
    """
    own = [part for part in parts if reaches_asset(actor, Permission.CUSTODY_ACT, part)]
    return own, [part for part in parts if part not in own]


def not_entered(others: Sequence[Asset]) -> dict[str, object]:
    """What the kit's event says of parts beyond the actor's reach; nothing when there are none."""
    return {"not_entered": [part.code for part in others]} if others else {}


def parts_ever_in(session: Session, kit: Asset) -> list[Asset]:
    """The assets that were ever put into a kit; none of what is none."""
    if not kit.is_kit:
        return []
    put = select(KitEntry.part_id).where(KitEntry.kit_id == kit.id, KitEntry.part_id.is_not(None))
    return list(session.scalars(select(Asset).where(Asset.id.in_(put)).order_by(Asset.id)))


def with_kit(occurrence: Occurrence, part: Asset) -> Occurrence:
    """What happened to the kit, as an event of one of its parts."""
    own = event_with_kit(occurrence.id, part)
    return Occurrence(occurrence.occurred_at, occurrence.received_at, own, occurrence.n, occurrence.noted)


def event_with_kit(event_id: str, part: Asset) -> str:
    """The id of the event of a part that an event of its kit brought with it."""
    return str(uuid5(UUID(event_id), f"part {part.id}"))


def _place(where: Whereabouts) -> tuple[int, int | None, int | None]:
    return where.unit, where.lent_to, where.open.to_unit if where.open is not None else None
