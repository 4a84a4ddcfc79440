"""The timeline of an asset: every slice records what happened through `record`, and the caches follow it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.registry.models import Asset, AssetEvent


@dataclass(frozen=True)
class Occurrence:
    """When something happened and when we heard of it: the event's id, both times and the phone's counter.

    `noted` is kept in the event's data beside what it says: what the device's clock showed, and how far it was off.
    """

    occurred_at: datetime
    received_at: datetime
    id: str = field(default_factory=lambda: str(uuid4()))
    n: int = 0
    noted: Mapping[str, object] = field(default_factory=dict)


def happening_now(now: datetime) -> Occurrence:
    """Something that is done in this moment, here."""
    return Occurrence(now, now)


def record(
    session: Session,
    actor: Actor,
    asset: Asset,
    kind: str,
    occurrence: Occurrence,
    data: Mapping[str, object] | None = None,
    *,
    grade: str | None = None,
    seen: bool = False,
    corrects_id: str | None = None,
) -> AssetEvent:
    """Append an event and bring the asset's caches of condition and last sighting up to date.

    Events may come late: a cache is changed only by an event that is newer than the one it holds. Give ids in `data`
    for persons (`person_id`), never names.
    """
    event = append(
        session, actor, asset, kind, occurrence, data, grade=grade, seen=seen, corrects_id=corrects_id
    )  # fmt: skip
    session.flush()
    return event


def append(
    session: Session,
    actor: Actor,
    asset: Asset,
    kind: str,
    occurrence: Occurrence,
    data: Mapping[str, object] | None = None,
    *,
    grade: str | None = None,
    seen: bool = False,
    corrects_id: str | None = None,
) -> AssetEvent:
    """As `record`, but the caller flushes: for many at once, and for assets that are not written yet."""
    event = AssetEvent(
        id=occurrence.id,
        asset=asset,
        kind=kind,
        occurred_at=occurrence.occurred_at,
        received_at=occurrence.received_at,
        n=occurrence.n,
        account_id=actor.account_id,
        actor_name=actor.name,
        grade=grade,
        seen=seen,
        unit_id=asset.unit.id,
        corrects_id=corrects_id,
        data={**(data or {}), **occurrence.noted},
    )
    is_newest = grade is not None and _is_newest_judgement(session, asset, occurrence)
    session.add(event)
    if is_newest:
        asset.condition, asset.condition_at = grade, occurrence.occurred_at
    if seen and (asset.last_seen_at is None or asset.last_seen_at < occurrence.occurred_at):
        asset.last_seen_at = occurrence.occurred_at
    return event


def _is_newest_judgement(session: Session, asset: Asset, occurrence: Occurrence) -> bool:
    """Whether nothing that was heard of so far judged the condition later; within one moment the counter decides."""
    if asset.condition_at is None or asset.condition_at < occurrence.occurred_at:
        return True
    if asset.condition_at > occurrence.occurred_at:
        return False
    later = or_(
        AssetEvent.n > occurrence.n, and_(AssetEvent.n == occurrence.n, AssetEvent.id > occurrence.id)
    )  # fmt: skip
    with session.no_autoflush:
        found = session.scalar(
            select(AssetEvent.id)
            .where(AssetEvent.asset_id == asset.id, AssetEvent.grade.is_not(None))
            .where(AssetEvent.occurred_at == occurrence.occurred_at, later)
            .limit(1)
        )
    return found is None


def rebuild_condition(session: Session, asset: Asset) -> None:
    """Set the condition and sighting caches from the events (after a correction)."""
    corrected = select(AssetEvent.corrects_id).where(AssetEvent.corrects_id.is_not(None))
    base = select(AssetEvent).where(AssetEvent.asset_id == asset.id, AssetEvent.id.not_in(corrected))
    newest_first = (AssetEvent.occurred_at.desc(), AssetEvent.n.desc(), AssetEvent.id.desc())
    graded = session.scalar(base.where(AssetEvent.grade.is_not(None)).order_by(*newest_first).limit(1))
    seen = session.scalar(base.where(AssetEvent.seen).order_by(*newest_first).limit(1))
    asset.condition = graded.grade if graded else None
    asset.condition_at = graded.occurred_at if graded else None
    asset.last_seen_at = seen.occurred_at if seen else None
    session.flush()
