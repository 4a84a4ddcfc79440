"""A loss: reported by whoever noticed it, inquired into, and decided by somebody else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import Conflict, RuleViolation, invalid
from assets.core.i18n import msg
from assets.custody.service.ending import end_custody
from assets.custody.service.handover import lock
from assets.disposal import queries
from assets.disposal.models import LossCase
from assets.disposal.rules import cases as rules
from assets.people.rules import Permission
from assets.registry.models import GRADES, Asset
from assets.registry.scope import require_asset
from assets.registry.service.life import move_life
from assets.registry.service.timeline import Occurrence, record

MAX_TEXT = 4000
MAX_NAME = 200
MAX_NUMBER = 80
# The life of an item that was lost before there were cases: nothing says what it was.
_UNKNOWN_BEFORE = "in_service"


@dataclass(frozen=True)
class LossDecision:
    """What was decided: 'found', 'written_off' or 'recovered_value', on which day and which paper.

    `life` and `condition` say how a found item goes on; without `life` it goes back to what it was.
    """

    decision: str
    decided_on: date | None
    paper_number: str = ""
    note: str = ""
    recovered_amount: Decimal | None = None
    currency: str = "UZS"
    life: str = ""
    condition: str = ""


def report_loss(
    session: Session, actor: Actor, asset: Asset, *, lost_on: date | None, circumstances: str, now: datetime
) -> LossCase:
    """The asset is gone: a case begins and its life is 'lost'. Who had it stays recorded until the loss is settled.

    `Conflict` loss_open while another report of it is not decided.
    """
    require_asset(actor, Permission.FIELD_REPORT, asset)
    day = rules.check_day("lost_on", lost_on, _today(session, now))
    circumstances = rules.check_words("circumstances", circumstances, MAX_TEXT)
    lock(session, asset)
    known = queries.open_loss_of(session, asset.id)
    if known is not None:
        raise _open_already(known.id)
    case = LossCase(
        asset=asset, state="reported", lost_on=day, circumstances=circumstances, reported_at=now,
        reported_by_id=actor.account_id, life_before=_UNKNOWN_BEFORE if asset.life == "lost" else asset.life,
    )  # fmt: skip
    session.add(case)
    try:
        session.flush()
    except IntegrityError as error:  # two at once: the index on open cases let one of them through
        raise _open_already(None) from error
    record(session, actor, asset, "loss_reported", Occurrence(now, now), _data(case, day=day.isoformat()))
    if asset.life != "lost":
        move_life(session, actor, asset, "lost", Occurrence(now, now, n=1))
    return case


def open_inquiry(
    session: Session, actor: Actor, case: LossCase, *, inquiry_by: str, opened_on: date | None, now: datetime
) -> LossCase:
    """Somebody inquires into the loss, from a day on."""
    require_asset(actor, Permission.DISPOSAL_PROPOSE, case.asset)
    if case.state != "reported":
        raise RuleViolation(msg("The inquiry has been opened already."), code="inquiry_open")
    case.inquiry_by = rules.check_words("inquiry_by", inquiry_by, MAX_NAME)
    case.inquiry_opened_on = rules.check_day("opened_on", opened_on, _today(session, now), not_before=case.lost_on)
    case.state = "inquiry"
    record(session, actor, case.asset, "loss_inquiry", Occurrence(now, now), _data(case))
    return case


def decide_loss(
    session: Session, actor: Actor, case: LossCase, decision: LossDecision, *, inquiry_result: str = "", now: datetime
) -> LossCase:
    """Settle the loss, by another person than reported it.

    Found: the asset goes back to a life that fits, whoever had it has it still. Written off or its value recovered: it
    stays lost, nobody has it any more, and a disposal case may follow; both need an inquiry and what it found.
    """
    require_asset(actor, Permission.DISPOSAL_DECIDE, case.asset)
    rules.check_loss_decision(case.state, decision.decision, decision.recovered_amount)
    rules.check_second_person(case.reported_by_id, actor.account_id)
    found = decision.decision == "found"
    lock(session, case.asset)
    case.decided_on = rules.check_day(
        "decided_on", decision.decided_on, _today(session, now), not_before=case.inquiry_opened_on or case.lost_on
    )
    case.paper_number = rules.check_words("paper_number", decision.paper_number, MAX_NUMBER, required=not found)
    case.decision_note = rules.check_words("note", decision.note, MAX_TEXT, required=False)
    inquired = case.state == "inquiry" and not found
    case.inquiry_result = rules.check_words("inquiry_result", inquiry_result, MAX_TEXT, required=inquired)
    case.recovered_amount = rules.check_amount(
        "recovered_amount", decision.recovered_amount, required=decision.decision == "recovered_value"
    )
    case.currency = rules.check_currency(decision.currency)
    case.decision, case.state, case.decided_by_id = decision.decision, "decided", actor.account_id
    life, grade = _found_as(case, decision) if found else ("lost", None)
    data = _data(case, decision=decision.decision)
    event = record(session, actor, case.asset, "loss_decided", Occurrence(now, now), data, grade=grade, seen=found)
    if not found:
        end_custody(session, case.asset, event)
    elif life != case.asset.life:
        move_life(session, actor, case.asset, life, Occurrence(now, now, n=1))
    return case


def _found_as(case: LossCase, decision: LossDecision) -> tuple[str, str | None]:
    """The life and the condition that a found item goes on with."""
    if decision.condition and decision.condition not in GRADES:
        raise invalid("condition", msg("This is one of: %(known)s.", known=", ".join(GRADES)), code="unknown_word")
    life = decision.life or (case.life_before if case.life_before in rules.FOUND_LIVES else "in_service")
    if life not in rules.FOUND_LIVES:
        raise invalid("life", msg("This is one of: %(known)s.", known=", ".join(rules.FOUND_LIVES)))
    return life, decision.condition or None


def _open_already(case_id: int | None) -> Conflict:
    data = {} if case_id is None else {"loss": case_id}
    return Conflict(msg("Its loss has been reported already, and is not decided."), code="loss_open", data=data)


def _data(case: LossCase, **more: object) -> dict[str, object]:
    return {"loss": case.id, **more}


def _today(session: Session, now: datetime) -> date:
    return local_date(now, zone_of(session))
