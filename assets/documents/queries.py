"""Reads of documents: of one subject, one with its versions, a page of all within scope, and what an export holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from assets.core.actor import Actor
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.documents.models import Document, DocumentVersion
from assets.documents.rules import Kind, SubjectName
from assets.documents.subjects import NOT_THERE, Subject, readable, subject_of, subjects_called
from assets.people.rules import Permission, may

ON_A_PAGE = 20


@dataclass(frozen=True)
class DocumentFilter:
    """Which documents a list shows: words in the title, what they are, what they belong to, also those taken off."""

    query: str = ""
    kind: Kind | None = None
    subject_kind: SubjectName | None = None
    subject: tuple[SubjectName, int] | None = None
    removed: bool = False


@dataclass(frozen=True)
class DocumentRow:
    """A document in a list: its newest version, and what the thing is called that it belongs to."""

    document: Document
    version: DocumentVersion
    code: str = ""
    subject_title: str = ""


def documents_of(
    session: Session, subject: Subject, *, limit: int = ON_A_PAGE, removed: bool = False
) -> list[DocumentRow]:
    """The documents of a subject that was found to be readable, the newest first. One query."""
    statement = _with_newest().where(Document.subject_kind == subject.name, Document.subject_id == subject.id)
    if not removed:
        statement = statement.where(Document.removed_at.is_(None))
    return [
        DocumentRow(document, version, subject.code, subject.title)
        for document, version in session.execute(statement.order_by(Document.id.desc()).limit(limit))
    ]


def count_of(session: Session, name: SubjectName, subject_id: int) -> int:
    """How many documents a subject has, those taken off included."""
    counted = select(func.count()).where(Document.subject_kind == name, Document.subject_id == subject_id)
    return session.scalar(counted) or 0


def photos_of_event(session: Session, event_id: str) -> list[DocumentRow]:
    """The photos that were taken with an event, those taken off the list included, the oldest first. One query."""
    statement = _with_newest().where(Document.event_id == event_id).order_by(Document.id)
    return [DocumentRow(document, version) for document, version in session.execute(statement)]


def photo_ids_of(session: Session, event_ids: Collection[str]) -> dict[str, list[int]]:
    """The documents that are photos of these events and on the list, by event, the oldest first. One query."""
    found: dict[str, list[int]] = {}
    statement = select(Document).where(Document.event_id.in_(event_ids), Document.removed_at.is_(None))
    for document in session.scalars(statement.order_by(Document.id)):
        found.setdefault(document.event_id or "", []).append(document.id)
    return found


def document_by_id(session: Session, actor: Actor, document_id: int, *, lock: bool = False) -> tuple[Document, Subject]:
    """A document with its versions and removals, and its subject.

    `NotFound` when there is none or its subject is out of the actor's sight: both look the same.
    """
    statement: Any = select(Document).where(Document.id == document_id)
    if lock:
        statement = statement.with_for_update(of=Document).execution_options(populate_existing=True)
    else:
        statement = statement.options(selectinload(Document.versions), selectinload(Document.removals))
    document: Document | None = session.scalar(statement)
    if document is None:
        raise NotFound(NOT_THERE)
    return document, subject_of(session, actor, SubjectName(document.subject_kind), document.subject_id)


def version_of(
    session: Session, actor: Actor, document_id: int, number: int | None = None
) -> tuple[Document, DocumentVersion]:
    """One version (the newest without a number) of a document that `actor` may open.

    `NotFound` as in `document_by_id`, for a number that there is not, and for what was taken off the list unless he may
    put it back or reads the journal.
    """
    document, subject = document_by_id(session, actor, document_id)
    hidden = document.removed_at is not None and not opens_removed(actor, subject)
    for version in document.versions:
        if not hidden and number in {None, version.number}:
            return document, version
    raise NotFound(NOT_THERE)


def ids_of_subjects(session: Session, name: SubjectName, subject_ids: Collection[int]) -> frozenset[int]:
    """The ids of every document of these subjects, whoever may read them."""
    if not subject_ids:
        return frozenset()
    mine = (Document.subject_kind == name, Document.subject_id.in_(subject_ids))
    return frozenset(session.scalars(select(Document.id).where(*mine)))


def opens_removed(actor: Actor, subject: Subject) -> bool:
    """Whether `actor` may open what was taken off this subject's list."""
    return subject.may_write or may(actor, Permission.JOURNAL_READ)


def documents_page(
    session: Session,
    actor: Actor,
    wanted: DocumentFilter,
    *,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[DocumentRow]:
    """Documents within the actor's sight, the newest first; `after` is (id of the last one seen,). Two queries."""
    statement = _with_newest().where(readable(actor), *_narrowed(wanted)).order_by(Document.id.desc())
    if after is not None:
        statement = statement.where(Document.id < _id_before(after))
    found = session.execute(statement.limit(limit)).all()
    names = subjects_called(session, {(document.subject_kind, document.subject_id) for document, _ in found})
    return [
        DocumentRow(document, version, *names.get((document.subject_kind, document.subject_id), ("", "")))
        for document, version in found
    ]


def documents_count(session: Session, actor: Actor, wanted: DocumentFilter) -> int:
    """How many documents `documents_page` would give without a limit."""
    counted = select(func.count()).select_from(Document).where(readable(actor), *_narrowed(wanted))
    return session.scalar(counted) or 0


def every_version(session: Session, actor: Actor) -> Iterator[tuple[Document, DocumentVersion]]:
    """Every version of every document within the actor's sight, by subject, those taken off too; read in pieces."""
    statement = (
        select(Document, DocumentVersion)
        .join(DocumentVersion, DocumentVersion.document_id == Document.id)
        .where(readable(actor))
        .order_by(Document.subject_kind, Document.subject_id, Document.id, DocumentVersion.number)
        .execution_options(yield_per=500)
    )
    for row in session.execute(statement):
        yield row[0], row[1]


def _with_newest() -> Any:
    later = aliased(DocumentVersion)
    newest = select(func.max(later.number)).where(later.document_id == Document.id).scalar_subquery()
    return (
        select(Document, DocumentVersion)
        .join(DocumentVersion, and_(DocumentVersion.document_id == Document.id, DocumentVersion.number == newest))
        .options(joinedload(DocumentVersion.account))
    )


def _narrowed(wanted: DocumentFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if not wanted.removed:
        conditions.append(Document.removed_at.is_(None))
    if wanted.kind is not None:
        conditions.append(Document.kind == wanted.kind)
    if wanted.subject_kind is not None:
        conditions.append(Document.subject_kind == wanted.subject_kind)
    if wanted.subject is not None:
        conditions += [Document.subject_kind == wanted.subject[0], Document.subject_id == wanted.subject[1]]
    for word in wanted.query.split()[:8]:
        # SQLite folds the case of Latin letters only: a word is also looked for as it was typed and as a title has it.
        forms = {word.lower(), word, word.capitalize(), word.upper()}
        conditions.append(or_(*(Document.title.ilike(f"%{_literal(form)}%", escape="\\") for form in sorted(forms))))
    return conditions


def _literal(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _id_before(after: tuple[object, ...]) -> int:
    if len(after) == 1 and isinstance(after[0], int) and not isinstance(after[0], bool) and abs(after[0]) < 2**31:
        return after[0]
    raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
