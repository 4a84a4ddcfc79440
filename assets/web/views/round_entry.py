"""The grid in which a round is entered: its head, its lines, and every wrong cell named beside it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.errors import Conflict, DomainError, FieldError, InvalidInput, RuleViolation
from assets.core.i18n import msg
from assets.handover.queries import models_by_fold, round_by_id
from assets.handover.service.lines import check_lines
from assets.handover.service.rounds import RoundDraft, add_lines, enter_round
from assets.people.queries import units
from assets.people.rules import Permission
from assets.registry.models import HandoverBatch
from assets.registry.queries.catalogue import grants_page, organisations_of_kind
from assets.registry.rules.classes import CLASSES
from assets.registry.scope import reaches_unit
from assets.registry.service.catalogue import BatchDraft
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.grant_drafts import batch_draft

pages = Blueprint("round_entry", __name__)

CELLS = ("model", "class", "quantity", "unit", "agency", "unit_value", "serials")
HEAD = ("number", "grant", "handed_over_on", "place", "currency", "usd_rate", "rate_on", "note")
EMPTY_ROWS, MORE_ROWS = 3, 10


@pages.get("/rounds/new")
@needs(Permission.BATCH_WRITE)
def new_round() -> Any:
    today = local_date(now(), the_app().settings.zone).isoformat()
    head = {"currency": "USD", "grant": request.args.get("grant", "")[:32], "handed_over_on": today}
    return _form(None, head, [{} for _ in range(EMPTY_ROWS)])


@pages.post("/rounds/new")
@needs(Permission.BATCH_WRITE)
def create_round() -> Any:
    """The round with all its lines; the grid again, with what was typed, where anything is wrong."""
    head, rows = _typed_head(), typed_rows()
    if request.form.get("more"):
        return _form(None, head, [*rows, *({} for _ in range(MORE_ROWS))])
    try:
        with writing() as session:
            batch = enter_round(session, actor(), RoundDraft(_checked(session, head, rows), rows), now())
    except (InvalidInput, Conflict, RuleViolation) as error:
        return _form(None, head, rows or [{}], error)
    return _done(batch, len(rows))


@pages.get("/rounds/<int:batch_id>/lines/new")
@needs(Permission.BATCH_WRITE)
def new_lines(batch_id: int) -> Any:
    with reading() as session:
        batch = round_by_id(session, batch_id)
    return _form(batch, {}, [{} for _ in range(EMPTY_ROWS)])


@pages.post("/rounds/<int:batch_id>/lines/new")
@needs(Permission.BATCH_WRITE)
def create_lines(batch_id: int) -> Any:
    """More lines of a round; all or nothing."""
    rows = typed_rows()
    with reading() as session:
        batch = round_by_id(session, batch_id)
    if request.form.get("more"):
        return _form(batch, {}, [*rows, *({} for _ in range(MORE_ROWS))])
    try:
        with writing() as session:
            add_lines(session, actor(), round_by_id(session, batch_id), rows, now())
    except (InvalidInput, Conflict, RuleViolation) as error:
        return _form(batch, {}, rows or [{}], error)
    return _done(batch, len(rows))


def typed_rows() -> list[dict[str, str]]:
    """The rows of the grid in which anything but a unit or agency was typed."""
    columns = {cell: request.form.getlist(f"line_{cell}") for cell in CELLS}
    longest = max(len(column) for column in columns.values())
    rows = [{cell: column[n] if n < len(column) else "" for cell, column in columns.items()} for n in range(longest)]
    return [row for row in rows if any(row[cell].strip() for cell in CELLS if cell not in {"unit", "agency"})]


def _typed_head() -> dict[str, str]:
    return {key: request.form.get(key, "") for key in HEAD}


def _checked(session: Session, head: dict[str, str], rows: list[dict[str, str]]) -> BatchDraft:
    """The head as a draft; what is wrong in it is named together with what is wrong in the lines."""
    try:
        return batch_draft(session, head, [])
    except InvalidInput as error:
        wrong = list(error.fields)
    try:
        check_lines(session, actor(), rows)
    except (InvalidInput, Conflict) as error:
        wrong += error.fields
    raise InvalidInput(wrong[0].message, fields=wrong)


def _done(batch: HandoverBatch, lines: int) -> Any:
    flash_words(msg("%(n)s lines are saved; every item has its label and is expected.", n=lines), "success")
    return redirect(f"/rounds/{batch.id}", 303)


def _form(
    batch: HandoverBatch | None, head: dict[str, str], rows: list[dict[str, str]], error: DomainError | None = None
) -> Any:
    with reading() as session:
        reachable = [
            (unit.code, unit.name)
            for unit in units(session)
            if unit.active and reaches_unit(actor(), Permission.BATCH_WRITE, unit)
        ]
        answer = render_template(
            "rounds/entry.html", batch=batch, values=head, rows=rows, units=reachable,
            grants=[(grant.code, f"{grant.code} · {grant.title}") for grant in grants_page(session, limit=500)],
            agencies=organisations_of_kind(session, "agency"),
            models=[(row.full_name, row.equipment_class.code) for row in models_by_fold(session)],
            classes=[(code, words(defaults.title)) for code, defaults in CLASSES.items()],
            vehicles=[code for code, defaults in CLASSES.items() if defaults.is_vehicle],
            errors=cell_errors(error, numbered=True) if error is not None else {},
            cells=cell_errors(error) if error is not None else {},
        )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


def cell_errors(error: DomainError, *, numbered: bool = False) -> dict[str, str]:
    """Words by the id of the cell ('serials-3') or field of the head; several of one cell stand together.

    `numbered`: with the line before them, for the list above the grid.
    """
    found: dict[str, str] = {}
    for item in error.fields:
        key, said = _place(item), words(item.message)
        if numbered and item.row is not None and key not in found:
            said = words(msg("Line %(n)s: %(said)s", n=item.row, said=said))
        found[key] = f"{found[key]} {said}" if key in found else said
    if not found:
        found[""] = words(error.message)
    return found


def _place(item: FieldError) -> str:
    if item.row is None:
        return "" if item.field == "lines" else item.field
    return f"{item.field}-{item.row}" if item.field in CELLS else f"model-{item.row}"
