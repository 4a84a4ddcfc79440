"""What people do with documents: add one, add a version, take it off the list with a reason, put it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from assets.core import files
from assets.core.actor import Actor
from assets.core.errors import Conflict, FieldError, InvalidInput, NotAllowed, invalid
from assets.core.files.names import plain_line
from assets.core.i18n import msg
from assets.documents.models import Document, DocumentRemoval, DocumentVersion
from assets.documents.queries import count_of, document_by_id
from assets.documents.rules import NOTE_LENGTH, Kind, SubjectName, Upload, check_room, check_versions, title_for
from assets.documents.subjects import Subject, writable_subject
from assets.registry.models import Asset
from assets.registry.service.timeline import happening_now, record


@dataclass(frozen=True)
class Draft:
    """A new document: what it belongs to, what it is, its title ('' for the name of the file), a note."""

    subject: tuple[SubjectName, int]
    kind: Kind
    title: str = ""
    note: str = ""


def add_document(session: Session, actor: Actor, draft: Draft, upload: Upload, folder: Path, now: datetime) -> Document:
    """Keep a file as the first version of a new document.

    Whether the actor may is decided before the file is looked at. `InvalidInput` for `file` says what is wrong with it.
    """
    subject = writable_subject(session, actor, *draft.subject)
    check_room(count_of(session, subject))
    document = Document(
        subject_kind=subject.name, subject_id=subject.id, kind=draft.kind, title=title_for(draft.title, upload),
        added_at=now, removal_reason="",
    )  # fmt: skip
    document.versions = [_version(actor, 1, upload, _line("note", draft.note), folder, now)]
    session.add(document)
    session.flush()
    _tell(session, actor, subject, document, "paper_added", now)
    return document


def add_version(
    session: Session, actor: Actor, document_id: int, upload: Upload, note: str, folder: Path, now: datetime
) -> DocumentVersion:
    """Keep a newer file of a document; the older ones stay."""
    document, subject = _to_change(session, actor, document_id)
    if document.removed_at is not None:
        raise Conflict(msg("This paper was taken off the list. Put it back first."), code="document_removed")
    newest = document.versions[0]
    check_versions(newest.number + 1)
    version = _version(actor, newest.number + 1, upload, _line("note", note), folder, now)
    if version.sha256 == newest.sha256:
        raise Conflict(msg("This file is the newest version already."), code="same_file")
    version.document = document
    session.add(version)
    session.flush()
    _tell(session, actor, subject, document, "paper_renewed", now)
    return version


def remove_document(session: Session, actor: Actor, document_id: int, reason: str, now: datetime) -> Document:
    """Take a document off the list, with a reason. Nothing is deleted: it can be put back."""
    document, subject = _to_change(session, actor, document_id)
    reason = _line("reason", reason)
    if not reason:
        raise invalid("reason", msg("Say why."), code="required")
    if document.removed_at is not None:
        raise Conflict(msg("This paper was taken off the list already."), code="document_removed")
    document.removed_at, document.removal_reason = now, reason
    _removal(session, actor, document, "removed", reason, now)
    _tell(session, actor, subject, document, "paper_removed", now, reason)
    return document


def restore_document(session: Session, actor: Actor, document_id: int, reason: str, now: datetime) -> Document:
    """Put a document back on the list; that it had been taken off stays recorded."""
    document, subject = _to_change(session, actor, document_id)
    if document.removed_at is None:
        raise Conflict(msg("This paper is on the list."), code="document_not_removed")
    reason = _line("reason", reason)
    document.removed_at, document.removal_reason = None, ""
    _removal(session, actor, document, "restored", reason, now)
    _tell(session, actor, subject, document, "paper_restored", now, reason)
    return document


def _to_change(session: Session, actor: Actor, document_id: int) -> tuple[Document, Subject]:
    document, subject = document_by_id(session, actor, document_id, lock=True)
    if not subject.may_write:
        raise NotAllowed
    return document, subject


def _version(actor: Actor, number: int, upload: Upload, note: str, folder: Path, now: datetime) -> DocumentVersion:
    if not upload.content:
        raise invalid("file", msg("Choose a file."), code="required")
    try:
        stored = files.store(folder, upload.content)
    except InvalidInput as error:
        field = FieldError("file", error.message, error.code)
        raise InvalidInput(error.message, code=error.code, fields=[field]) from error
    return DocumentVersion(
        number=number, file_key=stored.key, content_type=stored.content_type, size=stored.size, sha256=stored.sha256,
        uploaded_name=upload.shown_name, note=note, added_at=now, account_id=actor.account_id, actor_name=actor.name,
    )  # fmt: skip


def _removal(session: Session, actor: Actor, document: Document, step: str, reason: str, now: datetime) -> None:
    session.add(
        DocumentRemoval(
            document=document, step=step, reason=reason, at=now, account_id=actor.account_id, actor_name=actor.name
        )
    )
    session.flush()


def _tell(
    session: Session, actor: Actor, subject: Subject, document: Document, event: str, now: datetime, reason: str = ""
) -> None:
    """What is done to an asset's papers stands in its history.

    By number and kind only: a title may hold what not everyone sees who sees the history.
    """
    if subject.name is not SubjectName.ASSET:
        return
    asset = session.get_one(Asset, subject.id)
    data: dict[str, object] = {"document": document.id, "paper": document.kind}
    if reason:
        data["reason"] = reason
    record(session, actor, asset, event, happening_now(now), data)


def _line(field: str, text: str) -> str:
    """One line as it is kept; `InvalidInput` when it is too long."""
    if len(text) > 10 * NOTE_LENGTH or len(line := plain_line(text)) > NOTE_LENGTH:
        raise invalid(field, msg("This is too long: at most %(n)s characters.", n=NOTE_LENGTH), code="too_long")
    return line
