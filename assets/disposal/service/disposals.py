"""A disposal: proposed with an assessment, decided by the board, carried out on paper; a wrong decision is reversed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import Conflict, RuleViolation
from assets.core.i18n import msg
from assets.custody.service.handover import lock
from assets.disposal import queries
from assets.disposal.models import DisposalCase
from assets.disposal.rules import cases as rules
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import require_asset
from assets.registry.service.life import move_life
from assets.registry.service.timeline import Occurrence, record
from assets.telemetry.access import trackers_of_asset

MAX_TEXT = 4000
MAX_NAME = 200
MAX_NUMBER = 80
MAX_REASON = 500


@dataclass(frozen=True)
class Decision:
    """What the board decided: the number and day of its paper, and for an approval how the item is to go."""

    number: str
    decided_on: date | None
    method: str = ""
    note: str = ""


@dataclass(frozen=True)
class CarriedOut:
    """What was done: the day, who received it, what it brought, and the number of the paper (act, contract)."""

    carried_out_on: date | None
    paper_number: str
    recipient: str = ""
    proceeds: Decimal | None = None
    currency: str = "UZS"


def propose_disposal(
    session: Session, actor: Actor, asset: Asset, *, trigger: str, assessment: str, now: datetime
) -> DisposalCase:
    """Bring a withdrawn or lost asset before the board, with what was found of it.

    `Conflict` disposal_open while another proposal of it is not settled.
    """
    require_asset(actor, Permission.DISPOSAL_PROPOSE, asset)
    lock(session, asset)
    settled = queries.settled_loss_of(session, asset.id) if _loss_is_settled(session, asset) else None
    rules.check_proposal(asset.life, settled.decision if settled is not None else None, trigger)
    case = DisposalCase(
        asset=asset, state="proposed", trigger=trigger, proposed_at=now, proposed_by_id=actor.account_id,
        assessment=rules.check_words("assessment", assessment, MAX_TEXT),
    )  # fmt: skip
    known = queries.open_disposal_of(session, asset.id)
    if known is not None:
        raise _open_already(known.id)
    session.add(case)
    try:
        session.flush()
    except IntegrityError as error:  # two at once: the index on open cases let one of them through
        raise _open_already(None) from error
    record(session, actor, asset, "disposal_proposed", Occurrence(now, now), {"disposal": case.id})
    return case


def approve_disposal(
    session: Session, actor: Actor, case: DisposalCase, decision: Decision, now: datetime
) -> DisposalCase:
    """Enter that the board approved, and how the item is to go; by another person than proposed it."""
    lock(session, case.asset)
    _check_decidable(actor, case)
    if case.asset.life not in {"withdrawn", "lost"}:
        raise RuleViolation(msg("It is not withdrawn any more: it can only be rejected."), code="not_withdrawn")
    rules.check_method(case.asset.life, decision.method)
    case.method = decision.method
    return _decide(session, actor, case, decision, "approved", now)


def reject_disposal(
    session: Session, actor: Actor, case: DisposalCase, decision: Decision, now: datetime
) -> DisposalCase:
    """Enter that the board refused; the item stays withdrawn (or lost) and may be put back."""
    _check_decidable(actor, case)
    return _decide(session, actor, case, decision, "rejected", now)


def reverse_disposal(session: Session, actor: Actor, case: DisposalCase, reason: str, now: datetime) -> DisposalCase:
    """The approval was wrong: the case ends with the reason, as nothing was carried out. Another may be proposed."""
    require_asset(actor, Permission.DISPOSAL_DECIDE, case.asset)
    if case.state == "carried_out":
        raise RuleViolation(msg("It has been carried out: that cannot be reversed."), code="carried_out")
    if case.state != "approved":
        raise RuleViolation(msg("Only an approval can be reversed."), code="not_approved")
    case.reversal_reason = rules.check_words("reason", reason, MAX_REASON)
    case.state, case.reversed_at, case.reversed_by_id = "reversed", now, actor.account_id
    data = {"disposal": case.id, "reason": case.reversal_reason}
    record(session, actor, case.asset, "disposal_reversed", Occurrence(now, now), data)
    return case


def carry_out_disposal(
    session: Session, actor: Actor, case: DisposalCase, done: CarriedOut, now: datetime
) -> DisposalCase:
    """Record that the approved disposal was done: the asset's life ends, its page and its history stay."""
    asset = case.asset
    require_asset(actor, Permission.DISPOSAL_PROPOSE, asset)
    if case.state != "approved":
        raise RuleViolation(msg("Only what the board approved is carried out."), code="not_approved")
    lock(session, asset)
    recipient = rules.check_words("recipient", done.recipient, MAX_NAME, required=False)
    tracked = any(mounted.ended_at is None for mounted in trackers_of_asset(session, asset))
    rules.check_carried_out(asset.life, case.method, recipient, done.proceeds, has_tracker=tracked)
    if asset.life == "lost":
        settled = queries.settled_loss_of(session, asset.id) if _loss_is_settled(session, asset) else None
        rules.check_loss_settled(settled.decision if settled is not None else None)
    day = rules.check_day("carried_out_on", done.carried_out_on, _today(session, now), not_before=case.decided_on)
    case.paper_number = rules.check_words("paper_number", done.paper_number, MAX_NUMBER)
    case.recipient, case.proceeds = recipient, done.proceeds
    case.currency = rules.check_currency(done.currency)
    case.state, case.carried_out_on, case.carried_out_by_id = "carried_out", day, actor.account_id
    record(session, actor, asset, "disposed", Occurrence(now, now), {"disposal": case.id, "method": case.method})
    move_life(session, actor, asset, "disposed", Occurrence(now, now, n=1))
    return case


def _check_decidable(actor: Actor, case: DisposalCase) -> None:
    require_asset(actor, Permission.DISPOSAL_DECIDE, case.asset)
    if case.state != "proposed":
        raise RuleViolation(msg("This proposal is decided already."), code="already_decided")
    rules.check_second_person(case.proposed_by_id, actor.account_id)


def _decide(
    session: Session, actor: Actor, case: DisposalCase, decision: Decision, state: str, now: datetime
) -> DisposalCase:
    # The board may have met before its paper reached us, so the day is bound by nothing but today.
    case.decision_number = rules.check_words("number", decision.number, MAX_NUMBER)
    case.decided_on = rules.check_day("decided_on", decision.decided_on, _today(session, now))
    case.decision_note = rules.check_words("note", decision.note, MAX_TEXT, required=False)
    case.state, case.decided_by_id = state, actor.account_id
    data = {"disposal": case.id, "decision": state, "number": case.decision_number}
    record(session, actor, case.asset, "disposal_decided", Occurrence(now, now), data)
    return case


def _loss_is_settled(session: Session, asset: Asset) -> bool:
    return asset.life == "lost" and queries.open_loss_of(session, asset.id) is None


def _open_already(case_id: int | None) -> Conflict:
    data = {} if case_id is None else {"disposal": case_id}
    return Conflict(msg("Its disposal has been proposed already, and is not settled."), code="disposal_open", data=data)


def _today(session: Session, now: datetime) -> date:
    return local_date(now, zone_of(session))
