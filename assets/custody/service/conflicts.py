"""Conflict cases: opened where entries contradict each other, and moot where they no longer do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.custody.models import ConflictCase, ConflictCaseEvent
from assets.custody.queries.transfers import journeys
from assets.custody.rules import Entry, standing
from assets.custody.rules.conflicts import (
    DENIED,
    LEFT,
    MOOT,
    OPEN,
    SETTLED,
    Contradiction,
    case_id,
    contradictions,
)
from assets.registry.models import Asset, AssetEvent
from assets.registry.service.timeline import happening_now, record


def open_conflict(
    session: Session, actor: Actor, asset: Asset, event_ids: Collection[str], kind: str, now: datetime
) -> ConflictCase:
    """The case of these entries of the asset, opened unless there is one: the same entries never open two.

    A case that was settled or moot stays so: its story says what became of it. The timeline says that it was opened.
    """
    ids = list(dict.fromkeys(event_ids))
    present = session.get(ConflictCase, case_id(ids))
    if present is not None:
        return present
    case = ConflictCase(id=case_id(ids), asset_id=asset.id, kind=kind, state=OPEN, opened_at=now)
    session.add(case)
    session.flush()
    session.add_all([ConflictCaseEvent(case_id=case.id, event_id=event_id, role="entry") for event_id in ids])
    told(session, actor, asset, case, "conflict_opened", now, {"about": kind})
    return case


def told(
    session: Session,
    actor: Actor,
    asset: Asset,
    case: ConflictCase,
    kind: str,
    now: datetime,
    data: dict[str, object] | None = None,
) -> AssetEvent:
    """Put into the timeline of the asset what became of the case."""
    event = record(session, actor, asset, kind, happening_now(now), {"case": case.id, **(data or {})})
    session.add(ConflictCaseEvent(case_id=case.id, event_id=event.id, role="story"))
    session.flush()
    return event


def follow_conflicts(session: Session, asset: Asset, entries: Sequence[Entry], cause: AssetEvent) -> None:
    """Bring the asset's cases in line with all that is entered of it now: opened, moot, or open again.

    `cause` is the event that was just entered; the cases change in the name of who entered it. What was settled by
    leaving it as it is stays settled.
    """
    journey = journeys(session, [asset.id]).get(asset.id)
    where = None if journey is None else journey.where()
    found = {case_id(each.event_ids): each for each in contradictions(entries, where)}
    cases = {
        case.id: case for case in session.scalars(select(ConflictCase).where(ConflictCase.asset_id == asset.id))
    }  # fmt: skip
    actor, now = _who_told(cause), cause.received_at
    denied = [case for case in cases.values() if case.kind == DENIED and case.state == OPEN]
    if denied:
        counted = {entry.id for entry in standing(entries)}
        found |= {case.id: each for case in denied if (each := _still_denied(session, case, counted)) is not None}
    for key, each in found.items():
        case = cases.get(key)
        if case is None:
            open_conflict(session, actor, asset, each.event_ids, each.kind, now)
        elif case.state == MOOT or (case.state == SETTLED and case.outcome != LEFT):
            case.state, case.outcome, case.settled_at, case.settled_by_id, case.note = OPEN, "", None, None, ""
            told(session, actor, asset, case, "conflict_opened", now, {"about": case.kind, "again": True})
    for key, case in cases.items():
        if case.state == OPEN and key not in found:
            case.state = MOOT
            told(session, actor, asset, case, "conflict_moot", now, {"cause": cause.id})


def _who_told(cause: AssetEvent) -> Actor:
    kind = "account" if cause.account_id is not None else "system"
    return Actor(kind, cause.actor_name, cause.account_id)


def _still_denied(session: Session, case: ConflictCase, counted: Collection[str]) -> Contradiction | None:
    """The denied entry of custody while it counts; a corrected one needs no answer any more."""
    ids = session.scalars(
        select(ConflictCaseEvent.event_id).where(
            ConflictCaseEvent.case_id == case.id, ConflictCaseEvent.role == "entry"
        )
    ).all()
    still = next((event_id for event_id in ids if event_id in counted), None)
    return None if still is None else Contradiction(DENIED, (still, still))
