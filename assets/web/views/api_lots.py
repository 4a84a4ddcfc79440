"""Lots of consumables for programs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from assets.people.rules import Permission
from assets.registry.queries.stock import LotFilters, LotRow, code_of, codes_of, lot_by_id, lots_page
from assets.registry.rules.stock import parse_lot
from assets.registry.service.stock import receive_lot
from assets.web.asset_lists import number
from assets.web.auth import needs
from assets.web.context import actor, now, reading, writing
from assets.web.lot_page import today
from assets.web.parsing import encode_cursor, page

api = APIBlueprint(
    "api_lots", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="lots")]
)


class LotQuery(BaseModel):
    """Narrows the list; `show` is expires_30, expires_90, expired, recalled, suspect, or barred for these three.

    `empty` '1' adds lots used up.
    """

    model_config = ConfigDict(extra="forbid")
    limit: str = ""
    cursor: str = ""
    query: str = ""
    unit: str = ""
    class_: str = Field("", alias="class")
    show: str = ""
    empty: str = ""


class LotBody(BaseModel):
    """A new lot with what came of it; `class` is the code of its class."""

    model_config = ConfigDict(extra="forbid")
    class_: str = Field(alias="class")
    item: str
    lot_number: str
    unit: str
    quantity: Decimal | float | int | str
    counted_in: str | None = None
    model: str | None = None
    batch: str | None = None
    expires_on: str | None = None
    received_on: str | None = None
    opened_on: str | None = None
    tests_per_pack: int | str | None = None
    use_within_days: int | str | None = None


@api.get("/lots")
@needs(Permission.STOCK_READ)
def list_lots(query: LotQuery) -> Any:
    """Lots within reach, the first to expire first; `on_hand` in what each is counted in."""
    wanted = page(query.model_dump())
    filters = LotFilters(query.query, query.unit, query.class_, query.show, query.empty == "1")
    with reading() as session:
        found = lots_page(session, actor(), filters, today(), limit=wanted.limit + 1, after=wanted.after)
        rows = found[: wanted.limit]
        following = encode_cursor(rows[-1].key) if len(found) > wanted.limit else None
        codes = codes_of(session, [row.lot.id for row in rows])
        return jsonify({"items": [lot_answer(row, codes.get(row.lot.id)) for row in rows], "next": following})


@api.post("/lots")
@needs(Permission.STOCK_WRITE)
def create_lot(body: LotBody) -> Any:
    """Add a lot with what came of it."""
    draft = parse_lot(body.model_dump(exclude_unset=True, by_alias=True))
    with writing() as session:
        lot = receive_lot(session, actor(), draft, now())
        answer = lot_answer(lot_by_id(session, actor(), lot.id, today()), code_of(session, lot))
    return jsonify(answer), 201


def lot_answer(row: LotRow, code: str | None) -> dict[str, Any]:
    """A lot as programs see it; `code` is that of its label."""
    lot = row.lot
    return {
        "id": lot.id,
        "code": code,
        "class": lot.equipment_class.code,
        "item": lot.item,
        "lot_number": lot.lot_number,
        "model": lot.model.full_name if lot.model is not None else None,
        "unit": lot.unit.code,
        "batch": lot.batch.number if lot.batch is not None else None,
        "on_hand": number(row.on_hand),
        "counted_in": lot.counted_in,
        "expires_on": _iso(lot.expires_on),
        "received_on": _iso(lot.received_on),
        "opened_on": _iso(lot.opened_on),
        "tests_per_pack": lot.tests_per_pack,
        "use_within_days": lot.use_within_days,
        "standing": row.standing.value,
        "recalled_on": _iso(lot.recalled_on),
        "recall_reason": lot.recall_reason or None,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
