"""The list of papers and pictures within sight: search, filters in the address, pages, and all of it as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request, stream_with_context

from assets.core import journal
from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.documents.queries import DocumentFilter, DocumentRow, documents_count, documents_page
from assets.documents.rules import SubjectName, kind_of, parse_subject
from assets.documents.subjects import READS, Subject, subject_of
from assets.exchange.tables import CSV_TYPE, write_csv
from assets.web import papers
from assets.web.auth import needs
from assets.web.context import actor, reading, the_app, words, writing
from assets.web.parsing import encode_cursor, page

pages = Blueprint("documents_list", __name__)
PIECE = 500
COLUMNS = (
    "document", "kind", "title", "subject_kind", "subject", "version", "type", "bytes", "sha256", "added_at",
    "version_added_at", "added_by", "taken_off_at", "taken_off_because",
)  # fmt: skip


def document_filter(args: Mapping[str, str]) -> DocumentFilter:
    """The filter in an address; `InvalidInput` names what cannot be understood."""
    return DocumentFilter(
        query=args.get("query", "")[:200],
        kind=kind_of(args["kind"]) if args.get("kind") else None,
        subject_kind=_subject_kind(args["subject_kind"]) if args.get("subject_kind") else None,
        subject=parse_subject(args["subject"]) if args.get("subject") else None,
        removed=args.get("removed") == "1",
    )


def _subject_kind(text: str) -> SubjectName:
    try:
        return SubjectName(text)
    except ValueError as error:
        raise invalid("subject_kind", msg("There is no such kind of thing."), code="unknown_subject") from error


@pages.get("/documents")
@needs(*READS)
def documents() -> Any:
    """All documents within sight, the newest first."""
    wanted, narrowed = page(request.args), document_filter(request.args)
    with reading() as session:
        found = documents_page(session, actor(), narrowed, limit=wanted.limit + 1, after=wanted.after)
        total = documents_count(session, actor(), narrowed)
        subject = subject_of(session, actor(), *narrowed.subject) if narrowed.subject else None
    after = encode_cursor((found[wanted.limit - 1].document.id,)) if len(found) > wanted.limit else None
    return render_template(
        "documents/list.html",
        rows=[papers.document_cells(row) for row in found[: wanted.limit]],
        total=total,
        after=_address(cursor=after) if after else "",
        subject=papers.subject_cells(subject) if subject else None,
        active=_chips(narrowed, subject),
        kinds=papers.kind_choices(),
        subject_kinds=papers.subject_choices(),
        export=f"/documents.csv?{urlencode(request.args.to_dict())}",
    )


def _address(*without: str, **instead: str) -> str:
    args = {key: value for key, value in request.args.items() if key not in {*without, "cursor"} and value}
    return f"/documents?{urlencode({**args, **instead})}"


def _chips(narrowed: DocumentFilter, subject: Subject | None) -> list[dict[str, str]]:
    kinds, subjects = dict(papers.kind_choices()), dict(papers.subject_choices())
    said = {
        "query": narrowed.query,
        "kind": kinds[narrowed.kind] if narrowed.kind else "",
        "subject_kind": subjects[narrowed.subject_kind] if narrowed.subject_kind else "",
        "subject": papers.subject_heading(subject) if subject else "",
        "removed": words(msg("with those taken off")) if narrowed.removed else "",
    }
    return [{"label": label, "href": _address(name)} for name, label in said.items() if label]


@pages.get("/documents.csv")
@needs(*READS)
def export() -> Response:
    """The whole filtered list as a table. Journalled."""
    narrowed, asked = document_filter(request.args), {key: value for key, value in request.args.items() if value}
    with writing() as session:
        journal.note(session, "document_list", "csv", "exported", filters=asked)
    headers = {"Content-Disposition": 'attachment; filename="documents.csv"'}
    rows = write_csv(COLUMNS, _export_rows(the_app(), actor(), narrowed))
    return Response(stream_with_context(rows), content_type=CSV_TYPE, headers=headers)


def _export_rows(app: App, viewer: Actor, narrowed: DocumentFilter) -> Iterator[tuple[object, ...]]:
    with app.reading() as session:
        after: tuple[object, ...] | None = None
        while found := documents_page(session, viewer, narrowed, limit=PIECE, after=after):
            for row in found:
                yield _export_row(row)
            after = (found[-1].document.id,)


def _export_row(row: DocumentRow) -> tuple[object, ...]:
    document, version = row.document, row.version
    subject = papers.subject_words(document.subject_kind, document.subject_id, row.code, row.subject_title)
    return (
        document.id, document.kind, document.title, document.subject_kind, subject, version.number,
        version.content_type, version.size, version.sha256, document.added_at, version.added_at,
        version.account.login if version.account else version.actor_name, document.removed_at, document.removal_reason,
    )  # fmt: skip
