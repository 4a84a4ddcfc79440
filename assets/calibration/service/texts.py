"""Texts that people type: trimmed, filled in, not too long."""

from assets.core.errors import invalid
from assets.core.i18n import msg


def short(field: str, text: str, limit: int) -> str:
    """The text without outer spaces; `InvalidInput` when it is too long."""
    text = text.strip()
    if len(text) > limit:
        raise invalid(field, msg("This is too long: at most %(n)s characters.", n=limit), code="too_long")
    return text


def filled(field: str, text: str, limit: int) -> str:
    """The text without outer spaces; `InvalidInput` when it is empty or too long."""
    text = short(field, text, limit)
    if not text:
        raise invalid(field, msg("This must be filled in."), code="required")
    return text
