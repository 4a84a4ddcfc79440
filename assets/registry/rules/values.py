"""Reading single values out of what a form, a call, a sheet or a phone sent; each refuses with words for its field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.core import get_global

from assets.core.errors import FieldError, InvalidInput
from assets.core.i18n import Message, msg

_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f']+")
_DATE_FORMS = (re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})"), re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})"))
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_YES = frozenset({"true", "yes", "y", "1", "on", "да", "ha", "ҳа"})
_NO = frozenset({"false", "no", "n", "0", "off", "нет", "yoʻq", "yo'q", "yo‘q", "йўқ"})
CURRENCIES: frozenset[str] = frozenset(get_global("all_currencies"))
EARLIEST_YEAR, LATEST_YEAR = 1950, 2100


class ValueRefused(Exception):
    """A value cannot be read; `message` says why, `code` stays the same in every language."""

    def __init__(self, message: Message, code: str = "invalid") -> None:
        super().__init__(str(message))
        self.message = message
        self.code = code

    def for_field(self, field: str) -> FieldError:
        return FieldError(field, self.message, self.code)


def is_blank(value: object) -> bool:
    """Whether nothing was given."""
    return value is None or (isinstance(value, str) and not value.strip())


def read_text(value: object, max_length: int, *, lines: bool = False) -> str:
    """A text in composed form without outer spaces; control characters and half surrogate pairs are refused.

    A sheet gives numbers where it was typed as digits: whole ones become their digits.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueRefused(msg("This must be a text."))
    if isinstance(value, float | Decimal) and value == value and value % 1 == 0:
        value = int(value)
    text = unicodedata.normalize("NFC", str(value)).replace("\r\n", "\n").strip()
    allowed = {"\n", "\t"} if lines else set()
    if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in allowed for c in text):
        words = msg("This contains characters that cannot be kept (control characters).")
        raise ValueRefused(words, "control_characters")
    if len(text) > max_length:
        raise ValueRefused(msg("This is too long: at most %(n)s characters.", n=max_length), "too_long")
    return text


def read_date(value: object) -> date:
    """A day: a date, YYYY-MM-DD or DD.MM.YYYY."""
    if isinstance(value, datetime):
        value = value.date()
    if not isinstance(value, date):
        value = _typed_date(value)
    if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
        raise ValueRefused(msg("The year %(year)s cannot be right.", year=value.year))
    return value


def _typed_date(value: object) -> date:
    text = str(value).strip()
    for form in _DATE_FORMS:
        found = form.fullmatch(text)
        if found and text.isascii():
            parts = [int(part) for part in found.groups()]
            if form is _DATE_FORMS[1]:
                parts.reverse()
            try:
                return date(*parts)
            except ValueError:
                break
    raise ValueRefused(msg("%(text)s is not a date; write 2026-11-21 or 21.11.2026.", text=text[:40]), "not_a_date")


def read_decimal(value: object, places: int, maximum: Decimal) -> Decimal:
    """A number from 0 to `maximum` with at most so many decimals; see `plain_number` for how it may be written."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueRefused(msg("This must be a number."), "not_a_number")
    text = plain_number(str(value))
    if not _NUMBER.fullmatch(text):
        raise ValueRefused(msg("%(text)s is not a number.", text=str(value)[:40]), "not_a_number")
    number = Decimal(text)
    if number < 0 or number > maximum:
        raise ValueRefused(msg("This is a number from 0 to %(max)s.", max=maximum), "out_of_range")
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        raise ValueRefused(msg("At most %(n)s decimals are kept here.", n=places), "too_precise")
    return number.quantize(Decimal(1).scaleb(-places))


def plain_number(text: str) -> str:
    """`text` with a point for its decimals and nothing between thousands.

    Spaces divide thousands; of a comma and a point the last marks the decimals; marks that come twice divide thousands.
    One comma before exactly three digits could mean either and is refused.
    """
    cleaned = _SPACES.sub("", text)
    if "," in cleaned and "." in cleaned:
        mark = max(",.", key=cleaned.rfind)
        return _without_groups(cleaned, "," if mark == "." else ".", text).replace(",", ".")
    for mark in ",.":
        if cleaned.count(mark) > 1:
            return _without_groups(cleaned, mark, text)
    if re.fullmatch(r"[1-9]\d{0,2},\d{3}", cleaned):
        raise ValueRefused(
            msg(
                "The comma in %(text)s could mean thousands or decimals: write it without, or with a point.", text=text
            ),
            "ambiguous_number",
        )
    return cleaned.replace(",", ".")


def _without_groups(cleaned: str, mark: str, text: str) -> str:
    whole = re.split("[.,]", cleaned)[-1] if cleaned.count(mark) != len(re.findall("[.,]", cleaned)) else ""
    grouped = cleaned.removesuffix(whole).rstrip(".,") if whole else cleaned
    if not re.fullmatch(rf"\d{{1,3}}(?:{re.escape(mark)}\d{{3}})+", grouped):
        raise ValueRefused(msg("%(text)s is not a number.", text=text[:40]), "not_a_number")
    return cleaned.replace(mark, "")


def read_boolean(value: object) -> bool:
    """True or false, yes or no in the languages of the product."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().casefold()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise ValueRefused(msg("Write yes or no."), "not_yes_or_no")


def read_choice(value: object, choices: Mapping[str, object] | tuple[str, ...], *, upper: bool = False) -> str:
    """One of the known words; case and a space for an underscore are forgiven."""
    text = str(value).strip()
    text = text.upper() if upper else text.casefold().replace(" ", "_")
    if text not in choices:
        known = ", ".join(choices)
        raise ValueRefused(msg("This is one of: %(known)s.", known=known), "unknown_word")
    return text


def read_currency(value: object) -> str:
    """A currency by its three letters (ISO 4217)."""
    text = str(value).strip().upper()
    if text not in CURRENCIES:
        raise ValueRefused(msg("%(text)s is no currency; write three letters, such as USD.", text=text[:10]))
    return text


@dataclass(frozen=True)
class Reader:
    """How one field of a small form or body is read; an empty one becomes `blank`."""

    read: Callable[[object], Any]
    required: bool = False
    blank: Any = None


def text_field(max_length: int, *, required: bool = False, lines: bool = False) -> Reader:
    """A text; empty stays ''."""
    return Reader(lambda value: read_text(value, max_length, lines=lines), required, "")


def read_fields(fields: Mapping[str, Reader], values: Mapping[str, object]) -> dict[str, Any]:
    """Every field of `fields`, read; `InvalidInput` names all that are wrong, missing or unknown."""
    unknown = msg("This field is not known here.")
    errors = [FieldError(key, unknown, "unknown_field") for key in values if key not in fields]
    found: dict[str, Any] = {}
    for key, field in fields.items():
        value = values.get(key)
        try:
            if is_blank(value):
                if field.required:
                    raise ValueRefused(msg("This must be filled in."), "required")
                found[key] = field.blank
            else:
                found[key] = field.read(value)
        except ValueRefused as error:
            errors.append(error.for_field(key))
    if errors:
        raise InvalidInput(errors[0].message, fields=errors)
    return found
