"""Enters rounds: a batch, its lines, and for each promised item an asset that is expected, with its label."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, InvalidInput, RuleViolation, invalid
from assets.core.i18n import msg
from assets.handover.models import HandoverItem, HandoverLine
from assets.handover.queries import summed, tally
from assets.handover.rules import check_may_close, in_row, total_of
from assets.handover.service.lines import CheckedLine, check_lines
from assets.people.models import Unit
from assets.people.rules import Permission, require
from assets.registry.models import EquipmentModel, HandoverBatch
from assets.registry.rules.asset_fields import AssetDraft
from assets.registry.scope import require_unit
from assets.registry.service.catalogue import BatchDraft, add_batch, model_named
from assets.registry.service.registration import Registration


@dataclass(frozen=True)
class RoundDraft:
    """A round as it was entered: its head, and its lines as they were typed (keys: `rules.LINE_FIELDS`)."""

    head: BatchDraft
    lines: Sequence[Mapping[str, object]]


def enter_round(session: Session, actor: Actor, draft: RoundDraft, now: datetime) -> HandoverBatch:
    """A new round with all its lines and expected assets, or nothing at all.

    Errors as `check_lines` and `add_batch` give them. The round's value is the sum of its lines.
    """
    require(actor, Permission.BATCH_WRITE)
    if draft.head.value is not None:
        words = msg("The value of a round with lines is their sum: leave this empty.")
        raise invalid("value", words, code="value_follows_lines")
    lines = check_lines(session, actor, draft.lines)
    batch = add_batch(session, actor, draft.head)
    _add(session, actor, batch, lines, now)
    return batch


def add_lines(
    session: Session, actor: Actor, batch: HandoverBatch, raw_lines: Sequence[Mapping[str, object]], now: datetime
) -> list[HandoverLine]:
    """More lines of a round whose count is not closed; errors as `check_lines` gives them."""
    require(actor, Permission.BATCH_WRITE)
    session.refresh(batch, ["closed_at", "value"], with_for_update=True)
    if batch.closed_at is not None:
        raise RuleViolation(msg("The count of this round is closed: enter a new round."), code="count_closed")
    has_lines = session.scalar(select(HandoverLine.id).where(HandoverLine.batch_id == batch.id).limit(1))
    if batch.value is not None and has_lines is None:
        raise RuleViolation(
            msg("The value of this batch was typed without lines: enter a new round for more."), code="value_typed"
        )
    return _add(session, actor, batch, check_lines(session, actor, raw_lines), now)


def close_count(session: Session, actor: Actor, batch: HandoverBatch, now: datetime) -> HandoverBatch:
    """The count is done: every item was counted. What was short can still be counted when it comes.

    `NotAllowed` unless the actor may count everything in the round; `RuleViolation` says what is open.
    """
    require(actor, Permission.BATCH_WRITE)
    session.refresh(batch, ["closed_at"], with_for_update=True)
    of_round = select(HandoverLine.unit_id).where(HandoverLine.batch_id == batch.id)
    units = session.scalars(select(Unit).where(Unit.id.in_(of_round)))
    require_unit(actor, Permission.BATCH_WRITE, *units)
    check_may_close(
        summed(tally(session, actor, [batch.id], Permission.BATCH_WRITE)[batch.id]), closed=batch.closed_at is not None
    )
    batch.closed_at = now
    session.flush()
    return batch


def _add(
    session: Session, actor: Actor, batch: HandoverBatch, lines: Sequence[CheckedLine], now: datetime
) -> list[HandoverLine]:
    start = session.scalar(select(func.max(HandoverLine.number)).where(HandoverLine.batch_id == batch.id)) or 0
    added = []
    for number, line in enumerate(lines, start=start + 1):
        with _named(line.draft.number):
            added.append(_add_line(session, actor, batch, line, number, now))
    session.flush()
    every = session.execute(
        select(HandoverLine.quantity, HandoverLine.unit_value).where(HandoverLine.batch_id == batch.id)
    )
    batch.value = total_of((row.quantity, row.unit_value) for row in every)
    known = {organisation.id for organisation in batch.recipients}
    for line in lines:
        if line.agency is not None and line.agency.id not in known:
            batch.recipients.append(line.agency)
            known.add(line.agency.id)
    session.flush()
    return added


def _add_line(
    session: Session, actor: Actor, batch: HandoverBatch, line: CheckedLine, number: int, now: datetime
) -> HandoverLine:
    model = line.model
    if model is None and line.draft.model:
        # New: but an earlier line may just have made it.
        model = model_named(session, actor, line.equipment_class, line.draft.model)
    row = HandoverLine(
        batch=batch, number=number, equipment_class=line.equipment_class, model=model, unit=line.unit,
        agency=line.agency, quantity=line.draft.quantity, unit_value=line.draft.unit_value,
    )  # fmt: skip
    session.add(row)
    base = _asset_draft(batch, line, model)
    serials = [*line.draft.serials, *[""] * (line.draft.quantity - len(line.draft.serials))]
    drafts = [_numbered(base, line.identifier, serial) for serial in serials]
    registration = Registration(session, actor, drafts, now)
    assets = registration.write([registration.check(draft) for draft in drafts])
    for place, (asset, serial) in enumerate(zip(assets, serials, strict=True), start=1):
        session.add(HandoverItem(line=row, number=place, asset=asset, serial_on_paper=serial, outcome="pending"))
    return row


def _numbered(draft: AssetDraft, identifier: str, serial: str) -> AssetDraft:
    if not serial:
        return draft
    named: dict[str, Any] = {identifier: serial}
    return dataclasses.replace(draft, given=draft.given | {identifier}, **named)


def _asset_draft(batch: HandoverBatch, line: CheckedLine, model: EquipmentModel | None) -> AssetDraft:
    values: dict[str, Any] = {
        "class_code": line.equipment_class.code, "unit": line.unit.code, "batch": batch.number, "life": "expected",
        "currency": batch.currency, "value": line.draft.unit_value,
        "model": model.full_name if model is not None else None,
        "agency": line.agency.code if line.agency is not None else None,
    }  # fmt: skip
    known = {key: value for key, value in values.items() if value is not None}
    return AssetDraft(given=frozenset("class" if key == "class_code" else key for key in known), **known)


@contextmanager
def _named(row: int) -> Iterator[None]:
    """What an asset's own gate refuses is an error of the line."""
    names = {"serial_number": "serials", "vin": "serials"}
    try:
        yield
    except (InvalidInput, Conflict) as error:
        fields = [
            dataclasses.replace(in_row(each, row), field=names.get(each.field, each.field)) for each in error.fields
        ]
        raise type(error)(error.message, code=error.code, fields=fields, data=error.data) from error
