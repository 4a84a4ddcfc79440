"""Keeping own label layouts, printers with what makes up for them, and the lines that name donors on labels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, FieldError
from assets.core.i18n import Message, msg
from assets.labels.text import printable
from assets.people.models import Organisation, Unit
from assets.people.rules import Permission, may, reach, require
from assets.registry.models import DonorMark, LabelLayout, LabelPrinter
from assets.registry.queries.labels import printing_unit_id
from assets.registry.rules.label_layouts import LayoutDraft, PrinterDraft, folded
from assets.registry.scope import units_within

MAX_DONOR_LINE = 60
_LAYOUT_TAKEN = msg("Another layout has this name.")
_PRINTER_TAKEN = msg("Another printer has this name.")
_NOT_YOURS = msg("Another unit keeps this, and prints with it. Save yours under another name.")


def save_layout(
    session: Session, actor: Actor, draft: LayoutDraft, now: datetime, row: LabelLayout | None = None
) -> LabelLayout:
    """Save an own layout, a new one without `row`; a retired one is offered again.

    `Conflict` 'name_taken' when another has its name, 'of_another_unit' when it is not the actor's to change.
    """
    require(actor, Permission.LABEL_PRINT)
    _refuse_anothers(session, actor, row)
    _refuse_name(session, LabelLayout, draft.name, row, _LAYOUT_TAKEN)
    if row is None:
        row = LabelLayout(unit_id=printing_unit_id(session, actor))
        session.add(row)
    row.name, row.name_folded, row.media = draft.name, folded(draft.name), draft.media
    row.page_width_mm, row.page_height_mm = draft.page_width_mm, draft.page_height_mm
    row.columns_count, row.rows_count = draft.columns, draft.rows
    row.label_width_mm, row.label_height_mm = draft.label_width_mm, draft.label_height_mm
    row.margin_left_mm, row.margin_top_mm = draft.margin_left_mm, draft.margin_top_mm
    row.gap_x_mm, row.gap_y_mm = draft.gap_x_mm, draft.gap_y_mm
    row.changed_at, row.retired_at = now, None
    session.flush()
    return row


def retire_layout(session: Session, actor: Actor, row: LabelLayout, now: datetime) -> None:
    """The layout is offered no more; saving it again offers it anew. `Conflict` 'of_another_unit' as `save_layout`."""
    require(actor, Permission.LABEL_PRINT)
    _refuse_anothers(session, actor, row)
    row.retired_at = row.retired_at or now
    session.flush()


def save_printer(
    session: Session, actor: Actor, draft: PrinterDraft, now: datetime, row: LabelPrinter | None = None
) -> LabelPrinter:
    """Save a printer, a new one without `row`; `Conflict` as `save_layout`."""
    require(actor, Permission.LABEL_PRINT)
    _refuse_anothers(session, actor, row)
    _refuse_name(session, LabelPrinter, draft.name, row, _PRINTER_TAKEN)
    if row is None:
        row = LabelPrinter(unit_id=printing_unit_id(session, actor))
        session.add(row)
    row.name, row.name_folded = draft.name, folded(draft.name)
    row.dx_mm, row.dy_mm = draft.dx_mm, draft.dy_mm
    row.scale_x, row.scale_y = draft.scale_x, draft.scale_y
    row.changed_at, row.retired_at = now, None
    session.flush()
    return row


def retire_printer(session: Session, actor: Actor, row: LabelPrinter, now: datetime) -> None:
    """The printer is offered no more. `Conflict` 'of_another_unit' as `save_layout`."""
    require(actor, Permission.LABEL_PRINT)
    _refuse_anothers(session, actor, row)
    row.retired_at = row.retired_at or now
    session.flush()


def set_donor_line(session: Session, actor: Actor, donor: Organisation, line: str) -> str:
    """Name the donor by this line on labels of what he gave; empty: not at all. Returns the line as kept."""
    require(actor, Permission.GRANT_WRITE)
    mark = session.get(DonorMark, donor.id)
    if mark is None:
        mark = DonorMark(donor=donor)
        session.add(mark)
    mark.line = printable(line, MAX_DONOR_LINE)
    session.flush()
    return mark.line


def _refuse_anothers(session: Session, actor: Actor, row: LabelLayout | LabelPrinter | None) -> None:
    """All print with it, so that nobody's sheets are spoilt by who does not print on them."""
    if row is None or may(actor, Permission.GRANT_WRITE):
        return
    within = reach(actor, Permission.LABEL_PRINT)
    his = select(Unit.id).where(Unit.id == row.unit_id, units_within(within, Unit.id))
    if not within.everything and session.scalar(his) is None:
        raise Conflict(_NOT_YOURS, code="of_another_unit", fields=[FieldError("name", _NOT_YOURS, "of_another_unit")])


def _refuse_name(session: Session, table: Any, name: str, row: Any, words: Message) -> None:
    other = session.scalar(select(table).where(table.name_folded == folded(name)))
    if other is not None and other is not row:
        raise Conflict(words, code="name_taken", fields=[FieldError("name", words, "name_taken")])
