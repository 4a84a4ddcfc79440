"""Text that a spreadsheet would run as a formula: marking it, and taking the mark off again. Pure."""

from __future__ import annotations

import re

_MARK = "'"
# What may stand before the sign without stopping a spreadsheet: blanks, quotes of all kinds, invisible characters.
_BEFORE = "[\\s\"'`´‘’‚‛“”„«»\u200b-\u200f\u2060\ufeff]*"
_SIGNS = "[=+\\-@＝＋－＠﹦﹢﹣﹫]"
_FORMULA = re.compile(f"[\t\r\n]|{_BEFORE}{_SIGNS}")
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")


def is_dangerous(text: str) -> bool:
    """Whether a spreadsheet could run `text`; a plain number with its sign is none."""
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text)


def neutral(text: str) -> str:
    """`text` with an apostrophe before it when it is dangerous (OWASP, "CSV injection")."""
    return _MARK + text if is_dangerous(text) else text


def original(text: str) -> str:
    """What `neutral` was given, so that our own exports can be imported again."""
    rest = text[1:]
    return rest if text.startswith(_MARK) and is_dangerous(rest) else text
