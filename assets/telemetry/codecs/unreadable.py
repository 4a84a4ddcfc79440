"""What decoders raise over bytes that are no message, and how that is told."""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def words_of(error: Exception) -> str:
    """The reason, in words that name no byte of the content (a reason is shown to more people than the raw bytes)."""
    if isinstance(error, RecursionError):
        return "not readable: nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "not readable: not UTF-8"
    text = str(error)
    if isinstance(error, msgspec.ValidationError):
        return text[:200]
    return f"not readable: {text[:160]}"
