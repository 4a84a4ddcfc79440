"""Taking over who has what: an office goes live with items in people's hands, which nobody issues again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.custody import rules
from assets.custody.models import CustodyEntry
from assets.custody.service.handover import follow_entries
from assets.people.models import Person
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import require_unit
from assets.registry.service.timeline import Occurrence, append, record


@dataclass(frozen=True)
class Held:
    """An asset that a person had when the register began, and since when."""

    asset: Asset
    person: Person
    occurrence: Occurrence


def take_over_holders(session: Session, actor: Actor, held: Sequence[Held], told: Mapping[str, object]) -> None:
    """Enter who has these assets, each of which has no entry that counts; `told` is added to the events' data.

    Whether they are fit does not matter: they are in these hands already. The actor must hold the right to import for
    the asset's unit and the person's.
    """
    if not held:
        return
    for one in held:
        require_unit(actor, Permission.IMPORT_RUN, one.asset.unit, one.person.unit)
        data = {"person_id": one.person.id, "taken_over": True, **told}
        append(session, actor, one.asset, "issue", one.occurrence, data)
    session.flush()
    for one in held:
        at = one.occurrence.occurred_at
        session.add(
            CustodyEntry(
                event_id=one.occurrence.id, asset_id=one.asset.id, kind=rules.ISSUE, at=at, n=one.occurrence.n,
                person_id=one.person.id, unit_id=one.person.unit_id,
            )
        )  # fmt: skip
        one.asset.custodian_person_id, one.asset.custody_since, one.asset.custody_until = one.person.id, at, None
    session.flush()


def take_back_holder(session: Session, actor: Actor, asset: Asset, reason: str, now: datetime) -> None:
    """Say that what was taken over about who has the asset no longer counts, and why."""
    require_unit(actor, Permission.IMPORT_RUN, asset.unit)
    corrected = select(CustodyEntry.corrects_id).where(CustodyEntry.corrects_id.is_not(None))
    rows = session.execute(
        select(CustodyEntry, AssetEvent)
        .join(AssetEvent, AssetEvent.id == CustodyEntry.event_id)
        .where(
            CustodyEntry.asset_id == asset.id, CustodyEntry.kind == rules.ISSUE,
            CustodyEntry.event_id.not_in(corrected),
        )
    ).all()  # fmt: skip
    corrections = []
    for entry, wrong in rows:
        if not wrong.data.get("taken_over"):
            continue
        data = {"reason": reason, "kind": "issue", "undo": True}
        event = record(session, actor, asset, "correction", Occurrence(now, now), data, corrects_id=wrong.id)
        session.add(
            CustodyEntry(
                event_id=event.id, asset_id=asset.id, kind=rules.VOID, at=entry.at, n=entry.n, corrects_id=wrong.id
            )
        )
        corrections.append(event)
    if corrections:
        follow_entries(session, asset, corrections[-1])
