"""What was promised of a grant's equipment: planned values are set and ended, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import NotFound, RuleViolation, invalid
from assets.core.i18n import msg
from assets.people.rules import Permission, require
from assets.registry.models import Grant, GrantTarget
from assets.registry.rules.targets import check_target
from assets.registry.service.references import class_by_code

NOTE_LENGTH = 300


@dataclass(frozen=True)
class TargetDraft:
    """A planned value: shares from 0 to 1, kilometres or uses per month; `class_code` '' for all equipment."""

    kpi: str
    value: Decimal
    class_code: str = ""
    note: str = ""


def set_target(session: Session, actor: Actor, grant: Grant, draft: TargetDraft, now: datetime) -> GrantTarget:
    """The plan from now on; the one that held before is ended and stays in the history.

    The same value again changes nothing. `InvalidInput` names what is wrong.
    """
    require(actor, Permission.GRANT_WRITE)
    check_target(draft.kpi, draft.class_code, draft.value)
    if len(draft.note) > NOTE_LENGTH:
        raise invalid("note", msg("This is too long: at most %(n)s characters.", n=NOTE_LENGTH), code="too_long")
    of_class = class_by_code(session, draft.class_code) if draft.class_code else None
    # Locked, so that of two people who set the same plan one sees the other's.
    session.refresh(grant, ["id"], with_for_update=True)
    present = session.scalar(
        select(GrantTarget).where(
            GrantTarget.grant_id == grant.id,
            GrantTarget.kpi == draft.kpi,
            GrantTarget.class_id == of_class.id if of_class is not None else GrantTarget.class_id.is_(None),
            GrantTarget.ended_at.is_(None),
        )
    )
    if present is not None:
        if present.value == draft.value and present.note == draft.note:
            return present
        present.ended_at = now
        session.flush()
    target = GrantTarget(
        grant=grant, kpi=draft.kpi, equipment_class=of_class, value=draft.value, note=draft.note, set_at=now
    )
    session.add(target)
    session.flush()
    return target


def end_target(session: Session, actor: Actor, grant: Grant, target_id: int, now: datetime) -> GrantTarget:
    """The plan does not hold any more; summaries of earlier periods are still measured against it."""
    require(actor, Permission.GRANT_WRITE)
    target = session.scalar(
        select(GrantTarget).where(GrantTarget.id == target_id, GrantTarget.grant_id == grant.id).with_for_update()
    )
    if target is None:
        raise NotFound
    if target.ended_at is not None:
        raise RuleViolation(msg("This plan has ended already."), code="already_ended")
    target.ended_at = now
    session.flush()
    return target
