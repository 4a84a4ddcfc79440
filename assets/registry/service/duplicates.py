"""Refuses a serial number or VIN that another item has, without telling more than the actor may see."""

from __future__ import annotations

from sqlalchemy import Select
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, FieldError
from assets.core.i18n import Message, msg
from assets.labels.token import format_code

_DUPLICATE_WORDS: dict[str, tuple[Message, Message]] = {
    "serial_number": (
        msg("Another item of this class has this serial number: %(code)s."),
        msg("Another item of this class has this serial number; it is not yours to see. Ask the coordinator."),
    ),
    "vin": (
        msg("Another item has this VIN: %(code)s."),
        msg("Another item has this VIN; it is not yours to see. Ask the coordinator."),
    ),
}


def refuse_duplicate(session: Session, same: Select[int, str, bool], field: str) -> None:
    """`Conflict` when `same` (id, code, whether the actor may see it) finds a row."""
    found = session.execute(same.limit(1)).first()
    if found is not None:
        raise duplicate(field, found.code if found.visible else None)


def duplicate(field: str, code: str | None) -> Conflict:
    """The refusal of a serial number or VIN that another item has; `code` is its label code if it may be named."""
    named, unnamed = _DUPLICATE_WORDS[field]
    words = msg(named.text, code=format_code(code)) if code else unnamed
    return Conflict(
        words, code="duplicate", fields=[FieldError(field, words, "duplicate")], data={"field": field, "code": code}
    )
