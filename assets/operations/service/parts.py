"""What belongs to an operation: seizures with their substances, and what each class of equipment did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import NotFound, RuleViolation
from assets.core.i18n import msg
from assets.operations.models import EquipmentContribution, Operation, Seizure, SeizureItem
from assets.operations.rules import Outline, check_seized_on
from assets.operations.rules.parts import ContributionDraft, ItemDraft, SeizureDraft
from assets.operations.rules.substances import CONVERSION_VERSION
from assets.operations.service.trace import changing, outline_of
from assets.registry.service.references import class_by_code


def add_seizure(
    session: Session, actor: Actor, operation: Operation, draft: SeizureDraft, now: datetime, *, reason: str = ""
) -> Seizure:
    """One more seizure of the operation; of a closed one it is a correction, which needs a reason."""
    with changing(session, actor, operation, now, reason=reason):
        return put_seizure(operation, draft, outline_of(operation), now)


def strike_seizure(
    session: Session, actor: Actor, operation: Operation, seizure_id: int, now: datetime, *, reason: str = ""
) -> Seizure:
    """Strike a seizure out: it stays to be read and no longer counts."""
    seizure = seizure_of(operation, seizure_id)
    if seizure.struck_out:
        raise RuleViolation(msg("This seizure is struck out already."), code="struck_out")
    with changing(session, actor, operation, now, reason=reason):
        seizure.struck_out = True
    return seizure


def add_item(
    session: Session,
    actor: Actor,
    operation: Operation,
    seizure_id: int,
    draft: ItemDraft,
    now: datetime,
    *,
    reason: str = "",
) -> SeizureItem:
    """One more substance of a seizure."""
    seizure = seizure_of(operation, seizure_id)
    if seizure.struck_out:
        raise RuleViolation(msg("This seizure is struck out; record another."), code="struck_out")
    with changing(session, actor, operation, now, reason=reason):
        item = _item(draft)
        seizure.items.append(item)
    return item


def strike_item(
    session: Session,
    actor: Actor,
    operation: Operation,
    seizure_id: int,
    item_id: int,
    now: datetime,
    *,
    reason: str = "",
) -> SeizureItem:
    """Strike one substance of a seizure out; the right one is added beside it."""
    seizure = seizure_of(operation, seizure_id)
    item = next((each for each in seizure.items if each.id == item_id), None)
    if item is None:
        raise NotFound(msg("There is no such substance in this seizure."))
    if item.struck_out:
        raise RuleViolation(msg("This is struck out already."), code="struck_out")
    with changing(session, actor, operation, now, reason=reason):
        item.struck_out = True
    return item


def set_contribution(
    session: Session, actor: Actor, operation: Operation, draft: ContributionDraft, now: datetime, *, reason: str = ""
) -> EquipmentContribution:
    """Say what a class of equipment did for the result: once for each class, the later word stands."""
    with changing(session, actor, operation, now, reason=reason):
        return put_contribution(session, operation, draft)


def seizure_of(operation: Operation, seizure_id: int) -> Seizure:
    """The seizure of this operation; `NotFound` for one of another."""
    found = next((seizure for seizure in operation.seizures if seizure.id == seizure_id), None)
    if found is None:
        raise NotFound(msg("There is no such seizure in this operation."))
    return found


def put_seizure(operation: Operation, draft: SeizureDraft, outline: Outline, now: datetime) -> Seizure:
    """Add a seizure without asking for the right; the caller has."""
    seized_on = draft.seized_on or operation.starts_on
    check_seized_on(seized_on, outline, now)
    seizure = Seizure(seized_on=seized_on, concealment=draft.concealment, struck_out=False)
    seizure.items = [_item(each) for each in draft.items]
    operation.seizures.append(seizure)
    return seizure


def put_contribution(session: Session, operation: Operation, draft: ContributionDraft) -> EquipmentContribution:
    """Set a contribution without asking for the right; the caller has."""
    equipment_class = class_by_code(session, draft.class_code)
    found = next((each for each in operation.contributions if each.class_id == equipment_class.id), None)
    if found is None:
        found = EquipmentContribution(class_id=equipment_class.id, equipment_class=equipment_class, contribution="none")
        operation.contributions.append(found)
    found.contribution, found.note = draft.contribution, draft.note
    return found


def _item(draft: ItemDraft) -> SeizureItem:
    return SeizureItem(
        substance=draft.substance, quantity=draft.quantity, unit=draft.unit, kg=draft.kg,
        conversion_version=CONVERSION_VERSION, struck_out=False,
    )  # fmt: skip
