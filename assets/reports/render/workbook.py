"""The summary as a workbook: the same document as the page, each table on a sheet of its own, numbers as numbers.

The bytes are the same for the same figures. Text is text: nothing that a person wrote becomes a formula or a link.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time
from io import BytesIO
from typing import Any

import xlsxwriter

from assets.core.i18n import msg
from assets.reports.figures import Figures
from assets.reports.render.blocks import Answers, Boxed, Cell, Chart, Document, Number, Table
from assets.reports.render.document import Issue, document
from assets.reports.render.words import Voice

_PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
_HEAD_ROW = 3
_MAX_WIDTH, _MIN_WIDTH = 60, 10


def as_xlsx(figures: Figures, issue: Issue, lang: str) -> bytes:
    """The workbook: page one, a sheet for each table, what people wrote, and the definitions."""
    shown, voice = document(figures, issue, lang), Voice(lang)
    target = BytesIO()
    book = xlsxwriter.Workbook(target, _PLAIN)
    # The time of making would change the bytes each time; the day of the data stands in its place.
    made = datetime.combine(figures.head.data_as_of, time.min, tzinfo=UTC).replace(tzinfo=None)
    book.set_properties({"title": shown.title, "author": "", "created": made})
    pen = _Pen(book)
    _front(pen, shown, voice)
    for table in _tables(shown):
        _sheet(pen, table)
    _words(pen, shown, voice)
    book.close()
    return target.getvalue()


class _Pen:
    """Writes cells with few formats, each made once."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.title = book.add_format({"bold": True, "font_size": 13})
        self.head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self.text = book.add_format({"text_wrap": True, "valign": "top"})
        self.quiet = book.add_format({"text_wrap": True, "valign": "top", "font_color": "#3d495a"})
        self._numbers: dict[str, Any] = {}

    def cell(self, sheet: Any, row: int, column: int, cell: Cell) -> None:
        """A number as a number, everything else as text."""
        if isinstance(cell, Number):
            sheet.write_number(row, column, float(cell.value), self._number(_format(cell)))
        else:
            sheet.write_string(row, column, cell, self.text)

    def _number(self, form: str) -> Any:
        if form not in self._numbers:
            self._numbers[form] = self.book.add_format({"num_format": form, "valign": "top"})
        return self._numbers[form]


def _format(number: Number) -> str:
    decimals = "." + "0" * number.decimals if number.decimals else ""
    if number.percent:
        return f"0{decimals}%"
    currency = "".join(c for c in number.currency if c.isalpha())
    return (f'"{currency}" ' if currency else "") + f"#,##0{decimals}"


def _front(pen: _Pen, shown: Document, voice: Voice) -> None:
    sheet = pen.book.add_worksheet("Summary")
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 16)
    sheet.set_column(2, 5, 44)
    sheet.write_string(0, 0, f"{shown.title}, {shown.subtitle}", pen.title)
    sheet.write_string(1, 0, shown.status, pen.quiet)
    row = _HEAD_ROW
    for label, words in shown.head.facts:
        sheet.write_string(row, 0, label, pen.quiet)
        sheet.write_string(row, 1, words)
        row += 1
    row += 1
    for block in (block for section in shown.sections for block in section.blocks if isinstance(block, Answers)):
        question, answer, against, before = block.heads
        heads = (question, answer, voice.say(msg("Made of")), against, voice.say(msg("Band")), before)
        for column, head in enumerate(heads):
            sheet.write_string(row, column, head, pen.head)
        for each in block.answers:
            row += 1
            cells: tuple[Cell, ...] = (
                each.question, each.figure, "\n".join(each.lines), "\n".join(a.words for a in each.against),
                "\n".join(a.band for a in each.against), each.before,
            )  # fmt: skip
            for column, cell in enumerate(cells):
                pen.cell(sheet, row, column, cell)
    sheet.write_string(row + 2, 0, f"{shown.notice} {shown.footer}", pen.quiet)


def _tables(shown: Document) -> Iterable[Table]:
    for section in shown.sections:
        for block in section.blocks:
            if isinstance(block, Table):
                yield block
            elif isinstance(block, Chart) and block.table is not None:
                yield block.table


def _sheet(pen: _Pen, table: Table) -> None:
    sheet = pen.book.add_worksheet(table.sheet)
    sheet.write_string(0, 0, table.title, pen.title)
    if table.note:
        sheet.write_string(1, 0, table.note)
    for column, head in enumerate(table.columns):
        longest = max((len(str(row[column])) for row in table.rows), default=0)
        sheet.set_column(column, column, min(_MAX_WIDTH, max(_MIN_WIDTH, len(head.label) * 0.7, longest * 1.1)))
        sheet.write_string(_HEAD_ROW, column, head.label, pen.head)
    for n, row in enumerate(table.rows, _HEAD_ROW + 1):
        for column, cell in enumerate(row):
            pen.cell(sheet, n, column, cell)
    sheet.freeze_panes(_HEAD_ROW + 1, 1)


def _words(pen: _Pen, shown: Document, voice: Voice) -> None:
    sheet = pen.book.add_worksheet("Words")
    sheet.set_column(0, 1, 34)
    sheet.set_column(2, 2, 100)
    heads = (voice.say(msg("Section")), voice.say(msg("Heading")), voice.say(msg("Words")))
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, pen.head)
    row = 0
    for section in shown.sections:
        for block in section.blocks:
            if isinstance(block, Boxed):
                row += 1
                for column, text in enumerate((section.title, block.title, "\n".join(block.lines))):
                    sheet.write_string(row, column, text, pen.text)
