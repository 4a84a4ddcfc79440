"""What an import found and did, row by row, numbered as in the sheet (the head is row 1). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assets.core.errors import FieldError
from assets.core.i18n import DEFAULT_LOCALE, Message, say

REPORT_COLUMNS = ("row", "status", "label", "code", "field", "error", "message")


@dataclass(frozen=True)
class RowReport:
    """One row: `new` (saved, or would be), `known` (recorded already, nothing to do) or `error`.

    `label` says what the row is about; `code` is the label code of its asset, where it has one and was saved; `note`
    says what else there is to know; `secret` is shown once where a row made a credential.
    """

    row: int
    status: str
    label: str = ""
    code: str = ""
    errors: tuple[FieldError, ...] = ()
    note: Message | None = None
    secret: str = ""


@dataclass(frozen=True)
class ImportReport:
    """All rows of one run; `saved` says whether new rows were kept (a dry run and a refused whole keep none)."""

    kind: str
    mode: str
    read_as: str
    saved: bool
    rows: tuple[RowReport, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Rows, new, known and error ones, and how many were saved."""
        found = Counter(row.status for row in self.rows)
        return {
            "rows": len(self.rows),
            "new": found["new"],
            "known": found["known"],
            "error": found["error"],
            "saved": found["new"] if self.saved else 0,
        }

    @property
    def errors(self) -> tuple[RowReport, ...]:
        return tuple(row for row in self.rows if row.status == "error")

    def to_dict(self, locale: str = DEFAULT_LOCALE) -> dict[str, object]:
        """The report as JSON values, in words of `locale`."""
        return {
            "kind": self.kind,
            "mode": self.mode,
            "read_as": self.read_as,
            "saved": self.saved,
            "counts": self.counts,
            "rows": [_row_dict(row, locale) for row in self.rows],
        }

    def table(self, locale: str = DEFAULT_LOCALE) -> list[list[object]]:
        """The report as rows under `REPORT_COLUMNS`, one for each error."""
        lines: list[list[object]] = []
        for row in self.rows:
            head: list[object] = [row.row, row.status, row.label, row.code]
            note = say(row.note, locale) if row.note else ""
            lines += [[*head, error.field, error.code, say(error.message, locale)] for error in row.errors]
            if not row.errors:
                lines.append([*head, "", "", note])
        return lines


def _row_dict(row: RowReport, locale: str) -> dict[str, object]:
    found: dict[str, object] = {
        "row": row.row,
        "status": row.status,
        "label": row.label,
        "code": row.code,
        "errors": [
            {"field": error.field, "code": error.code, "message": say(error.message, locale)} for error in row.errors
        ],
    }
    if row.note:
        found["note"] = say(row.note, locale)
    if row.secret:
        found["secret"] = row.secret
    return found


def stored_report(report: ImportReport) -> dict[str, Any]:
    """The report as JSON values that keep its words unsaid, so that each reader has them in his language.

    Secrets are left out: they are shown once, by whoever ran the import.
    """
    return {
        "kind": report.kind, "mode": report.mode, "read_as": report.read_as, "saved": report.saved,
        "rows": [
            {
                "row": row.row, "status": row.status, "label": row.label, "code": row.code,
                "note": stored_words(row.note) if row.note else None,
                "errors": [[e.field, stored_words(e.message), e.code, e.row] for e in row.errors],
            }
            for row in report.rows
        ],
    }  # fmt: skip


def report_of(found: Mapping[str, Any]) -> ImportReport:
    """The report that `stored_report` gave."""
    rows = tuple(
        RowReport(
            row["row"], row["status"], row["label"], row["code"],
            tuple(FieldError(field, words_of(told), code, number) for field, told, code, number in row["errors"]),
            words_of(row["note"]) if row["note"] else None,
        )
        for row in found["rows"]
    )  # fmt: skip
    return ImportReport(found["kind"], found["mode"], found["read_as"], found["saved"], rows)


def stored_words(message: Message) -> dict[str, Any]:
    """A message as JSON values: its English and what stands in its places."""
    params = {
        key: stored_words(value)
        if isinstance(value, Message)
        else value
        if isinstance(value, int | str)
        else str(value)
        for key, value in message.params.items()
    }
    return {"text": message.text, "params": params}


def words_of(stored: Mapping[str, Any]) -> Message:
    """The message that `stored_words` gave."""
    params = {key: words_of(value) if isinstance(value, dict) else value for key, value in stored["params"].items()}
    return Message(stored["text"], params)
