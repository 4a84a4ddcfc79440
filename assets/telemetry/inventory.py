"""What is written down of a tracker besides its id: who made it, its numbers, its SIM card. One list for every door."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assets.core.errors import FieldError, InvalidInput
from assets.core.i18n import Message, msg

_IMEI = re.compile(r"[0-9]{15}")
_ICCID = re.compile(r"89[0-9]{16,18}")
_MSISDN = re.compile(r"\+[1-9][0-9]{6,14}")
_BETWEEN_DIGITS = re.compile(r"[ ./-]")


@dataclass(frozen=True, slots=True)
class InventoryField:
    """One box: its title, how long it may be, and what makes a text that is typed one that is kept."""

    title: Message
    longest: int
    hint: Message | None = None
    clean: Callable[[str], str] = str.strip
    refusal: Callable[[str], Message | None] = lambda _: None
    is_unique: bool = False


def is_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * 2 if place % 2 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _digits(text: str) -> str:
    return _BETWEEN_DIGITS.sub("", text.strip())


def _iccid(text: str) -> str:
    """Some readers show the filler `F` of an odd number of digits."""
    return _digits(text).upper().removesuffix("F")


def _refused_imei(text: str) -> Message | None:
    if _IMEI.fullmatch(text) is None:
        return msg("An IMEI has 15 digits; the device shows it at *#06#.")
    return None if is_luhn(text) else msg("The last digit does not fit the others: look at the device again.")


def _refused_iccid(text: str) -> Message | None:
    if _ICCID.fullmatch(text) is None:
        return msg("The number of a SIM card begins with 89 and has 18 to 20 digits; it stands on the card.")
    return None if is_luhn(text) else msg("The last digit does not fit the others: look at the card again.")


def _refused_msisdn(text: str) -> Message | None:
    if _MSISDN.fullmatch(text) is None:
        return msg("A telephone number is written as +998901234567.")
    return None


def _refused_control(text: str) -> Message | None:
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text.replace("\n", "").replace("\r", "")):
        return msg("It holds characters that cannot be read.")
    return None


INVENTORY_FIELDS: Mapping[str, InventoryField] = {
    "vendor": InventoryField(msg("Maker"), 60, refusal=_refused_control),
    "model": InventoryField(msg("Model or hardware"), 60, refusal=_refused_control),
    "serial": InventoryField(msg("Serial number"), 60, refusal=_refused_control),
    "imei": InventoryField(
        msg("IMEI"), 15, msg("15 digits, of its modem"), clean=_digits, refusal=_refused_imei, is_unique=True
    ),
    "iccid": InventoryField(
        msg("SIM card (ICCID)"), 20, msg("18 to 20 digits, as on the card"), clean=_iccid, refusal=_refused_iccid,
        is_unique=True,
    ),
    "msisdn": InventoryField(
        msg("Telephone number of the SIM"), 16, msg("as +998901234567"), clean=_digits, refusal=_refused_msisdn
    ),
    "sim_operator": InventoryField(msg("Mobile operator"), 40, refusal=_refused_control),
    "note": InventoryField(
        msg("Where it is installed"), 400, msg("place in the vehicle, wiring, antennas"), refusal=_refused_control
    ),
}  # fmt: skip
"""By name in the API, in forms, in sheets and on the command line."""
UNIQUE = tuple(name for name, field in INVENTORY_FIELDS.items() if field.is_unique)
IDENTIFYING = ("imei", "iccid", "msisdn", "serial")
"""What tells one device or card from all others: it never leaves the house."""


def cleaned(given: Mapping[str, str]) -> dict[str, str]:
    """The boxes that were given, as they are kept; an empty one empties. `InvalidInput` names every wrong one."""
    found: dict[str, str] = {}
    wrong: list[FieldError] = []
    for name, text in given.items():
        field = INVENTORY_FIELDS.get(name)
        if field is None:
            wrong.append(FieldError(name, msg("There is no such field."), "unknown_field"))
            continue
        kept = field.clean(text)
        refused = field.refusal(kept) if kept else None
        if refused is None and len(kept) > field.longest:
            refused = msg("At most %(n)s characters.", n=field.longest)
        if refused is not None:
            wrong.append(FieldError(name, refused, "malformed"))
        found[name] = kept
    if wrong:
        raise InvalidInput(wrong[0].message, fields=wrong)
    return found
