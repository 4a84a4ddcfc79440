"""What people typed: kept as it was typed, within the limits of what can be stored."""

from __future__ import annotations

from assets.core.errors import invalid
from assets.core.i18n import msg

NOTE_LENGTH = 2000


def plain_text(field: str, text: str, limit: int = NOTE_LENGTH) -> str:
    """The text without blanks at its ends; `InvalidInput` when it is too long or cannot be stored.

    Markup, quotes and the like are letters as any other: they are shown as typed, never run.
    """
    text = text.strip()
    if len(text) > limit:
        raise invalid(field, msg("This is too long: at most %(n)s characters.", n=limit), code="too_long")
    # PostgreSQL stores no NUL, and half of a surrogate pair is not text in any encoding.
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise invalid(field, msg("There is a character in it that cannot be stored."), code="not_text")
    return text


def required_text(field: str, text: str, limit: int = NOTE_LENGTH) -> str:
    """As `plain_text`, and not empty."""
    text = plain_text(field, text, limit)
    if not text:
        raise invalid(field, msg("This must be filled in."), code="required")
    return text
