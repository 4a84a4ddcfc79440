"""The boxes of a summary into which people write: which there are, how long they may be, and plain text only."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from assets.core.errors import FieldError, InvalidInput
from assets.core.i18n import Message, msg


@dataclass(frozen=True, slots=True)
class Box:
    """One box: the section whose words it holds, what it asks, and how many characters fit."""

    code: str
    section: str
    title: Message
    limit: int
    hint: Message | None = None


ON_PAGE_ONE = 280
BOXES: tuple[Box, ...] = (
    Box(
        "problems", "summary", msg("Problems"), ON_PAGE_ONE, msg("Page one: what hinders use or care most, and why.")
    ),
    Box(
        "requests", "summary", msg("Requests"), ON_PAGE_ONE, msg("Page one: what is asked of the donor, or «none».")
    ),
    Box("where", "where", msg("Remark on where the items are"), 400),
    Box("condition", "condition", msg("Remark on condition and use"), 400),
    Box("maintenance", "maintenance", msg("Remark on maintenance and sustainability"), 400),
    Box("results", "results", msg("Remark on results"), 600, msg("Contributed, never caused; nothing of open cases.")),
    Box("actions", "findings", msg("What was done about findings"), 600),
    Box("went_well", "lessons", msg("What went well"), 800),
    Box("lessons", "lessons", msg("Lessons"), 800),
    Box("next_period", "lessons", msg("Plan for the next period"), 800, msg("Spares, training, disposal.")),
)  # fmt: skip
BY_CODE = {box.code: box for box in BOXES}


def tidied(texts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Pairs of box and text in the order of the boxes, empty ones left out.

    Plain text: line ends made alike, control and format characters taken out, spaces at the ends of lines dropped.
    `InvalidInput` naming each box that is unknown or too full.
    """
    wrong = [FieldError(code, msg("There is no such box."), "unknown_box") for code in texts if code not in BY_CODE]
    found = []
    for box in BOXES:
        text = plain(texts.get(box.code, ""))
        if len(text) > box.limit:
            wrong.append(
                FieldError(
                    box.code,
                    msg("At most %(limit)s characters; these are %(n)s.", limit=box.limit, n=len(text)),
                    "too_long",
                )
            )
        elif text:
            found.append((box.code, text))
    if wrong:
        raise InvalidInput(wrong[0].message, fields=wrong)
    return tuple(found)


def plain(text: str) -> str:
    """The text with line feeds only, no characters that cannot be seen, and at most one empty line in a row."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    seen = ["".join(c for c in line.replace("\t", " ") if unicodedata.category(c)[0] != "C").strip() for line in lines]
    kept: list[str] = []
    for line in seen:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip()
