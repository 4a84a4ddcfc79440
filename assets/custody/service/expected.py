"""What a step of a transfer would come to, before it is entered: its passage, its sheet, and how many wait already."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, RuleViolation
from assets.core.i18n import msg
from assets.custody.models import TransferStep
from assets.custody.queries.transfers import Journey
from assets.custody.rules.transfers import UNEXPLAINED, Passage, Step, whereabouts
from assets.people.models import Unit
from assets.registry.models import AssetEvent

# So many entries of one unit about one item may wait for an answer.
MAX_QUESTIONS = 5


def check_sheet(session: Session, actor: Actor, sheet_id: str, sender: Unit, to_unit: Unit) -> None:
    """`Conflict` sheet_taken unless the sheet is new, or the same account's from the same unit to the same."""
    if not sheet_id:
        return
    rows = session.execute(
        select(TransferStep.from_unit_id, TransferStep.unit_id, AssetEvent.account_id)
        .join(AssetEvent, AssetEvent.id == TransferStep.event_id)
        .where(or_(TransferStep.sheet_id == sheet_id, TransferStep.event_id == sheet_id))
        .distinct()
    )
    if any(tuple(row) != (sender.id, to_unit.id, actor.account_id) for row in rows):
        raise Conflict(msg("This sheet belongs to another transfer: begin a new one."), code="sheet_taken")


def expected_passage(journey: Journey, step: Step, unit: Unit) -> Passage | None:
    """What the step would belong to; `RuleViolation` when the unit has left too many questions open of this item."""
    passages = whereabouts([*journey.steps, step], journey.first_unit).passages
    mine = next((each for each in passages if step.id in {each.id, each.receipt}), None)
    unexplained = [
        each
        for each in passages
        if each.state in UNEXPLAINED and unit.id == (each.to_unit if each.from_unit is None else each.from_unit)
    ]
    if mine in unexplained and len(unexplained) > MAX_QUESTIONS:
        raise RuleViolation(
            msg("%(n)s entries of your unit about this item wait for an answer. Have them answered first.",
                n=MAX_QUESTIONS),
            code="too_many_questions",
        )  # fmt: skip
    return mine
