"""What a comparison of a paper list with the register found, line by line. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assets.core.i18n import DEFAULT_LOCALE, Message, say
from assets.exchange.imports.report import stored_words, words_of
from assets.labels.token import format_code

RESULT_COLUMNS = ("status", "row", "about", "code", "field", "on_paper", "in_register", "note")
STATUSES = ("same", "differs", "paper_only", "register_only", "twice", "unreadable")


@dataclass(frozen=True)
class Difference:
    """One field that says different things."""

    name: str
    on_paper: str
    in_register: str


@dataclass(frozen=True)
class Line:
    """One line: a row of the paper (numbered as in the sheet), an item of the register, or both. `code` is the item's.

    `status` is one of `STATUSES`: 'twice' is a row that means the item of an earlier one, 'unreadable' one that cannot
    be understood, with a note that says why.
    """

    status: str
    row: int | None
    about: str
    code: str = ""
    differences: tuple[Difference, ...] = ()
    note: Message | None = None


@dataclass(frozen=True)
class Reconciliation:
    """What was found: rows of the paper in their order, then what it leaves out of the units and classes it covers."""

    lines: tuple[Line, ...]
    units: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many lines of each status."""
        found = Counter(line.status for line in self.lines)
        return {status: found[status] for status in STATUSES}

    @property
    def to_look_at(self) -> int:
        """How many lines are not the same on both sides."""
        return len(self.lines) - self.counts["same"]

    def to_dict(self, locale: str = DEFAULT_LOCALE) -> dict[str, object]:
        """The result as JSON values, in words of `locale`."""
        return {
            "counts": self.counts,
            "units": list(self.units),
            "classes": list(self.classes),
            "lines": [
                {
                    "status": line.status, "row": line.row, "about": line.about, "code": line.code or None,
                    "differences": [
                        {"field": d.name, "on_paper": d.on_paper, "in_register": d.in_register}
                        for d in line.differences
                    ],
                    "note": say(line.note, locale) if line.note else None,
                }
                for line in self.lines
            ],
        }  # fmt: skip

    def table(self, locale: str = DEFAULT_LOCALE) -> list[list[object]]:
        """The result as rows under `RESULT_COLUMNS`, one for each field that differs."""
        rows: list[list[object]] = []
        for line in self.lines:
            head: list[object] = [line.status, line.row, line.about, format_code(line.code) if line.code else ""]
            note = say(line.note, locale) if line.note else ""
            rows += [[*head, d.name, d.on_paper, d.in_register, note] for d in line.differences]
            if not line.differences:
                rows.append([*head, "", "", "", note])
        return rows


def stored_result(result: Reconciliation) -> dict[str, Any]:
    """The result as JSON values that keep its words unsaid."""
    return {
        "units": list(result.units),
        "classes": list(result.classes),
        "lines": [
            [
                line.status, line.row, line.about, line.code,
                [[d.name, d.on_paper, d.in_register] for d in line.differences],
                stored_words(line.note) if line.note else None,
            ]
            for line in result.lines
        ],
    }  # fmt: skip


def result_of(found: Mapping[str, Any]) -> Reconciliation:
    """The result that `stored_result` gave."""
    lines = tuple(
        Line(status, row, about, code, tuple(Difference(*d) for d in differences), words_of(note) if note else None)
        for status, row, about, code, differences, note in found["lines"]
    )
    return Reconciliation(lines, tuple(found["units"]), tuple(found["classes"]))
