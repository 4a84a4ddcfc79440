"""Forms for people: what was typed is kept, and each field's error stands beside it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import request

from assets.core.errors import DomainError
from assets.web.context import words


def typed() -> dict[str, str]:
    """What was typed, one text per field, without the CSRF token."""
    return {key: value for key, value in request.form.items() if key != "csrf_token"}


def field_errors(error: DomainError) -> dict[str, str]:
    """Words by field; what belongs to no field stands under ''."""
    found: dict[str, str] = {}
    for item in error.fields:
        found.setdefault(item.field, words(item.message))
    if not found:
        found[""] = words(error.message)
    return found


def given(values: Mapping[str, str]) -> dict[str, str]:
    """The fields that were filled in."""
    return {key: value for key, value in values.items() if value.strip()}
