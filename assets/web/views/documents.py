"""Papers and pictures for people: all within sight, adding, one with its versions, off the list and back on it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from sqlalchemy.orm import Session

from assets.core import files
from assets.core.actor import Actor
from assets.core.errors import Conflict, DomainError, InvalidInput, RuleViolation, invalid
from assets.core.i18n import msg
from assets.documents import service
from assets.documents.queries import document_by_id, opens_removed, version_of
from assets.documents.rules import SubjectName, Upload, download_name, kind_of, may_be_shown, parse_subject
from assets.documents.subjects import READS, WRITES, Subject, subject_of, writable_subject
from assets.web import papers
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, typed

pages = Blueprint("documents", __name__)
MAX_FILES = 20


def folder() -> Any:
    """Where stored files lie."""
    return files.folder_in(the_app().settings.data_dir)


@pages.get("/documents/new")
@needs(*WRITES)
def new_document() -> Any:
    """The form alone, for who has no script or follows a link."""
    return _new_form(typed_subject(request.args.get("subject", "")), {}, {})


def typed_subject(text: str) -> Subject:
    """The subject in `kind:id` to which the viewer may add."""
    with reading() as session:
        return writable_subject(session, actor(), *parse_subject(text))


def _new_form(subject: Subject, values: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "documents/new.html",
        subject=papers.subject_cells(subject),
        kinds=papers.kind_choices(subject.name),
        values=values,
        errors=errors,
    )


@pages.post("/documents")
@needs(*WRITES)
def add() -> Any:
    """Keep the files that were sent, all of them or none; each becomes a document.

    The script of the form sends each file alone and reads JSON.
    """
    values = typed()
    subject = parse_subject(values.get("subject", ""))
    uploads = [Upload(sent.read(), sent.filename or "") for sent in request.files.getlist("files") if sent.filename]
    try:
        with writing() as session:
            kept = _add(session, actor(), subject, values, uploads)
    except (InvalidInput, RuleViolation, Conflict, files.NoSpace) as error:
        return _refused(error, subject, values)
    if _wants_json():
        return jsonify({"documents": kept})
    flash_words(msg("Kept: %(n)s.", n=len(kept)), "success")
    return redirect(_page_of(subject), 303)


def _add(
    session: Session, viewer: Actor, subject: tuple[SubjectName, int], values: dict[str, str], uploads: list[Upload]
) -> list[int]:
    writable_subject(session, viewer, *subject)
    if not uploads:
        raise invalid("file", msg("Choose a file."), code="required")
    if len(uploads) > MAX_FILES:
        raise invalid("file", msg("At most %(n)s files at a time.", n=MAX_FILES), code="too_many_files")
    draft = service.Draft(subject, kind_of(values.get("kind", "")), values.get("title", ""), values.get("note", ""))
    return [_add_one(session, viewer, draft, upload, alone=len(uploads) == 1) for upload in uploads]


def _add_one(session: Session, viewer: Actor, draft: service.Draft, upload: Upload, *, alone: bool) -> int:
    try:
        return service.add_document(session, viewer, draft, upload, folder(), now()).id
    except InvalidInput as error:
        if alone or not error.fields or error.fields[0].field != "file":
            raise
        raise invalid(
            "file",
            msg("%(name)s: %(reason)s None of the files was kept.", name=upload.shown_name, reason=error.message),
            code=error.code,
        ) from error


def _refused(error: DomainError, subject: tuple[SubjectName, int], values: dict[str, str]) -> Any:
    if _wants_json():
        return jsonify({"code": error.code, "detail": words(error.message)}), status_of(error)
    return _new_form(typed_subject(f"{subject[0]}:{subject[1]}"), values, field_errors(error)), status_of(error)


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _page_of(subject: tuple[SubjectName, int]) -> str:
    with reading() as session:
        found = subject_of(session, actor(), *subject)
    return f"{papers.place_of(found.name, found.id, found.code)}#papers"


@pages.get("/documents/<int:document_id>")
@needs(*READS)
def document_page(document_id: int) -> Any:
    """One document: the picture itself, its versions, and what may be done with it."""
    return _document_page(document_id, {}, {})


def _document_page(document_id: int, values: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        document, subject = document_by_id(session, actor(), document_id)
        newest = document.versions[0]
        opens = document.removed_at is None or opens_removed(actor(), subject)
        return render_template(
            "documents/item.html",
            document=document,
            kind_name=dict(papers.kind_choices())[document.kind],
            subject=papers.subject_cells(subject),
            newest=papers.version_cells(newest),
            versions=[papers.version_cells(version) for version in document.versions],
            history=papers.history_of(document),
            opens=opens,
            values=values,
            errors=errors,
        )


@pages.get("/documents/<int:document_id>/content")
@needs(*READS)
def content(document_id: int) -> Response:
    """A version's file: a picture may be shown in our page, anything else is only ever saved."""
    number = request.args.get("version", "")
    if number and not (number.isascii() and number.isdigit() and len(number) <= 6):
        raise invalid("version", msg("A version is a whole number."))
    with reading() as session:
        document, version = version_of(session, actor(), document_id, int(number) if number else None)
    shown = may_be_shown(version.content_type) and request.args.get("download") != "1"
    name = download_name(document.title, version.number, version.content_type)
    return papers.file_answer(files.read(folder(), version.file_key), version.content_type, name, shown=shown)


@pages.post("/documents/<int:document_id>/versions")
@needs(*WRITES)
def new_version(document_id: int) -> Any:
    """A newer file of the same paper."""
    sent = request.files.get("file")
    upload = Upload(sent.read(), sent.filename or "") if sent is not None else Upload(b"")

    def change(session: Session, values: dict[str, str]) -> None:
        service.add_version(session, actor(), document_id, upload, values.get("note", ""), folder(), now())

    return _change(document_id, change, "kept")


@pages.post("/documents/<int:document_id>/removal")
@needs(*WRITES)
def remove(document_id: int) -> Any:
    """Off the list, with a reason; it can be put back."""

    def change(session: Session, values: dict[str, str]) -> None:
        service.remove_document(session, actor(), document_id, values.get("reason", ""), now())

    return _change(document_id, change, "removed")


@pages.post("/documents/<int:document_id>/restoration")
@needs(*WRITES)
def restore(document_id: int) -> Any:
    """Back on the list."""

    def change(session: Session, values: dict[str, str]) -> None:
        service.restore_document(session, actor(), document_id, values.get("reason", ""), now())

    return _change(document_id, change, "restored")


SAID = {
    "kept": msg("The new version is kept; the older ones stay."),
    "removed": msg("It is off the list. Nothing was deleted: it can be put back."),
    "restored": msg("It is back on the list."),
}


def _change(document_id: int, change: Any, said: str) -> Any:
    values = typed()
    try:
        with writing() as session:
            change(session, values)
    except (InvalidInput, RuleViolation, Conflict, files.NoSpace) as error:
        return _document_page(document_id, values, field_errors(error)), status_of(error)
    flash_words(SAID[said], "success")
    return redirect(f"/documents/{document_id}", 303)
