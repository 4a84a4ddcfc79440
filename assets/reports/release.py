"""Drafts, releases and gives out donor summaries: two people, frozen figures, files known by their hash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, false, select, true
from sqlalchemy.orm import Session, defer, joinedload

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import InvalidInput, NotFound, RuleViolation, invalid
from assets.core.i18n import msg
from assets.core.journal import note
from assets.people.queries import organisation_by_code
from assets.people.rules import Permission, may, reach, require
from assets.reports.disclosure import check_delay, check_period
from assets.reports.donor_summary import figures_for
from assets.reports.figures import Figures, from_json, sha256, to_json
from assets.reports.models import DonorSummary, SummaryFile
from assets.reports.render.document import Issue, as_json
from assets.reports.render.pdf import as_pdf

LANGUAGES = ("en",)
MIN_REASON = 5


@dataclass(frozen=True)
class Exported:
    """A file of a summary with its type, its name for saving, and its hash."""

    content: bytes
    content_type: str
    filename: str
    sha256: str


@dataclass(frozen=True)
class Verified:
    """What a file turned out to be: the released summary it belongs to, and in which form."""

    summary_id: int
    donor: str
    first: date
    until: date
    format: str
    lang: str
    state: str
    sha256: str


_FORMATS: dict[str, tuple[str, Callable[[Figures, Issue, str], bytes]]] = {
    "pdf": ("application/pdf", as_pdf),
    "json": ("application/json", as_json),
}
FORMATS = tuple(_FORMATS)


def visible(actor: Actor) -> ColumnElement[bool]:
    """A condition on `DonorSummary`: what `actor` may see.

    A donor sees what was released for him; who drafts or releases sees all; everyone else who reads summaries the
    released ones. A right for a unit or a region reaches no summary: it is about the whole country.
    """
    if reach(actor, Permission.SUMMARY_DRAFT).everything or reach(actor, Permission.SUMMARY_APPROVE).everything:
        return true()
    within = reach(actor, Permission.SUMMARY_READ)
    if within.everything:
        return DonorSummary.state == "released"
    if within.donor_ids:
        return (DonorSummary.state == "released") & DonorSummary.donor_id.in_(sorted(within.donor_ids))
    return false()


def summaries(
    session: Session, actor: Actor, *, released_only: bool = False, after: int | None = None, limit: int = 50
) -> list[DonorSummary]:
    """Summaries that `actor` may see, newest first, without their figures."""
    statement = (
        select(DonorSummary)
        .options(joinedload(DonorSummary.donor), defer(DonorSummary.figures))
        .where(visible(actor), DonorSummary.state == "released" if released_only else true())
        .order_by(DonorSummary.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(DonorSummary.id < after)
    return list(session.scalars(statement))


def summary_by_id(session: Session, actor: Actor, summary_id: int) -> DonorSummary:
    """The summary; `NotFound` when there is none or `actor` may not see it."""
    found = session.scalar(
        select(DonorSummary)
        .options(joinedload(DonorSummary.donor))
        .where(DonorSummary.id == summary_id, visible(actor))
    )
    if found is None:
        raise NotFound(msg("There is no such summary, or it is not yours to see."))
    return found


def draft_summary(
    session: Session, actor: Actor, *, donor_code: str, first: date, until: date, now: datetime
) -> DonorSummary:
    """A new draft for the donor and the local days `first` to the day before `until`.

    The figures are worked out now and frozen. `InvalidInput` for a period shorter than a quarter or not over, and for
    somebody who is no donor; `NotAllowed` without the right to draft; a draft is made by a person, never by the system.
    """
    require(actor, Permission.SUMMARY_DRAFT)
    drafter = _person_account(actor)
    donor = organisation_by_code(session, donor_code, "donor")
    if donor.kind != "donor":
        raise invalid("donor", msg("%(name)s is not a donor.", name=donor.name), code="not_a_donor")
    zone = zone_of(session)
    check_period(first, until, local_date(now, zone))
    text = to_json(figures_for(session, donor, first, until, now, zone))
    summary = DonorSummary(
        donor=donor, first=first, until=until, state="draft", figures=text, sha256=sha256(text),
        drafted_by_id=drafter, drafted_at=now,
    )  # fmt: skip
    session.add(summary)
    session.flush()
    return summary


def approve_summary(session: Session, actor: Actor, summary_id: int, now: datetime) -> DonorSummary:
    """Release a draft: its files are made and kept, and the donor sees it from now on.

    `RuleViolation` when `actor` drafted it himself (`two_people`), when it is no draft any more, when the period ended
    too recently, or when the frozen figures no longer fit their hash.
    """
    require(actor, Permission.SUMMARY_APPROVE)
    approver = _person_account(actor)
    summary = _locked(session, actor, summary_id)
    if summary.state != "draft":
        raise RuleViolation(msg("Only a draft can be released; this one is not a draft any more."), code="not_a_draft")
    if summary.drafted_by_id == approver:
        raise RuleViolation(
            msg("You drafted this summary. A second person releases it, so that two have looked."), code="two_people"
        )
    check_delay(summary.until, local_date(now, zone_of(session)))
    figures = frozen_figures(summary)
    summary.state, summary.approved_by_id, summary.approved_at = "released", approver, now
    for format_ in FORMATS:
        for lang in LANGUAGES:
            content = _FORMATS[format_][1](figures, issue_of(summary), lang)
            session.add(
                SummaryFile(summary=summary, format=format_, lang=lang, sha256=sha256(content), content=content)
            )
    session.flush()
    return summary


def withdraw_summary(session: Session, actor: Actor, summary_id: int, reason: str, now: datetime) -> DonorSummary:
    """Take a released summary from the donor's sight, with a reason; it stays on record and is not released again."""
    require(actor, Permission.SUMMARY_APPROVE)
    _person_account(actor)
    summary = _locked(session, actor, summary_id)
    if summary.state != "released":
        raise RuleViolation(msg("Only a released summary can be withdrawn."), code="not_released")
    reason = " ".join(reason.split())
    if not MIN_REASON <= len(reason) <= 300:
        raise invalid("reason", msg("Say why in 5 to 300 characters."))
    summary.state, summary.withdrawn_reason = "withdrawn", reason
    session.flush()
    return summary


def export_summary(session: Session, actor: Actor, summary_id: int, *, format_: str, lang: str = "en") -> Exported:
    """The summary as a file: a released one as it was released, a draft made now and marked as a draft.

    `InvalidInput` for a form or language that does not exist (yet). Only reads; note the export where a donor's copy is
    given out (`note_export`).
    """
    if format_ not in _FORMATS:
        raise invalid("format", msg("A summary is given out as: %(forms)s.", forms=", ".join(FORMATS)))
    if lang not in LANGUAGES:
        raise invalid("lang", msg("The summary is written in: %(langs)s.", langs=", ".join(LANGUAGES)))
    summary = summary_by_id(session, actor, summary_id)
    content_type, make = _FORMATS[format_]
    name = f"summary-{summary.id}-{summary.first:%Y%m}-{lang}.{format_}"
    if summary.state == "draft":
        content = make(frozen_figures(summary), issue_of(summary), lang)
        return Exported(content, content_type, f"draft-{name}", sha256(content))
    kept = session.scalar(
        select(SummaryFile).where(
            SummaryFile.summary_id == summary.id, SummaryFile.format == format_, SummaryFile.lang == lang
        )
    )
    if kept is None:
        raise NotFound(msg("This summary was released without such a file."))
    return Exported(kept.content, content_type, name, kept.sha256)


def note_export(session: Session, summary_id: int, exported: Exported) -> None:
    """Write into the journal that a file was given out."""
    note(session, DonorSummary.__tablename__, summary_id, "exported", file=exported.filename, sha256=exported.sha256)


def verify_file(session: Session, content: bytes) -> Verified | None:
    """Which released summary a file is, to the byte; None when it is none of ours or was changed."""
    kept = session.scalar(
        select(SummaryFile)
        .options(joinedload(SummaryFile.summary).joinedload(DonorSummary.donor), defer(SummaryFile.content))
        .where(SummaryFile.sha256 == sha256(content))
    )
    if kept is None:
        return None
    of = kept.summary
    return Verified(of.id, of.donor.name, of.first, of.until, kept.format, kept.lang, of.state, kept.sha256)


def render_again(summary: DonorSummary, format_: str, lang: str = "en") -> bytes:
    """Make a file from the frozen figures anew; the same bytes as released, as long as the same versions render it."""
    return _FORMATS[format_][1](frozen_figures(summary), issue_of(summary), lang)


def frozen_figures(summary: DonorSummary) -> Figures:
    """The figures of the draft; `RuleViolation` when the stored text does not fit its hash any more."""
    if sha256(summary.figures) != summary.sha256:
        raise RuleViolation(
            msg("The stored figures were changed after the draft was made. Make a new draft."), code="figures_changed"
        )
    return from_json(summary.figures)


def issue_of(summary: DonorSummary) -> Issue:
    """What stands on the document besides the figures: its number, state, hash and day of release."""
    return Issue(
        number=summary.id,
        state=summary.state if summary.state == "draft" else "released",
        sha256=summary.sha256,
        released_on=summary.approved_at.date() if summary.approved_at else None,
    )


def may_draft(actor: Actor) -> bool:
    """Whether drafts are shown and offered to `actor`."""
    return may(actor, Permission.SUMMARY_DRAFT)


def _locked(session: Session, actor: Actor, summary_id: int) -> DonorSummary:
    summary = session.scalar(
        select(DonorSummary).where(DonorSummary.id == summary_id, visible(actor)).with_for_update()
    )
    if summary is None:
        raise NotFound(msg("There is no such summary, or it is not yours to see."))
    return summary


def _person_account(actor: Actor) -> int:
    if actor.account_id is None:
        raise InvalidInput(msg("A summary is drafted and released by persons with accounts."), code="needs_a_person")
    return actor.account_id
