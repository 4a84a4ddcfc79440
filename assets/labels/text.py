"""Makes people's text safe to print on a label: one direction, nothing invisible, no towers of marks."""

import unicodedata

_MARKS_ALLOWED = 2


def printable(text: str, limit: int, ellipsis: str = "…") -> str:
    """`text` on one line, at most `limit` characters, the rest replaced by an ellipsis.

    Taken out: controls, direction overrides, zero-width and unassigned characters, and combining marks
    beyond two on a letter; runs of white space become one space.
    """
    # Four times the limit is enough to fill it after cleaning; ten thousand characters need no more work.
    raw = text[: limit * 4 + 64]
    kept: list[str] = []
    marks = 0
    for letter in unicodedata.normalize("NFC", raw):
        category = unicodedata.category(letter)
        if letter.isspace():
            letter, category = " ", "Zs"
        if category[0] == "C":
            continue
        marks = marks + 1 if category in ("Mn", "Me", "Mc") else 0
        if marks > _MARKS_ALLOWED or (letter == " " and kept[-1:] in ([], [" "])):
            continue
        kept.append(letter)
    clean = "".join(kept).strip()
    if len(clean) <= limit and len(text) <= len(raw):
        return clean
    return clean[: limit - len(ellipsis)].rstrip() + ellipsis
