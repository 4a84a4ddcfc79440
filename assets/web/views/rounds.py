"""Rounds for people: what one holds and what is still to come, counting it in, closing, its labels and its act."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, redirect, render_template, request

from assets.core.errors import Conflict, DomainError, InvalidInput, RuleViolation
from assets.core.i18n import msg
from assets.exchange.label_sheets import print_sheet
from assets.fitness.service import take_into_care
from assets.handover import queries
from assets.handover.act import line_name, name_of
from assets.handover.act_words import ACT_LANGUAGES
from assets.handover.models import HandoverItem, HandoverLine
from assets.handover.queries.into_service import Waiting, not_in_service
from assets.handover.rules import FOUND, OUTCOME_NAMES, OUTCOME_STATES, Count, in_usd, why_not_into_service
from assets.handover.service.counting import count_item
from assets.handover.service.into_service import put_into_service
from assets.handover.service.rounds import close_count
from assets.labels.token import format_code
from assets.people.rules import Permission, may
from assets.registry.models import HandoverBatch
from assets.registry.rules.asset_fields import CONDITION_NAMES
from assets.registry.scope import sees_identity
from assets.web.auth import needs
from assets.web.context import actor, flash_words, locale, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, typed
from assets.web.label_words import built_in_choices, file_name
from assets.web.papers import papers_of
from assets.web.parsing import encode_cursor, page
from assets.web.views.api_rounds import act_response

pages = Blueprint("rounds", __name__)
SHOWN = 10
# Reasons that the page of the round shows beside each item; any other is told after the action.
REASONS_SHOWN = frozenset({"not_received", "damaged", "life_by_case", "life_move", "life_ended"})


def outcome_words() -> dict[str, tuple[str, str]]:
    """For each outcome its state (of the five) and its words."""
    return {name: (OUTCOME_STATES[name], words(text)) for name, text in OUTCOME_NAMES.items()}


@pages.get("/rounds/<int:batch_id>")
@needs(Permission.ASSET_READ)
def show_round(batch_id: int) -> Any:
    """One round: its lines, how far the count is, what is still to come, its papers."""
    with reading() as session:
        batch = queries.round_by_id(session, batch_id)
        lines, of_all = queries.lines_and_totals(session, actor(), batch)
        tallies = queries.tally(session, actor(), [batch.id])[batch.id]
        counted = queries.summed(tallies)
        short = queries.ItemFilters(batch_id=batch.id, outcome="short")
        to_come = queries.items_page(session, actor(), short, limit=SHOWN) if counted["short"] else []
        is_here = any(counted[outcome] for outcome in FOUND) and may(actor(), Permission.ASSET_WRITE)
        waiting = not_in_service(session, actor(), batch, limit=SHOWN) if is_here else Waiting()
        papers = papers_of(session, "batch", batch.id)
    agencies = {line.agency.code: line.agency.name for line in lines if line.agency is not None}
    return render_template(
        "rounds/item.html", batch=batch, lines=lines, tallies=tallies, counted=counted, of_all=of_all,
        line_name=_line_name,
        to_come=to_come, outcomes=outcome_words(), agencies=agencies, languages=ACT_LANGUAGES, name_of=_name,
        usd=in_usd(batch.value, batch.currency, batch.usd_rate), seen=sum(counted.values()), printed=format_code,
        identity=sees_identity(actor()), layouts=built_in_choices(),
        may_count=may(actor(), Permission.BATCH_WRITE), waiting=waiting, why_it_stays=_why_it_stays,
        is_signed=any(paper["kind"] == "act" and not paper["removed_at"] for paper in papers["documents"]), **papers,
    )  # fmt: skip


def _why_it_stays(item: HandoverItem) -> str:
    reason = why_not_into_service(item.asset.life, item.asset.condition)
    return words(reason.message) if reason is not None else ""


@pages.post("/rounds/<int:batch_id>/put-into-service")
@needs(Permission.ASSET_WRITE)
def put_together(batch_id: int) -> Any:
    """Put what was received into service, all together; the round's page says what stays as it is, and why."""
    with writing() as session:
        results = put_into_service(session, actor(), queries.round_by_id(session, batch_id), now())
        done = [result.asset for result in results if result.status == "done"]
        take_into_care(session, done, now())
        left = [(format_code(result.asset.code), result.error) for result in results if result.error is not None]
    if done:
        told = msg("Now in service: %(n)s. Left as they are: %(left)s.", n=len(done), left=len(left))
        flash_words(told, "success")
    else:
        flash_words(msg("Nothing was put into service. Left as they are: %(left)s.", left=len(left)), "warning")
    for code, error in [one for one in left if one[1].code not in REASONS_SHOWN][:SHOWN]:
        flash_words(msg("%(code)s stays: %(why)s", code=code, why=error.message), "error")
    return redirect(f"/rounds/{batch_id}#into-service", 303)


def _line_name(line: HandoverLine) -> str:
    return line_name(line, locale())


def _name(item: HandoverItem) -> str:
    return name_of(item, locale())


@pages.post("/rounds/<int:batch_id>/close")
@needs(Permission.BATCH_WRITE)
def close(batch_id: int) -> Any:
    """Close the count; what is missing for it is said on the round's page."""
    try:
        with writing() as session:
            close_count(session, actor(), queries.round_by_id(session, batch_id), now())
    except RuleViolation as error:
        flash_words(error.message, "error")
    else:
        flash_words(msg("The count is closed. What was short can be counted when it comes."), "success")
    return redirect(f"/rounds/{batch_id}", 303)


@pages.get("/rounds/<int:batch_id>/act.pdf")
@needs(Permission.ASSET_IDENTITY)
def show_act(batch_id: int) -> Response:
    """The transfer and acceptance act; in the reader's language unless `lang` says another."""
    lang = request.args.get("lang", "") or locale()
    return act_response(batch_id, lang, request.args.get("agency", "")[:32])


@pages.post("/rounds/<int:batch_id>/labels")
@needs(Permission.LABEL_PRINT)
def print_labels(batch_id: int) -> Any:
    """The labels of the round's items within reach as a sheet, before or after they came."""
    values = typed()
    with reading() as session:
        queries.round_by_id(session, batch_id)
        filters = queries.ItemFilters(batch_id=batch_id)
        found = list(queries.all_items(session, actor(), filters, Permission.LABEL_PRINT))
    codes = [item.asset.code for item in found if item.asset.annulled_at is None]
    cell = values.get("start_cell", "").strip() or "1"
    try:
        layout = values.get("layout", "plain-a4")
        sheet = print_sheet(
            the_app(), actor(), codes=codes, layout=layout, now=now(),
            start_cell=int(cell) if cell.isascii() and cell.isdigit() and len(cell) < 4 else 0,
        )  # fmt: skip
    except InvalidInput as error:
        flash_words(error.fields[0].message if error.fields else error.message, "error")
        return redirect(f"/rounds/{batch_id}", 303)
    headers = {"Content-Disposition": f'attachment; filename="{file_name(layout, sheet.report.labels)}"'}
    return Response(sheet.pdf, content_type="application/pdf", headers=headers)


@pages.get("/rounds/<int:batch_id>/count")
@needs(Permission.BATCH_WRITE)
def count_page(batch_id: int) -> Any:
    """The items to count, fifty on a page; with script all of them, saved as they are tapped."""
    wanted = page(request.args)
    filters = queries.ItemFilters(
        batch_id=batch_id, outcome=request.args.get("outcome", "")[:20], number=request.args.get("number", "")[:80]
    )
    with reading() as session:
        batch = queries.round_by_id(session, batch_id)
        found = queries.items_page(session, actor(), filters, limit=wanted.limit + 1, after=wanted.after)
        counted = queries.summed(queries.tally(session, actor(), [batch.id])[batch.id])
        lines = queries.lines_of(session, actor(), batch)
    heads = {str(line.number): f"{line.number}. {line_name(line, locale())} · {line.unit.name}" for line in lines}
    rows = found[: wanted.limit]
    after = encode_cursor(queries.key_of(rows[-1])) if len(found) > wanted.limit else ""
    return render_template(
        "rounds/count.html", batch=batch, rows=rows, counted=counted, total=sum(counted.values()), after=after,
        outcomes=outcome_words(), name_of=_name, printed=format_code, identity=sees_identity(actor()),
        filters=filters, new_id=lambda: str(uuid4()), conditions=_conditions(), heads=heads,
        found=_findings(),
    )  # fmt: skip


def _findings() -> list[tuple[str, str]]:
    return [(key, text) for key, (_, text) in outcome_words().items() if key != "pending"]


def _conditions() -> list[tuple[str, str]]:
    return [(grade, words(text)) for grade, text in CONDITION_NAMES.items()]


@pages.get("/rounds/<int:batch_id>/items/<int:item_id>")
@needs(Permission.BATCH_WRITE)
def show_item(batch_id: int, item_id: int) -> Any:
    """Counting one item, with all that was counted of it before."""
    return _item_form(batch_id, item_id, {"outcome": "received", "id": str(uuid4())})


@pages.post("/rounds/<int:batch_id>/items/<int:item_id>")
@needs(Permission.BATCH_WRITE)
def count_one(batch_id: int, item_id: int) -> Any:
    """Count one item; the form again with what was typed, where it cannot be."""
    values = typed()
    count = Count(
        values.get("id", "")[:36] or str(uuid4()), item_id, values.get("outcome", ""), values.get("serial", "").strip(),
        values.get("note", "").strip(), values.get("condition") or None, now(),
    )  # fmt: skip
    try:
        with writing() as session:
            result = count_item(session, actor(), queries.round_by_id(session, batch_id), count, now())
            take_into_care(session, [result.asset] if result.asset is not None else [], now())
    except (InvalidInput, Conflict, RuleViolation) as error:
        return _item_form(batch_id, item_id, values, error)
    flash_words(msg("Counted: %(outcome)s.", outcome=OUTCOME_NAMES[result.outcome]), "success")
    back = values.get("back", "")
    own = f"/rounds/{batch_id}/count"
    return redirect(back if back == own or back.startswith(f"{own}?") else own, 303)


def _item_form(batch_id: int, item_id: int, values: dict[str, str], error: DomainError | None = None) -> Any:
    with reading() as session:
        batch = queries.round_by_id(session, batch_id)
        item = queries.item_of(session, actor(), batch, item_id, Permission.BATCH_WRITE)
    answer = render_template(
        "rounds/count_one.html", batch=batch, item=item, values=values, name=_name(item), printed=format_code,
        outcomes=outcome_words(), conditions=_conditions(), identity=sees_identity(actor()),
        found=_findings(),
        errors=field_errors(error) if error is not None else {}, closed_before=_closed(batch, item),
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


def _closed(batch: HandoverBatch, item: HandoverItem) -> bool:
    """Whether the count is closed for this item."""
    if batch.closed_at is None:
        return False
    return queries.outcome_at(item, batch.closed_at) not in {"short", "not_delivered"}
