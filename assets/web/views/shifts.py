"""Shifts for people: the board of what is out, one shift, and the phone's pages for going out and coming back."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, jsonify, redirect, render_template, request
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, DomainError, InvalidInput, RuleViolation
from assets.core.i18n import msg
from assets.people.rules import Permission, may
from assets.shifts import rules
from assets.shifts.queries import ShiftFilter, ShiftRow, board, not_back, row_key, sets_for_phone, shift_by_id
from assets.shifts.service import close_shift
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, words, writing
from assets.web.exports import note_export
from assets.web.forms import typed
from assets.web.parsing import encode_cursor, page
from assets.web.shift_words import (
    SHOW_NAMES,
    crew_of,
    item_cells,
    person_words,
    persons_words,
    row_cells,
    row_json,
    set_json,
    vehicle_words,
)
from assets.web.views.imports import table_file

pages = Blueprint("shifts", __name__)

EXPORT_COLUMNS = ("shift", "unit", "state", "started_at", "ends_at", "crew", "vehicle", "out", "holders")
FILTER_KEYS = ("show", "unit")
MOST_ON_PHONE = 50


def filter_of(session: Session) -> ShiftFilter:
    """What the address narrows the board to."""
    return ShiftFilter(request.args.get("show", ""), care.unit_id(session, request.args))


@pages.get("/shifts")
@needs(Permission.CUSTODY_SEE)
def list_shifts() -> Any:
    """What is out now, with whom, since and until when; what is not back at its shift's end first."""
    wanted = page(request.args)
    with reading() as session:
        narrowed = filter_of(session)
        found = board(session, actor(), narrowed, now(), limit=wanted.limit + 1, after=wanted.after)
        rows = [row_cells(row) for row in found[: wanted.limit]]
        late = not_back(session, actor(), now(), limit=0)
        units = care.choices(session, Permission.CUSTODY_SEE)["units"]
    following = encode_cursor(row_key(found[wanted.limit - 1])) if len(found) > wanted.limit else ""
    return render_template(
        "shifts/list.html", rows=rows, late=late, units=units, show=narrowed.show,
        shows=[
            {"label": words(title), "href": care.address_without("show", "cursor", **({"show": name} if name else {})),
             "current": narrowed.show == name}
            for name, title in SHOW_NAMES.items()
        ],
        active=care.chosen({"units": units}, {"unit": "units"}),
        after=care.address_without("cursor", cursor=following) if following else "",
        export=care.address_without("cursor"), may_act=may(actor(), Permission.CUSTODY_ACT),
    )  # fmt: skip


@pages.get("/shifts/export")
@needs(Permission.CUSTODY_SEE)
def export() -> Any:
    """The whole filtered board as CSV or XLSX."""
    lines: list[list[Any]] = []
    after: tuple[object, ...] | None = None
    with writing() as session:
        narrowed = filter_of(session)
        note_export(session, "shifts_list", FILTER_KEYS)
        while rows := board(session, actor(), narrowed, now(), limit=200, after=after):
            lines += [_export_line(row) for row in rows]
            after = row_key(rows[-1])
    return table_file("shifts", EXPORT_COLUMNS, lines)


def _export_line(row: ShiftRow) -> list[Any]:
    return [
        row.id, row.unit.code, row.state(now()), row.started_at, row.ends_at, persons_words(crew_of(row.shift)),
        vehicle_words(row.shift), row.out, persons_words(row.holders),
    ]  # fmt: skip


@pages.get("/shifts/new")
@needs(Permission.CUSTODY_ACT)
def new() -> str:
    """The basket: drawn on the phone, from what it keeps and from the sets that came with the page."""
    with reading() as session:
        sets = [set_json(each) for each in sets_for_phone(session, actor())]
    return render_template("shifts/new.html", sets=sets)


@pages.get("/shifts/return")
@needs(Permission.CUSTODY_ACT)
def take_back() -> str:
    """Taking back what a shift had: drawn on the phone."""
    return render_template("shifts/return.html")


@pages.get("/shifts/open")
@needs(Permission.CUSTODY_ACT)
def still_out() -> Any:
    """The shifts that have something out, each with its items, for the phone to keep."""
    with reading() as session:
        found = board(session, actor(), ShiftFilter(), now(), limit=MOST_ON_PHONE)
        items = [
            row_json(row)
            | {
                "unit_name": row.unit.name,
                "persons": persons_words(crew_of(row.shift) or row.holders),
                "items": [
                    {"code": asset.code, "title": care.asset_title(asset), "to": person_words(asset.custodian_person)}
                    for asset in row.missing
                    if asset.custodian_person is not None
                ],
            }
            for row in found
        ]
    return jsonify({"items": items, "as_of": care.moment_json(now())})


@pages.get("/shifts/<shift_id>")
@needs(Permission.CUSTODY_SEE)
def show(shift_id: str) -> Any:
    return _shift_page(shift_id)


def _shift_page(shift_id: str) -> Any:
    with reading() as session:
        view = shift_by_id(session, actor(), shift_id)
        kind, name = rules.STATE_NAMES[view.state(now())]
        items = [item_cells(each, view) for each in view.items]
        return render_template(
            "shifts/shift.html", view=view, items=items, kind=kind, state_words=words(name),
            late=view.state(now()) == rules.LATE, crew=[person_words(person) for person in crew_of(view.shift)],
            vehicle=vehicle_words(view.shift), number=view.id[:8].upper(),
            begun_by=view.shift.event.actor_name if view.shift is not None else "",
            may_act=may(actor(), Permission.CUSTODY_ACT),
        )  # fmt: skip


@pages.get("/shifts/<shift_id>/return")
@needs(Permission.CUSTODY_ACT)
def take_back_of(shift_id: str) -> Any:
    """To the page that a phone keeps, which is the same for all shifts."""
    with reading() as session:
        shift_by_id(session, actor(), shift_id)
    return redirect(f"/shifts/return?shift={quote(shift_id)}", 303)


@pages.post("/shifts/<shift_id>/close")
@needs(Permission.CUSTODY_ACT)
def close(shift_id: str) -> Any:
    """Close a shift whose things are all back."""
    try:
        with writing() as session:
            close_shift(session, actor(), shift_id, now(), typed().get("note", ""))
    except (InvalidInput, RuleViolation, Conflict) as error:
        flash_words(_said(error), "error")
    else:
        flash_words(msg("The shift is closed."), "success")
    return redirect(f"/shifts/{quote(shift_id)}", 303)


def _said(error: DomainError) -> Any:
    return error.fields[0].message if error.fields else error.message
