"""Transfers and loans between units in two steps: sent, and received; where the asset is follows from the steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import NotFound, RuleViolation, invalid
from assets.core.i18n import msg
from assets.custody.models import Transfer, TransferStep
from assets.custody.queries import entries
from assets.custody.queries.transfers import journey_of
from assets.custody.rules import fold_before, is_fresh
from assets.custody.rules.sending import (
    SendFacts,
    check_receipt,
    decide_receive,
    decide_send,
    worst_difference,
)
from assets.custody.rules.transfers import (
    CANCEL,
    IN_DOUBT,
    NOT_RECEIVED,
    ONCE_OPEN,
    RECEIVE,
    RECEIVED,
    SEND,
    SETTLE,
    UNEXPLAINED,
    UNSENT,
    WITH_ADDRESSEE,
    WITH_SENDER,
    Passage,
    Step,
    Whereabouts,
    whereabouts_before,
)
from assets.custody.service.along import parts_along, with_kit
from assets.custody.service.conflicts import follow_conflicts
from assets.custody.service.expected import check_sheet, expected_passage
from assets.custody.service.field import check_grade
from assets.custody.service.handover import lock, why_not_fit
from assets.custody.service.sides import receiver_for, sender_for
from assets.custody.service.text import plain_text, required_text
from assets.custody.service.transit import follow_steps
from assets.people.models import Unit
from assets.people.rules import Permission, reach
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import asset_by_code, asset_in_hand, reaches_asset, require_unit
from assets.registry.service.timeline import Occurrence, record

MAX_NOTE = 500
MAX_DIFFERENCES = 5
_UNENDED = frozenset({"in_transit", "question", "unclear", UNSENT})


@dataclass(frozen=True)
class Difference:
    """What a receipt found otherwise than it was sent: 'damaged', 'missing' or 'wrong_item', and in words."""

    kind: str
    note: str = ""


@dataclass(frozen=True)
class Entered:
    """A step that was recorded. `passage`: what it belongs to, None where it repeats what was known."""

    event: AssetEvent
    passage: Passage | None

    @property
    def is_unclear(self) -> bool:
        return self.passage is not None and self.passage.state == "unclear"

    @property
    def waits(self) -> bool:
        """Whether it is a receipt whose sending has not been heard of."""
        return self.passage is not None and self.passage.state == UNSENT


def asset_to_move(session: Session, actor: Actor, code: str) -> Asset:
    """The asset that somebody who hands over has before him, held until the transaction ends.

    Also one that he may not see: its sending, or an earlier receipt, may not have been heard of. `NotFound` when there
    is none; `NotAllowed` for who sees it and hands nothing over.
    """
    if reach(actor, Permission.CUSTODY_ACT).is_nothing:
        return asset_by_code(session, actor, code, Permission.CUSTODY_ACT)
    return asset_in_hand(session, code)


def send(
    session: Session,
    actor: Actor,
    asset: Asset,
    to_unit: Unit,
    occurrence: Occurrence,
    *,
    until: datetime | None = None,
    note: str = "",
    sheet_id: str = "",
    with_kit_code: str = "",
) -> Entered:
    """The asset left for another unit, with `until` on loan; `rules.decide_send` says when not and why.

    The sender answers for it until it is received; the parts of a kit go with it (`with_kit_code` names it in
    theirs). What is not fit may be sent, a workshop wants it so; the event says so. What contradicts what is known
    is kept as unclear and is no sighting. `NotFound` when the actor neither sees it nor has a receipt or an older
    entry that could make it his; `Conflict` when the sheet is another's.
    """
    lock(session, asset)
    note = plain_text("note", note, MAX_NOTE)
    journey = journey_of(session, asset)
    where = whereabouts_before(journey.steps, journey.first_unit, occurrence.occurred_at, occurrence.n)
    fresh = is_fresh(occurrence.occurred_at, occurrence.received_at)
    knows = reaches_asset(actor, Permission.ASSET_READ, asset)
    sender = sender_for(session, actor, where, knows=knows)
    if not knows and fresh and not any(p.state == UNSENT and p.to_unit == sender.id for p in where.passages):
        raise NotFound(msg("There is no such item, or it is not yours to see."))
    if not to_unit.active:
        raise invalid("to_unit", msg("This unit is closed: choose another."), code="closed_unit")
    holder = fold_before(entries(session, [asset.id])[asset.id], occurrence.occurred_at, occurrence.n)
    decide_send(
        SendFacts(
            life=asset.life, is_held=not holder.is_free, from_unit=sender.id, to_unit=to_unit.id,
            at=occurrence.occurred_at, until=until, where=where, is_fresh=fresh, knows=knows,
            names=_names(session, where),
        )
    )  # fmt: skip
    check_sheet(session, actor, sheet_id, sender, to_unit)
    step = Step(
        occurrence.id, SEND, occurrence.occurred_at, occurrence.n, to_unit.id, sender.id, until,
        outcome="" if holder.is_free else IN_DOUBT, heard=occurrence.received_at,
    )  # fmt: skip
    expected = expected_passage(journey, step, sender)
    data: dict[str, object] = {"from_unit": sender.code, "to_unit": to_unit.code}
    if until is not None:
        data["until"] = until.isoformat()
    if note:
        data["note"] = note
    unfit = [code for code, _ in why_not_fit(session, asset, occurrence.received_at)] if knows else []
    if unfit:
        data["not_fit"] = unfit
    if not holder.is_free:
        data["conflict"] = True
    had_it = (expected is not None and expected.state in ONCE_OPEN) or reaches_asset(
        actor, Permission.CUSTODY_ACT, asset
    )
    along = parts_along(session, asset, occurrence)
    if with_kit_code:
        data["kit"] = with_kit_code
    event = record(session, actor, asset, "transfer_send", occurrence, data, seen=had_it and not with_kit_code)
    row = TransferStep(
        event_id=event.id, asset_id=asset.id, kind=SEND, at=event.occurred_at, n=event.n, unit_id=to_unit.id,
        from_unit_id=sender.id, until=until, outcome=step.outcome, note=note, sheet_id=sheet_id or event.id,
        first_unit_id=journey.first_unit,
    )  # fmt: skip
    entered = _entered(session, asset, row, event)
    for part in along:
        send(
            session, actor, part, to_unit, with_kit(occurrence, part), until=until, sheet_id=row.sheet_id,
            with_kit_code=asset.code,
        )  # fmt: skip
    return entered


def receive(
    session: Session,
    actor: Actor,
    asset: Asset,
    occurrence: Occurrence,
    *,
    condition: str | None = None,
    differences: list[Difference] | None = None,
    note: str = "",
    unit: Unit | None = None,
    with_kit_code: str = "",
) -> Entered:
    """The asset came to a unit, or did not: each difference is recorded for the sender to see.

    What is missing, or another thing, stays on its way with an open question. Without `unit` it is the actor's only
    unit, else the one that it was sent to. A receipt whose sending has not been heard of is kept and waits for it;
    the condition that it tells of counts from when the two are joined (`follow_steps`).
    """
    lock(session, asset)
    told = differences or []
    outcome, note = _differences(told, note)
    if not with_kit_code:
        check_receipt(outcome, condition, note)
    journey = journey_of(session, asset)
    where = whereabouts_before(journey.steps, journey.first_unit, occurrence.occurred_at, occurrence.n)
    receiver = receiver_for(session, actor, where, unit)
    decide_receive(
        receiver.id, where, is_fresh=is_fresh(occurrence.occurred_at, occurrence.received_at),
        knows=reaches_asset(actor, Permission.ASSET_READ, asset),
    )  # fmt: skip
    data: dict[str, object] = {"to_unit": receiver.code}
    if told:
        data["differences"] = [each.kind for each in told]
    if note:
        data["note"] = note
    grade = check_grade(condition) if condition else None
    step = Step(
        occurrence.id, RECEIVE, occurrence.occurred_at, occurrence.n, receiver.id, outcome=outcome,
        heard=occurrence.received_at,
    )  # fmt: skip
    expected = expected_passage(journey, step, receiver)
    has_it = (expected is not None and expected.state == RECEIVED) or reaches_asset(
        actor, Permission.CUSTODY_ACT, asset
    )
    if grade is not None and not has_it:
        data["condition"] = grade
    if with_kit_code:
        data["kit"] = with_kit_code
    along = parts_along(session, asset, occurrence)
    event = record(
        session, actor, asset, "transfer_receive", occurrence, data, grade=grade if has_it else None,
        seen=has_it and outcome not in NOT_RECEIVED and not with_kit_code,
    )  # fmt: skip
    row = TransferStep(
        event_id=event.id, asset_id=asset.id, kind=RECEIVE, at=event.occurred_at, n=event.n, unit_id=receiver.id,
        outcome=outcome, note=note, first_unit_id=journey.first_unit,
    )  # fmt: skip
    entered = _entered(session, asset, row, event)
    for part in along:
        # What came damaged is the kit; only what did not come keeps its parts away with it.
        gone = [each for each in told if each.kind in NOT_RECEIVED]
        receive(
            session, actor, part, with_kit(occurrence, part), differences=gone, note=note if gone else "",
            unit=receiver, with_kit_code=asset.code,
        )  # fmt: skip
    return entered


def cancel(
    session: Session, actor: Actor, asset: Asset, transfer: Transfer, occurrence: Occurrence, *, reason: str
) -> Entered:
    """Take a sending back that was not received, or say that an unclear entry was a mistake; with the reason.

    For who may send from the sender's unit; for a receipt without a sending for who received it. What needs an answer
    may also be ended by who has the item.
    """
    unit = transfer.to_unit if transfer.from_unit is None else transfer.from_unit
    has_it = reaches_asset(actor, Permission.CUSTODY_ACT, asset)
    if not (has_it and transfer.state in UNEXPLAINED):
        require_unit(actor, Permission.CUSTODY_ACT, unit)
    data: dict[str, object] = {"from_unit": unit.code, "to_unit": transfer.to_unit.code}
    return _end(session, actor, asset, transfer, occurrence, CANCEL, reason, data)


def settle(
    session: Session,
    actor: Actor,
    asset: Asset,
    transfer: Transfer,
    occurrence: Occurrence,
    *,
    outcome: str,
    reason: str,
) -> Entered:
    """Answer the open question of what did not come: it is with the sender, or with the addressee after all.

    The sender may say that it is with him; that the addressee has it only who acts for both.
    """
    if transfer.from_unit is None or not transfer.is_open:
        raise _ended()
    if outcome not in {WITH_SENDER, WITH_ADDRESSEE}:
        raise invalid("outcome", msg("Say where it is."), code="required")
    require_unit(actor, Permission.CUSTODY_ACT, transfer.from_unit)
    if outcome == WITH_ADDRESSEE:
        require_unit(actor, Permission.CUSTODY_ACT, transfer.to_unit)
    data: dict[str, object] = {
        "from_unit": transfer.from_unit.code, "to_unit": transfer.to_unit.code, "settled": outcome,
    }  # fmt: skip
    return _end(session, actor, asset, transfer, occurrence, SETTLE, reason, data, outcome)


def _end(
    session: Session,
    actor: Actor,
    asset: Asset,
    transfer: Transfer,
    occurrence: Occurrence,
    kind: str,
    reason: str,
    data: dict[str, object],
    outcome: str = "",
) -> Entered:
    reason = required_text("reason", reason, MAX_NOTE)
    lock(session, asset)
    session.refresh(transfer, ["state"])
    if transfer.state not in _UNENDED:
        raise _ended()
    along = parts_along(session, asset, occurrence)
    event = record(session, actor, asset, f"transfer_{kind}", occurrence, {**data, "reason": reason})
    step = TransferStep(
        event_id=event.id, asset_id=asset.id, kind=kind, at=event.occurred_at, n=event.n, target_id=transfer.id,
        outcome=outcome, note=reason, first_unit_id=journey_of(session, asset).first_unit,
    )  # fmt: skip
    entered = _entered(session, asset, step, event)
    for part in along:
        theirs = session.scalar(
            select(Transfer).where(
                Transfer.asset_id == part.id, Transfer.sheet_id == transfer.sheet_id, Transfer.state.in_(_UNENDED)
            )
        )
        if theirs is not None:
            told = {**data, "kit": asset.code}
            _end(session, actor, part, theirs, with_kit(occurrence, part), kind, reason, told, outcome)
    return entered


def _ended() -> RuleViolation:
    return RuleViolation(
        msg("This transfer has ended already; look at its page for how."), code="transfer_ended"
    )  # fmt: skip


def _names(session: Session, where: Whereabouts) -> dict[int, str]:
    ids = {where.unit, where.owner, *([where.open.to_unit] if where.open is not None else [])}
    return {row.id: row.name for row in session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(ids)))}


def _differences(told: list[Difference], note: str) -> tuple[str, str]:
    if len(told) > MAX_DIFFERENCES:
        raise invalid("differences", msg("At most %(n)s differences are told of one item.", n=MAX_DIFFERENCES))
    words = [plain_text("differences", each.note, MAX_NOTE) for each in told]
    words.append(plain_text("note", note, MAX_NOTE))
    return worst_difference([each.kind for each in told]), " · ".join(filter(None, words))[:MAX_NOTE]


def _entered(session: Session, asset: Asset, step: TransferStep, event: AssetEvent) -> Entered:
    session.add(step)
    where = follow_steps(session, asset)
    follow_conflicts(session, asset, entries(session, [asset.id])[asset.id], event)
    mine = (p for p in where.passages if event.id in {p.id, p.receipt, p.closed_by})
    return Entered(event, next(mine, None))
