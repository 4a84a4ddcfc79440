"""Reads XLSX workbooks from strangers: what the zip directory says is checked before anything is unpacked."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from io import BytesIO
from typing import Any

from openpyxl import load_workbook

from assets.core.errors import InvalidInput
from assets.core.i18n import Message, msg
from assets.exchange.tables.model import MAX_COLUMNS, MAX_ROWS, RawRow

_MAX_PARTS = 2_000
_MAX_UNPACKED = 150 * 1024 * 1024
_BOMB_SIZE = 10 * 1024 * 1024
_BOMB_RATIO = 250
# Sheets may name a row far below the last: blank rows are walked over, but not for ever.
_MAX_WALK = MAX_ROWS + 50_000
_EXACT = 10**15


def rows_of_workbook(content: bytes) -> Iterator[RawRow]:
    """The rows of the first sheet, each cell as text; formulas give their last calculated value."""
    _check_archive(content)
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and extensions that it leaves out; values are not touched by that.
            warnings.simplefilter("ignore")
            book = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
            yield from _rows(book.worksheets)
            book.close()
    except InvalidInput:
        raise
    except Exception as error:  # openpyxl raises anything at all for damaged files
        raise InvalidInput(
            msg("The workbook is damaged: %(error)s. Open it, save it again as .xlsx, or save it as CSV.",
                error=type(error).__name__),
            code="file_malformed",
        ) from error  # fmt: skip


def _check_archive(content: bytes) -> None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if "xl/workbook.xml" not in names:
                raise InvalidInput(msg("This is no .xlsx workbook. Save it as .xlsx or CSV."), code="file_type")
            _check_sizes(parts)
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    _check_declarations(archive, part)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise InvalidInput(
            msg("The workbook is damaged or has a password. Save it again as .xlsx."), code="file_malformed"
        ) from error


def _check_sizes(parts: Sequence[zipfile.ZipInfo]) -> None:
    unpacked = sum(part.file_size for part in parts)
    bomb = any(part.file_size > _BOMB_SIZE and part.file_size > _BOMB_RATIO * part.compress_size for part in parts)
    if len(parts) > _MAX_PARTS or unpacked > _MAX_UNPACKED or bomb:
        raise InvalidInput(
            msg("Unpacked, the workbook would be too large. Remove other sheets and pictures, or save it as CSV."),
            code="file_too_large",
        )


def _check_declarations(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    # Entities can grow without end and have no place in a workbook.
    with archive.open(part) as source:
        if b"<!" in source.read(1024).replace(b"<!--", b""):
            raise InvalidInput(msg("The workbook holds declarations that are not taken."), code="file_malformed")


def _rows(sheets: Sequence[Any]) -> Iterator[RawRow]:
    if not sheets:
        raise InvalidInput(msg("The workbook has no sheet."), code="no_head")
    sheet = sheets[0]
    # Many programs write a wrong dimension, which would cut rows off.
    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS + 1), start=1):
        if number > _MAX_WALK:
            raise InvalidInput(
                msg("The sheet goes beyond row %(n)s. Delete the rows below the last filled one.", n=_MAX_WALK),
                code="too_many_rows",
            )
        row = RawRow(number, [_text(cell) for cell in cells])
        for position, cell in enumerate(cells):
            problem = _problem(cell)
            if problem:
                row.problems[position] = problem
        yield row


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        plain = value.replace(microsecond=0)
        return plain.date().isoformat() if plain.time() == time() else plain.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _problem(cell: Any) -> tuple[str, Message] | None:
    if getattr(cell, "data_type", "") == "e":
        return "cell_error", msg("The cell shows the error %(error)s.", error=str(cell.value))
    if isinstance(cell.value, int | float) and not isinstance(cell.value, bool) and abs(cell.value) >= _EXACT:
        return "digits_lost", msg(
            "A spreadsheet keeps 15 digits of a number; this one may have lost some. Format the column as text and "
            "type it again."
        )
    return None
