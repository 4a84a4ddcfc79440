"""What programs do with a lot: count, write off, recall, take back, open packs and count tests off; and what they read.

Issuing is the command `stock_issue`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from assets.core.errors import InvalidInput
from assets.people.rules import Permission
from assets.registry.models import StockLot
from assets.registry.queries.stock import code_of, lot_by_id
from assets.registry.queries.stock_issues import (
    IssueFilters,
    Out,
    issues_page,
    item_of,
    items_page,
    out_count,
    out_of_lot,
)
from assets.registry.queries.stock_packs import PackView, packs_of
from assets.registry.rules.stock import read_quantity
from assets.registry.rules.values import ValueRefused
from assets.registry.service.issuing import lots_in_order, return_stock
from assets.registry.service.packs import close_pack, count_tests, open_pack, use_tests
from assets.registry.service.stock import count_lot, recall_lot, write_off
from assets.registry.service.timeline import happening_now
from assets.web.asset_lists import number
from assets.web.auth import needs
from assets.web.context import actor, now, reading, writing
from assets.web.lot_page import CLOSED_SHOWN, today, whose
from assets.web.operation_choice import named_operation
from assets.web.parsing import encode_cursor, page
from assets.web.views.api_lots import lot_answer

api = APIBlueprint(
    "api_lot_acts", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="lots")]
)
Number = Decimal | float | int | str


class Strict(BaseModel):
    """No keys but the named."""

    model_config = ConfigDict(extra="forbid")


class LotPath(Strict):
    lot_id: int


class PackPath(LotPath):
    pack_id: int


class IssueQuery(Strict):
    """`lot` narrows to the item of that lot; `person` is a service number."""

    limit: str = ""
    cursor: str = ""
    query: str = ""
    unit: str = ""
    class_: str = Field("", alias="class")
    person: str = ""
    lot: int | None = None


class ItemQuery(Strict):
    limit: str = ""
    cursor: str = ""
    query: str = ""
    unit: str = ""


class AmountBody(Strict):
    quantity: Number
    reason: str = ""


class ReasonBody(Strict):
    reason: str


class ReturnBody(AmountBody):
    """`issue` is the id of the issue that it belongs to."""

    issue: int


class OpenBody(Strict):
    """`control` is passed or failed, for classes with a positive control."""

    control: str | None = None
    note: str = ""


class TestsBody(Strict):
    tests: int
    operation: str = ""


class LeftBody(Strict):
    left: int
    reason: str = ""


@api.get("/lots/<int:lot_id>")
@needs(Permission.STOCK_READ)
def show_lot(path: LotPath) -> Any:
    """A lot with its opened packs, who has how much of it, and the order in which the lots of its item should go."""
    with reading() as session:
        return jsonify(_whole(session, path.lot_id))


@api.get("/lot-issues")
@needs(Permission.STOCK_READ)
def list_issues(query: IssueQuery) -> Any:
    """What was issued and came back, newest first."""
    wanted = page(query.model_dump(exclude={"lot"}))
    filters = IssueFilters(query.query, query.unit, query.class_, query.person, query.lot)
    with reading() as session:
        found = issues_page(session, actor(), filters, limit=wanted.limit + 1, after=wanted.after)
        rows = found[: wanted.limit]
        items = [
            {
                "id": row.movement.id, "at": row.movement.at.isoformat(), "kind": row.movement.kind, "lot": row.lot.id,
                "item": row.lot.item, "lot_number": row.lot.lot_number, "quantity": number(abs(row.movement.quantity)),
                "to": whose(row.issue.person, row.issue.unit, row.lot.unit), "to_unit": row.issue.unit.code,
                "of": row.issue.issue_id, "out_of_order": row.issue.out_of_order, "reason": row.movement.reason or None,
                "by": row.movement.actor_name,
            }
            for row in rows
        ]  # fmt: skip
    return jsonify({"items": items, "next": encode_cursor(rows[-1].key) if len(found) > wanted.limit else None})


@api.get("/lot-items")
@needs(Permission.STOCK_READ)
def list_items(query: ItemQuery) -> Any:
    """Each item of each unit with its stock cover in days: usable stock / mean daily issue of the last 90 days."""
    wanted = page(query.model_dump())
    with reading() as session:
        found = items_page(
            session, actor(), today(), unit=query.unit, query=query.query, limit=wanted.limit + 1, after=wanted.after
        )
        rows = found[: wanted.limit]
        items = [
            {
                "item": row.item, "class": row.class_code, "unit": row.unit.code, "usable": number(row.usable),
                "unusable": number(row.unusable), "counted_in": row.counted_in,
                "expires_on": row.expires_on.isoformat() if row.expires_on else None,
                "issued_90_days": number(row.issued), "stock_cover_days": number(row.cover),
            }
            for row in rows
        ]  # fmt: skip
    return jsonify({"items": items, "next": encode_cursor(rows[-1].key) if len(found) > wanted.limit else None})


@api.post("/lots/<int:lot_id>/count")
@needs(Permission.STOCK_WRITE)
def count(path: LotPath, body: AmountBody) -> Any:
    """Enter what was counted, opened packs with the others; a difference needs a reason."""
    amount = _amount(body.quantity)
    return _do(path.lot_id, lambda session, lot: count_lot(session, actor(), lot, amount, body.reason, now()))


@api.post("/lots/<int:lot_id>/write-off")
@needs(Permission.STOCK_WRITE)
def take_out(path: LotPath, body: AmountBody) -> Any:
    """Write so much off, with a reason."""
    amount = _amount(body.quantity)
    return _do(path.lot_id, lambda session, lot: write_off(session, actor(), lot, amount, body.reason, now()))


@api.post("/lots/<int:lot_id>/recall")
@needs(Permission.STOCK_WRITE)
def recall(path: LotPath, body: ReasonBody) -> Any:
    """Say that the lot may not be used any more; the answer says who has how much of it."""
    return _do(path.lot_id, lambda session, lot: recall_lot(session, actor(), lot, body.reason, now()))


@api.post("/lots/<int:lot_id>/returns")
@needs(Permission.STOCK_WRITE)
def take_back(path: LotPath, body: ReturnBody) -> Any:
    """Take back what was not used of an issue."""
    amount = _amount(body.quantity)
    return _do(
        path.lot_id,
        lambda session, lot: return_stock(
            session, actor(), lot, body.issue, amount, happening_now(now()), body.reason
        ),
    )  # fmt: skip


@api.post("/lots/<int:lot_id>/packs")
@needs(Permission.OPERATION_WRITE)
def open_one(path: LotPath, body: OpenBody) -> Any:
    """Open a sealed pack; a failed positive control writes it off and marks the lot suspect."""
    return _do(
        path.lot_id,
        lambda session, lot: open_pack(
            session, actor(), lot, happening_now(now()), control=body.control, note=body.note
        ),
    )  # fmt: skip


@api.post("/lots/<int:lot_id>/packs/<int:pack_id>/use")
@needs(Permission.OPERATION_WRITE)
def use(path: PackPath, body: TestsBody) -> Any:
    """Count tests off an opened pack, perhaps for an operation."""

    def do(session: Session, lot: StockLot) -> None:
        operation = named_operation(session, body.operation)
        use_tests(session, actor(), lot, path.pack_id, body.tests, happening_now(now()), operation)

    return _do(path.lot_id, do)


@api.post("/lots/<int:lot_id>/packs/<int:pack_id>/count")
@needs(Permission.STOCK_WRITE)
def count_left(path: PackPath, body: LeftBody) -> Any:
    """Say how many tests are really left in an opened pack, with a reason."""
    return _do(
        path.lot_id,
        lambda session, lot: count_tests(
            session, actor(), lot, path.pack_id, body.left, body.reason, happening_now(now())
        ),
    )  # fmt: skip


@api.post("/lots/<int:lot_id>/packs/<int:pack_id>/close")
@needs(Permission.STOCK_WRITE)
def close(path: PackPath, body: ReasonBody) -> Any:
    """Write an opened pack off, with a reason."""
    return _do(
        path.lot_id,
        lambda session, lot: close_pack(session, actor(), lot, path.pack_id, body.reason, happening_now(now())),
    )


def _do(lot_id: int, act: Callable[[Session, StockLot], object]) -> Any:
    with writing() as session:
        act(session, lot_by_id(session, actor(), lot_id, today()).lot)
        return jsonify(_whole(session, lot_id))


def _amount(value: Number) -> Decimal:
    try:
        return read_quantity(value)
    except ValueRefused as error:
        raise InvalidInput(error.message, fields=[error.for_field("quantity")], code=error.code) from error


def _whole(session: Session, lot_id: int) -> dict[str, Any]:
    row = lot_by_id(session, actor(), lot_id, today())
    item = item_of(session, row.lot, today())
    return {
        **lot_answer(row, code_of(session, row.lot)),
        "packs": [_pack(view) for view in packs_of(session, [lot_id], closed=CLOSED_SHOWN).get(lot_id, [])],
        "out": [_out(each, row.lot) for each in out_of_lot(session, row.lot)],
        "out_count": out_count(session, row.lot),
        "first_out": [lot.id for lot, _ in lots_in_order(session, row.lot, today())],
        "stock_cover_days": number(item.cover),
    }


def _pack(view: PackView) -> dict[str, Any]:
    pack = view.pack
    return {
        "id": pack.id, "opened_at": pack.opened_at.isoformat(), "by": view.row.actor_name, "control": view.row.control,
        "use_by": pack.use_by.isoformat() if pack.use_by else None, "tests_left": pack.tests_left,
        "state": "closed" if pack.is_closed else "out" if pack.is_out else "in_store",
    }  # fmt: skip


def _out(out: Out, lot: StockLot) -> dict[str, Any]:
    return {
        "issue": out.issue.movement_id, "at": out.at.isoformat(), "quantity": number(out.quantity),
        "to": whose(out.issue.person, out.issue.unit, lot.unit), "to_unit": out.issue.unit.code,
    }  # fmt: skip
