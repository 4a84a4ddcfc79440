"""Brings an operation back that was annulled because its import was undone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import RuleViolation
from assets.core.i18n import msg
from assets.operations.models import Operation
from assets.operations.service.trace import right_to_change, trace
from assets.registry.scope import require_unit

REASON = "imported again"


def reinstate_operation(session: Session, actor: Actor, operation: Operation, now: datetime) -> Operation:
    """Let an annulled operation count again; that it was annulled stays to be read in its trace."""
    require_unit(actor, right_to_change(operation), operation.unit)
    if operation.annulled_at is None:
        raise RuleViolation(msg("This operation was not annulled."), code="operation_not_annulled")
    operation.annulled_at, operation.annulled_reason = None, ""
    operation.version += 1
    trace(session, actor, operation, now, REASON, {"annulled": True}, {"annulled": False})
    session.flush()
    return operation
