"""Reads an uploaded table, whatever it calls itself: the content decides between XLSX and CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import StringIO

from assets.core.errors import FieldError, InvalidInput
from assets.core.i18n import msg
from assets.exchange.tables.model import MAX_BYTES, RawRow, Table, table_of
from assets.exchange.tables.workbook import rows_of_workbook

_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SEPARATORS = (",", ";", "\t")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab"}
_QUOTED = re.compile(r'"[^"]*"')


def read_table(filename: str, content: bytes) -> Table:
    """The table in an uploaded file.

    XLSX: the first sheet, values of formulas as last calculated, dates in ISO form. CSV: UTF-8, UTF-16 or
    Windows-1251; comma, semicolon or tab. All cells are text without blanks at the edges; blank rows are left out, rows
    keep their numbers. A cell that cannot be used is a problem of its row. `InvalidInput` when the file as a whole
    cannot be read; `filename` serves the words only.
    """
    if len(content) > MAX_BYTES:
        raise InvalidInput(
            msg("The file is larger than %(limit)s MB.", limit=MAX_BYTES // 2**20), code="file_too_large"
        )
    if not content.strip():
        raise InvalidInput(msg("The file is empty."), code="file_empty")
    if content.startswith(b"PK"):
        return table_of(rows_of_workbook(content), "xlsx")
    if content.startswith(_OLD_EXCEL):
        raise InvalidInput(
            msg("%(name)s is an old or a protected Excel file. Save it as .xlsx without a password, or as CSV.",
                name=filename[:80]),
            code="file_type",
        )  # fmt: skip
    text, encoding = _decoded(content)
    text, separator = _separated(text)
    return table_of(_csv_rows(text, separator), f"csv, {encoding}, {_NAMES[separator]}")


def _decoded(content: bytes) -> tuple[str, str]:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return _strictly(content, encoding), encoding.removesuffix("-sig")
    unmarked = _unmarked_utf16(content)
    if unmarked:
        return _strictly(content, unmarked), "utf-16"
    try:
        return content.decode(), "utf-8"
    except UnicodeDecodeError as error:
        return _windows_1251(content, error), "windows-1251"


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _broken_text(content, error) from error


def _unmarked_utf16(content: bytes) -> str | None:
    # In UTF-16 every second byte of the separators, digits and Latin letters is zero.
    start = content[:2000]
    even, odd = start[::2].count(0), start[1::2].count(0)
    if odd > len(start) // 4 and even == 0:
        return "utf-16-le"
    if even > len(start) // 4 and odd == 0:
        return "utf-16-be"
    return None


def _windows_1251(content: bytes, error: UnicodeDecodeError) -> str:
    # A damaged UTF-8 file would turn into nonsense letters: when most of it is good UTF-8, it is no Windows-1251.
    tried = content.decode(errors="replace")
    damaged = tried.count("\ufffd")
    if sum(c > "\x7f" for c in tried) - damaged >= damaged:
        raise _broken_text(content, error)
    try:
        return content.decode("cp1251")
    except UnicodeDecodeError as other:
        raise _broken_text(content, other) from other


def _broken_text(content: bytes, error: UnicodeDecodeError) -> InvalidInput:
    row = content.count(b"\n", 0, error.start) + 1
    words = msg("Around row %(row)s the file holds bytes that are no text. Save it as CSV UTF-8 or .xlsx.", row=row)
    return InvalidInput(words, code="file_encoding", fields=[FieldError("file", words, "file_encoding", row)])


def _separated(text: str) -> tuple[str, str]:
    first, _, rest = text.partition("\n")
    told = re.fullmatch(r"sep=([,;\t])\r?", first)
    if told:
        return rest, told[1]
    outside = _QUOTED.sub("", first)
    return text, max(_SEPARATORS, key=outside.count)


def _csv_rows(text: str, separator: str) -> Iterator[RawRow]:
    number = 0
    try:
        for number, cells in enumerate(
            csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True), start=1
        ):
            yield RawRow(number, cells)
    except csv.Error as error:
        words = msg("Row %(row)s is not well-formed CSV: %(error)s.", row=number + 1, error=str(error))
        raise InvalidInput(
            words, code="file_malformed", fields=[FieldError("file", words, "file_malformed", number + 1)]
        ) from error
