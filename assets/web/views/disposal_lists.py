"""Lists of disposal, each to be taken away as CSV (journalled): what is to be assessed, every case, memo values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from assets.disposal import queries
from assets.disposal.rules.cases import DISPOSAL_STATE_NAMES
from assets.people.rules import Permission
from assets.registry.rules.classes import CLASSES
from assets.web import care, cases
from assets.web.auth import needs
from assets.web.context import actor, reading, the_app, words, writing
from assets.web.exports import export_csv, wants_csv
from assets.web.parsing import encode_cursor, page, parse_date
from assets.web.views.disposals import assessment_cells, case_filter, tabs, today

pages = Blueprint("disposal_lists", __name__)

EXPORTED_AT_ONCE = 500
FILTER_KEYS = frozenset({"unit", "class", "state", "on"})
CASE_COLUMNS = (
    "case", "code", "class", "model", "unit", "state", "trigger", "proposed_at", "decision_number", "decided_on",
    "method", "carried_out_on", "recipient", "proceeds", "currency", "paper_number", "reversal_reason",
)  # fmt: skip
ASSESS_COLUMNS = ("code", "class", "model", "unit", "life", "triggers", "in_use_since", "odometer_km", "condition")
VALUE_COLUMNS = (
    "code", "class", "model", "unit", "life", "title_status", "available_on", "disposed_on", "life_years", "months",
    "cost", "annual", "value", "currency",
)  # fmt: skip


@pages.get("/disposals/assess")
@needs(Permission.WORK_READ)
def assess() -> Any:
    """What a board should look at: old, far driven or unusable, and not before it already."""
    wanted = page(request.args)
    after = care.code_key(wanted.after)
    if wants_csv():
        with writing() as session:
            narrowed = _narrowed(session)
            return export_csv(session, "to_assess_list", ASSESS_COLUMNS, _assess_rows(narrowed), FILTER_KEYS)
    with reading() as session:
        key = _narrowed(session)
        rows = queries.assessment_due(session, actor(), today(), **key, limit=wanted.limit + 1, after=after)
        total = queries.assessment_count(session, actor(), today(), **key)
        options = care.choices(session, Permission.WORK_READ)
        cursor = encode_cursor(rows[wanted.limit - 1].key) if len(rows) > wanted.limit else None
        return render_template(
            "disposals/assess.html",
            rows=[assessment_cells(row) for row in rows[: wanted.limit]],
            total=total,
            tabs_items=tabs("assess"),
            active=care.chosen(options, {"unit": "units", "class": "classes"}),
            after=care.address_without(cursor=cursor) if cursor else "",
            export=care.address_without("cursor", format="csv"),
            is_empty=not rows,
            **options,
        )


def _narrowed(session: Session) -> dict[str, Any]:
    return {"unit_id": care.unit_id(session, request.args), "class_id": care.class_id(session, request.args)}


def _assess_rows(key: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    app, viewer, day = the_app(), actor(), today()
    after: tuple[object, ...] | None = None
    with app.reading() as session:
        while rows := queries.assessment_due(session, viewer, day, **key, limit=EXPORTED_AT_ONCE, after=after):
            for row in rows:
                asset = row.asset
                yield (
                    asset.code, asset.equipment_class.code, asset.model.full_name if asset.model else None,
                    asset.unit.code, asset.life, " ".join(row.triggers), row.started_on, row.odometer_km,
                    asset.condition,
                )  # fmt: skip
            after = rows[-1].key


@pages.get("/disposals/cases")
@needs(Permission.WORK_READ)
def case_list() -> Any:
    """Every disposal case, newest first, ended ones too."""
    wanted = page(request.args)
    if wants_csv():
        with writing() as session:
            taken = case_filter(session, DISPOSAL_STATE_NAMES)
            return export_csv(session, "disposals_list", CASE_COLUMNS, _case_rows(taken), FILTER_KEYS)
    with reading() as session:
        narrowed = case_filter(session, DISPOSAL_STATE_NAMES)
        after = care.cursor_key(wanted.after, 1)
        found = queries.disposal_cases(session, actor(), narrowed, limit=wanted.limit + 1, after=after)
        options = {**care.choices(session, Permission.WORK_READ), "states": cases.pairs(DISPOSAL_STATE_NAMES)}
        cursor = encode_cursor((found[wanted.limit - 1].id,)) if len(found) > wanted.limit else None
        return render_template(
            "disposals/cases.html",
            rows=[cases.disposal_cells(case) for case in found[: wanted.limit]],
            tabs_items=tabs("board"),
            active=care.chosen(options, {"unit": "units", "class": "classes", "state": "states"}),
            after=care.address_without(cursor=cursor) if cursor else "",
            export=care.address_without("cursor", format="csv"),
            is_empty=not found,
            **options,
        )


def _case_rows(narrowed: queries.CaseFilter) -> Iterator[tuple[object, ...]]:
    app, viewer = the_app(), actor()
    after: tuple[object, ...] | None = None
    with app.reading() as session:
        while found := queries.disposal_cases(session, viewer, narrowed, limit=EXPORTED_AT_ONCE, after=after):
            for case in found:
                asset = case.asset
                yield (
                    case.id, asset.code, asset.equipment_class.code, asset.model.full_name if asset.model else None,
                    asset.unit.code, case.state, case.trigger, case.proposed_at, case.decision_number, case.decided_on,
                    case.method, case.carried_out_on, case.recipient, case.proceeds, case.currency, case.paper_number,
                    case.reversal_reason,
                )  # fmt: skip
            after = (found[-1].id,)


@pages.get("/disposals/values")
@needs(Permission.WORK_READ)
def values() -> Any:
    """Memo values by class on a day; the CSV has every item."""
    on = parse_date(request.args["on"], "on") if request.args.get("on", "").strip() else today()
    if wants_csv():
        with writing() as session:
            narrowed = _narrowed(session)
            return export_csv(session, "memo_values_list", VALUE_COLUMNS, _value_rows(on, narrowed), FILTER_KEYS)
    with reading() as session:
        key = _narrowed(session)
        totals = queries.memo_totals(queries.memo_rows(session, actor(), on, **key))
        options = care.choices(session, Permission.WORK_READ)
        names = {code: words(defaults.title) for code, defaults in CLASSES.items()}
        return render_template(
            "disposals/values.html",
            on=on,
            totals=[(names.get(total.class_code, total.class_code), total) for total in totals],
            sums=queries.by_currency(totals),
            tabs_items=tabs("values"),
            active=care.chosen(options, {"unit": "units", "class": "classes"}),
            export=care.address_without(format="csv"),
            **options,
        )


def _value_rows(on: date, key: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    app, viewer = the_app(), actor()
    with app.reading() as session:
        for row in queries.memo_rows(session, viewer, on, **key):
            memo = row.memo
            yield (
                row.code, row.class_code, row.model, row.unit, row.life, row.title_status, row.available_on,
                row.disposed_on, row.life_years, memo.months if memo else None, row.cost,
                memo.annual if memo else None, memo.value if memo else None, row.currency,
            )  # fmt: skip
