"""Settling a conflict case of something that went out with a shift: what is moved in time stays with its shift."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.custody.models import ConflictCase, ConflictCaseEvent
from assets.custody.service.conflict_settling import Settlement, settle_conflict
from assets.registry.models import AssetEvent
from assets.shifts.models import ShiftItem


def settle(session: Session, actor: Actor, case: ConflictCase, settlement: Settlement, now: datetime) -> ConflictCase:
    """As `settle_conflict` does, and with its errors; an issue told anew is of the shift of the one it replaces."""
    settled = settle_conflict(session, actor, case, settlement, now)
    written = session.scalars(
        select(AssetEvent)
        .join(ConflictCaseEvent, ConflictCaseEvent.event_id == AssetEvent.id)
        .where(ConflictCaseEvent.case_id == case.id, ConflictCaseEvent.role == "act", AssetEvent.kind == "issue")
    ).all()
    for event in written:
        before = session.get(ShiftItem, event.data.get("in_place_of", ""))
        if before is not None and session.get(ShiftItem, event.id) is None:
            session.add(_copy(before, event))
    session.flush()
    return settled


def _copy(before: ShiftItem, event: AssetEvent) -> ShiftItem:
    return ShiftItem(
        event_id=event.id, shift_id=before.shift_id, asset_id=before.asset_id, at=event.occurred_at, n=event.n,
        person_id=before.person_id, unit_id=before.unit_id, account_id=before.account_id,
    )  # fmt: skip
