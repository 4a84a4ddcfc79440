"""Label layouts, the product's and own ones by their numbers, and the lines that name donors on labels."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, redirect, render_template, request

from assets.core.errors import Conflict, DomainError, InvalidInput, NotFound
from assets.core.i18n import msg
from assets.labels.layouts import LAYOUTS, TOO_SMALL
from assets.people.models import Organisation
from assets.people.rules import Permission, may
from assets.registry.queries.labels import donor_lines, draft_of, layout_by_id, layouts_page, own_layout
from assets.registry.rules.label_layouts import LAYOUT_FIELDS, MEDIA_NAMES, parse_layout, why_too_small
from assets.registry.service.label_layouts import MAX_DONOR_LINE, retire_layout, save_layout, set_donor_line
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, words, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, typed
from assets.web.label_words import layout_title, why_bare
from assets.web.parsing import encode_cursor, page

pages = Blueprint("label_layouts", __name__)
_FIRST = {"media": "sheet", "page_width_mm": "210", "page_height_mm": "297", "gap_x_mm": "0", "gap_y_mm": "0"}


@pages.get("/labels/layouts")
@needs(Permission.LABEL_PRINT)
def list_layouts() -> str:
    """Own layouts by name, then those that come with the product."""
    wanted = page(request.args)
    with reading() as session:
        rows = layouts_page(session, limit=wanted.limit + 1, after=wanted.after, with_retired=True)
    shown = rows[: wanted.limit]
    following = encode_cursor((shown[-1].name_folded,)) if len(rows) > wanted.limit else ""
    everywhere = why_bare(LAYOUTS["plain-a4"])
    known: list[dict[str, Any]] = [
        # What holds for all of them is said once, above.
        {
            "layout": layout,
            "title": layout_title(layout),
            "note": note if (note := why_bare(layout)) != everywhere else "",
        }
        for layout in LAYOUTS.values()
    ]
    for layout in TOO_SMALL.values():
        why = why_too_small(layout)
        known.append({"layout": layout, "title": layout_title(layout), "note": words(why) if why else "", "no": True})
    return render_template(
        "labels/layouts.html", own=[{"row": row, "layout": own_layout(row)} for row in shown],
        everywhere=everywhere, known=[] if wanted.after else known,
        after=f"/labels/layouts?cursor={following}" if following else "",
    )  # fmt: skip


@pages.get("/labels/layouts/new")
@needs(Permission.LABEL_PRINT)
def new_layout() -> Any:
    return _layout_form(None, _FIRST)


@pages.post("/labels/layouts/new")
@needs(Permission.LABEL_PRINT)
def create_layout() -> Any:
    return _take(None)


@pages.get("/labels/layouts/<int:layout_id>")
@needs(Permission.LABEL_PRINT)
def edit_layout(layout_id: int) -> Any:
    with reading() as session:
        draft = draft_of(layout_by_id(session, layout_id))
    return _layout_form(layout_id, {field: _plain(getattr(draft, field)) for field in LAYOUT_FIELDS})


@pages.post("/labels/layouts/<int:layout_id>")
@needs(Permission.LABEL_PRINT)
def change_layout(layout_id: int) -> Any:
    return _take(layout_id)


@pages.post("/labels/layouts/<int:layout_id>/retire")
@needs(Permission.LABEL_PRINT)
def stop_layout(layout_id: int) -> Any:
    """It is offered no more."""
    with writing() as session:
        retire_layout(session, actor(), layout_by_id(session, layout_id), now())
    flash_words(msg("It is not offered any more. Saving it again offers it anew."), "success")
    return redirect("/labels/layouts", 303)


def _plain(value: object) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _take(layout_id: int | None) -> Any:
    values = typed()
    try:
        draft = parse_layout(values)
        with writing() as session:
            row = layout_by_id(session, layout_id) if layout_id is not None else None
            save_layout(session, actor(), draft, now(), row)
    except (InvalidInput, Conflict) as error:
        return _layout_form(layout_id, values, error)
    flash_words(msg("Saved. Print a test page before the first sheet of labels."), "success")
    return redirect("/labels/layouts", 303)


def _layout_form(layout_id: int | None, values: dict[str, str], error: DomainError | None = None) -> Any:
    retired = False
    if layout_id is not None:
        with reading() as session:
            retired = layout_by_id(session, layout_id).retired_at is not None
    answer = render_template(
        "labels/layout_form.html", values=values, layout_id=layout_id, retired=retired,
        media=[(key, words(name)) for key, name in MEDIA_NAMES.items()],
        errors=field_errors(error) if error is not None else {},
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


@pages.get("/labels/donors")
@needs(Permission.LABEL_PRINT)
def list_donors() -> str:
    """Each donor's line, and for those with the right the form to change it."""
    with reading() as session:
        donors = donor_lines(session)
    return render_template(
        "labels/donors.html", donors=donors, may_write=may(actor(), Permission.GRANT_WRITE), longest=MAX_DONOR_LINE
    )


@pages.post("/labels/donors/<int:donor_id>")
@needs(Permission.GRANT_WRITE)
def change_donor(donor_id: int) -> Any:
    with writing() as session:
        donor = session.get(Organisation, donor_id)
        if donor is None or donor.kind != "donor":
            raise NotFound
        set_donor_line(session, actor(), donor, request.form.get("line", ""))
    flash_words(msg("Saved."), "success")
    return redirect("/labels/donors", 303)
