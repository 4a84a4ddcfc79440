"""The signature that came with an ordinary form: read before the transaction, joined with what was recorded in it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from assets.core import files
from assets.core.errors import FieldError, InvalidInput, invalid
from assets.core.i18n import msg
from assets.custody.service.signatures import MOST_BYTES, keep_signature, read_signature, sign_event
from assets.registry.models import AssetEvent
from assets.web.context import actor, now, the_app

_PREFIX = "data:image/png;base64,"


@dataclass(frozen=True)
class Signed:
    """What a form says of its signature: a picture, or that it was signed on paper, or nothing."""

    picture: files.Cleaned | None = None
    on_paper: bool = False

    @property
    def is_nothing(self) -> bool:
        return self.picture is None and not self.on_paper


def signature_in(values: Mapping[str, str]) -> Signed:
    """The signature of a form; `InvalidInput` for `signature` when what came is none."""
    text = values.get("signature_png", "")
    if not text:
        return Signed(on_paper=values.get("signed_on_paper") == "yes")
    if not text.startswith(_PREFIX) or len(text) > MOST_BYTES * 4 // 3 + 100:
        raise invalid("signature", msg("A signature is a small PNG picture."), code="file_type")
    try:
        return Signed(read_signature(base64.b64decode(text.removeprefix(_PREFIX), validate=True)))
    except binascii.Error as error:
        raise invalid("signature", msg("A signature is a small PNG picture."), code="file_type") from error
    except InvalidInput as error:
        wrong = FieldError("signature", error.message, error.code)
        raise InvalidInput(error.message, code=error.code, fields=[wrong]) from error


def join(session: Session, signed: Signed, signature_id: str, events: Iterable[AssetEvent]) -> None:
    """Say of each event that it was signed so; `signature_id` is the form's own."""
    if signed.is_nothing:
        return
    named = signature_id if signed.picture is not None else None
    last = None
    for event in events:
        sign_event(session, actor(), event, named, on_paper=signed.on_paper)
        last = event
    if last is not None and named is not None and signed.picture is not None:
        folder = files.folder_in(the_app().settings.data_dir)
        keep_signature(session, actor(), last.id, named, signed.picture, folder, now())
