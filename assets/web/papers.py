"""Papers and pictures as pages show them: `**papers_of(session, kind, id)` for the page of what they belong to."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import Response
from sqlalchemy.orm import Session

from assets.core.errors import NotFound
from assets.core.i18n import Message, msg
from assets.documents.models import Document, DocumentVersion
from assets.documents.queries import DocumentRow, documents_of
from assets.documents.rules import KIND_NAMES, SUBJECT_NAMES, TYPE_NAMES, USUAL, Kind, SubjectName, may_be_shown
from assets.documents.subjects import OF_AN_ASSET, Subject, subject_of
from assets.labels.token import format_code
from assets.web.context import actor, words
from assets.web.filters import show_number

# Where the thing is shown that a document belongs to; a model has no page of its own.
PLACES: dict[SubjectName, str] = {
    SubjectName.GRANT: "/grants/{id}",
    SubjectName.BATCH: "/rounds/{id}",
    SubjectName.MODEL: "/models",
    SubjectName.ASSET: "/assets/{code}?tab=papers",
    SubjectName.CALIBRATION: "/calibration/records/{id}",
    SubjectName.WORK_ORDER: "/maintenance/orders/{id}",
    SubjectName.OPERATION: "/operations/{id}",
    SubjectName.LOSS: "/losses/{id}",
    SubjectName.DISPOSAL: "/disposals/{id}",
    SubjectName.FUEL: "/vehicles/fuel/{id}",
    SubjectName.VEHICLE_PAPER: "/vehicles/papers/{id}",
    SubjectName.ACCIDENT: "/vehicles/accidents/{id}",
}
SANDBOX = "sandbox; default-src 'none'"


def papers_of(session: Session, kind: str, subject_id: int) -> dict[str, Any]:
    """`documents` (newest first, at most 20) and `may_add` (the kinds that the viewer may add) for the macro `papers`.

    Both are empty for who may see the page but not its papers. Two queries.
    """
    try:
        subject = subject_of(session, actor(), SubjectName(kind), subject_id)
    except NotFound:
        return {"documents": [], "may_add": []}
    shown = [document_cells(row) for row in documents_of(session, subject)]
    return {"documents": shown, "may_add": kind_choices(subject.name) if subject.may_write else []}


def kind_choices(subject: SubjectName | None = None) -> list[tuple[str, str]]:
    """What a paper may be, for a form; what is usual for this kind of thing first."""
    usual = USUAL[subject] if subject else None
    kinds = sorted(KIND_NAMES, key=lambda kind: kind is not usual)
    return [(kind.value, words(KIND_NAMES[kind])) for kind in kinds]


def subject_choices() -> list[tuple[str, str]]:
    """What a paper may belong to, for a filter."""
    return [(name.value, words(text)) for name, text in SUBJECT_NAMES.items()]


def document_cells(row: DocumentRow) -> dict[str, Any]:
    """A document as lists show it."""
    document, version = row.document, row.version
    return {
        "id": document.id,
        "title": document.title,
        "kind": document.kind,
        "kind_name": words(KIND_NAMES[Kind(document.kind)]),
        "removed_at": document.removed_at,
        "removal_reason": document.removal_reason,
        "subject_kind": words(SUBJECT_NAMES[SubjectName(document.subject_kind)]),
        "subject": subject_words(document.subject_kind, document.subject_id, row.code, row.subject_title),
        "subject_href": place_of(document.subject_kind, document.subject_id, row.code),
        **version_cells(version),
    }


def version_cells(version: DocumentVersion) -> dict[str, Any]:
    """A version as its document's page shows it."""
    return {
        "number": version.number,
        "type_name": TYPE_NAMES.get(version.content_type, version.content_type),
        "is_picture": may_be_shown(version.content_type),
        "size_words": size_words(version.size),
        "uploaded_name": version.uploaded_name,
        "note": version.note,
        "added_at": version.added_at,
        "actor_name": version.account.login if version.account else version.actor_name,
        "sha256": version.sha256,
    }


def size_words(size: int) -> str:
    """A number of bytes as people say it."""
    if size < 1024 * 1024:
        return words(msg("%(n)s\u00a0KB", n=show_number(max(1, size // 1024))))
    return words(msg("%(n)s\u00a0MB", n=show_number(size / 1024**2, 1)))


def subject_words(kind: str, subject_id: int, code: str, title: str) -> str:
    """What the thing is called that a document belongs to."""
    name = SubjectName(kind)
    if name is SubjectName.WORK_ORDER:
        # As `WorkOrder.number` says it.
        code = f"W-{subject_id:06d}"
    elif name in OF_AN_ASSET and len(code) == 10:
        code = format_code(code)
    return " · ".join(filter(None, (code, title)))


def place_of(kind: str, subject_id: int, code: str) -> str:
    """The address of the thing that a document belongs to."""
    return PLACES[SubjectName(kind)].format(id=subject_id, code=quote(code, safe=""))


def subject_cells(subject: Subject) -> dict[str, Any]:
    """The thing that documents belong to, as their pages name it."""
    return {
        "key": subject.key,
        "words": subject_heading(subject),
        "href": place_of(subject.name, subject.id, subject.code),
        "may_write": subject.may_write,
    }


def subject_heading(subject: Subject) -> str:
    """The kind of a subject and what it is called."""
    return (
        f"{words(SUBJECT_NAMES[subject.name])} {subject_words(subject.name, subject.id, subject.code, subject.title)}"
    )


def history_of(document: Document) -> list[dict[str, Any]]:
    """What was done with a document, the newest first, for the timeline part."""
    steps: list[tuple[datetime, int, dict[str, Any]]] = []
    for version in document.versions:
        said = msg("Added") if version.number == 1 else msg("Version %(n)s", n=version.number)
        text = " · ".join(filter(None, (version.note, version.uploaded_name)))
        who = version.account.login if version.account else version.actor_name
        steps.append((version.added_at, version.number, _step(said, text, who, "upload")))
    for removal in document.removals:
        taken = removal.step == "removed"
        said = msg("Taken off the list") if taken else msg("Put back on the list")
        who = removal.account.login if removal.account else removal.actor_name
        cells = _step(said, removal.reason, who, "block" if taken else "return")
        steps.append((removal.at, 1000 + removal.id, cells))
    return [{**cells, "at": at} for at, _, cells in sorted(steps, key=lambda step: step[:2], reverse=True)]


def _step(said: Message, text: str, who: str, icon: str) -> dict[str, Any]:
    return {"title": words(said), "text": text, "actor": who, "icon": icon}


def file_answer(content: bytes, content_type: str, name: str, *, shown: bool) -> Response:
    """A stored file so that it can do nothing: its type is fixed, it runs nothing, no cache keeps it.

    `shown`: inside a page of ours; anything else is saved under `name`.
    """
    response = Response(content, content_type=content_type)
    response.headers["Content-Disposition"] = _disposition("inline" if shown else "attachment", name)
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def _disposition(how: str, name: str) -> str:
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
