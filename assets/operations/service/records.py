"""What is done with an operation as a whole: recorded, changed while open, closed, corrected, annulled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, FieldError, InvalidInput, RuleViolation
from assets.core.i18n import msg
from assets.operations.models import Operation
from assets.operations.rules import check_outline, check_seized_on
from assets.operations.rules.fields import OperationDraft
from assets.operations.service.parts import put_contribution, put_seizure
from assets.operations.service.trace import (
    changing,
    check_version,
    outline_of,
    read_reason,
    refuse_annulled,
    right_to_change,
    trace,
)
from assets.people.models import Organisation, Unit
from assets.people.queries import organisation_by_code, region_by_code, unit_by_code
from assets.people.rules import Permission
from assets.registry.scope import require_unit

ATTEMPTS = 5
_PLAIN = ("kind", "delivery", "starts_on", "ends_on", "arrests", "searches", "finds", "note")


def record_operation(session: Session, actor: Actor, draft: OperationDraft, now: datetime) -> Operation:
    """A new operation with its seizures and contributions; open, or closed at once where the draft says so.

    The actor must hold `OPERATION_WRITE` for the leading unit, and `OPERATION_CLOSE` to close it. Without a code it is
    given the next of its year. `InvalidInput` names each field that is wrong; `Conflict` when the code is taken.
    """
    unit = unit_by_code(session, draft.unit)
    require_unit(actor, Permission.OPERATION_WRITE, unit)
    if draft.starts_on is None or not draft.kind:
        raise InvalidInput(msg("An operation needs its kind and its first day."))
    operation = Operation(
        kind=draft.kind, delivery=draft.delivery, unit=unit, starts_on=draft.starts_on, ends_on=draft.ends_on,
        region=region_by_code(session, draft.region) if draft.region else unit.region, arrests=draft.arrests,
        searches=draft.searches, finds=draft.finds, note=draft.note, recorded_at=now,
        recorded_by_id=actor.account_id, annulled_reason="", version=1,
    )  # fmt: skip
    agencies, others = _agencies(session, draft.agencies), _units(session, draft.units)
    check_outline(outline_of(operation, len(agencies)), now)
    _insert(session, operation, draft.code)
    operation.agencies = agencies
    operation.units = _with_lead(unit, others)
    for seizure in draft.seizures:
        put_seizure(operation, seizure, outline_of(operation), now)
    for contribution in draft.contributions:
        put_contribution(session, operation, contribution)
    session.flush()
    if draft.closed:
        close_operation(session, actor, operation, now)
    return operation


def change_operation(
    session: Session,
    actor: Actor,
    operation: Operation,
    draft: OperationDraft,
    now: datetime,
    expected_version: int | None = None,
) -> Operation:
    """Change what the draft gives, while the operation is open; both the old and the new leading unit are checked."""
    if operation.closed_at is not None:
        raise RuleViolation(
            msg("This operation is closed: it is changed by a correction, with a reason."), code="operation_closed"
        )
    with changing(session, actor, operation, now, expected_version=expected_version):
        _apply(session, actor, operation, draft, now)
    return operation


def correct_operation(
    session: Session,
    actor: Actor,
    operation: Operation,
    draft: OperationDraft,
    reason: str,
    now: datetime,
    expected_version: int | None = None,
) -> Operation:
    """Change a closed operation; the reason and what stood there before and after are kept and shown."""
    if operation.closed_at is None:
        raise RuleViolation(msg("This operation is still open: just change it."), code="operation_open")
    with changing(session, actor, operation, now, reason=reason, expected_version=expected_version):
        _apply(session, actor, operation, draft, now)
    return operation


def close_operation(
    session: Session,
    actor: Actor,
    operation: Operation,
    now: datetime,
    *,
    ends_on: date | None = None,
    expected_version: int | None = None,
) -> Operation:
    """Say that the operation is over and complete: from now on it counts, and is changed by corrections alone.

    Without a last day it ended on the day of its last seizure, else on its first day.
    """
    require_unit(actor, Permission.OPERATION_CLOSE, operation.unit)
    refuse_annulled(operation)
    check_version(operation, expected_version)
    if operation.closed_at is not None:
        raise Conflict(msg("This operation is closed already."), code="operation_closed")
    seized = [seizure.seized_on for seizure in operation.seizures if not seizure.struck_out]
    operation.ends_on = ends_on or operation.ends_on or max([operation.starts_on, *seized])
    operation.closed_at, operation.closed_by_id = now, actor.account_id
    check_whole(operation, now)
    operation.version += 1
    session.flush()
    return operation


def annul_operation(session: Session, actor: Actor, operation: Operation, reason: str, now: datetime) -> Operation:
    """Say that the operation was recorded by mistake: it stays to be read, and counts nowhere any more."""
    require_unit(actor, right_to_change(operation), operation.unit)
    refuse_annulled(operation)
    operation.annulled_reason = read_reason(reason)
    operation.annulled_at = now
    operation.version += 1
    trace(session, actor, operation, now, operation.annulled_reason, {"annulled": False}, {"annulled": True})
    session.flush()
    return operation


def check_whole(operation: Operation, now: datetime) -> None:
    """`InvalidInput` unless the operation fits together, its seizures within its days."""
    outline = outline_of(operation)
    check_outline(outline, now)
    for seizure in operation.seizures:
        if not seizure.struck_out:
            check_seized_on(seizure.seized_on, outline, now, "ends_on")


def _apply(session: Session, actor: Actor, operation: Operation, draft: OperationDraft, now: datetime) -> None:
    with session.no_autoflush:
        _move(session, actor, operation, draft)
        for key in _PLAIN:
            if key in draft:
                setattr(operation, key, getattr(draft, key))
        if "agencies" in draft:
            operation.agencies = _agencies(session, draft.agencies)
        for contribution in draft.contributions:
            put_contribution(session, operation, contribution)
        check_whole(operation, now)


def _move(session: Session, actor: Actor, operation: Operation, draft: OperationDraft) -> None:
    """The lead, the units that took part and the region; the lead always is one of those that took part."""
    old = operation.unit
    others = [unit for unit in operation.units if unit.id != old.id]
    if "unit" in draft:
        new = unit_by_code(session, draft.unit)
        require_unit(actor, right_to_change(operation), old, new)
        if operation.region_id == old.region_id and "region" not in draft:
            operation.region = new.region
        operation.unit = new
    if "units" in draft:
        others = _units(session, draft.units)
    operation.units = _with_lead(operation.unit, others)
    if "region" in draft:
        operation.region = region_by_code(session, draft.region) if draft.region else operation.unit.region


def _with_lead(lead: Unit, others: Sequence[Unit]) -> list[Unit]:
    return [lead, *(unit for unit in others if unit.id != lead.id)]


def _units(session: Session, codes: Sequence[str]) -> list[Unit]:
    return [unit_by_code(session, code, "units") for code in codes]


def _agencies(session: Session, codes: Sequence[str]) -> list[Organisation]:
    found, wrong = [], []
    for code in codes:
        agency = organisation_by_code(session, code, "agencies")
        if agency.kind != "agency":
            words = msg("%(code)s is no agency that takes part in operations.", code=agency.code)
            wrong.append(FieldError("agencies", words, "not_an_agency"))
        found.append(agency)
    if wrong:
        raise InvalidInput(wrong[0].message, fields=wrong)
    return found


def _insert(session: Session, operation: Operation, code: str) -> None:
    """Store the operation under the given code, or the next of its year; two at once do not get the same."""
    if code and _is_taken(session, code):
        raise _taken(code)
    for _ in range(ATTEMPTS):
        operation.code = code or _next_code(session, operation.starts_on.year)
        try:
            with session.begin_nested():
                session.add(operation)
                session.flush()
            return
        except IntegrityError:
            # Somebody stored one at the same moment: the next number is taken anew.
            session.info.pop("operation_numbers", None)
            if not _is_taken(session, operation.code):
                raise
            if code:
                raise _taken(code) from None
    raise Conflict(msg("Others record operations at the same moment. Try again."), code="changed_meanwhile")


def _is_taken(session: Session, code: str) -> bool:
    return session.scalar(select(Operation.id).where(func.upper(Operation.code) == code.upper())) is not None


def _taken(code: str) -> Conflict:
    words = msg("The code %(code)s is taken; choose another, or leave it empty.", code=code)
    return Conflict(words, code="code_taken", fields=[FieldError("code", words, "code_taken")])


def _next_code(session: Session, year: int) -> str:
    """OP-2026-0007 after OP-2026-0006. The highest number is kept for the transaction: an import stores thousands."""
    numbers: dict[int, int] = session.info.setdefault("operation_numbers", {})
    prefix = f"OP-{year}-"
    if year not in numbers:
        codes = session.scalars(select(Operation.code).where(Operation.code.startswith(prefix, autoescape=True)))
        endings = [code.removeprefix(prefix) for code in codes]
        numbers[year] = max((int(end) for end in endings if end.isascii() and end.isdigit()), default=0)
    numbers[year] += 1
    return f"{prefix}{numbers[year]:04d}"
