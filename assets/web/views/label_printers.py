"""Printers that draw a little beside their place: what makes up for each, and the test page to read that off from."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request

from assets.core.errors import Conflict, DomainError, InvalidInput
from assets.core.i18n import msg
from assets.labels.layouts import Layout
from assets.labels.sheet import AS_IS
from assets.labels.trial import crosses_mm, render_trial
from assets.people.rules import Permission
from assets.registry.models import LabelPrinter
from assets.registry.queries.labels import adjustment_named, layout_named, printer_by_id, printers_page
from assets.registry.rules.label_layouts import MEASURED_FIELDS, PRINTER_FIELDS, adjustment_from, parse_printer
from assets.registry.service.label_layouts import retire_printer, save_printer
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, words, writing
from assets.web.errors import status_of
from assets.web.filters import show_number
from assets.web.forms import field_errors, typed
from assets.web.label_words import layout_choices, layout_title
from assets.web.parsing import encode_cursor, page

pages = Blueprint("label_printers", __name__)
_FIRST = {"dx_mm": "0", "dy_mm": "0", "scale_x": "1", "scale_y": "1"}


@pages.get("/labels/printers")
@needs(Permission.LABEL_PRINT)
def list_printers() -> str:
    wanted = page(request.args)
    with reading() as session:
        rows = printers_page(session, limit=wanted.limit + 1, after=wanted.after, with_retired=True)
    shown = rows[: wanted.limit]
    following = encode_cursor((shown[-1].name_folded,)) if len(rows) > wanted.limit else ""
    return render_template(
        "labels/printers.html", printers=shown, after=f"/labels/printers?cursor={following}" if following else ""
    )


@pages.get("/labels/printers/new")
@needs(Permission.LABEL_PRINT)
def new_printer() -> Any:
    return _form(None, _FIRST)


@pages.post("/labels/printers/new")
@needs(Permission.LABEL_PRINT)
def create_printer() -> Any:
    return _take(None)


@pages.get("/labels/printers/<int:printer_id>")
@needs(Permission.LABEL_PRINT)
def edit_printer(printer_id: int) -> Any:
    with reading() as session:
        values = _values_of(printer_by_id(session, printer_id))
    return _form(printer_id, values)


@pages.post("/labels/printers/<int:printer_id>")
@needs(Permission.LABEL_PRINT)
def change_printer(printer_id: int) -> Any:
    return _take(printer_id)


@pages.post("/labels/printers/<int:printer_id>/retire")
@needs(Permission.LABEL_PRINT)
def stop_printer(printer_id: int) -> Any:
    """It is offered no more."""
    with writing() as session:
        retire_printer(session, actor(), printer_by_id(session, printer_id), now())
    flash_words(msg("It is not offered any more. Saving it again offers it anew."), "success")
    return redirect("/labels/printers", 303)


def _values_of(row: LabelPrinter) -> dict[str, str]:
    return {field: _plain(getattr(row, field)) for field in PRINTER_FIELDS}


def _plain(value: object) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _take(printer_id: int | None) -> Any:
    """Save what was typed; where the crosses were measured, what follows from that instead of the typed numbers."""
    values = typed()
    try:
        measured = {field: values.get(field, "") for field in MEASURED_FIELDS}
        kept = {field: values.get(field, "") for field in PRINTER_FIELDS}
        if any(text.strip() for text in measured.values()):
            with reading() as session:
                found = adjustment_from(layout_named(session, values.get("layout", "")), measured)
            kept |= {field: str(getattr(found, field)) for field in PRINTER_FIELDS if field != "name"}
        draft = parse_printer(kept)
        with writing() as session:
            row = printer_by_id(session, printer_id) if printer_id is not None else None
            saved = save_printer(session, actor(), draft, now(), row).id
    except (InvalidInput, Conflict) as error:
        return _form(printer_id, values, error)
    flash_words(
        msg(
            "Saved: %(dx)s mm to the right, %(dy)s mm down, %(x)s wide, %(y)s high. Print the check page to see it.",
            dx=_plain(draft.dx_mm), dy=_plain(draft.dy_mm), x=_plain(draft.scale_x), y=_plain(draft.scale_y),
        ),
        "success",
    )  # fmt: skip
    return redirect(f"/labels/printers/{saved}", 303)


def _form(printer_id: int | None, values: dict[str, str], error: DomainError | None = None) -> Any:
    with reading() as session:
        row = printer_by_id(session, printer_id) if printer_id is not None else None
        layouts = layout_choices(session)
    answer = render_template(
        "labels/printer_form.html", values=values, printer=row, layouts=layouts,
        errors=field_errors(error) if error is not None else {},
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


@pages.get("/labels/test-page")
@needs(Permission.LABEL_PRINT)
def test_page() -> Any:
    """The test page of a layout as PDF; with `printer`, adjusted for it, to check that the outlines lie right."""
    name = request.args.get("printer", "")
    with reading() as session:
        layout = layout_named(session, request.args.get("layout", "plain-a4"))
        adjustment = adjustment_named(session, name) if name else AS_IS
    title = msg("Check page: %(layout)s", layout=layout_title(layout)) if name else None
    pdf = render_trial(
        layout, words(title or msg("Test page: %(layout)s", layout=layout_title(layout))),
        _check_steps() if name else _measuring_steps(layout), adjustment=adjustment,
    )  # fmt: skip
    kind = "check" if name else "test"
    headers = {"Content-Disposition": f'inline; filename="label-{kind}-page.pdf"'}
    return Response(pdf, content_type="application/pdf", headers=headers)


def _check_steps() -> list[str]:
    return [
        words(msg("Print this page on plain paper, in its actual size, without fitting it to the page.")),
        words(msg("Hold it with a sheet of labels against the light: the outlines lie on the edges of the labels.")),
        words(msg("If they do not, print the test page again and measure anew.")),
    ]


def _measuring_steps(layout: Layout) -> list[str]:
    crosses = crosses_mm(layout)
    return [
        words(msg("Print this page on plain paper, in its actual size, without fitting it to the page.")),
        words(
            msg(
                "Measure how far cross A is from the left and from the upper edge of the paper. Exact would be "
                "%(x)s mm and %(y)s mm.",
                x=show_number(crosses.first_x_mm, 1), y=show_number(crosses.first_y_mm, 1),
            )
        ),
        words(
            msg(
                "Measure the same two distances for cross B, from the same edges. Exact would be "
                "%(x)s mm and %(y)s mm.",
                x=show_number(crosses.second_x_mm, 1), y=show_number(crosses.second_y_mm, 1),
            )
        ),
        words(msg("Type the four distances into the printer's page: it works out the offset and the scale.")),
    ]  # fmt: skip
