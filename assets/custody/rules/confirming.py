"""What a sealed PIN must say to count, and what is said of confirmations. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from assets.core.i18n import Message, msg


class Method(StrEnum):
    """How a person confirmed."""

    OWN_PHONE = "own_phone"
    PIN = "pin"
    SIGNATURE = "signature"


METHOD_NAMES: Mapping[str, Message] = {
    Method.OWN_PHONE: msg("on his own phone"),
    Method.PIN: msg("by PIN"),
    Method.SIGNATURE: msg("by signature"),
}


def pin_for(
    opened: bytes | None, *, command_id: str, number: str, code: str, occurred_at: datetime
) -> str | None:  # fmt: skip
    """The PIN in what was sealed for this command, person, item and moment; None for anything else.

    What was sealed for one command says nothing of another, nor of another item or time under the same id (a command
    that was refused leaves its id free), so that it cannot be used again.
    """
    if opened is None:
        return None
    try:
        told = json.loads(opened)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or _moment(told.get("occurred_at")) != occurred_at:
        return None
    if (told.get("command"), told.get("person"), told.get("code")) != (command_id, number, code):
        return None
    pin = told.get("pin")
    return pin if isinstance(pin, str) and len(pin) <= 12 else None


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
