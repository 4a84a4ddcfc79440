"""Disposals and withdrawals for programs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.disposal import queries, service
from assets.disposal.models import DisposalCase
from assets.disposal.rules.cases import DISPOSAL_STATE_NAMES
from assets.fitness.service import take_into_care
from assets.people.rules import Permission
from assets.registry.scope import asset_by_code
from assets.web import care, cases
from assets.web.auth import needs
from assets.web.context import actor, now, reading, writing
from assets.web.label_codes import read_code
from assets.web.listing import Row, answer_page
from assets.web.parsing import encode_cursor, page
from assets.web.views.disposals import today

api = APIBlueprint("api_disposals", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])


class CasesQuery(BaseModel):
    """Cases: by state, asset, unit and class."""

    model_config = ConfigDict(extra="forbid")
    state: str = ""
    asset: str = ""
    unit: str = ""
    class_: str = Field("", alias="class")
    limit: str = ""
    cursor: str = ""


class AssessQuery(BaseModel):
    """What is to be assessed: of which unit and class."""

    model_config = ConfigDict(extra="forbid")
    unit: str = ""
    class_: str = Field("", alias="class")
    limit: str = ""
    cursor: str = ""


class CasePath(BaseModel):
    """The case's id."""

    id: int = Field(ge=1, le=2**31 - 1)


class CodePath(BaseModel):
    """The asset's label code."""

    code: str = Field(max_length=400)


class Reason(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    reason: str


class NewDisposal(BaseModel):
    """A proposal: which withdrawn or lost asset, why, and what was found of it."""

    model_config = ConfigDict(extra="forbid")
    asset: str = Field(max_length=400)
    trigger: str
    assessment: str


class DisposalChange(BaseModel):
    """The next step of a disposal: `approved`, `rejected`, `reversed` or `carried_out`, with what belongs to it."""

    model_config = ConfigDict(extra="forbid")
    state: str
    decision_number: str = ""
    decided_on: str | None = None
    method: str = ""
    note: str = ""
    reason: str = ""
    carried_out_on: str | None = None
    paper_number: str = ""
    recipient: str = ""
    proceeds: Decimal | None = None
    currency: str = "UZS"


def disposal_json(case: DisposalCase) -> dict[str, Any]:
    """A disposal as programs see it."""
    return {
        "id": case.id,
        "asset": case.asset.code,
        "unit": case.asset.unit.code,
        "state": case.state,
        "trigger": case.trigger,
        "assessment": case.assessment,
        "proposed_at": care.moment_json(case.proposed_at),
        "decision_number": case.decision_number,
        "decided_on": care.date_json(case.decided_on),
        "note": case.decision_note,
        "method": case.method or None,
        "carried_out_on": care.date_json(case.carried_out_on),
        "recipient": case.recipient,
        "proceeds": care.number(case.proceeds),
        "currency": case.currency if case.proceeds is not None else None,
        "paper_number": case.paper_number,
        "reversed_at": care.moment_json(case.reversed_at),
        "reversal_reason": case.reversal_reason,
    }


def answer_cases(
    query: CasesQuery,
    states: Collection[str],
    find: Callable[..., Sequence[Row]],
    shape: Callable[[Row], dict[str, Any]],
) -> Response:
    """The cases of a query, newest first: `states` are those there are, `find` reads them as `queries` does."""
    wanted = page({"limit": query.limit, "cursor": query.cursor})
    after = care.cursor_key(wanted.after, 1)
    with reading() as session:
        narrowed = _narrowed(session, query, states)
        found = find(session, actor(), narrowed, limit=wanted.limit + 1, after=after)
        return answer_page(found, wanted.limit, shape)


def _narrowed(session: Session, query: CasesQuery, states: Collection[str]) -> queries.CaseFilter:
    if query.state and query.state not in states:
        raise invalid("state", msg("This is one of: %(known)s.", known=", ".join(states)), code="unknown_word")
    asset = asset_by_code(session, actor(), read_code(query.asset)) if query.asset else None
    return queries.CaseFilter(
        query.state,
        care.unit_id(session, {"unit": query.unit}),
        care.class_id(session, {"class": query.class_}),
        asset.id if asset is not None else None,
    )


@api.get("/disposals")
@needs(Permission.WORK_READ)
def disposals(query: CasesQuery) -> Any:
    """Disposals, newest first."""
    return answer_cases(query, DISPOSAL_STATE_NAMES, queries.disposal_cases, disposal_json)


@api.get("/disposals/assess")
@needs(Permission.WORK_READ)
def to_assess(query: AssessQuery) -> Any:
    """What a board should look at, by label code, with the triggers."""
    wanted = page({"limit": query.limit, "cursor": query.cursor})
    after = care.code_key(wanted.after)
    with reading() as session:
        rows = queries.assessment_due(
            session, actor(), today(), unit_id=care.unit_id(session, {"unit": query.unit}),
            class_id=care.class_id(session, {"class": query.class_}), limit=wanted.limit + 1, after=after,
        )  # fmt: skip
        items = [
            {
                "asset": row.asset.code,
                "class": row.asset.equipment_class.code,
                "unit": row.asset.unit.code,
                "triggers": list(row.triggers),
                "in_use_since": care.date_json(row.started_on),
                "odometer_km": care.number(row.odometer_km),
            }
            for row in rows[: wanted.limit]
        ]
        cursor = encode_cursor(rows[wanted.limit - 1].key) if len(rows) > wanted.limit else None
        return jsonify({"items": items, "next": cursor})


@api.get("/disposals/<int:id>")
@needs(Permission.WORK_READ)
def disposal(path: CasePath) -> Any:
    """One disposal."""
    with reading() as session:
        return jsonify(disposal_json(queries.disposal_case(session, actor(), path.id)))


@api.post("/disposals")
@needs(Permission.DISPOSAL_PROPOSE)
def propose(body: NewDisposal) -> Any:
    """Propose the disposal of a withdrawn or lost asset."""
    with writing() as session:
        asset = asset_by_code(session, actor(), read_code(body.asset), Permission.DISPOSAL_PROPOSE, lock=True)
        case = service.propose_disposal(
            session, actor(), asset, trigger=body.trigger, assessment=body.assessment, now=now()
        )
        return jsonify(disposal_json(case)), 201


Step = Callable[[Session, DisposalCase, DisposalChange], object]


def _decision(body: DisposalChange) -> service.Decision:
    day = care.optional_date({"decided_on": body.decided_on}, "decided_on")
    return service.Decision(body.decision_number, day, body.method, body.note)


def _carry_out(session: Session, case: DisposalCase, body: DisposalChange) -> None:
    cases.require_paper(session, case)
    day = care.optional_date({"carried_out_on": body.carried_out_on}, "carried_out_on")
    done = service.CarriedOut(day, body.paper_number, body.recipient, body.proceeds, body.currency)
    service.carry_out_disposal(session, actor(), case, done, now())


STEPS: dict[str, Step] = {
    "approved": lambda session, case, body: service.approve_disposal(session, actor(), case, _decision(body), now()),
    "rejected": lambda session, case, body: service.reject_disposal(session, actor(), case, _decision(body), now()),
    "reversed": lambda session, case, body: service.reverse_disposal(session, actor(), case, body.reason, now()),
    "carried_out": _carry_out,
}


@api.patch("/disposals/<int:id>")
@needs(Permission.DISPOSAL_PROPOSE, Permission.DISPOSAL_DECIDE)
def change_disposal(path: CasePath, body: DisposalChange) -> Any:
    """Take the next step: each is for those who hold its right."""
    if body.state not in STEPS:
        raise invalid("state", msg("This is one of: %(known)s.", known=", ".join(STEPS)), code="unknown_word")
    with writing() as session:
        case = queries.disposal_case(session, actor(), path.id, lock=True)
        STEPS[body.state](session, case, body)
        return jsonify(disposal_json(case))


@api.post("/assets/<string:code>/withdraw")
@needs(Permission.DISPOSAL_PROPOSE)
def withdraw(path: CodePath, body: Reason) -> Any:
    """Take an asset out of service."""
    with writing() as session:
        asset = asset_by_code(session, actor(), read_code(path.code), Permission.DISPOSAL_PROPOSE, lock=True)
        service.withdraw(session, actor(), asset, body.reason, now())
        return jsonify({"code": asset.code, "life": asset.life})


@api.post("/assets/<string:code>/put-back")
@needs(Permission.DISPOSAL_PROPOSE)
def put_back(path: CodePath, body: Reason) -> Any:
    """Put a withdrawn asset back into service."""
    with writing() as session:
        asset = asset_by_code(session, actor(), read_code(path.code), Permission.DISPOSAL_PROPOSE, lock=True)
        service.put_back(session, actor(), asset, body.reason, now())
        take_into_care(session, [asset], now())
        return jsonify({"code": asset.code, "life": asset.life})
