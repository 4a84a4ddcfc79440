"""Printing labels: of a unit, of chosen items, or blank ones, from any cell of a half-used sheet."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from assets.core.errors import InvalidInput, invalid
from assets.core.i18n import LOCALES, msg
from assets.exchange.label_sheets import Wording, print_sheet
from assets.labels.token import CodeError, format_code, parse_code
from assets.people.queries import units
from assets.people.rules import Permission
from assets.registry.queries.labels import printers_page
from assets.registry.scope import reaches_unit
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, words
from assets.web.forms import field_errors, typed
from assets.web.label_words import file_name, offered_layouts

pages = Blueprint("labels", __name__)

MAX_CHOSEN = 500
_FIRST = {"layout": "plain-a4", "start_cell": "1"}


@pages.get("/labels")
@needs(Permission.LABEL_PRINT)
def choose() -> str:
    return _form({**_FIRST, "choice": "unit", "layout": request.args.get("layout", "plain-a4")[:40]}, {})


@pages.post("/labels/choose")
@needs(Permission.LABEL_PRINT)
def choose_selected() -> str:
    """The form for the items that were ticked in a list."""
    codes = [_shown(code) for code in request.form.getlist("codes")[:MAX_CHOSEN]]
    return _form({**_FIRST, "choice": "codes", "codes": "\n".join(codes)}, {})


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
            wording=Wording(
                values.get("owner_line", ""), values.get("class_language", ""), values.get("donor_mark") == "1"
            ),
            printer=values.get("printer", ""),
            now=now(),
        )
    except InvalidInput as error:
        return _form(values, _errors(error)), 400
    response = Response(sheet.pdf, content_type="application/pdf")
    name = file_name(values["layout"], sheet.report.labels)
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
        layouts = offered_layouts(session)
        printers = [(row.name, row.name) for row in printers_page(session, limit=100)]
    return render_template(
        "labels/choose.html", values=values, errors=errors, units=reachable, layouts=layouts, printers=printers,
        languages=LOCALES,
    )  # fmt: skip
