"""Pages of donor summaries: list, summary with its words and files, comparison, drafting, release, withdrawal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.errors import Conflict, DomainError, InvalidInput, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.people.models import Organisation
from assets.people.rules import Permission, may
from assets.reports import release
from assets.reports.disclosure import released_from, usually_released_from
from assets.reports.figures import Figures, Measure, of_any_version
from assets.reports.models import DonorSummary
from assets.reports.narrative import BY_CODE
from assets.reports.render.charts import NARROW, WIDE
from assets.reports.render.document import document
from assets.reports.render.sections import measures
from assets.reports.render.words import Voice
from assets.web import summary_pages
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.forms import field_errors, typed
from assets.web.parsing import encode_cursor, page, parse_date

pages = Blueprint("summaries", __name__)


@pages.get("/summaries")
@needs(Permission.SUMMARY_READ, Permission.SUMMARY_READ_DRAFT)
def summary_list() -> Any:
    """Summaries that the reader may see, newest first."""
    wanted, donor = page(request.args), request.args.get("donor", "")
    with reading() as session:
        found = release.summaries(
            session,
            actor(),
            donor=donor,
            after=_after(wanted.after),
            limit=wanted.limit + 1,
        )
        shown = [summary_pages.head(summary) for summary in found[: wanted.limit]]
    cursor = encode_cursor((shown[-1]["id"],)) if len(found) > wanted.limit else None
    return render_template(
        "summaries/list.html",
        rows=shown,
        is_empty=not shown,
        after=f"/summaries?{urlencode({'donor': donor, 'cursor': cursor})}" if cursor else "",
        may_draft=release.may_draft(actor()),
    )


def _after(key: tuple[object, ...] | None) -> int | None:
    if key is None:
        return None
    if len(key) != 1 or not isinstance(key[0], int):
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
    return key[0]


@pages.get("/summaries/<int:summary_id>")
@needs(Permission.SUMMARY_READ, Permission.SUMMARY_READ_DRAFT)
def show_summary(summary_id: int) -> Any:
    """One summary: the same document as the PDF; a draft with its boxes."""
    return _summary_page(summary_id), 200


def _summary_page(summary_id: int, errors: Mapping[str, str] | None = None) -> str:
    lang = summary_pages.language()
    with reading() as session:
        summary = release.summary_by_id(session, actor(), summary_id)
        figures = release.frozen_figures(summary) if release.is_of_this_version(summary) else None
        return render_template(
            "summaries/summary.html",
            summary=summary_pages.head(summary),
            files=summary_pages.files(session, summary),
            reason=summary.withdrawn_reason,
            revised=summary_pages.revised(session, summary),
            document=document(figures, release.issue_of(session, summary), lang) if figures else None,
            explained=summary_pages.explained(figures, lang) if figures else {},
            is_draft=summary.state == "draft",
            is_released=summary.state == "released",
            may_approve=may(actor(), Permission.SUMMARY_APPROVE),
            early_reason=summary.early_reason,
            errors=errors or {},
            typed=typed(),
            wide=WIDE,
            narrow=NARROW,
            **(_draft(session, summary, figures) if summary.state == "draft" and figures else {}),
        )


def _draft(session: Session, summary: DonorSummary, figures: Figures) -> dict[str, Any]:
    """What a draft shows beside the document: its boxes, what is wrong with them, and whether it can be released."""
    today = local_date(now(), the_app().settings.zone)
    other = release.in_the_way(session, summary)
    return {
        "boxes": summary_pages.boxes(figures, typed()),
        "findings": summary_pages.findings(session, summary),
        "late": [f"{number} ({n})" for number, n in release.counted_in_late(session, summary)],
        "in_the_way": other.id if other else None,
        "may_write": may(actor(), Permission.SUMMARY_DRAFT) and actor().account_id is not None,
        "is_own_draft": actor().account_id in {summary.drafted_by_id, *(summary.writers or ())},
        "earliest": released_from(summary.until),
        "usual": usually_released_from(summary.until),
        "is_too_early": today < released_from(summary.until),
        "is_early": today < usually_released_from(summary.until),
    }


@pages.post("/summaries/<int:summary_id>/words")
@needs(Permission.SUMMARY_DRAFT)
def write(summary_id: int) -> Any:
    """Keep what was written into the boxes of a draft; with mistakes the page comes back with what was typed."""
    values = typed()
    texts = {code: text for code, text in values.items() if code in BY_CODE}

    def change(session: Session, who: Actor, which: int, _moment: datetime) -> DonorSummary:
        return release.write_words(session, who, which, texts, shown_sha256=values.get("shown", ""))

    return _act(summary_id, change, msg("The words are kept."))


@pages.get("/summaries/<int:summary_id>/compare")
@needs(Permission.SUMMARY_READ, Permission.SUMMARY_READ_DRAFT)
def compare(summary_id: int) -> Any:
    """Each figure beside the one of the period before, or of another summary that the donor has (`with`)."""
    lang = summary_pages.language()
    voice = Voice(lang)
    with reading() as session:
        summary = release.summary_by_id(session, actor(), summary_id)
        figures = release.frozen_figures(summary)
        others = [
            other
            for other in release.summaries(session, actor(), released_only=True, donor=summary.donor.code)
            if other.id != summary.id
        ]
        chosen = request.args.get("with", "")
        past, label = _past(session, figures, chosen, others, voice)
        return render_template(
            "summaries/compare.html",
            summary=summary_pages.head(summary),
            other={"words": label} if past else None,
            rows=_compared(figures, past, voice) if past else [],
            explained=summary_pages.explained(figures, lang),
            choices=[(str(other.id), voice.period(other.first, other.until)) for other in others],
            chosen=chosen,
        )


def _past(
    session: Session, figures: Figures, chosen: str, others: list[DonorSummary], voice: Voice
) -> tuple[tuple[Measure, ...], str]:
    """The figures to compare with and the words for their period; nothing where there was nothing before."""
    if not chosen:
        past = figures.before
        return (past.measures, voice.period(past.first, past.until)) if past else ((), "")
    other = next((other for other in others if str(other.id) == chosen), None)
    if other is None:
        raise invalid("with", msg("There is no such summary, or it is not yours to see."), code="unknown_summary")
    return of_any_version(other.figures).measures, voice.period(other.first, other.until)


def _compared(figures: Figures, past: tuple[Measure, ...], voice: Voice) -> list[dict[str, Any]]:
    before = {measure.code: measure for measure in past}
    rows = []
    for measure in figures.measures:
        other = before.get(measure.code)
        step = "–"
        if other is not None and other.value is not None and measure.value is not None:
            step = measures.change(other.value, measure.value, measure.unit, voice)
        rows.append(
            {
                "code": measure.code,
                "name": measures.name(measure, voice),
                "now": measures.value(measure, voice),
                "past": measures.value(other, voice) if other else "–",
                "change": step,
                "plan": measures.planned(figures, measure.code, voice),
            }
        )
    return rows


@pages.get("/summaries/<int:summary_id>/file.<form>")
@needs(Permission.SUMMARY_READ, Permission.SUMMARY_READ_DRAFT)
def summary_file(summary_id: int, form: str) -> Response:
    """The summary as a file. That it was given out stands in the journal."""
    with writing() as session:
        made = release.export_summary(session, actor(), summary_id, format_=form, lang=request.args.get("lang", "en"))
        release.note_export(session, summary_id, made)
    headers = {"Content-Disposition": f'attachment; filename="{made.filename}"', "X-Content-SHA256": made.sha256}
    return Response(made.content, mimetype=made.content_type, headers=headers)


@pages.get("/summaries/new")
@needs(Permission.SUMMARY_DRAFT)
def new_summary() -> Any:
    """The form of a draft."""
    return _form({}, {})


@pages.post("/summaries/new")
@needs(Permission.SUMMARY_DRAFT)
def draft() -> Any:
    """Draft a summary; with mistakes the form comes back with what was typed."""
    values = typed()
    try:
        first = parse_date(values.get("from", ""), "from")
        until = parse_date(values.get("to", ""), "to")
        with writing() as session:
            summary = release.draft_summary(
                session, actor(), donor_code=values.get("donor", ""), first=first, until=until, now=now()
            )
    except InvalidInput as error:
        return _form(values, field_errors(error)), 400
    flash_words(msg("The draft is made. Write into its boxes; a second person releases it."))
    return redirect(f"/summaries/{summary.id}", 303)


def _form(values: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        donors = _donors(session)
    return render_template("summaries/new.html", values=values, errors=errors, donors=donors)


def _donors(session: Session) -> list[tuple[str, str]]:
    rows = session.execute(
        select(Organisation.code, Organisation.name).where(Organisation.kind == "donor").order_by(Organisation.name)
    )
    return [(row.code, row.name) for row in rows]


@pages.post("/summaries/<int:summary_id>/approve")
@needs(Permission.SUMMARY_APPROVE)
def approve(summary_id: int) -> Any:
    """Release a draft that somebody else made, as it was shown."""
    values = typed()

    def change(session: Session, who: Actor, which: int, moment: datetime) -> DonorSummary:
        return release.approve_summary(
            session,
            who,
            which,
            moment,
            shown_sha256=values.get("shown", ""),
            early_reason=values.get("early_reason", ""),
        )

    return _act(summary_id, change, msg("Released. The donor sees it from now on."))


@pages.post("/summaries/<int:summary_id>/withdraw")
@needs(Permission.SUMMARY_APPROVE)
def withdraw(summary_id: int) -> Any:
    """Take a released summary from the donor's sight."""
    reason = typed().get("reason", "")

    def change(session: Session, who: Actor, which: int, moment: datetime) -> DonorSummary:
        return release.withdraw_summary(session, who, which, reason, moment)

    return _act(summary_id, change, msg("Withdrawn. The donor no longer sees it."))


def _act(summary_id: int, change: Any, done: Message) -> Any:
    try:
        with writing() as session:
            change(session, actor(), summary_id, now())
    except (RuleViolation, InvalidInput, Conflict) as error:
        return _summary_page(summary_id, _errors(error)), 409 if isinstance(error, Conflict) else 400
    flash_words(done)
    return redirect(f"/summaries/{summary_id}", 303)


def _errors(error: DomainError) -> dict[str, str]:
    found = field_errors(error)
    if error.code == "early_needs_a_reason":
        return {"early_reason": words(error.message)}
    return found
