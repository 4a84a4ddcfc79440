"""What is still to come, over all rounds, and the items of rounds as a list to filter and to export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request, stream_with_context

from assets.core import journal
from assets.core.clock import local_date
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.exchange.tables import CSV_TYPE, XLSX_TYPE, write_csv, write_xlsx
from assets.handover import queries
from assets.handover.act import name_of, number_of
from assets.handover.models import HandoverItem
from assets.labels.token import format_code
from assets.people.rules import Permission
from assets.registry.queries.catalogue import asset_choices
from assets.registry.scope import sees_identity
from assets.web.auth import needs
from assets.web.context import actor, locale, now, reading, the_app, words, writing
from assets.web.parsing import encode_cursor, page
from assets.web.views.rounds import outcome_words

pages = Blueprint("round_items", __name__)
COLUMNS = (
    "grant", "round", "handed_over_on", "line", "number", "class", "model", "unit", "agency", "label",
    "serial_on_paper", "serial", "outcome", "counted_at", "unit_value", "currency",
)  # fmt: skip
KEYS = ("grant", "round", "unit", "outcome")


def _filters() -> queries.ItemFilters:
    text = request.args.get("round", "").strip()
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise invalid("round", msg("This is no number of a round."))
    return queries.ItemFilters(
        batch_id=int(text) if text else None,
        grant=request.args.get("grant", "").strip(),
        unit=request.args.get("unit", "").strip(),
        outcome=request.args.get("outcome", "open").strip(),
    )


def _address(path: str, **more: str) -> str:
    kept = {key: request.args[key] for key in KEYS if request.args.get(key)} | more
    return f"{path}?{urlencode(kept)}" if kept else path


@pages.get("/rounds/items")
@needs(Permission.ASSET_READ)
def list_items() -> Any:
    """Items of rounds; at first those that are still to come."""
    wanted, filters = page(request.args), _filters()
    with reading() as session:
        found = queries.items_page(session, actor(), filters, limit=wanted.limit + 1, after=wanted.after)
        total = queries.count_items_found(session, actor(), filters)
        choices = asset_choices(session, actor(), Permission.ASSET_READ)
    rows = found[: wanted.limit]
    after = encode_cursor(queries.key_of(rows[-1])) if len(found) > wanted.limit else None
    outcomes = outcome_words()
    options = [("open", words(msg("still to come"))), *((key, text) for key, (_, text) in outcomes.items())]
    return render_template(
        "rounds/items.html", rows=rows, total=total, outcomes=outcomes, options=options, filters=filters,
        units=choices.units, grants=choices.grants, printed=format_code, identity=sees_identity(actor()),
        name_of=lambda item: name_of(item, locale()), today=local_date(now(), the_app().settings.zone),
        after=_address("/rounds/items", cursor=after) if after else "", export=_address("/rounds/items/export"),
        active=[
            {"label": request.args[key], "href": _address("/rounds/items", **{key: ""})}
            for key in KEYS if request.args.get(key)
        ],
    )  # fmt: skip


@pages.get("/rounds/items/export")
@needs(Permission.ASSET_READ)
def export_items() -> Any:
    """The same list as CSV or XLSX, with the same silence about numbers. Journalled."""
    form = request.args.get("format", "csv")
    if form not in {"csv", "xlsx"}:
        raise invalid("format", msg("This is one of: %(known)s.", known="csv, xlsx"), code="unknown_word")
    filters, app, viewer = _filters(), the_app(), actor()
    with writing() as session:
        queries.items_page(session, viewer, filters, limit=1)
        asked = {key: request.args[key] for key in KEYS if request.args.get(key)}
        journal.note(session, "round_items", form, "exported", filters=asked, identity=sees_identity(viewer))
    identity = sees_identity(viewer)

    def rows() -> Iterator[tuple[object, ...]]:
        with app.reading() as session:
            for item in queries.all_items(session, viewer, filters):
                yield _row(item, identity=identity)

    name = f"rounds-{local_date(now(), app.settings.zone).isoformat()}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if form == "xlsx":
        return Response(write_xlsx(COLUMNS, rows(), sheet="Items"), mimetype=XLSX_TYPE, headers=headers)
    return Response(stream_with_context(write_csv(COLUMNS, rows())), content_type=CSV_TYPE, headers=headers)


def _row(item: HandoverItem, *, identity: bool) -> tuple[object, ...]:
    line = item.line
    return (
        line.batch.grant.code, line.batch.number, line.batch.handed_over_on, line.number, item.number,
        line.equipment_class.code, line.model.full_name if line.model is not None else None, item.asset.unit.code,
        line.agency.code if line.agency is not None else None, format_code(item.asset.code),
        item.serial_on_paper if identity else None, number_of(item) if identity else None, item.outcome,
        item.counted_at, line.unit_value, line.batch.currency,
    )  # fmt: skip
