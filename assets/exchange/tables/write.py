"""Writes tables as CSV and XLSX: text stays text, numbers stay numbers, and nothing runs as a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from math import isfinite
from typing import Any

import xlsxwriter

from assets.exchange.tables.formulas import is_dangerous, neutral

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHUNK_ROWS = 500
_MAX_CELL = 32_767
# A spreadsheet keeps 15 digits of a number.
_EXACT = 10**15


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """The table in pieces: UTF-8 with a byte order mark (so that Excel reads it), commas, CRLF.

    Moments are RFC 3339 in UTC, days ISO 8601, None is empty. Dangerous text gets an apostrophe before it.
    """
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    yield b"\xef\xbb\xbf"
    writer.writerow([neutral(column) for column in columns])
    for number, row in enumerate(rows, start=1):
        writer.writerow([_csv_cell(value) for value in row])
        if number % _CHUNK_ROWS == 0:
            yield _drain(buffer)
    yield _drain(buffer)


def _drain(buffer: StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8", errors="replace")


def _csv_cell(value: object) -> str:
    text = _text(value)
    return neutral(text) if isinstance(value, str) else text


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def write_xlsx(columns: Sequence[str], rows: Iterable[Sequence[object]], *, sheet: str = "Sheet1") -> bytes:
    """The table as a workbook with a fixed head; memory does not grow with the rows.

    Text is written as text and marked as such, so that it stays text when the cell is edited.
    """
    target = BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_numbers": False,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    book = xlsxwriter.Workbook(target, options)
    formats = {
        "head": book.add_format({"bold": True, "bottom": 1}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "datetime": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        "text": book.add_format({"quote_prefix": True}),
    }
    page = book.add_worksheet(_sheet_name(sheet))
    page.freeze_panes(1, 0)
    for position, column in enumerate(columns):
        page.set_column(position, position, min(max(len(column) + 4, 12), 40))
        page.write_string(0, position, _cut(column), formats["head"])
    for number, row in enumerate(rows, start=1):
        for position, value in enumerate(row):
            _write_cell(page, number, position, value, formats)
    book.close()
    return target.getvalue()


def _sheet_name(name: str) -> str:
    return "".join(c for c in name if c not in "[]:*?/\\'")[:31] or "Sheet1"


def _write_cell(page: Any, row: int, column: int, value: object, formats: dict[str, Any]) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        page.write_boolean(row, column, value)
    elif isinstance(value, int | float | Decimal) and isfinite(value) and -_EXACT < value < _EXACT:
        page.write_number(row, column, value)
    elif isinstance(value, date) and _has_excel_date(value):
        page.write_datetime(row, column, value, formats["datetime" if isinstance(value, datetime) else "date"])
    else:
        text = _cut(_text(value))
        page.write_string(row, column, text, formats["text"] if is_dangerous(text) else None)


def _has_excel_date(value: date) -> bool:
    # Spreadsheets know no zones and no days before 1900; such values are written as text.
    return value.year >= 1900 and not (isinstance(value, datetime) and value.tzinfo is not None)


def _cut(text: str) -> str:
    clean = text.encode("utf-8", errors="replace").decode()
    return clean if len(clean) <= _MAX_CELL else clean[: _MAX_CELL - 1] + "…"
