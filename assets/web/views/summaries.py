"""Pages of donor summaries: the list, a summary with its files, drafting, release by a second person, withdrawal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.errors import InvalidInput, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.people.models import Organisation
from assets.people.rules import Permission, may
from assets.reports import release
from assets.reports.disclosure import released_from
from assets.reports.models import DonorSummary
from assets.reports.render.charts import NARROW, WIDE
from assets.reports.render.document import document
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.forms import field_errors, typed
from assets.web.parsing import encode_cursor, page, parse_date

pages = Blueprint("summaries", __name__)

STATES: dict[str, tuple[str, Message]] = {
    "draft": ("due", msg("draft")),
    "released": ("ready", msg("released")),
    "withdrawn": ("blocked", msg("withdrawn")),
}


@pages.get("/summaries")
@needs(Permission.SUMMARY_READ, Permission.SUMMARY_DRAFT)
def summary_list() -> Any:
    """Summaries that the reader may see, newest first."""
    wanted = page(request.args)
    with reading() as session:
        found = release.summaries(session, actor(), after=_after(wanted.after), limit=wanted.limit + 1)
        shown = [_row(summary) for summary in found[: wanted.limit]]
    cursor = encode_cursor((shown[-1]["id"],)) if len(found) > wanted.limit else None
    return render_template(
        "summaries/list.html",
        rows=shown,
        is_empty=not shown,
        after=f"/summaries?cursor={cursor}" if cursor else "",
        may_draft=release.may_draft(actor()),
    )


def _after(key: tuple[object, ...] | None) -> int | None:
    if key is None:
        return None
    if len(key) != 1 or not isinstance(key[0], int):
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
    return key[0]


def _row(summary: DonorSummary) -> dict[str, Any]:
    state, label = STATES[summary.state]
    return {
        "id": summary.id,
        "donor": summary.donor.name,
        "first": summary.first,
        "last": summary.until - timedelta(days=1),
        "state": state,
        "state_words": words(label),
        "released_at": summary.approved_at,
        "drafted_at": summary.drafted_at,
        "sha256": summary.sha256,
    }


@pages.get("/summaries/<int:summary_id>")
@needs(Permission.SUMMARY_READ, Permission.SUMMARY_DRAFT)
def show_summary(summary_id: int) -> Any:
    """One summary: the same document as the PDF."""
    return _summary_page(summary_id, {}), 200


def _summary_page(summary_id: int, errors: dict[str, str]) -> str:
    with reading() as session:
        summary = release.summary_by_id(session, actor(), summary_id)
        shown = document(release.frozen_figures(summary), release.issue_of(summary), "en")
        return render_template(
            "summaries/summary.html",
            summary=_row(summary),
            reason=summary.withdrawn_reason,
            document=shown,
            is_draft=summary.state == "draft",
            is_released=summary.state == "released",
            may_approve=may(actor(), Permission.SUMMARY_APPROVE),
            is_own_draft=summary.drafted_by_id == actor().account_id,
            earliest=released_from(summary.until),
            is_too_early=local_date(now(), the_app().settings.zone) < released_from(summary.until),
            errors=errors,
            wide=WIDE,
            narrow=NARROW,
        )


@pages.get("/summaries/<int:summary_id>/file.<form>")
@needs(Permission.SUMMARY_READ, Permission.SUMMARY_DRAFT)
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
    flash_words(msg("The draft is made. A second person releases it."))
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
    """Release a draft that somebody else made."""
    return _act(summary_id, release.approve_summary, msg("Released. The donor sees it from now on."))


@pages.post("/summaries/<int:summary_id>/withdraw")
@needs(Permission.SUMMARY_APPROVE)
def withdraw(summary_id: int) -> Any:
    """Take a released summary from the donor's sight."""
    reason = typed().get("reason", "")

    def change(session: Session, who: Any, which: int, moment: Any) -> DonorSummary:
        return release.withdraw_summary(session, who, which, reason, moment)

    return _act(summary_id, change, msg("Withdrawn. The donor no longer sees it."))


def _act(summary_id: int, change: Any, done: Message) -> Any:
    try:
        with writing() as session:
            change(session, actor(), summary_id, now())
    except (RuleViolation, InvalidInput) as error:
        return _summary_page(summary_id, field_errors(error)), 400
    flash_words(done)
    return redirect(f"/summaries/{summary_id}", 303)
