"""What a round's lines and counts may say, and what follows from them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Protocol, TypeVar

from assets.core.errors import FieldError, InvalidInput, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.registry.rules.asset_fields import ASSET_FIELDS, MAX_MONEY
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.folding import fold_identifier
from assets.registry.rules.life import check_by_hand, check_move
from assets.registry.rules.values import (
    Reader,
    ValueRefused,
    is_blank,
    read_choice,
    read_decimal,
    read_fields,
    read_text,
    text_field,
)

MAX_ITEMS, MAX_LINES = 2000, 500
NOTE_LENGTH = 500

OUTCOME_NAMES: dict[str, Message] = {
    "pending": msg("not counted yet"),
    "received": msg("received"),
    "short": msg("short: not there"),
    "damaged": msg("damaged"),
    "wrong_serial": msg("wrong serial number"),
    "not_delivered": msg("not delivered, closed"),
}
# The five states of the product, so that an outcome looks the same everywhere.
OUTCOME_STATES = {
    "pending": "away", "received": "ready", "short": "blocked", "damaged": "blocked", "wrong_serial": "due",
    "not_delivered": "unknown",
}  # fmt: skip
FOUND = frozenset({"received", "damaged", "wrong_serial"})  # somebody had it before him
STILL_TO_COME = ("pending", "short")
MISSING = frozenset({"short", "not_delivered"})
DIFFERENCES = ("short", "damaged", "wrong_serial", "not_delivered")
DAMAGED = frozenset({"C", "D"})  # the conditions of what is damaged
COUNT_OUTCOMES = tuple(name for name in OUTCOME_NAMES if name != "pending")

_SERIALS = re.compile(r"[\n\t;,]")


@dataclass(frozen=True)
class LineDraft:
    """One line of the deed as it was read; `serials` are VINs where the class is one of vehicles."""

    number: int
    class_code: str
    model: str
    quantity: int
    unit: str
    agency: str
    unit_value: Decimal | None
    serials: tuple[str, ...]


@dataclass(frozen=True)
class Count:
    """What was found of one item. `id` is the sender's own: sent again, it is the same count.

    `serial` is the number found (for `wrong_serial`, or where the paper has none), `grade` the condition (C or D when
    damaged), `at` when it was counted (now, where it is not said).
    """

    id: str
    item_id: int
    outcome: str
    serial: str = ""
    note: str = ""
    grade: str | None = None
    at: datetime | None = None
    noted: Mapping[str, object] = field(default_factory=dict)


class Counted(Protocol):
    """A count as it is stored."""

    id: Any
    at: Any


StoredCount = TypeVar("StoredCount", bound=Counted)


def newest(counts: Iterable[StoredCount]) -> StoredCount | None:
    """The count that holds: the one made last, whenever we heard of it; of two at one moment the one told last."""
    return max(counts, key=lambda count: (count.at, count.id), default=None)


def read_serials(value: object) -> tuple[str, ...]:
    """Serial numbers: a list, or a text with one on each line (or between tabs, commas, semicolons)."""
    parts: Sequence[object] = value if isinstance(value, list | tuple) else _SERIALS.split(str(value))
    found = [read_text(part, ASSET_FIELDS["serial_number"].max_length or 80) for part in parts if not is_blank(part)]
    return tuple(found)


def _read_quantity(value: object) -> int:
    number = read_decimal(value, 0, Decimal(MAX_ITEMS))
    if number < 1:
        raise ValueRefused(msg("At least one."), "out_of_range")
    return int(number)


LINE_FIELDS: dict[str, Reader] = {
    "class": Reader(lambda value: read_choice(value, tuple(CLASSES)), blank=""),
    "model": text_field(200),
    "quantity": Reader(_read_quantity),
    "unit": text_field(32, required=True),
    "agency": text_field(32),
    "unit_value": Reader(lambda value: read_decimal(value, 2, MAX_MONEY)),
    "serials": Reader(read_serials, blank=()),
}


def read_line(values: Mapping[str, object], number: int) -> LineDraft:
    """One line; `InvalidInput` names each cell that is wrong, with the line's number as its row.

    Without a quantity there are as many as serial numbers.
    """
    try:
        read = read_fields(LINE_FIELDS, values)
    except InvalidInput as error:
        raise InvalidInput(error.message, fields=[in_row(each, number) for each in error.fields]) from error
    serials: tuple[str, ...] = read["serials"]
    quantity = read["quantity"] or len(serials)
    draft = LineDraft(
        number, read["class"], read["model"], quantity, read["unit"], read["agency"], read["unit_value"], serials
    )
    errors = [in_row(each, number) for each in _line_errors(draft)]
    if errors:
        raise InvalidInput(errors[0].message, fields=errors)
    return draft


def _line_errors(draft: LineDraft) -> Iterable[FieldError]:
    if draft.quantity < 1:
        yield FieldError("quantity", msg("Say how many, or give their serial numbers."), "required")
    elif len(draft.serials) > draft.quantity:
        words = msg("These are %(n)s numbers for %(of)s items.", n=len(draft.serials), of=draft.quantity)
        yield FieldError("serials", words, "too_many_serials")
    if not draft.model and not draft.class_code:
        yield FieldError("class", msg("Give the class, or a model that is known."), "required")


def in_row(error: FieldError, row: int) -> FieldError:
    """The same error, of a line."""
    return FieldError(error.field, error.message, error.code, row)


def check_size(items: int, lines: int) -> None:
    """`InvalidInput` for a round without lines, or one that is larger than is taken at once."""
    if not lines:
        raise invalid("lines", msg("Enter at least one line."), code="required")
    if lines > MAX_LINES:
        raise invalid("lines", msg("At most %(n)s lines are taken at once.", n=MAX_LINES), code="too_many")
    if items > MAX_ITEMS:
        raise invalid("lines", msg("At most %(n)s items are taken at once.", n=MAX_ITEMS), code="too_many")


def check_count(count: Count) -> None:
    """`InvalidInput` unless the count says what its outcome needs."""
    if count.outcome not in COUNT_OUTCOMES:
        words = msg("This is one of: %(known)s.", known=", ".join(COUNT_OUTCOMES))
        raise InvalidInput(words, fields=[FieldError("outcome", words, "unknown_word")])
    for name, text, limit in (("note", count.note, NOTE_LENGTH), ("serial", count.serial, 80)):
        if len(text) > limit:
            raise invalid(name, msg("This is too long: at most %(n)s characters.", n=limit), code="too_long")
    errors = list(_count_errors(count))
    if errors:
        raise InvalidInput(errors[0].message, fields=errors, code=errors[0].code)


def _count_errors(count: Count) -> Iterable[FieldError]:
    if count.outcome == "damaged":
        if count.grade not in DAMAGED:
            yield FieldError("condition", msg("Say how bad it is: C or D."), "condition_needed")
        if not count.note.strip():
            yield FieldError("note", msg("Say what is damaged."), "note_needed")
    elif count.grade is not None and count.outcome not in FOUND:
        yield FieldError("condition", msg("What is not there has no condition."), "no_condition")
    elif count.grade in DAMAGED:
        yield FieldError("outcome", msg("In this condition it is damaged: say so."), "damaged")
    if count.outcome == "wrong_serial" and not count.serial.strip():
        yield FieldError("serial", msg("Give the number that is on the item."), "serial_needed")
    if count.outcome in MISSING and count.serial.strip():
        yield FieldError("serial", msg("What is not there has no number."), "no_serial")
    if count.outcome == "not_delivered" and not count.note.strip():
        yield FieldError("note", msg("Say why it will not come any more."), "note_needed")


def check_number(count: Count, on_paper: str) -> None:
    """`InvalidInput` for a count whose number contradicts its outcome: another than the paper's, or the very same."""
    if not count.serial or not on_paper:
        return
    same = fold_identifier(count.serial) == fold_identifier(on_paper)
    if count.outcome == "received" and not same:
        words = msg("The paper says another number: count it as a wrong serial number.")
        raise invalid("outcome", words, code="wrong_serial")
    if count.outcome == "wrong_serial" and same:
        raise invalid("serial", msg("This is the number on the paper: count it as received."), code="same_number")


def check_still_open(closed_at: datetime | None, at_closing: str) -> None:
    """`RuleViolation` for counting after the count was closed, but for what was missing then."""
    if closed_at is not None and at_closing not in MISSING:
        raise RuleViolation(msg("The count is closed. Only what was short can still be counted."), code="count_closed")


def check_may_close(tally: Mapping[str, int], *, closed: bool) -> None:
    """`RuleViolation` unless every item of the round was counted."""
    if closed:
        raise RuleViolation(msg("The count of this round is closed already."), code="already_closed")
    if not sum(tally.values()):
        raise RuleViolation(msg("This round has no items to count."), code="nothing_to_count")
    if tally.get("pending"):
        raise RuleViolation(
            msg("%(n)s items are not counted yet. What is not there is counted as short.", n=tally["pending"]),
            code="not_counted",
            data={"pending": tally["pending"]},
        )


def why_not_into_service(life: str, condition: str | None) -> RuleViolation | None:
    """Why an item stays as it is when its round is put into service together; None when it goes.

    Stricter than one by one: what needs repair goes on its own, by somebody who looked at it.
    """
    if life == "expected":
        return RuleViolation(msg("It was not counted in: it is still to come."), code="not_received")
    if life == "received" and condition in DAMAGED:
        words = msg("It needs repair. Put it into service on its own page when it is fit for it.")
        return RuleViolation(words, code="damaged")
    try:
        check_by_hand(life, "in_service")
        check_move(life, "in_service", held=False)
    except RuleViolation as error:
        return error
    return None


def total_of(lines: Iterable[tuple[int, Decimal | None]]) -> Decimal | None:
    """The value of lines of (quantity, unit value); None when none has a value."""
    values = [quantity * value for quantity, value in lines if value is not None]
    return sum(values, Decimal(0)) if values else None


def in_usd(value: Decimal | None, currency: str, usd_rate: Decimal | None) -> Decimal | None:
    """The value in US dollars, to the cent; None without a rate."""
    if value is None:
        return None
    if currency == "USD":
        return value
    return (value / usd_rate).quantize(Decimal("0.01"), ROUND_HALF_EVEN) if usd_rate else None
