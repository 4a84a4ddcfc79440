"""Kits for programs: the list of them, one with what is in it, its list, and what is put in, taken out and checked."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from flask import jsonify, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.fitness.queries import judged_assets
from assets.kits.models import Kit
from assets.kits.queries import Row, checks_of
from assets.kits.rules.completeness import Contents, Line
from assets.kits.rules.lists import LineDraft
from assets.kits.service import (
    check_kit,
    put_counted,
    put_part,
    set_list,
    take_counted,
    take_part,
    use_counted,
)
from assets.people.rules import Permission
from assets.registry.models import Asset, StockLot
from assets.registry.queries.stock import lot_by_id
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import Occurrence
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, writing
from assets.web.kit_cells import counted_cells, is_kit, kit_json, part_cells
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page
from assets.web.views.kits import kit_filter, kit_rows

api = APIBlueprint(
    "api_kits", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="kits")]
)
Amount = Annotated[Decimal, Field(ge=0, le=9_999_999)]
Short = Annotated[str, Field(max_length=400)]
NO_KIT = msg("There is no such kit, or it is not yours to see.")


class Strict(BaseModel):
    """No keys but the named."""

    model_config = ConfigDict(extra="forbid")


class KitQuery(Strict):
    """`state`: complete, incomplete, unchecked or no_list; `unit` is a code."""

    unit: str = ""
    state: str = ""
    limit: str = ""
    cursor: str = ""


class KitPath(Strict):
    code: str


class LineBody(Strict):
    """So many of a class, of a model of it (maker and name), or of an item kept by lots."""

    class_: Short = Field(alias="class")
    number: int
    required: bool = True
    model: Short = ""
    item: Short = ""


class ListBody(Strict):
    """The whole list, in its order; `version`: the one that was read, so that no other change is lost."""

    lines: list[LineBody] = Field(max_length=100)
    version: int | None = None


class ContentBody(Strict):
    """`act` is put, take or use; `part` a label code, or `lot` an id with `quantity`.

    `id` is the sender's own: what is sent twice is done once. `reason`: why not the lot that goes first.
    """

    act: str
    part: Short = ""
    lot: int | None = Field(None, ge=1, le=2**31 - 1)
    quantity: Amount | None = None
    reason: Short = ""
    id: UUID | None = None
    occurred_at: AwareDatetime | None = None


class PartSeen(Strict):
    code: Short
    present: bool


class Count(Strict):
    lot: int = Field(ge=1, le=2**31 - 1)
    quantity: Amount


class CheckBody(Strict):
    """Which parts are there, by label code, and how much of which lots, by id."""

    parts: list[PartSeen] = Field(default_factory=list, max_length=300)
    counted: list[Count] = Field(default_factory=list, max_length=300)
    note: Annotated[str, Field(max_length=500)] = ""
    id: UUID | None = None
    occurred_at: AwareDatetime | None = None


@api.get("/kits")
@needs(Permission.ASSET_READ)
def list_kits(query: KitQuery) -> Any:
    """Kits in sight by label code, with their state and what lacks."""
    wanted = page(request.args)
    with reading() as session:
        found = kit_rows(session, kit_filter(request.args), wanted.limit + 1, care.code_key(wanted.after))
        rows = found[: wanted.limit]
        items = [kit_json(row) for row in rows]
    after = (rows[-1].asset.code,) if len(found) > wanted.limit else None
    return jsonify({"items": items, "next": encode_cursor(after)})


@api.get("/kits/<code>")
@needs(Permission.ASSET_READ)
def show_kit(path: KitPath) -> Any:
    """One kit: its list with its version, what is in it, what is wrong, and its checks."""
    with reading() as session:
        return jsonify(_answer(session, asset_by_code(session, actor(), read_code(path.code))))


def _answer(session: Session, asset: Asset) -> dict[str, Any]:
    contents = judged_assets(session, [asset], now()).kits.get(asset.id)
    if not is_kit(asset, contents):
        raise NotFound(NO_KIT)
    contents, row = contents or Contents(), session.get(Kit, asset.id)
    return {
        **kit_json(Row(asset, contents)),
        "version": row.version if row is not None else 0,
        "list": [_line(line) for line in contents.lines],
        "content": {
            "parts": [
                {**{key: cells[key] for key in ("code", "name", "why")}, "state": _state_of(cells),
                 "missing_since": care.moment_json(cells["missing_since"])}
                for cells in map(part_cells, contents.parts)
            ],
            "counted": [
                {**{key: counted_cells(each)[key] for key in ("lot", "item", "number", "counted_in")},
                 "quantity": care.number(each.quantity), "barred": each.barred or None,
                 "short": care.number(each.short)}
                for each in contents.counted
            ],
        },
        "checks": [
            {"id": check.event_id, "at": care.moment_json(check.at), "by": check.actor_name, "found": check.found,
             "missing": check.missing, "extras": check.extras, "note": check.note}
            for check in checks_of(session, asset)
        ],
    }  # fmt: skip


def _state_of(cells: dict[str, Any]) -> str:
    """The state of a part in a word for programs."""
    if cells["missing_since"] is not None:
        return "missing"
    return {"ready": "in_it", "away": "away", "blocked": "not_fit"}[cells["kind"]]


def _line(line: Line) -> dict[str, Any]:
    return {
        "class": line.class_code, "model": line.model_name, "item": line.item, "number": line.number,
        "required": line.required,
    }  # fmt: skip


@api.post("/kits/<code>/list")
@needs(Permission.ASSET_WRITE)
def write_list(path: KitPath, body: ListBody) -> Any:
    """Write the list of a kit anew."""
    lines = [LineDraft(each.class_, each.number, each.required, each.model, each.item) for each in body.lines]
    with writing() as session:
        kit = asset_by_code(session, actor(), read_code(path.code), Permission.ASSET_WRITE, lock=True)
        set_list(session, actor(), kit, lines, now(), version=body.version)
        return jsonify(_answer(session, kit))


@api.post("/kits/<code>/content")
@needs(Permission.FIELD_REPORT)
def change_content(path: KitPath, body: ContentBody) -> Any:
    """Put a part or so much of a lot in, take it out, or say that so much of a lot was used."""
    if body.act not in {"put", "take", "use"}:
        raise invalid("act", msg("This is one of: %(known)s.", known="put, take, use"), code="unknown_word")
    if bool(body.part) == (body.lot is not None):
        raise invalid("part", msg("Name a part by its label code, or a lot."), code="required")
    happened = _occurrence(body.id, body.occurred_at)
    right = Permission.KIT_USE if body.act == "use" else Permission.CUSTODY_ACT
    with writing() as session:
        kit = asset_by_code(session, actor(), read_code(path.code), right)
        if body.part:
            _change_part(session, kit, body, happened)
        else:
            _change_count(session, kit, body, happened)
        return jsonify(_answer(session, kit))


def _change_part(session: Session, kit: Asset, body: ContentBody, happened: Occurrence) -> None:
    part = asset_by_code(session, actor(), read_code(body.part, field="part"), Permission.CUSTODY_ACT)
    if body.act == "put":
        put_part(session, actor(), kit, part, happened, note=body.reason)
    elif body.act == "take":
        take_part(session, actor(), kit, part, happened, note=body.reason)
    else:
        raise invalid("act", msg("A part is put in or taken out."), code="unknown_word")


def _change_count(session: Session, kit: Asset, body: ContentBody, happened: Occurrence) -> None:
    if body.quantity is None or body.lot is None:
        raise invalid("quantity", msg("Say how much it is: more than nothing."), code="required")
    if body.act == "put":
        lot = lot_by_id(session, actor(), body.lot, local_date(now(), the_app().settings.zone)).lot
        put_counted(session, actor(), kit, lot, body.quantity, happened, reason=body.reason)
        return
    held = judged_assets(session, [kit], now()).kits.get(kit.id, Contents())
    if all(each.lot_id != body.lot for each in held.counted):
        raise invalid("lot", msg("Nothing of this lot is in this kit."), code="not_in_kit")
    do = take_counted if body.act == "take" else use_counted
    do(session, actor(), kit, session.get_one(StockLot, body.lot), body.quantity, happened, note=body.reason)


@api.post("/kits/<code>/checks")
@needs(Permission.FIELD_REPORT)
def check(path: KitPath, body: CheckBody) -> Any:
    """Enter a check of completeness."""
    with writing() as session:
        kit = asset_by_code(session, actor(), read_code(path.code), Permission.FIELD_REPORT)
        check_kit(
            session, actor(), kit, _occurrence(body.id, body.occurred_at), note=body.note,
            parts={read_code(each.code, field="parts"): each.present for each in body.parts},
            counted={each.lot: each.quantity for each in body.counted},
        )  # fmt: skip
        return jsonify(_answer(session, kit)), 201


def _occurrence(event_id: UUID | None, occurred_at: datetime | None) -> Occurrence:
    if occurred_at is not None and occurred_at > now():
        raise invalid("occurred_at", msg("This lies in the future."), code="in_the_future")
    at = occurred_at or now()
    return Occurrence(at, now(), str(event_id)) if event_id is not None else Occurrence(at, now())
