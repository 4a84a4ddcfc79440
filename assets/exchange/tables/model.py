"""What a table is once it is read, and how raw rows become one: head, row numbers, limits. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assets.core.errors import FieldError, InvalidInput
from assets.core.i18n import Message, msg
from assets.exchange.tables.formulas import original

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_CELL = 32_767
_HEAD_WORDS = re.compile(r"[^\w]+")
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
_EDGE = " \t\r\n\u00a0\u202f" + _INVISIBLE


@dataclass(frozen=True)
class SheetRow:
    """One row: its number in the sheet (the head is row 1), its cells by column, and what is wrong with cells."""

    number: int
    cells: Mapping[str, str]
    problems: tuple[FieldError, ...] = ()

    def text(self, column: str) -> str:
        """The cell's text, empty when the table has no such column."""
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Table:
    """A table as read: column keys in their order, rows that are not blank, and how the file was understood."""

    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    read_as: str = ""


@dataclass
class RawRow:
    """A row before the head is known: cells as text, and problems by position."""

    number: int
    cells: list[str]
    problems: dict[int, tuple[str, Message]] = field(default_factory=dict)


def column_key(head: str) -> str:
    """A head as the key it stands for: `Serial number` and `serial_number` are one column."""
    return _HEAD_WORDS.sub("_", head.strip(_EDGE).casefold()).strip("_")


def table_of(rows: Iterable[RawRow], read_as: str) -> Table:
    """The table of raw rows, the first of which is the head; `InvalidInput` when there is no usable head."""
    iterator = iter(rows)
    head = next(iterator, None)
    columns = _head(head.cells if head else [])
    kept: list[SheetRow] = []
    for raw in iterator:
        cells = [cell.strip(_EDGE) for cell in raw.cells]
        if not any(cells) and not raw.problems:
            continue
        if len(kept) >= MAX_ROWS:
            raise InvalidInput(
                msg("The file has more than %(n)s rows. Split it and import the parts one by one.", n=MAX_ROWS),
                code="too_many_rows",
            )
        kept.append(_row(raw, cells, columns))
    if not kept:
        raise InvalidInput(msg("The file has a head and no rows below it."), code="no_rows")
    return Table(tuple(c for c in columns if c), tuple(kept), read_as)


def _head(cells: Sequence[str]) -> list[str]:
    columns = [column_key(cell) for cell in cells]
    while columns and not columns[-1]:
        columns.pop()
    if not columns:
        raise InvalidInput(msg("The first row is empty. It must hold the names of the columns."), code="no_head")
    if len(columns) > MAX_COLUMNS:
        raise InvalidInput(msg("The file has more than %(n)s columns.", n=MAX_COLUMNS), code="too_many_columns")
    twice = sorted({c for c in columns if c and columns.count(c) > 1})
    if twice:
        raise InvalidInput(
            msg("Each column may stand there once. Twice or more: %(columns)s.", columns=", ".join(twice)),
            fields=[FieldError(c, msg("This column stands there more than once."), "column_twice", 1) for c in twice],
            code="column_twice",
        )
    return columns


def _row(raw: RawRow, cells: Sequence[str], columns: Sequence[str]) -> SheetRow:
    problems: list[FieldError] = []
    values: dict[str, str] = {}
    for position, cell in enumerate(cells):
        key = columns[position] if position < len(columns) else ""
        problem = raw.problems.get(position) or _cell_problem(cell, key)
        if problem:
            name = key or msg("column %(n)s", n=position + 1)
            problems.append(FieldError(str(name), problem[1], problem[0], raw.number))
        elif key:
            values[key] = original(cell)
    return SheetRow(raw.number, values, tuple(problems))


def _cell_problem(cell: str, key: str) -> tuple[str, Message] | None:
    if not cell:
        return None
    if not key:
        return "no_column", msg("This cell stands under no column name.")
    if "\x00" in cell:
        return "nul", msg("The cell holds a NUL character.")
    if len(cell) > MAX_CELL:
        return "too_long", msg("The cell is longer than %(n)s characters.", n=MAX_CELL)
    return None
