"""The tree of errors that a person or a program may cause; `web/errors.py` alone turns them into HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assets.core.i18n import Message, msg


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of what was sent; `row` as numbered in a sheet (the head is row 1)."""

    field: str
    message: Message
    code: str = "invalid"
    row: int | None = None


class DomainError(Exception):
    """A refusal with a stable code, words, and what is needed to explain it."""

    default_code = "refused"

    def __init__(
        self,
        message: Message | str,
        *,
        code: str | None = None,
        fields: Sequence[FieldError] = (),
        data: Mapping[str, object] | None = None,
    ) -> None:
        self.message = message if isinstance(message, Message) else msg(message)
        self.code = code or self.default_code
        self.fields = tuple(fields)
        self.data = dict(data or {})
        super().__init__(f"{self.code}: {self.message}")


class InvalidInput(DomainError):
    """What was sent cannot be understood or is not allowed for its field."""

    default_code = "invalid_input"


class NotFound(DomainError):
    """It does not exist, or the actor may not know that it does: both look the same."""

    default_code = "not_found"

    def __init__(self, message: Message | str = "Nothing was found here.", **keywords: object) -> None:
        super().__init__(message, **keywords)  # type: ignore[arg-type]  # passed on as given


class Conflict(DomainError):
    """It clashes with what is recorded already."""

    default_code = "conflict"


class RuleViolation(DomainError):
    """The rules of the work forbid it as things stand."""

    default_code = "rule_violation"


class NotAllowed(DomainError):
    """The actor is known and lacks the right."""

    default_code = "not_allowed"

    def __init__(self, message: Message | str = "You do not have the right to do this.", **keywords: object) -> None:
        super().__init__(message, **keywords)  # type: ignore[arg-type]  # passed on as given


def invalid(field: str, message: Message | str, *, code: str = "invalid") -> InvalidInput:
    """An `InvalidInput` about one field."""
    words = message if isinstance(message, Message) else msg(message)
    return InvalidInput(words, fields=[FieldError(field, words, code)])
