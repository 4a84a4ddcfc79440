"""Losses for programs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.disposal import queries, service
from assets.disposal.models import LossCase
from assets.disposal.rules.cases import LOSS_STATE_NAMES
from assets.fitness.service import take_into_care
from assets.people.rules import Permission
from assets.registry.scope import asset_by_code
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, writing
from assets.web.label_codes import read_code
from assets.web.views.api_disposals import CasePath, CasesQuery, answer_cases

api = APIBlueprint("api_losses", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])


class NewLoss(BaseModel):
    """A loss: which asset, since which day, and what is known."""

    model_config = ConfigDict(extra="forbid")
    asset: str = Field(max_length=400)
    lost_on: str
    circumstances: str


class LossChange(BaseModel):
    """The next step of a loss: `inquiry` (inquiry_by, opened_on) or `decided` (decision, decided_on, …)."""

    model_config = ConfigDict(extra="forbid")
    state: str
    inquiry_by: str = ""
    opened_on: str | None = None
    inquiry_result: str = ""
    decision: str = ""
    decided_on: str | None = None
    paper_number: str = ""
    note: str = ""
    recovered_amount: Decimal | None = None
    currency: str = "UZS"
    life: str = ""
    condition: str = ""


def loss_json(case: LossCase) -> dict[str, Any]:
    """A loss as programs see it; accounts stand in it by login."""
    return {
        "id": case.id,
        "asset": case.asset.code,
        "unit": case.asset.unit.code,
        "state": case.state,
        "lost_on": care.date_json(case.lost_on),
        "circumstances": case.circumstances,
        "reported_at": care.moment_json(case.reported_at),
        "inquiry_by": case.inquiry_by,
        "inquiry_opened_on": care.date_json(case.inquiry_opened_on),
        "inquiry_result": case.inquiry_result,
        "decision": case.decision or None,
        "decided_on": care.date_json(case.decided_on),
        "note": case.decision_note,
        "recovered_amount": care.number(case.recovered_amount),
        "currency": case.currency if case.recovered_amount is not None else None,
        "paper_number": case.paper_number,
    }


@api.get("/losses")
@needs(Permission.WORK_READ)
def losses(query: CasesQuery) -> Any:
    """Losses, newest first."""
    return answer_cases(query, LOSS_STATE_NAMES, queries.loss_cases, loss_json)


@api.get("/losses/<int:id>")
@needs(Permission.WORK_READ)
def loss(path: CasePath) -> Any:
    """One loss."""
    with reading() as session:
        return jsonify(loss_json(queries.loss_case(session, actor(), path.id)))


@api.post("/losses")
@needs(Permission.FIELD_REPORT)
def report_loss(body: NewLoss) -> Any:
    """Report an asset as lost."""
    with writing() as session:
        asset = asset_by_code(session, actor(), read_code(body.asset), Permission.FIELD_REPORT, lock=True)
        case = service.report_loss(
            session, actor(), asset, lost_on=care.optional_date(body.model_dump(), "lost_on"),
            circumstances=body.circumstances, now=now(),
        )  # fmt: skip
        return jsonify(loss_json(case)), 201


@api.patch("/losses/<int:id>")
@needs(Permission.DISPOSAL_PROPOSE, Permission.DISPOSAL_DECIDE)
def change_loss(path: CasePath, body: LossChange) -> Any:
    """Open the inquiry, or enter the decision."""
    values = body.model_dump()
    with writing() as session:
        case = queries.loss_case(session, actor(), path.id, lock=True)
        if body.state == "inquiry":
            opened_on = care.optional_date(values, "opened_on")
            service.open_inquiry(session, actor(), case, inquiry_by=body.inquiry_by, opened_on=opened_on, now=now())
        elif body.state == "decided":
            decision = service.LossDecision(
                body.decision, care.optional_date(values, "decided_on"), body.paper_number, body.note,
                body.recovered_amount, body.currency, body.life, body.condition,
            )  # fmt: skip
            service.decide_loss(session, actor(), case, decision, inquiry_result=body.inquiry_result, now=now())
            take_into_care(session, [case.asset], now())
        else:
            raise invalid("state", msg("This is one of: %(known)s.", known="inquiry, decided"), code="unknown_word")
        return jsonify(loss_json(case))
