"""Summaries as files: kept as they were released, made on the spot for drafts, known again by their hash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, defer, joinedload

from assets.core.actor import Actor
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.core.journal import note
from assets.reports.figures import Figures, sha256
from assets.reports.models import DonorSummary, SummaryFile
from assets.reports.release.reading import frozen_figures, issue_of, summary_by_id
from assets.reports.render.document import Issue, as_json
from assets.reports.render.pdf import as_pdf
from assets.reports.render.workbook import as_xlsx

LANGUAGES = ("en", "ru", "uz")
# The formats and languages that are agreed on and are not made yet.
_LATER = {"iati": msg("IATI"), "ja": msg("Japanese")}


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
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx),
    "json": ("application/json", as_json),
}
FORMATS = tuple(_FORMATS)


def export_summary(session: Session, actor: Actor, summary_id: int, *, format_: str, lang: str = "en") -> Exported:
    """The summary as a file: a released one as it was released, a draft made now and marked as a draft.

    `InvalidInput` for a form or language that does not exist (yet). Only reads; note the export where a donor's copy is
    given out (`note_export`).
    """
    _check_known("format", format_, FORMATS)
    _check_known("lang", lang, LANGUAGES)
    summary = summary_by_id(session, actor, summary_id)
    content_type = _FORMATS[format_][0]
    name = f"summary-{summary.id}-{summary.first:%Y%m}-{lang}.{format_}"
    if summary.state == "draft":
        content = render_again(session, summary, format_, lang)
        return Exported(content, content_type, f"draft-{name}", sha256(content))
    kept = session.scalar(
        select(SummaryFile).where(
            SummaryFile.summary_id == summary.id, SummaryFile.format == format_, SummaryFile.lang == lang
        )
    )
    if kept is None:
        raise NotFound(msg("This summary was released without such a file."))
    return Exported(kept.content, content_type, name, kept.sha256)


def _check_known(field: str, wanted: str, known: tuple[str, ...]) -> None:
    if wanted in known:
        return
    if wanted in _LATER:
        words = msg(
            "%(what)s is not made yet; it comes with a later version. Until then: %(known)s.",
            what=_LATER[wanted],
            known=", ".join(known),
        )
        raise invalid(field, words, code="not_yet")
    raise invalid(field, msg("This is one of: %(known)s.", known=", ".join(known)), code="unknown_word")


def kept_files(session: Session, summary_id: int) -> list[tuple[str, str]]:
    """(format, language) of the files of a released summary."""
    rows = session.execute(
        select(SummaryFile.format, SummaryFile.lang)
        .where(SummaryFile.summary_id == summary_id)
        .order_by(SummaryFile.id)
    )
    return [(row.format, row.lang) for row in rows]


def note_export(session: Session, summary_id: int, exported: Exported) -> None:
    """Write into the journal that a file was given out."""
    note(session, DonorSummary.__tablename__, summary_id, "exported", file=exported.filename, sha256=exported.sha256)


def verify_file(session: Session, content: bytes) -> Verified | None:
    """Which released summary a file is, to the byte; None when it is none of ours or was changed."""
    kept = session.scalar(
        select(SummaryFile)
        .options(joinedload(SummaryFile.summary).joinedload(DonorSummary.donor), defer(SummaryFile.content))
        .where(SummaryFile.sha256 == sha256(content))
        .order_by(SummaryFile.id)
        .limit(1)
    )
    if kept is None:
        return None
    of = kept.summary
    return Verified(of.id, of.donor.name, of.first, of.until, kept.format, kept.lang, of.state, kept.sha256)


def render_again(session: Session, summary: DonorSummary, format_: str, lang: str = "en") -> bytes:
    """Make a file from the frozen figures anew; the same bytes as released, as long as the same versions render it."""
    return rendered(session, frozen_figures(summary), summary, format_, lang)


def rendered(session: Session, figures: Figures, summary: DonorSummary, format_: str, lang: str) -> bytes:
    """A file of these figures, as the summary stands now."""
    return _FORMATS[format_][1](figures, issue_of(session, summary), lang)
