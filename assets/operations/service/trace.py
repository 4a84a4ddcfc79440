"""How an operation may be changed: freely while it is open, with a reason and a trace once it is closed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, RuleViolation, invalid
from assets.core.i18n import msg
from assets.operations.models import Operation, OperationCorrection, Seizure
from assets.operations.rules import MAX_REASON, Outline
from assets.people.rules import Permission
from assets.registry.rules.values import ValueRefused, read_text
from assets.registry.scope import require_unit


def right_to_change(operation: Operation) -> Permission:
    """What it takes to change the operation as it stands: to write while it is open, to close once it is closed."""
    return Permission.OPERATION_WRITE if operation.closed_at is None else Permission.OPERATION_CLOSE


@contextmanager
def changing(
    session: Session,
    actor: Actor,
    operation: Operation,
    now: datetime,
    *,
    reason: str = "",
    expected_version: int | None = None,
) -> Iterator[None]:
    """Wrap a change: checks the right, the version and the reason before it, writes the trace after it.

    `RuleViolation` when the operation is annulled, or a correction would change nothing; `Conflict` when it is not of
    `expected_version` any more; `InvalidInput` naming `reason` when a closed one is changed without saying why.
    """
    is_closed = operation.closed_at is not None
    require_unit(actor, right_to_change(operation), operation.unit)
    refuse_annulled(operation)
    check_version(operation, expected_version)
    why = read_reason(reason) if is_closed else ""
    before = state_of(operation)
    yield
    session.flush()
    after = state_of(operation)
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    if changed:
        operation.version += 1
    if is_closed:
        if not changed:
            raise RuleViolation(msg("This would change nothing."), code="nothing_to_change")
        trace(session, actor, operation, now, why, {k: before.get(k) for k in changed}, {k: after[k] for k in changed})
    session.flush()


def trace(
    session: Session,
    actor: Actor,
    operation: Operation,
    at: datetime,
    reason: str,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """Write what stood there before and after, by whom and why."""
    session.add(
        OperationCorrection(
            operation_id=operation.id, at=at, account_id=actor.account_id, actor_name=actor.name, reason=reason,
            before=before, after=after,
        )
    )  # fmt: skip


def read_reason(reason: str) -> str:
    """The reason of a correction; `InvalidInput` naming `reason` when there is none."""
    try:
        text = read_text(reason, MAX_REASON)
    except ValueRefused as error:
        raise invalid("reason", error.message, code=error.code) from error
    if not text:
        raise invalid("reason", msg("Say why: it stays beside what was recorded."), code="required")
    return text


def refuse_annulled(operation: Operation) -> None:
    """`RuleViolation` for an operation that was annulled."""
    if operation.annulled_at is not None:
        raise RuleViolation(msg("This operation was annulled; it stays as it is."), code="operation_annulled")


def check_version(operation: Operation, expected: int | None) -> None:
    """`Conflict` when the operation is not as it was shown."""
    if expected is not None and expected != operation.version:
        raise Conflict(
            msg("Somebody else changed this operation after you opened it. Look at what it says now, then change it."),
            code="changed_meanwhile",
            data={"version": operation.version},
        )


def outline_of(operation: Operation, agencies: int | None = None) -> Outline:
    """What must fit together in this operation; `agencies` where they are counted, but not yet written."""
    return Outline(
        operation.kind, operation.delivery, len(operation.agencies) if agencies is None else agencies,
        operation.starts_on, operation.ends_on, operation.searches, operation.finds, operation.closed_at is not None,
    )  # fmt: skip


def state_of(operation: Operation) -> dict[str, Any]:
    """The operation as plain values, by field: what a correction keeps of before and after."""
    return {
        "kind": operation.kind,
        "delivery": operation.delivery,
        "unit": operation.unit.code,
        "units": sorted(unit.code for unit in operation.units),
        "region": operation.region.code,
        "agencies": sorted(agency.code for agency in operation.agencies),
        "starts_on": operation.starts_on.isoformat(),
        "ends_on": operation.ends_on.isoformat() if operation.ends_on else None,
        "arrests": operation.arrests,
        "searches": operation.searches,
        "finds": operation.finds,
        "note": operation.note,
        "contributions": {
            each.equipment_class.code: [each.contribution, each.note] for each in operation.contributions
        },
        "seizures": {str(seizure.id): _seizure_state(seizure) for seizure in operation.seizures},
    }


def _seizure_state(seizure: Seizure) -> dict[str, Any]:
    return {
        "seized_on": seizure.seized_on.isoformat(),
        "concealment": seizure.concealment,
        "struck_out": seizure.struck_out,
        "items": {
            str(item.id): [item.substance, format(item.quantity.normalize(), "f"), item.unit, item.struck_out]
            for item in seizure.items
        },
    }
