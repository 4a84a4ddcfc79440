"""What people wrote, searched for what must not leave the house: plates, numbers of items, places, persons. Pure.

A person reads the words as well; this finds what is easily overlooked. It errs to the careful side: what it finds is
taken out of the text, or put differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assets.core.i18n import Message, msg
from assets.registry.rules.folding import fold_identifier, fold_text

PLATE = msg("a plate number")
VIN = msg("a vehicle identification number")
PLACE = msg("a coordinate")
PHONE = msg("a telephone number")
ADDRESS = msg("an e-mail or web address")
NUMBER = msg("a number of an item, tracker, person or operation")
PERSON = msg("a person's name")
UNIT = msg("the name of a unit")

_DEGREES = r"(?<![\d.,])(?:3[6-9]|4[0-6]|5[5-9]|6\d|7[0-4])"
_PATTERNS: tuple[tuple[Message, re.Pattern[str]], ...] = (
    (ADDRESS, re.compile(r"\S+@\S+\.\S+|(?:https?://|www\.)\S+", re.IGNORECASE)),
    # Degrees; a decimal number that is a latitude or longitude of this country; two of them side by side. A comma with
    # three digits after it alone is a thousand, and a weight is a weight.
    (
        PLACE,
        re.compile(
            rf"\d{{1,3}}\s*°\s*\d{{0,2}}|{_DEGREES}[.,]\d{{3,}}[\s,;/]{{1,3}}{_DEGREES}[.,]\d{{3,}}"
            rf"|{_DEGREES}(?:\.\d{{3,}}|,\d{{4,}})(?!\d*\s*(?:kg|кг|g\b|г\b))"
        ),
    ),
    (PHONE, re.compile(r"\+\s?\d[\d\s().-]{7,}\d|(?<!\d)(?:\(?\d{2,3}\)?[\s-]){1,2}\d{3}[\s-]\d{2}[\s-]\d{2}(?!\d)")),
)
# Written together: 01 A 123 BC, 01 123 ABC, T 123456; letters of any alphabet.
_PLATE = re.compile(r"\d{2}[^\W\d_]\d{3}[^\W\d_]{2}|\d{5}([^\W\d_]{3})|[THТН]\d{6}")
_NO_PLATE = frozenset({"USD", "UZS", "JPY", "EUR", "RUB", "СУМ"})
_VIN = re.compile(r"(?=(?:.*\d){3})(?=.*[A-HJ-NPR-Z])[A-HJ-NPR-Z0-9]{17}")
_LONG_NUMBER = re.compile(r"\d{14,}")
_SEPARATORS = re.compile(r"[\s._\-\u2010-\u2015]+")
_TOKEN = re.compile(r"[^\s,;:!?()\[\]«»\"“”]+")
_WINDOW = 4
_MIN_NAME = 4
_RELATIONS = frozenset({"ogli", "qizi", "ogly", "kizi", "uly", "qyzy"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found in a text: what it seems to be, and the words."""

    kind: Message
    words: str


@dataclass(frozen=True)
class Known:
    """What the register knows that must stay inside.

    `identifiers` are folded by `fold_identifier`; `names` full names of persons; `units` names of units.
    """

    identifiers: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


def findings(text: str, known: Known) -> tuple[Finding, ...]:
    """What in `text` must not leave the house, in order of its kind; nothing twice."""
    found = {
        (str(kind), words): Finding(kind, words)
        for kind, words in (*_by_pattern(text), *_by_number(text, known), *_persons(text, known), *_units(text, known))
    }
    return tuple(found.values())


def identifier_candidates(text: str) -> frozenset[str]:
    """The folded tokens of `text` that could be a number of something, alone or joined with their neighbours."""
    return frozenset(folded for folded, _ in _numbers(text))


def _by_pattern(text: str) -> Iterator[tuple[Message, str]]:
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield kind, match.group().strip()


def _numbers(text: str) -> Iterator[tuple[str, str]]:
    """Folded text and text as written of each token with a digit, and of up to four tokens joined."""
    for line in text.splitlines():
        tokens = [token.strip(".…'’") for token in _TOKEN.findall(line)]
        for start in range(len(tokens)):
            for end in range(start + 1, min(start + _WINDOW, len(tokens)) + 1):
                written = " ".join(tokens[start:end])
                if any(c.isdigit() for c in written):
                    yield fold_identifier(written), written


def _by_number(text: str, known: Known) -> Iterator[tuple[Message, str]]:
    for folded, written in _numbers(text):
        kind = _kind_of_number(written)
        if kind is None and len(folded) >= _MIN_NAME and folded in known.identifiers:
            kind = NUMBER
        if kind is not None:
            yield kind, written
    # Numbers without a digit exist as well: a unit's or an operation's code.
    for token in _TOKEN.findall(text):
        folded = fold_identifier(token.strip(".…'’"))
        if not any(c.isdigit() for c in token) and len(folded) >= _MIN_NAME and folded in known.identifiers:
            yield NUMBER, token


def _kind_of_number(written: str) -> Message | None:
    """What a number is by its form alone; parts that stand apart count as one only in capitals and digits."""
    if " " in written and written != written.upper():
        return None
    together = _SEPARATORS.sub("", written).upper()
    plate = _PLATE.fullmatch(together)
    if plate and plate.group(1) not in _NO_PLATE:
        return PLATE
    if _LONG_NUMBER.fullmatch(together):
        return NUMBER
    if not together.isdigit() and _VIN.fullmatch(fold_identifier(together)):
        return VIN
    return None


def _persons(text: str, known: Known) -> Iterator[tuple[Message, str]]:
    """A surname (the first part of a name) by itself, or two parts of one name."""
    words = {folded: word for word in re.findall(r"[^\W\d_][\w'ʻʼ’‘`-]*", text) if (folded := fold_text(word))}
    for name in known.names:
        parts = [part for part in fold_text(name).split() if part not in _RELATIONS]
        hits = [part for part in parts if _said(part, words)]
        if len(hits) >= 2 or (hits and hits[0] == parts[0] and len(parts[0]) >= _MIN_NAME):
            yield PERSON, " ".join(_said(part, words) for part in hits)


def _said(part: str, words: dict[str, str]) -> str:
    """The word of the text that is this part of a name, with a Russian or Uzbek ending or without; '' for none."""
    if part in words:
        return words[part]
    if len(part) < _MIN_NAME + 1:
        return ""
    stem = part[:-1] if part[-1] in "aeiouy" else part
    return next(
        (word for folded, word in words.items() if folded.startswith(stem) and len(folded) <= len(part) + 4), ""
    )


def _units(text: str, known: Known) -> Iterator[tuple[Message, str]]:
    folded = fold_text(text)
    for unit in known.units:
        name = fold_text(unit)
        if len(name) >= _MIN_NAME and name in folded:
            yield UNIT, unit
