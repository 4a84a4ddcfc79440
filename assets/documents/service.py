"""What people do with documents: add one, add a version, take it off the list with a reason, put it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from assets.core import files
from assets.core.actor import Actor
from assets.core.errors import Conflict, FieldError, InvalidInput, NotAllowed, NotFound, RuleViolation, invalid
from assets.core.files.names import plain_line
from assets.core.i18n import msg
from assets.custody.models import Transfer
from assets.custody.queries.transfers import transfers_for
from assets.documents.models import Document, DocumentRemoval, DocumentVersion
from assets.documents.queries import count_of, document_by_id, photos_of_event
from assets.documents.rules import (
    MAX_OF_EVENT,
    NOTE_LENGTH,
    Kind,
    SubjectName,
    Upload,
    check_room,
    check_versions,
    title_for,
)
from assets.documents.subjects import Subject, writable_subject
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import assets_for
from assets.registry.service.timeline import happening_now, record


@dataclass(frozen=True)
class Draft:
    """A new document: what it belongs to, what it is, its title ('' for the name of the file), a note."""

    subject: tuple[SubjectName, int]
    kind: Kind
    title: str = ""
    note: str = ""


@dataclass(frozen=True)
class Photo:
    """A picture as it would be kept, and what it was called."""

    file: files.Cleaned
    shown_name: str


def add_document(session: Session, actor: Actor, draft: Draft, upload: Upload, folder: Path, now: datetime) -> Document:
    """Keep a file as the first version of a new document.

    Whether the actor may is decided before the file is looked at. `InvalidInput` for `file` says what is wrong with it.
    """
    subject = writable_subject(session, actor, *draft.subject)
    check_room(count_of(session, subject.name, subject.id))
    document = Document(
        subject_kind=subject.name, subject_id=subject.id, kind=draft.kind, title=title_for(draft.title, upload),
        added_at=now, removal_reason="",
    )  # fmt: skip
    document.versions = [_version(actor, 1, upload, _line("note", draft.note), folder, now)]
    session.add(document)
    session.flush()
    _tell(session, actor, subject, document, "paper_added", now)
    return document


def own_event(session: Session, actor: Actor, event_id: str, *, lock: bool = False) -> AssetEvent:
    """What the actor himself recorded of an asset that he can still see; `NotFound` for all else, as if unknown.

    Also of one that left or reached his unit by a transfer: photos come after the text, and in between the other unit
    may have told of its own. Who may not see the asset does not see them there either.
    """
    event = session.get(AssetEvent, event_id, with_for_update=lock)
    if event is not None and event.account_id is not None and event.account_id == actor.account_id:
        moved = select(Transfer.asset_id).where(
            Transfer.asset_id == Asset.id, transfers_for(actor, Permission.ASSET_READ)
        )  # fmt: skip
        in_sight = or_(assets_for(actor, Permission.ASSET_READ), moved.exists())
        seen = select(Asset.id).where(Asset.id == event.asset_id, in_sight)
        if session.scalar(seen) is not None:
            return event
    raise NotFound(msg("You have recorded no action with this id."))


def read_photo(upload: Upload) -> Photo:
    """Decode a photo, which takes its time: before any transaction. `InvalidInput` for `photo` says what is wrong."""
    content_type = files.content_type_of(upload.content)
    if upload.content and content_type is not None and content_type not in files.PICTURES:
        raise invalid("photo", msg("Only PNG, JPEG and WebP pictures are taken."), code="file_type")
    return Photo(_cleaned(upload, "photo"), upload.shown_name)


def add_event_photo(
    session: Session, actor: Actor, event_id: str, photo: Photo, folder: Path, now: datetime
) -> tuple[Document, bool]:
    """Keep a photo that was taken with something the actor himself recorded; (its document, whether it is new).

    The same photo again is kept once. `NotFound` as `own_event`; `RuleViolation` when the action has as many photos, or
    the asset as many papers, as it may.
    """
    event = own_event(session, actor, event_id, lock=True)
    before = photos_of_event(session, event_id)
    for row in before:
        if row.version.sha256 == photo.file.sha256:
            return row.document, False
    if len(before) >= MAX_OF_EVENT:
        raise RuleViolation(msg("An action has at most %(n)s photos.", n=MAX_OF_EVENT), code="too_many_photos")
    check_room(count_of(session, SubjectName.ASSET, event.asset_id))
    version = _kept(actor, 1, photo.file, photo.shown_name, "", folder, now)
    taken = event.occurred_at.astimezone(UTC)
    document = Document(
        subject_kind=SubjectName.ASSET, subject_id=event.asset_id, kind=Kind.PHOTO, title=f"{taken:%Y-%m-%d %H:%M} UTC",
        added_at=now, removal_reason="", event_id=event_id, versions=[version],
    )  # fmt: skip
    session.add(document)
    session.flush()
    return document, True


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
    return _kept(actor, number, _cleaned(upload, "file"), upload.shown_name, note, folder, now)


def _cleaned(upload: Upload, field: str) -> files.Cleaned:
    if not upload.content:
        raise invalid(field, msg("Choose a file."), code="required")
    try:
        return files.cleaned(upload.content)
    except InvalidInput as error:
        wrong = FieldError(field, error.message, error.code)
        raise InvalidInput(error.message, code=error.code, fields=[wrong]) from error


def _kept(
    actor: Actor, number: int, file: files.Cleaned, shown_name: str, note: str, folder: Path, now: datetime
) -> DocumentVersion:
    stored = files.keep(folder, file)
    return DocumentVersion(
        number=number, file_key=stored.key, content_type=stored.content_type, size=stored.size, sha256=stored.sha256,
        uploaded_name=shown_name, note=note, added_at=now, account_id=actor.account_id, actor_name=actor.name,
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
