"""Rounds for programs: a round with its lines, its items, counting in, closing, and the act."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from assets.core import journal
from assets.core.errors import DomainError
from assets.custody.rules import event_time
from assets.fitness.service import take_into_care
from assets.handover import queries
from assets.handover.act import act_of, act_pdf
from assets.handover.models import HandoverItem, HandoverLine
from assets.handover.rules import Count
from assets.handover.service.counting import CountResult, count_items
from assets.handover.service.into_service import STATUSES, PutResult, put_into_service
from assets.handover.service.rounds import add_lines, close_count
from assets.people.rules import Permission
from assets.registry.models import HandoverBatch
from assets.registry.scope import sees_identity
from assets.web.asset_lists import number
from assets.web.auth import needs
from assets.web.context import actor, now, reading, words, writing
from assets.web.grant_drafts import batch_answer
from assets.web.parsing import encode_cursor, page
from assets.web.views.api_grants import LineBody, PageQuery

api = APIBlueprint(
    "api_rounds", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="grants")]
)
MAX_COUNTS = 200
Text = Annotated[str, Field(max_length=2000)]


class BatchPath(BaseModel):
    """A round by its id."""

    batch_id: Annotated[int, Field(ge=1, le=2**31 - 1)]


class ItemsQuery(PageQuery):
    """Items of a round; `outcome` may be `open`, `number` is a label code, serial number or VIN."""

    outcome: str = ""
    number: str = ""


class ActQuery(BaseModel):
    """The act's language (uz, ru, en), and the code of one receiving agency."""

    model_config = ConfigDict(extra="forbid")
    lang: str = "uz"
    agency: str = ""


class LinesBody(BaseModel):
    """More lines of a round."""

    model_config = ConfigDict(extra="forbid")
    lines: list[LineBody]


class CountBody(BaseModel):
    """One count: `id` is the sender's own (sent again, it is the same count); `serial` is the number found."""

    model_config = ConfigDict(extra="forbid")
    id: UUID
    item: int
    outcome: Text
    serial: Text = ""
    note: Text = ""
    condition: Annotated[str, Field(max_length=1)] | None = None
    occurred_at: AwareDatetime | None = None


class CountsBody(BaseModel):
    """Counts of one round, in the order in which they were made; `sent_at` is what the sender's clock shows now."""

    model_config = ConfigDict(extra="forbid")
    sent_at: AwareDatetime | None = None
    counts: Annotated[list[CountBody], Field(max_length=MAX_COUNTS)]


def round_answer(batch: HandoverBatch, lines: list[HandoverLine], tallies: dict[int, dict[str, int]]) -> dict[str, Any]:
    """A round as the API gives it: its lines for units within reach, and how many of their items are where."""
    return batch_answer(batch) | {
        "lines": [_line_answer(row, tallies.get(row.id, {})) for row in lines],
        "counted": queries.summed(tallies),
    }


def _line_answer(row: HandoverLine, counted: dict[str, int]) -> dict[str, Any]:
    return {
        "number": row.number,
        "class": row.equipment_class.code,
        "model": row.model.full_name if row.model is not None else None,
        "quantity": row.quantity,
        "unit": row.unit.code,
        "agency": row.agency.code if row.agency is not None else None,
        "unit_value": number(row.unit_value),
        "counted": counted,
    }


def item_answer(row: HandoverItem, *, identity: bool) -> dict[str, Any]:
    """An item of a round; its numbers are null for who may not see them."""
    asset = row.asset
    return {
        "id": row.id,
        "line": row.line.number,
        "number": row.number,
        "code": asset.code,
        "model": row.line.model.full_name if row.line.model is not None else None,
        "class": row.line.equipment_class.code,
        "unit": asset.unit.code,
        "serial_on_paper": (row.serial_on_paper or None) if identity else None,
        "serial": (asset.serial_number or asset.vin or None) if identity else None,
        "outcome": row.outcome,
        "counted_at": row.counted_at.isoformat() if row.counted_at is not None else None,
    }


@api.get("/batches/<int:batch_id>")
@needs(Permission.ASSET_READ)
def show_batch(path: BatchPath) -> Any:
    """A round with its lines."""
    with reading() as session:
        batch = queries.round_by_id(session, path.batch_id)
        lines = queries.lines_of(session, actor(), batch)
        return jsonify(round_answer(batch, lines, queries.tally(session, actor(), [batch.id])[batch.id]))


@api.post("/batches/<int:batch_id>/lines")
@needs(Permission.BATCH_WRITE)
def create_lines(path: BatchPath, body: LinesBody) -> Any:
    """Add lines to a round; all or nothing."""
    with writing() as session:
        batch = queries.round_by_id(session, path.batch_id)
        add_lines(session, actor(), batch, [line.values() for line in body.lines], now())
        lines = queries.lines_of(session, actor(), batch)
        answer = round_answer(batch, lines, queries.tally(session, actor(), [batch.id])[batch.id])
    return jsonify(answer), 201


@api.get("/batches/<int:batch_id>/items")
@needs(Permission.ASSET_READ)
def list_items(path: BatchPath, query: ItemsQuery) -> Any:
    """The items of a round, in the order of its lines."""
    wanted = page(query.model_dump())
    filters = queries.ItemFilters(batch_id=path.batch_id, outcome=query.outcome, number=query.number)
    with reading() as session:
        queries.round_by_id(session, path.batch_id)
        found = queries.items_page(session, actor(), filters, limit=wanted.limit + 1, after=wanted.after)
        rows, identity = found[: wanted.limit], sees_identity(actor())
        after = queries.key_of(rows[-1]) if len(found) > wanted.limit else None
        items = [item_answer(row, identity=identity) for row in rows]
    return jsonify({"items": items, "next": encode_cursor(after)})


@api.post("/batches/<int:batch_id>/counts")
@needs(Permission.BATCH_WRITE)
def count(path: BatchPath, body: CountsBody) -> Any:
    """Count items in. Each count stands for itself, and one that is sent again changes nothing."""
    with writing() as session:
        batch = queries.round_by_id(session, path.batch_id)
        counts = [_count(each, body.sent_at or now()) for each in body.counts]
        results = count_items(session, actor(), batch, counts, now())
        take_into_care(session, [result.asset for result in results if result.asset is not None], now())
    return jsonify({"results": [result_answer(result) for result in results]})


def _count(body: CountBody, sent_at: datetime) -> Count:
    time = event_time(body.occurred_at or sent_at, sent_at, now())
    return Count(
        str(body.id),
        body.item,
        body.outcome,
        body.serial.strip(),
        body.note.strip(),
        body.condition,
        time.at,
        time.noted,
    )


def result_answer(result: CountResult) -> dict[str, Any]:
    """What became of one count, in words where it was refused."""
    code, message, fields = "", "", []
    if result.error is not None:
        code, message = _told(result.error)
        fields = [{"field": f.field, "code": f.code, "detail": words(f.message)} for f in result.error.fields]
    return {
        "id": result.id, "item": result.item_id, "status": result.status, "outcome": result.outcome or None,
        "code": code, "message": message, "errors": fields,
    }  # fmt: skip


def _told(error: DomainError) -> tuple[str, str]:
    return error.code, words(error.message)


@api.post("/batches/<int:batch_id>/put-into-service")
@needs(Permission.ASSET_WRITE)
def put_together(path: BatchPath) -> Any:
    """Put what was received of a round into service, all together; what stays as it is says why."""
    with writing() as session:
        batch = queries.round_by_id(session, path.batch_id)
        results = put_into_service(session, actor(), batch, now())
        take_into_care(session, [result.asset for result in results if result.status == "done"], now())
        tally = Counter(result.status for result in results)
        told = [_put_answer(result) for result in results]
    return jsonify({status: tally[status] for status in STATUSES} | {"results": told})


def _put_answer(result: PutResult) -> dict[str, Any]:
    code, message = _told(result.error) if result.error is not None else ("", "")
    return {
        "item": result.item_id, "asset": result.asset.code, "status": result.status, "code": code, "message": message,
    }  # fmt: skip


@api.post("/batches/<int:batch_id>/close")
@needs(Permission.BATCH_WRITE)
def close(path: BatchPath) -> Any:
    """Close the count of a round whose items were all counted."""
    with writing() as session:
        batch = queries.round_by_id(session, path.batch_id)
        close_count(session, actor(), batch, now())
        return jsonify(batch_answer(batch))


@api.get("/batches/<int:batch_id>/act")
@needs(Permission.ASSET_IDENTITY)
def show_act(path: BatchPath, query: ActQuery) -> Any:
    """The transfer and acceptance act as PDF."""
    return act_response(path.batch_id, query.lang, query.agency)


def act_response(batch_id: int, lang: str, agency: str) -> Response:
    """The act as a PDF to be shown or kept; that it was made is journalled, for it names numbers."""
    with reading() as session:
        batch = queries.round_by_id(session, batch_id)
        act = act_of(session, actor(), batch, agency)
    pdf = act_pdf(act, lang)
    with writing() as session:
        journal.note(session, "handover_act", batch_id, "made", lang=lang, agency=agency, items=len(act.items))
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in f"act-{batch.number}-{agency or 'all'}-{lang}")
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(pdf, content_type="application/pdf", headers=headers)
