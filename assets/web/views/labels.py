"""Printing labels: of a unit, of chosen items, or blank ones, from any cell of a half-used sheet."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from assets.core.errors import InvalidInput, invalid
from assets.core.i18n import Message, msg
from assets.exchange.label_sheets import BARE_REASONS, label_base, layout_named, print_sheet
from assets.labels.layouts import LAYOUTS, Layout
from assets.labels.qr import address_refused
from assets.labels.token import CodeError, format_code, parse_code
from assets.people.queries import units
from assets.people.rules import Permission
from assets.registry.scope import reaches_unit
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, words
from assets.web.forms import field_errors, typed

pages = Blueprint("labels", __name__)

MAX_CHOSEN = 500
LAYOUT_NAMES: dict[str, Message] = {
    "plain-a4": msg("Plain A4 paper with cut lines"),
    "L7160": msg("Avery L7160"),
    "L7651": msg("Avery L7651, small"),
}


@pages.get("/labels")
@needs(Permission.LABEL_PRINT)
def choose() -> str:
    return _form({"layout": "plain-a4", "start_cell": "1", "choice": "unit"}, {})


@pages.post("/labels/choose")
@needs(Permission.LABEL_PRINT)
def choose_selected() -> str:
    """The form for the items that were ticked in a list."""
    codes = [_shown(code) for code in request.form.getlist("codes")[:MAX_CHOSEN]]
    return _form({"layout": "plain-a4", "start_cell": "1", "choice": "codes", "codes": "\n".join(codes)}, {})


@pages.post("/labels")
@needs(Permission.LABEL_PRINT)
def print_pdf() -> Any:
    """The sheet as PDF; the form again, with what was typed, where it cannot be made."""
    values = typed()
    try:
        sheet = print_sheet(
            the_app(),
            actor(),
            **_wanted(values),
            layout=values.get("layout", ""),
            start_cell=_whole(values.get("start_cell") or "1", "start_cell"),
            owner_line=values.get("owner_line", ""),
            now=now(),
        )
    except InvalidInput as error:
        return _form(values, _errors(error)), 400
    name = f"labels-{layout_named(values['layout']).name}-{sheet.report.labels}.pdf"
    response = Response(sheet.pdf, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _errors(error: InvalidInput) -> dict[str, str]:
    """Every line of codes that is wrong stands in the one field."""
    found = field_errors(error)
    lines = [words(item.message) for item in error.fields if item.field == "codes"]
    if lines:
        found["codes"] = " ".join(lines[:10])
    return {("blank" if name == "count" else name): text for name, text in found.items()}


def _wanted(values: dict[str, str]) -> dict[str, Any]:
    choice = values.get("choice", "")
    if choice == "unit":
        return {"unit": values.get("unit", "")}
    if choice == "codes":
        return {"codes": values.get("codes", "").splitlines()}
    if choice == "blank":
        return {"blank": _whole(values.get("blank", ""), "blank")}
    raise invalid("choice", msg("Choose a unit, codes, or a number of blank labels."))


def _whole(text: str, field: str) -> int:
    text = text.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise invalid(field, msg("This is a whole number."))
    return int(text)


def _shown(code: str) -> str:
    try:
        return format_code(parse_code(code))
    except CodeError:
        return code[:40]


def _form(values: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        reachable = [unit for unit in units(session) if reaches_unit(actor(), Permission.LABEL_PRINT, unit)]
    layouts = [(layout, words(LAYOUT_NAMES[layout.name]), _bare(layout)) for layout in LAYOUTS.values()]
    return render_template("labels/choose.html", values=values, errors=errors, units=reachable, layouts=layouts)


def _bare(layout: Layout) -> str:
    """Why the symbols of this layout will hold the code alone, in words; empty when they hold the address."""
    reason = "layout" if layout.content == "bare" else address_refused(label_base(the_app().settings))
    return words(BARE_REASONS[reason]) if reason else ""
