"""Operations for people: the list, its export, and the page of one with its results, uses, papers and corrections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, render_template, request
from sqlalchemy.orm import Session

from assets.core import journal
from assets.core.clock import local_date
from assets.core.errors import DomainError, invalid
from assets.core.i18n import msg
from assets.exchange.tables import CSV_TYPE, XLSX_TYPE, write_csv, write_xlsx
from assets.operations.models import EquipmentContribution, Operation
from assets.operations.queries import (
    OperationFilter,
    UseThere,
    corrections_of,
    operation_by_id,
    operation_count,
    operation_page,
    uses_naming,
)
from assets.operations.rules import CONTRIBUTION_NAMES, CONTRIBUTION_RANK, DELIVERY_NAMES, KIND_NAMES
from assets.operations.rules.substances import SUBSTANCE_NAMES, UNIT_NAMES
from assets.operations.service.trace import right_to_change
from assets.people.queries import regions
from assets.people.rules import Permission
from assets.registry.rules.classes import CLASSES
from assets.registry.scope import reaches_unit
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, words, writing
from assets.web.filters import show_region_name
from assets.web.operation_choice import told_by_returns
from assets.web.operation_drafts import ROWS, STATE_KINDS, STATE_NAMES, filter_of, form_errors, state_of
from assets.web.operation_words import correction_lines, history_of
from assets.web.papers import papers_of
from assets.web.parsing import encode_cursor, page

pages = Blueprint("operations", __name__)

# Neither notes nor ways of hiding: they stay on the page of the operation.
EXPORT_COLUMNS = (
    "code", "state", "kind", "delivery", "unit", "units", "region", "agencies", "starts_on", "ends_on", "arrests",
    "searches", "finds", "seizures", "contributions", "recorded_at", "closed_at",
)  # fmt: skip
EXPORT_STEP = 200


@pages.get("/operations")
@needs(Permission.OPERATION_READ)
def list_operations() -> Any:
    wanted = page(request.args)
    with reading() as session:
        narrowed = filter_of(session, request.args)
        found = operation_page(session, actor(), narrowed, limit=wanted.limit + 1, after=wanted.after)
        rows = found[: wanted.limit]
        options = {
            "units": care.choices(session, Permission.OPERATION_READ)["units"],
            "regions": [(region.code, show_region_name(region)) for region in regions(session)],
            "kinds": [(key, words(name)) for key, name in KIND_NAMES.items()],
            "states": [(key, words(name)) for key, name in STATE_NAMES.items()],
        }
        shown = [_row(operation) for operation in rows]
        total = operation_count(session, actor(), narrowed)
    last = (rows[-1].starts_on.isoformat(), rows[-1].id) if len(found) > wanted.limit else None
    chips = care.chosen(options, {"kind": "kinds", "unit": "units", "region": "regions", "state": "states"})
    said = {
        "from": msg("from %(day)s", day=request.args.get("from", "")),
        "to": msg("before %(day)s", day=request.args.get("to", "")),
        "query": msg("code: %(code)s", code=request.args.get("query", "")),
    }
    for key, label in said.items():
        if request.args.get(key):
            chips.append({"label": words(label), "href": care.address_without(key, "cursor")})
    return render_template(
        "operations/list.html", rows=shown, total=total, active=chips, **options,
        after=care.address_without(cursor=encode_cursor(last) or "") if last else "",
        export=care.address_without("cursor", "limit").replace("/operations", "/operations/export", 1),
    )  # fmt: skip


def _row(operation: Operation) -> dict[str, Any]:
    state = state_of(operation)
    return {
        "operation": operation,
        "kind": kind_words(operation),
        "state": STATE_KINDS[state],
        "state_words": words(STATE_NAMES[state]),
        "seized": [
            _amount_words(item) for seizure in _standing(operation.seizures) for item in _standing(seizure.items)
        ],
        "helped": _helped(operation),
    }


def kind_words(operation: Operation) -> str:
    """The kind, of a controlled delivery with its type."""
    kind = words(KIND_NAMES[operation.kind])
    return f"{kind}, {words(DELIVERY_NAMES[operation.delivery])}" if operation.delivery else kind


def _standing(parts: Any) -> list[Any]:
    return [part for part in parts if not part.struck_out]


def _amount_words(item: Any) -> str:
    return f"{words(SUBSTANCE_NAMES[item.substance])} {care.plain(item.quantity)} {words(UNIT_NAMES[item.unit])}"


def _helped(operation: Operation) -> str:
    best = max((CONTRIBUTION_RANK[each.contribution] for each in operation.contributions), default=0)
    return words(list(CONTRIBUTION_NAMES.values())[best]) if best else ""


@pages.get("/operations/export")
@needs(Permission.OPERATION_READ)
def export_operations() -> Any:
    """The whole filtered list as CSV or XLSX, the same operations as on the page. Journalled."""
    form = request.args.get("format", "csv")
    if form not in {"csv", "xlsx"}:
        raise invalid("format", msg("This is one of: %(known)s.", known="csv, xlsx"), code="unknown_word")
    with writing() as session:
        narrowed = filter_of(session, request.args)
        journal.note(session, "operation_list", form, "exported")
        table = list(_export_rows(session, narrowed))
    name = f"operations-{local_date(now(), the_app().settings.zone).isoformat()}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if form == "xlsx":
        return Response(write_xlsx(EXPORT_COLUMNS, table, sheet="Operations"), mimetype=XLSX_TYPE, headers=headers)
    return Response(b"".join(write_csv(EXPORT_COLUMNS, table)), content_type=CSV_TYPE, headers=headers)


def _export_rows(session: Session, narrowed: OperationFilter) -> Iterator[tuple[object, ...]]:
    after: tuple[object, ...] | None = None
    while rows := operation_page(session, actor(), narrowed, limit=EXPORT_STEP, after=after):
        for operation in rows:
            yield _export_row(operation)
        after = (rows[-1].starts_on.isoformat(), rows[-1].id)
        session.expunge_all()


def _export_row(operation: Operation) -> tuple[object, ...]:
    """One operation as a sheet says it: what an import would read again."""
    seizures = "; ".join(
        " + ".join(f"{item.substance} {item.quantity.normalize():f} {item.unit}" for item in _standing(seizure.items))
        for seizure in _standing(operation.seizures)
    )
    contributions = "; ".join(f"{c.equipment_class.code}={c.contribution}" for c in operation.contributions)
    return (
        operation.code, state_of(operation), operation.kind, operation.delivery, operation.unit.code,
        "; ".join(sorted(unit.code for unit in operation.units if unit.id != operation.unit_id)),
        operation.region.code, "; ".join(sorted(agency.code for agency in operation.agencies)),
        operation.starts_on, operation.ends_on, operation.arrests, operation.searches, operation.finds,
        seizures, contributions, operation.recorded_at, operation.closed_at,
    )  # fmt: skip


@pages.get("/operations/<int:operation_id>")
@needs(Permission.OPERATION_READ)
def operation_item(operation_id: int) -> Any:
    return operation_view(operation_id)


def operation_view(operation_id: int, form: Any = None, error: DomainError | None = None) -> str:
    """The page of one operation; after a refusal with what was typed, the errors beside their fields."""
    with reading() as session:
        operation = operation_by_id(session, actor(), operation_id)
        corrections = corrections_of(session, operation)
        uses = uses_naming(session, actor(), operation.code)
        names = {each.equipment_class.code for each in operation.contributions}
        return render_template(
            "operations/item.html", **_row(operation),
            seizures=[_seizure_cells(seizure) for seizure in operation.seizures],
            contributions=[_contribution_cells(each) for each in operation.contributions],
            told=[words(CLASSES[code].title) for code in told_by_returns(uses) if code not in names],
            uses=_use_rows(uses), history=history_of(operation, corrections),
            corrections=[(each, correction_lines(each)) for each in corrections],
            may_change=operation.annulled_at is None and _may(operation, right_to_change(operation)),
            may_close=state_of(operation) == "open" and _may(operation, Permission.OPERATION_CLOSE),
            values=form if form is not None else {},
            errors=form_errors(error, form) if error is not None and form is not None else {},
            substances=[(key, words(name)) for key, name in SUBSTANCE_NAMES.items()],
            units_of_amount=[(key, words(name)) for key, name in UNIT_NAMES.items()],
            classes=sorted(((c, words(d.title)) for c, d in CLASSES.items() if c not in names), key=lambda p: p[1]),
            contribution_names=[(key, words(name)) for key, name in CONTRIBUTION_NAMES.items()],
            rows_of_substances=range(ROWS), **papers_of(session, "operation", operation.id),
        )  # fmt: skip


def _may(operation: Operation, permission: Permission) -> bool:
    return reaches_unit(actor(), permission, operation.unit)


def _contribution_cells(each: EquipmentContribution) -> dict[str, str]:
    return {
        "title": words(CLASSES[each.equipment_class.code].title),
        "said": words(CONTRIBUTION_NAMES[each.contribution]),
        "note": each.note,
    }


def _seizure_cells(seizure: Any) -> dict[str, Any]:
    return {
        "seizure": seizure,
        "items": [
            {
                "item": item,
                "amount": _amount_words(item),
                "kg": None if item.kg is None or item.unit == "kg" else care.plain(item.kg),
                "unknown": item.kg is None,
            }
            for item in seizure.items
        ],
    }


def _use_rows(uses: list[UseThere]) -> list[dict[str, Any]]:
    return [
        {
            "title": care.asset_title(use.asset),
            "href": f"/assets/{use.asset.code}",
            "at": use.at,
            "contribution": words(CONTRIBUTION_NAMES[use.contribution]),
        }
        for use in uses
    ]
