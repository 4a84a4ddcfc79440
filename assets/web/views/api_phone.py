"""What belongs to commands and comes after them: photos, and the giving up of what will not be sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.file import FileStorage
from pydantic import BaseModel, ConfigDict, Field

from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.custody.service.signatures import MOST_BYTES, keep_signature, read_signature, require_signed
from assets.documents import service
from assets.documents.rules import Upload
from assets.people.rules import Permission
from assets.registry.service.given_up import GivenUpCommand, note_given_up
from assets.web.auth import needs, require_named_account, signed_in
from assets.web.context import actor, now, reading, writing
from assets.web.views.documents import folder

api = APIBlueprint("api_phone", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])
MOST_BYTES_GIVEN_UP = 20_000


class CommandPath(BaseModel):
    """The command's own id, as it was posted."""

    id: UUID


class NewPhoto(BaseModel):
    """A PNG, JPEG or WebP picture; nothing but its pixels is kept. `signature`: it is the one that actions name so."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    photo: FileStorage
    signature: UUID | None = None


class GivenUp(BaseModel):
    """An action as it stands on the phone, and why it will not be sent; `taken`: all but its photos was."""

    model_config = ConfigDict(extra="forbid")
    kind: str = Field(max_length=40)
    code: str = Field(max_length=40)
    occurred_at: datetime
    data: dict[str, Any]
    taken: bool = False
    reason: str = Field(max_length=500)


@api.post("/commands/<string:id>/photos")
@needs(Permission.FIELD_REPORT, Permission.CUSTODY_ACT)
def add_photo(path: CommandPath, form: NewPhoto) -> Any:
    """Keep a photo with what one has recorded (multipart); the same photo again changes nothing.

    With `signature` it is kept once for every action that names this signature, whenever these come.
    """
    require_named_account()
    if form.signature is not None:
        return _keep_signature(str(path.id), str(form.signature), form.photo.read(MOST_BYTES + 1))
    with reading() as session:
        service.own_event(session, actor(), str(path.id))
    photo = service.read_photo(Upload(form.photo.read(), form.photo.filename or ""))
    with writing() as session:
        document, is_new = service.add_event_photo(session, actor(), str(path.id), photo, folder(), now())
        answer = {"document": document.id, "status": "accepted" if is_new else "repeated"}
    return jsonify(answer), 201 if is_new else 200


def _keep_signature(event_id: str, signature_id: str, content: bytes) -> Any:
    with reading() as session:
        require_signed(session, actor(), event_id, signature_id)
    picture = read_signature(content)
    with writing() as session:
        is_new = keep_signature(session, actor(), event_id, signature_id, picture, folder(), now())
    return jsonify({"signature": signature_id, "status": "accepted" if is_new else "repeated"}), 201 if is_new else 200


@api.post("/commands/<string:id>/given-up")
@signed_in
def give_up(path: CommandPath, body: GivenUp) -> Any:
    """Note in the journal what a person decided not to send, whole, so that it can still be entered by hand.

    Also of somebody who may record nothing any more: his phone still holds it.
    """
    require_named_account()
    if not body.reason.strip():
        raise invalid("reason", msg("Say why."), code="required")
    if len(msgspec.json.encode(body.data)) > MOST_BYTES_GIVEN_UP:
        raise invalid("data", msg("This is too much to note in the journal."), code="too_long")
    given_up = GivenUpCommand(
        str(path.id), body.kind, body.code, body.occurred_at, _without_pin(body.data), body.taken, body.reason.strip()
    )
    with writing() as session:
        recorded = note_given_up(session, actor(), given_up, now())
    return jsonify({"status": "noted", "recorded": recorded})


def _without_pin(data: dict[str, Any]) -> dict[str, Any]:
    # Not even sealed: the journal is for ever, and is read by others than this server.
    return {key: value for key, value in data.items() if key != "confirmed"}
