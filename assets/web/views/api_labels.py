"""Labels for programs: layouts, printers, sheets as PDF, and a new label for an item."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from assets.core.errors import NotFound, invalid
from assets.custody.service.labels import replace_label
from assets.exchange.label_sheets import MAX_LABELS, Wording, print_sheet
from assets.labels.layouts import LAYOUTS, Layout
from assets.people.rules import Permission
from assets.registry.models import LabelPrinter
from assets.registry.queries.labels import layout_by_id, layouts_page, own_layout, printer_by_id, printers_page
from assets.registry.rules.label_layouts import parse_layout, parse_printer
from assets.registry.scope import asset_by_code
from assets.registry.service.label_layouts import save_layout, save_printer
from assets.registry.service.timeline import happening_now
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, writing
from assets.web.label_codes import read_code
from assets.web.label_words import file_name
from assets.web.parsing import encode_cursor, page

api = APIBlueprint(
    "api_labels", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="labels")]
)
Number = Decimal | float | int | str | None


class ListQuery(BaseModel):
    """Paging."""

    model_config = ConfigDict(extra="forbid")
    limit: str = ""
    cursor: str = ""


class IdPath(BaseModel):
    """The id of an own layout or a printer."""

    id: int = Field(ge=1, le=2**31 - 1)


class CodePath(BaseModel):
    """A label code that leads to the item, also a void one."""

    code: str = Field(max_length=200)


class LayoutBody(BaseModel):
    """An own layout, in millimetres; on a roll (`media` "roll") only the label's size counts."""

    model_config = ConfigDict(extra="forbid")
    name: str
    media: str = "sheet"
    page_width_mm: Number = None
    page_height_mm: Number = None
    columns: Number = None
    rows: Number = None
    label_width_mm: Number
    label_height_mm: Number
    margin_left_mm: Number = None
    margin_top_mm: Number = None
    gap_x_mm: Number = None
    gap_y_mm: Number = None


class PrinterBody(BaseModel):
    """A printer and what makes up for it: a mark meant for x is drawn at x * scale + offset."""

    model_config = ConfigDict(extra="forbid")
    name: str
    dx_mm: Number = None
    dy_mm: Number = None
    scale_x: Number = None
    scale_y: Number = None


class SheetBody(BaseModel):
    """What to print: a unit's items, these codes, or so many new blank labels; exactly one of the three."""

    model_config = ConfigDict(extra="forbid")
    unit: str | None = None
    codes: list[str] | None = Field(None, max_length=MAX_LABELS)
    blank: int | None = None
    layout: str
    start_cell: int = 1
    printer: str = ""
    owner_line: str = Field("", max_length=200)
    class_language: str = ""
    donor_mark: bool = False


class NewLabelBody(BaseModel):
    """Why the item needs a new label; `code`: the blank label that was stuck on, without it a new code is made."""

    model_config = ConfigDict(extra="forbid")
    reason: str
    code: str = ""


@api.get("/labels/layouts")
@needs(Permission.LABEL_PRINT)
def list_layouts(query: ListQuery) -> Any:
    """Layouts: those of the product (first page), then own ones by name."""
    wanted = page(query.model_dump())
    with reading() as session:
        rows = layouts_page(session, limit=wanted.limit + 1, after=wanted.after)
    shown = rows[: wanted.limit]
    items = [] if wanted.after else [_layout(layout, None) for layout in LAYOUTS.values()]
    items += [_layout(own_layout(row), row.id) for row in shown]
    following = encode_cursor((shown[-1].name_folded,)) if len(rows) > wanted.limit else None
    return jsonify({"items": items, "next": following})


@api.post("/labels/layouts")
@needs(Permission.LABEL_PRINT)
def create_layout(body: LayoutBody) -> Any:
    """Save an own layout; refused with the millimetres that are missing when a symbol or a row does not fit."""
    with writing() as session:
        row = save_layout(session, actor(), parse_layout(body.model_dump(exclude_unset=True)), now())
        answer = _layout(own_layout(row), row.id)
    return jsonify(answer), 201


@api.put("/labels/layouts/<int:id>")
@needs(Permission.LABEL_PRINT)
def change_layout(path: IdPath, body: LayoutBody) -> Any:
    """Change an own layout; a retired one is offered again."""
    with writing() as session:
        row = layout_by_id(session, path.id)
        row = save_layout(session, actor(), parse_layout(body.model_dump(exclude_unset=True)), now(), row)
        return jsonify(_layout(own_layout(row), row.id))


@api.get("/labels/printers")
@needs(Permission.LABEL_PRINT)
def list_printers(query: ListQuery) -> Any:
    """Printers by name, with what makes up for each."""
    wanted = page(query.model_dump())
    with reading() as session:
        rows = printers_page(session, limit=wanted.limit + 1, after=wanted.after)
    shown = rows[: wanted.limit]
    following = encode_cursor((shown[-1].name_folded,)) if len(rows) > wanted.limit else None
    return jsonify({"items": [_printer(row) for row in shown], "next": following})


@api.post("/labels/printers")
@needs(Permission.LABEL_PRINT)
def create_printer(body: PrinterBody) -> Any:
    """Save a printer."""
    with writing() as session:
        row = save_printer(session, actor(), parse_printer(body.model_dump(exclude_unset=True)), now())
        answer = _printer(row)
    return jsonify(answer), 201


@api.put("/labels/printers/<int:id>")
@needs(Permission.LABEL_PRINT)
def change_printer(path: IdPath, body: PrinterBody) -> Any:
    """Change a printer; a retired one is offered again."""
    with writing() as session:
        row = printer_by_id(session, path.id)
        row = save_printer(session, actor(), parse_printer(body.model_dump(exclude_unset=True)), now(), row)
        return jsonify(_printer(row))


@api.post("/labels/sheets")
@needs(Permission.LABEL_PRINT)
def make_sheet(body: SheetBody) -> Any:
    """A PDF of labels, which count as printed; blank ones are made here."""
    sheet = print_sheet(
        the_app(), actor(), unit=body.unit, codes=body.codes, blank=body.blank, layout=body.layout,
        start_cell=body.start_cell, printer=body.printer,
        wording=Wording(body.owner_line, body.class_language, body.donor_mark), now=now(),
    )  # fmt: skip
    headers = {"Content-Disposition": f'attachment; filename="{file_name(body.layout, sheet.report.labels)}"'}
    return Response(sheet.pdf, content_type="application/pdf", headers=headers)


@api.post("/assets/<code>/label")
@needs(Permission.LABEL_PRINT)
def new_label(path: CodePath, body: NewLabelBody) -> Any:
    """Give an item a new label; the old code is void and still leads to it."""
    blank = read_code(body.code, the_app().settings.own_label_bases) if body.code.strip() else ""
    with writing() as session:
        asset = asset_by_code(session, actor(), read_code(path.code), Permission.LABEL_PRINT, lock=True)
        replaced = asset.code
        try:
            event = replace_label(session, actor(), asset, happening_now(now()), body.reason, blank)
        except NotFound as error:
            raise invalid("code", error.message, code="no_blank_label") from error
        answer = {"code": asset.code, "replaced": replaced, "reason": event.data["reason"]}
    return jsonify(answer), 201


def _layout(layout: Layout, own_id: int | None) -> dict[str, Any]:
    return {
        **layout.described(),
        "id": own_id,
        "media": layout.media,
        "page_mm": list(layout.page_mm),
        "margins_mm": [round(side, 3) for side in layout.margins_mm],
        "pitch_mm": [round(side, 3) for side in layout.pitch_mm],
    }


def _printer(row: LabelPrinter) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "dx_mm": float(row.dx_mm),
        "dy_mm": float(row.dy_mm),
        "scale_x": float(row.scale_x),
        "scale_y": float(row.scale_y),
    }
