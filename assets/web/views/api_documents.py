"""Papers and pictures for programs: within sight, one, its content, a new one, a new version, off the list and back."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response, jsonify, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.file import FileStorage
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from assets.core import files
from assets.documents import service
from assets.documents.models import Document, DocumentVersion
from assets.documents.queries import document_by_id, documents_page, opens_removed, version_of
from assets.documents.rules import Upload, download_name, kind_of, parse_subject
from assets.documents.subjects import READS, WRITES, Subject
from assets.web import care, papers
from assets.web.auth import needs
from assets.web.context import actor, now, reading, writing
from assets.web.parsing import encode_cursor, page
from assets.web.views.documents import folder
from assets.web.views.documents_list import document_filter

api = APIBlueprint("api_documents", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])


def _as_typed(value: object) -> object:
    # The form reader turns "2026" into a number; the field itself is read from the form as it was sent.
    return value if isinstance(value, str) or hasattr(value, "read") else str(value)


Text = Annotated[str, BeforeValidator(_as_typed)]


class DocumentsQuery(BaseModel):
    """Documents: of one subject (`asset:12`), by kind, kind of subject, words of the title; `removed=1`: all."""

    model_config = ConfigDict(extra="forbid")
    subject: str = ""
    kind: str = ""
    subject_kind: str = ""
    query: str = ""
    removed: str = ""
    limit: str = ""
    cursor: str = ""


class DocumentPath(BaseModel):
    """The document's id."""

    id: int = Field(ge=1, le=2**31 - 1)


class ContentQuery(BaseModel):
    """Which version; the newest without it."""

    model_config = ConfigDict(extra="forbid")
    version: int | None = Field(None, ge=1, le=10**6)


class NewDocument(BaseModel):
    """A file and what it is; the title is the file's name when it is left out."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    subject: Text = Field(max_length=40)
    kind: Text = Field(max_length=24)
    title: Text = Field("", max_length=4000)
    note: Text = Field("", max_length=4000)
    file: FileStorage


class NewVersion(BaseModel):
    """A newer file of the same document, and what is new in it."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    note: Text = Field("", max_length=4000)
    file: FileStorage


class Reason(BaseModel):
    """Why it is taken off the list, or put back."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field("", max_length=4000)


def version_json(version: DocumentVersion) -> dict[str, Any]:
    """A version as programs see it."""
    return {
        "number": version.number,
        "content_type": version.content_type,
        "size": version.size,
        "sha256": version.sha256,
        "uploaded_name": version.uploaded_name,
        "note": version.note,
        "added_at": care.moment_json(version.added_at),
        "added_by": version.account.login if version.account else version.actor_name,
    }


def document_json(document: Document, code: str, newest: DocumentVersion) -> dict[str, Any]:
    """A document as lists give it: what it belongs to, its newest version, whether it was taken off the list."""
    return {
        "id": document.id,
        "subject": f"{document.subject_kind}:{document.subject_id}",
        "subject_code": code,
        "kind": document.kind,
        "title": document.title,
        "added_at": care.moment_json(document.added_at),
        "removed_at": care.moment_json(document.removed_at) if document.removed_at else None,
        "removal_reason": document.removal_reason or None,
        "version": version_json(newest),
    }


def _full(document: Document, subject: Subject) -> dict[str, Any]:
    versions = document.versions if document.removed_at is None or opens_removed(actor(), subject) else []
    return {
        **document_json(document, subject.code, document.versions[0]),
        "versions": [version_json(version) for version in versions],
    }


@api.get("/documents")
@needs(*READS)
def list_documents(query: DocumentsQuery) -> Any:
    """Documents within sight, the newest first."""
    args = query.model_dump()
    wanted = page(args)
    with reading() as session:
        found = documents_page(session, actor(), document_filter(args), limit=wanted.limit + 1, after=wanted.after)
    items = [document_json(row.document, row.code, row.version) for row in found[: wanted.limit]]
    more = len(found) > wanted.limit
    return jsonify({"items": items, "next": encode_cursor((items[-1]["id"],)) if more else None})


@api.post("/documents")
@needs(*WRITES)
def add_document(form: NewDocument) -> Any:
    """Keep a file with what it belongs to (multipart)."""
    text = request.form
    subject = parse_subject(text.get("subject", ""))
    draft = service.Draft(subject, kind_of(text.get("kind", "")), text.get("title", ""), text.get("note", ""))
    with writing() as session:
        document = service.add_document(session, actor(), draft, _upload(form.file), folder(), now())
        return jsonify(_read_back(session, document.id)), 201


@api.get("/documents/<int:id>")
@needs(*READS)
def get_document(path: DocumentPath) -> Any:
    """One document with all its versions."""
    with reading() as session:
        return jsonify(_read_back(session, path.id))


@api.get("/documents/<int:id>/content")
@needs(*READS)
def get_content(path: DocumentPath, query: ContentQuery) -> Response:
    """The file of a version, to be saved."""
    with reading() as session:
        document, version = version_of(session, actor(), path.id, query.version)
    name = download_name(document.title, version.number, version.content_type)
    return papers.file_answer(files.read(folder(), version.file_key), version.content_type, name, shown=False)


@api.post("/documents/<int:id>/versions")
@needs(*WRITES)
def add_version(path: DocumentPath, form: NewVersion) -> Any:
    """Keep a newer file of a document (multipart); the older ones stay."""
    note = request.form.get("note", "")
    with writing() as session:
        service.add_version(session, actor(), path.id, _upload(form.file), note, folder(), now())
        return jsonify(_read_back(session, path.id)), 201


@api.post("/documents/<int:id>/removal")
@needs(*WRITES)
def remove_document(path: DocumentPath, body: Reason) -> Any:
    """Take a document off the list, with a reason. Nothing is deleted."""
    with writing() as session:
        service.remove_document(session, actor(), path.id, body.reason, now())
        return jsonify(_read_back(session, path.id))


@api.post("/documents/<int:id>/restoration")
@needs(*WRITES)
def restore_document(path: DocumentPath, body: Reason) -> Any:
    """Put a document back on the list."""
    with writing() as session:
        service.restore_document(session, actor(), path.id, body.reason, now())
        return jsonify(_read_back(session, path.id))


def _read_back(session: Any, document_id: int) -> dict[str, Any]:
    session.expire_all()
    return _full(*document_by_id(session, actor(), document_id))


def _upload(sent: FileStorage) -> Upload:
    return Upload(sent.read(), sent.filename or "")
