"""Pages of losses: the board, every case, and one case with its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flask import Blueprint, redirect, render_template, request
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, InvalidInput, RuleViolation
from assets.core.i18n import Message, msg
from assets.disposal import queries, service
from assets.disposal.models import LossCase
from assets.disposal.rules.cases import LOSS_DECISION_NAMES, LOSS_STATE_NAMES
from assets.fitness.service import take_into_care
from assets.people.rules import Permission
from assets.registry.rules.asset_fields import CONDITION_NAMES
from assets.registry.rules.life import LIFE_NAMES
from assets.web import care, cases
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.exports import export_csv, wants_csv
from assets.web.forms import field_errors, typed
from assets.web.papers import papers_of
from assets.web.parsing import encode_cursor, page, parse_decimal
from assets.web.views.disposal_lists import EXPORTED_AT_ONCE, FILTER_KEYS
from assets.web.views.disposals import care_address, case_filter, tabs, today

pages = Blueprint("losses", __name__)

CASE_COLUMNS = (
    "case", "code", "class", "model", "unit", "state", "lost_on", "reported_at", "inquiry_by", "inquiry_opened_on",
    "decision", "decided_on", "recovered_amount", "currency", "paper_number",
)  # fmt: skip


@pages.get("/losses")
@needs(Permission.WORK_READ)
def board() -> Any:
    """Losses by state, the longest open first."""
    with reading() as session:
        wanted = case_filter(session, LOSS_STATE_NAMES)
        options = care.choices(session, Permission.WORK_READ)
        columns = [
            {
                "label": words(LOSS_STATE_NAMES[column.state]),
                "count": column.count,
                "rows": [cases.loss_cells(case) for case in column.cases],
                "more": care_address("/losses/cases", state=column.state) if column.count else "",
            }
            for column in queries.board(session, actor(), LossCase, wanted)
        ]
        return render_template(
            "disposals/losses.html",
            columns=columns,
            open_count=sum(int(str(column["count"])) for column in columns[:2]),
            tabs_items=tabs("losses"),
            active=care.chosen(options, {"unit": "units", "class": "classes"}),
            **options,
        )


@pages.get("/losses/cases")
@needs(Permission.WORK_READ)
def case_list() -> Any:
    """Every loss, newest first, decided ones too."""
    wanted = page(request.args)
    if wants_csv():
        with writing() as session:
            taken = case_filter(session, LOSS_STATE_NAMES)
            return export_csv(session, "losses_list", CASE_COLUMNS, _case_rows(taken), FILTER_KEYS)
    with reading() as session:
        narrowed = case_filter(session, LOSS_STATE_NAMES)
        after = care.cursor_key(wanted.after, 1)
        found = queries.loss_cases(session, actor(), narrowed, limit=wanted.limit + 1, after=after)
        options = {**care.choices(session, Permission.WORK_READ), "states": cases.pairs(LOSS_STATE_NAMES)}
        cursor = encode_cursor((found[wanted.limit - 1].id,)) if len(found) > wanted.limit else None
        return render_template(
            "disposals/loss_cases.html",
            rows=[cases.loss_cells(case) for case in found[: wanted.limit]],
            tabs_items=tabs("losses"),
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
        while found := queries.loss_cases(session, viewer, narrowed, limit=EXPORTED_AT_ONCE, after=after):
            for case in found:
                asset = case.asset
                yield (
                    case.id, asset.code, asset.equipment_class.code, asset.model.full_name if asset.model else None,
                    asset.unit.code, case.state, case.lost_on, case.reported_at, case.inquiry_by,
                    case.inquiry_opened_on, case.decision, case.decided_on, case.recovered_amount,
                    case.currency if case.recovered_amount is not None else None, case.paper_number,
                )  # fmt: skip
            after = (found[-1].id,)


@pages.get("/losses/<int:case_id>")
@needs(Permission.WORK_READ)
def case_page(case_id: int) -> Any:
    return _case_page(case_id, {}, {})


def _case_page(case_id: int, filled: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        case = queries.loss_case(session, actor(), case_id)
        decides = cases.reaches(case.asset, Permission.DISPOSAL_DECIDE) and case.state != "decided"
        own = case.reported_by_id is not None and case.reported_by_id == actor().account_id
        decisions = cases.pairs(LOSS_DECISION_NAMES)
        return render_template(
            "disposals/loss.html",
            **cases.loss_cells(case),
            life=words(LIFE_NAMES[case.asset.life]),
            may_inquire=cases.reaches(case.asset, Permission.DISPOSAL_PROPOSE) and case.state == "reported",
            may_decide=decides and not own,
            own_case=decides and own,
            may_propose=_may_propose(session, case),
            decisions=decisions if case.state == "inquiry" else decisions[:1],
            lives=[(life, words(LIFE_NAMES[life])) for life in ("in_service", "received", "withdrawn")],
            conditions=[(grade, words(CONDITION_NAMES[grade])) for grade in "ABCD"],
            currencies=cases.currencies(),
            today=today().isoformat(),
            values=filled,
            errors=errors,
            **papers_of(session, "loss", case.id),
        )


def _may_propose(session: Session, case: LossCase) -> bool:
    """Whether its disposal is the next step: written off, and not proposed yet."""
    return (
        case.state == "decided"
        and case.asset.life == "lost"
        and cases.reaches(case.asset, Permission.DISPOSAL_PROPOSE)
        and queries.open_disposal_of(session, case.asset_id) is None
    )


def _step(case_id: int, apply: Callable[[Session, LossCase, dict[str, str]], object], done: Message) -> Any:
    """Take a step in a locked case; a refusal shows its page again with what was typed."""
    filled = typed()
    try:
        with writing() as session:
            apply(session, queries.loss_case(session, actor(), case_id, lock=True), filled)
    except (InvalidInput, RuleViolation, Conflict) as error:
        return _case_page(case_id, filled, field_errors(error)), status_of(error)
    flash_words(done, "success")
    return redirect(f"/losses/{case_id}", 303)


@pages.post("/losses/<int:case_id>/inquiry")
@needs(Permission.DISPOSAL_PROPOSE)
def inquiry(case_id: int) -> Any:
    """Somebody inquires into it."""
    return _step(
        case_id,
        lambda session, case, filled: service.open_inquiry(
            session, actor(), case, inquiry_by=filled.get("inquiry_by", ""),
            opened_on=care.optional_date(filled, "opened_on"), now=now(),
        ),
        msg("The inquiry is open."),
    )  # fmt: skip


@pages.post("/losses/<int:case_id>/decide")
@needs(Permission.DISPOSAL_DECIDE)
def decide(case_id: int) -> Any:
    """Found, written off, or its value recovered."""

    def apply(session: Session, case: LossCase, filled: dict[str, str]) -> None:
        found = filled.get("decision") == "found"
        amount = filled.get("recovered_amount", "").strip()
        decision = service.LossDecision(
            filled.get("decision", ""), care.optional_date(filled, "decided_on"), filled.get("paper_number", ""),
            filled.get("note", ""), parse_decimal(amount, "recovered_amount") if amount else None,
            filled.get("currency", "") or "UZS",
            # The form shows all fields at once; what belongs to a find is not asked of a write-off.
            filled.get("life", "") if found else "", filled.get("condition", "") if found else "",
        )  # fmt: skip
        result = filled.get("inquiry_result", "")
        service.decide_loss(session, actor(), case, decision, inquiry_result=result, now=now())
        take_into_care(session, [case.asset], now())

    return _step(case_id, apply, msg("The decision is entered."))
