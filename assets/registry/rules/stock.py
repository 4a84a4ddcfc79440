"""Lots of consumables: what may be written of one, how it stands, and what may be done with how much. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.values import (
    Reader,
    ValueRefused,
    read_choice,
    read_date,
    read_decimal,
    read_fields,
    text_field,
)

MAX_QUANTITY = Decimal(9_999_999)
MAX_REASON = 300
MAX_TESTS = 10_000
MAX_USE_WITHIN_DAYS = 3650
SOON, LATER = timedelta(days=30), timedelta(days=90)
_CLASS_NAMES = {code: defaults.title for code, defaults in CLASSES.items()}


class Standing(StrEnum):
    """How a lot stands: recalled before everything, then whether it can be trusted, then by its expiry."""

    RECALLED = "recalled"
    EXPIRED = "expired"
    SUSPECT = "suspect"
    WITHIN_30 = "expires_30"
    WITHIN_90 = "expires_90"
    GOOD = "good"


STANDING_NAMES: dict[Standing, Message] = {
    Standing.RECALLED: msg("recalled"),
    Standing.EXPIRED: msg("expired"),
    Standing.SUSPECT: msg("suspect: a control failed"),
    Standing.WITHIN_30: msg("expires within 30 days"),
    Standing.WITHIN_90: msg("expires within 90 days"),
    Standing.GOOD: msg("in date"),
}
OPEN_PACKS_STAY = msg("This would take opened packs, too: write off each of them by itself first, on the lot's page.")


def read_quantity(value: object) -> Decimal:
    """An amount with at most three decimals."""
    return read_decimal(value, 3, MAX_QUANTITY)


def whole_number(maximum: int) -> Callable[[object], int]:
    """Reads a whole number from 1 to `maximum`."""

    def read(value: object) -> int:
        number = int(read_decimal(value, 0, Decimal(maximum)))
        if number < 1:
            raise ValueRefused(msg("This is a whole number from 1 to %(max)s.", max=maximum), "out_of_range")
        return number

    return read


LOT_FIELDS: dict[str, Reader] = {
    "class": Reader(lambda value: read_choice(value, _CLASS_NAMES), required=True),
    "item": text_field(120, required=True),
    "lot_number": text_field(60, required=True),
    "unit": text_field(32, required=True),
    "quantity": Reader(read_quantity, required=True),
    "counted_in": Reader(text_field(24).read, blank="pieces"),
    "model": text_field(200),
    "batch": text_field(32),
    "expires_on": Reader(read_date),
    "received_on": Reader(read_date),
    "opened_on": Reader(read_date),
    "tests_per_pack": Reader(whole_number(MAX_TESTS)),
    "use_within_days": Reader(whole_number(MAX_USE_WITHIN_DAYS)),
}


@dataclass(frozen=True)
class LotDraft:
    """What was given for a lot, read and checked field by field; `quantity` in what it is `counted_in`.

    With `tests_per_pack` it is counted in packs.
    """

    class_code: str
    item: str
    lot_number: str
    unit: str
    quantity: Decimal
    counted_in: str = "pieces"
    model: str = ""
    batch: str = ""
    expires_on: date | None = None
    received_on: date | None = None
    opened_on: date | None = None
    tests_per_pack: int | None = None
    use_within_days: int | None = None


def parse_lot(values: Mapping[str, object]) -> LotDraft:
    """Read what was sent for a lot; `InvalidInput` names every field that is wrong, all at once."""
    read = read_fields(LOT_FIELDS, values)
    read["class_code"] = read.pop("class")
    draft = LotDraft(**read)
    if draft.quantity <= 0:
        raise invalid("quantity", msg("Say how much it is: more than nothing."), code="out_of_range")
    if draft.tests_per_pack is not None and draft.quantity % 1:
        raise invalid("quantity", msg("A lot with tests in packs is counted in whole packs."), code="not_whole")
    return draft


def check_days(draft: LotDraft, today: date) -> None:
    """`InvalidInput` for days that cannot be: received or opened in the future, opened before it was received."""
    for name in ("received_on", "opened_on"):
        day = getattr(draft, name)
        if day is not None and day > today:
            raise invalid(name, msg("This lies in the future."), code="in_the_future")
    if draft.opened_on is not None and draft.received_on is not None and draft.opened_on < draft.received_on:
        raise invalid("opened_on", msg("It cannot be opened before it was received."), code="out_of_range")


def standing_of(
    expires_on: date | None, recalled_on: date | None, today: date, *, is_suspect: bool = False
) -> Standing:
    """How a lot stands today; it may still be used on the day that it expires."""
    if recalled_on is not None:
        return Standing.RECALLED
    if expires_on is not None and expires_on < today:
        return Standing.EXPIRED
    if is_suspect:
        return Standing.SUSPECT
    if expires_on is None:
        return Standing.GOOD
    if expires_on <= today + SOON:
        return Standing.WITHIN_30
    return Standing.WITHIN_90 if expires_on <= today + LATER else Standing.GOOD


def check_reason(reason: str) -> str:
    """The reason, in a few words; `InvalidInput` otherwise."""
    reason = " ".join(reason.split())
    if len(reason) < 5:
        raise invalid("reason", msg("Say the reason in a few words."), code="reason_required")
    if len(reason) > MAX_REASON:
        raise invalid("reason", msg("The reason is too long: at most %(n)s characters.", n=MAX_REASON))
    return reason


def counted_difference(on_hand: Decimal, counted: Decimal, *, recalled: bool, opened: int = 0) -> Decimal:
    """What a count changes; `RuleViolation` when more of a recalled lot would be there than before.

    The `opened` packs in store are a part of what is counted: one that is gone is written off by itself.
    """
    if counted < opened:
        raise RuleViolation(OPEN_PACKS_STAY, code="packs_open")
    if recalled and counted > on_hand:
        raise RuleViolation(
            msg("This lot is recalled: no more of it can be counted in. Write off what is left."), code="recalled"
        )
    return counted - on_hand


def check_write_off(on_hand: Decimal, quantity: Decimal, *, opened: int = 0) -> None:
    """`InvalidInput` unless so much is there to be written off; `opened` packs in store are written off one by one."""
    if quantity <= 0:
        raise invalid("quantity", msg("Say how much it is: more than nothing."), code="out_of_range")
    if quantity > on_hand:
        raise invalid("quantity", msg("Only %(n)s are there.", n=plain(on_hand)), code="out_of_range")
    if quantity > on_hand - opened:
        raise RuleViolation(OPEN_PACKS_STAY, code="packs_open")


def plain(amount: Decimal) -> str:
    """An amount without needless zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
