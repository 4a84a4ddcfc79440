"""Texts that people type about organisations, units and persons: trimmed, of a length that is kept, plain."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from assets.core.errors import invalid
from assets.core.i18n import msg

_PERSON_LIMITS = {"name": 200, "email": 254, "phone": 40}


def read_code(code: str) -> str:
    """The code of an organisation or unit; `InvalidInput` for what cannot be one."""
    code = code.strip()
    if not code or len(code) > 32 or not all(c.isalnum() or c in "-_." for c in code):
        raise invalid("code", msg("A code has 1 to 32 letters, digits, dots, hyphens or underscores."))
    return code


def filled(field: str, text: str) -> str:
    """The text without outer spaces; `InvalidInput` naming `field` when nothing is left."""
    text = text.strip()
    if not text:
        raise invalid(field, msg("This must be filled in."), code="required")
    return limited(field, text, 200)


def limited(field: str, text: str, limit: int) -> str:
    """The text; `InvalidInput` naming `field` when it is longer than `limit` or holds control characters."""
    if len(text) > limit:
        raise invalid(field, msg("This is too long: at most %(n)s characters.", n=limit), code="too_long")
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        words = msg("This contains characters that cannot be kept (control characters).")
        raise invalid(field, words, code="control_characters")
    return text


def person_texts(given: Mapping[str, str]) -> dict[str, str]:
    """The texts of a person that were given, without outer spaces; `InvalidInput` for what cannot be kept."""
    found = {key: limited(key, given[key].strip(), limit) for key, limit in _PERSON_LIMITS.items() if key in given}
    if found.get("email") and not re.fullmatch(r"[^@\s]+@[^@\s]+", found["email"]):
        raise invalid("email", msg("This is not a mail address."))
    return found
