"""Pages of disposal: the board, and one case with its steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.errors import Conflict, InvalidInput, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.disposal import queries, service
from assets.disposal.models import DisposalCase
from assets.disposal.queries.due import AssessmentRow
from assets.disposal.rules.assessment import TRIGGER_NAMES
from assets.disposal.rules.cases import DISPOSAL_STATE_NAMES, METHOD_NAMES
from assets.people.rules import Permission
from assets.registry.rules.asset_fields import TITLE_NAMES
from assets.registry.rules.life import LIFE_NAMES
from assets.web import care, cases
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, typed
from assets.web.papers import papers_of
from assets.web.parsing import parse_decimal

pages = Blueprint("disposals", __name__)

SHOWN_ON_BOARD = 8


def tabs(current: str) -> list[dict[str, Any]]:
    """The pages of this subject."""
    places = (
        ("board", "/disposals", msg("Disposals")),
        ("losses", "/losses", msg("Losses")),
        ("assess", "/disposals/assess", msg("To assess")),
        ("values", "/disposals/values", msg("Depreciated values")),
    )
    return [{"label": words(label), "href": href, "current": key == current} for key, href, label in places]


def case_filter(session: Session, names: dict[str, Message]) -> queries.CaseFilter:
    """What the address narrows a board or list of cases to."""
    state = request.args.get("state", "").strip()
    if state and state not in names:
        raise invalid("state", msg("This is one of: %(known)s.", known=", ".join(names)), code="unknown_word")
    return queries.CaseFilter(state, care.unit_id(session, request.args), care.class_id(session, request.args))


def today() -> date:
    """The local day of this request."""
    return local_date(now(), the_app().settings.zone)


@pages.get("/disposals")
@needs(Permission.WORK_READ)
def board() -> Any:
    """What is to be assessed, and the disposal cases by state."""
    with reading() as session:
        wanted = case_filter(session, DISPOSAL_STATE_NAMES)
        options = care.choices(session, Permission.WORK_READ)
        key: dict[str, Any] = {"unit_id": wanted.unit_id, "class_id": wanted.class_id}
        to_assess = queries.assessment_count(session, actor(), today(), **key)
        first = queries.assessment_due(session, actor(), today(), **key, limit=SHOWN_ON_BOARD)
        columns: list[dict[str, Any]] = [
            {
                "label": words(msg("to assess")),
                "count": to_assess,
                "rows": [assessment_cells(row) for row in first],
                "more": care_address("/disposals/assess") if to_assess > len(first) else "",
            }
        ]
        columns += [
            {
                "label": words(DISPOSAL_STATE_NAMES[column.state]),
                "count": column.count,
                "rows": [cases.disposal_cells(case) for case in column.cases],
                "more": care_address("/disposals/cases", state=column.state) if column.count else "",
            }
            for column in queries.board(session, actor(), DisposalCase, wanted)
        ]
        return render_template(
            "disposals/board.html",
            columns=columns,
            waiting=sum(column["count"] for column in columns[1:3]),
            to_assess=to_assess,
            tabs_items=tabs("board"),
            active=care.chosen(options, {"unit": "units", "class": "classes"}),
            **options,
        )


def care_address(path: str, **put: str) -> str:
    """Another page of the subject with the same unit and class."""
    kept = {key: request.args[key] for key in ("unit", "class") if request.args.get(key)}
    pairs = urlencode(kept | put)
    return f"{path}?{pairs}" if pairs else path


def assessment_cells(row: AssessmentRow) -> dict[str, Any]:
    """An item to assess as boards and lists show it."""
    return {
        "row": row,
        **cases.about(row.asset),
        "reasons": [words(TRIGGER_NAMES[trigger]) for trigger in row.triggers],
        "life": words(LIFE_NAMES[row.asset.life]),
    }


@pages.get("/disposals/<int:case_id>")
@needs(Permission.WORK_READ)
def case_page(case_id: int) -> Any:
    return _case_page(case_id, {}, {})


def _case_page(case_id: int, filled: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        case = queries.disposal_case(session, actor(), case_id)
        papers = papers_of(session, "disposal", case.id)
        decides = cases.reaches(case.asset, Permission.DISPOSAL_DECIDE)
        own = case.proposed_by_id is not None and case.proposed_by_id == actor().account_id
        return render_template(
            "disposals/case.html",
            **cases.disposal_cells(case),
            life=words(LIFE_NAMES[case.asset.life]),
            title_status=words(TITLE_NAMES[case.asset.title_status]),
            held_back=case.asset.title_status != "title_transferred",
            may_decide=decides and not own and case.state == "proposed",
            own_case=decides and own and case.state == "proposed",
            may_reverse=decides and case.state == "approved",
            may_carry_out=cases.reaches(case.asset, Permission.DISPOSAL_PROPOSE) and case.state == "approved",
            needs_paper=case.method in cases.NEEDS_A_PAPER and not papers["documents"],
            methods=[pair for pair in cases.pairs(METHOD_NAMES) if case.asset.life != "lost" or pair[0] == "write_off"],
            currencies=cases.currencies(),
            today=today().isoformat(),
            values=filled,
            errors=errors,
            **papers,
        )


def _step(case_id: int, apply: Callable[[Session, DisposalCase, dict[str, str]], object], done: Message) -> Any:
    """Take a step in a locked case; a refusal shows its page again with what was typed."""
    filled = typed()
    try:
        with writing() as session:
            apply(session, queries.disposal_case(session, actor(), case_id, lock=True), filled)
    except (InvalidInput, RuleViolation, Conflict) as error:
        return _case_page(case_id, filled, field_errors(error)), status_of(error)
    flash_words(done, "success")
    return redirect(f"/disposals/{case_id}", 303)


def _decision(filled: dict[str, str]) -> service.Decision:
    return service.Decision(
        filled.get("number", ""), care.optional_date(filled, "decided_on"), filled.get("method", ""),
        filled.get("note", ""),
    )  # fmt: skip


@pages.post("/disposals/<int:case_id>/approve")
@needs(Permission.DISPOSAL_DECIDE)
def approve(case_id: int) -> Any:
    """The board approved it."""
    return _step(
        case_id,
        lambda session, case, filled: service.approve_disposal(session, actor(), case, _decision(filled), now()),
        msg("The board's approval is entered. Carry it out, and attach its paper."),
    )


@pages.post("/disposals/<int:case_id>/reject")
@needs(Permission.DISPOSAL_DECIDE)
def reject(case_id: int) -> Any:
    """The board refused it."""
    return _step(
        case_id,
        lambda session, case, filled: service.reject_disposal(session, actor(), case, _decision(filled), now()),
        msg("The board's refusal is entered. The item may be put back into service."),
    )


@pages.post("/disposals/<int:case_id>/reverse")
@needs(Permission.DISPOSAL_DECIDE)
def reverse(case_id: int) -> Any:
    """The approval was wrong and is reversed, with a reason."""
    return _step(
        case_id,
        lambda session, case, filled: service.reverse_disposal(session, actor(), case, filled.get("reason", ""), now()),
        msg("The approval is reversed. Another disposal may be proposed."),
    )


@pages.post("/disposals/<int:case_id>/carry-out")
@needs(Permission.DISPOSAL_PROPOSE)
def carry_out(case_id: int) -> Any:
    """It was sold, transferred, given away, destroyed or written off."""

    def apply(session: Session, case: DisposalCase, filled: dict[str, str]) -> None:
        cases.require_paper(session, case)
        proceeds = filled.get("proceeds", "").strip()
        done = service.CarriedOut(
            care.optional_date(filled, "carried_out_on"), filled.get("paper_number", ""), filled.get("recipient", ""),
            parse_decimal(proceeds, "proceeds") if proceeds else None, filled.get("currency", "") or "UZS",
        )  # fmt: skip
        service.carry_out_disposal(session, actor(), case, done, now())

    return _step(case_id, apply, msg("Carried out. Its page and its history stay."))
