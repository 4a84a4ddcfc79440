"""Transfers between units for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from assets.custody.models import Transfer
from assets.custody.queries import transfers as queries
from assets.custody.service.sheets import send_together
from assets.custody.service.transfers import Difference, cancel, receive, settle
from assets.people.queries import unit_by_code
from assets.people.rules import Permission
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import happening_now
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, writing
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page
from assets.web.views.commands.shapes import Difference as ToldDifference
from assets.web.views.commands.shapes import Grade, Text, end_of

api = APIBlueprint(
    "api_transfers", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="transfers")]
)
_STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)


class TransferQuery(BaseModel):
    """Narrows the list: `show` is incoming, outgoing, lent, borrowed, overdue or questions; `unit` at either end."""

    model_config = _STRICT
    limit: str = ""
    cursor: str = ""
    show: str = ""
    unit: str = ""
    asset: str = ""


class TransferPath(BaseModel):
    id: str


class NewTransfer(BaseModel):
    """What is sent together; `until` makes it a loan; `sheet` makes a repeated call harmless."""

    model_config = _STRICT
    to_unit: str
    items: list[str] = Field(max_length=200)
    until: str = ""
    note: Text = ""
    sheet: UUID | None = None


class Receipt(BaseModel):
    """How it came: `condition` of what came, `differences` as in the command transfer_receive."""

    model_config = _STRICT
    condition: Grade | None = None
    differences: list[ToldDifference] = Field(default_factory=list, max_length=5)
    note: Text = ""


class Reason(BaseModel):
    model_config = _STRICT
    reason: Text


class Settlement(BaseModel):
    """`outcome` is with_sender or with_addressee."""

    model_config = _STRICT
    outcome: str
    reason: Text


def transfer_json(transfer: Transfer, notes: dict[str, str]) -> dict[str, Any]:
    """A transfer as programs see it."""
    return {
        "id": transfer.id,
        "sheet": transfer.sheet_id,
        "asset": transfer.asset.code,
        "from_unit": transfer.from_unit.code if transfer.from_unit is not None else None,
        "to_unit": transfer.to_unit.code,
        "state": transfer.state,
        "sent_at": care.moment_json(transfer.sent_at),
        "until": care.moment_json(transfer.until),
        "received_at": care.moment_json(transfer.received_at),
        "found": transfer.outcome or None,
        "note": notes.get(transfer.receipt_id or ""),
        "lent_now": transfer.lent_now,
    }


@api.get("/transfers")
@needs(Permission.CUSTODY_SEE)
def list_transfers(query: TransferQuery) -> Any:
    """Transfers within reach, the newest first."""
    wanted = page(query.model_dump())
    with reading() as session:
        asset = asset_by_code(session, actor(), read_code(query.asset)) if query.asset else None
        narrowed = queries.TransferFilter(
            query.show, care.unit_id(session, {"unit": query.unit}), asset.id if asset is not None else None
        )
        found = queries.transfers_page(
            session, actor(), narrowed, now(), limit=wanted.limit + 1, after=wanted.after
        )  # fmt: skip
        rows = found[: wanted.limit]
        following = encode_cursor(queries.transfer_key(rows[-1])) if len(found) > wanted.limit else None
        return jsonify({"items": _answers(session, rows), "next": following})


@api.get("/transfers/<string:id>")
@needs(Permission.CUSTODY_SEE)
def show_transfer(path: TransferPath) -> Any:
    """One transfer."""
    with reading() as session:
        return jsonify(_answers(session, [queries.transfer_by_id(session, actor(), path.id)])[0])


@api.post("/transfers")
@needs(Permission.CUSTODY_ACT)
def send(body: NewTransfer) -> Any:
    """Send assets of one unit to another, all of them or none; answers 200 when this sheet was sent before."""
    sheet_id = str(body.sheet or uuid4())
    codes = [read_code(text, the_app().settings.own_label_bases, "items") for text in body.items]
    with writing() as session:
        is_new = send_together(
            session, actor(), codes, unit_by_code(session, body.to_unit, "to_unit"), now(), sheet_id,
            until=end_of(body.until, the_app().settings.zone), note=body.note,
        )  # fmt: skip
        items = _answers(session, queries.sheet(session, actor(), sheet_id))
    return jsonify({"sheet": sheet_id, "items": items}), 201 if is_new else 200


@api.post("/transfers/<string:id>/receive")
@needs(Permission.CUSTODY_ACT)
def take_in(path: TransferPath, body: Receipt) -> Any:
    """Record how it came."""
    with writing() as session:
        transfer = queries.transfer_by_id(session, actor(), path.id)
        receive(
            session, actor(), transfer.asset, happening_now(now()), condition=body.condition,
            differences=[Difference(each.kind, each.note) for each in body.differences], note=body.note,
            unit=transfer.to_unit,
        )  # fmt: skip
        return jsonify(_answers(session, [queries.transfer_by_id(session, actor(), path.id)])[0])


@api.post("/transfers/<string:id>/cancel")
@needs(Permission.CUSTODY_ACT)
def take_back(path: TransferPath, body: Reason) -> Any:
    """Cancel a sending that was not received, or take an unclear entry off the open questions."""
    with writing() as session:
        transfer = queries.transfer_by_id(session, actor(), path.id)
        cancel(session, actor(), transfer.asset, transfer, happening_now(now()), reason=body.reason)
        return jsonify(_answers(session, [transfer])[0])


@api.post("/transfers/<string:id>/settle")
@needs(Permission.CUSTODY_ACT)
def answer_question(path: TransferPath, body: Settlement) -> Any:
    """Say where the asset is that did not come."""
    with writing() as session:
        transfer = queries.transfer_by_id(session, actor(), path.id)
        settle(
            session, actor(), transfer.asset, transfer, happening_now(now()), outcome=body.outcome, reason=body.reason
        )  # fmt: skip
        return jsonify(_answers(session, [transfer])[0])


def _answers(session: Session, rows: list[Transfer]) -> list[dict[str, Any]]:
    notes = queries.notes_of(session, rows)
    return [transfer_json(row, notes) for row in rows]
