"""Runs an import: rows in savepoints, stretches in transactions; a dry run does all of it and keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import DomainError, FieldError, InvalidInput, NotAllowed
from assets.core.i18n import msg
from assets.exchange.imports.kinds import Kind, kind_named
from assets.exchange.imports.report import ImportReport, RowReport
from assets.exchange.imports.work import Work
from assets.exchange.tables import SheetRow, Table
from assets.people.rules import require

# A stretch holds the write lock for about a second, so that scans get their turn while a long file is imported.
_STRETCH = 200


class Mode(StrEnum):
    """What is kept: nothing, everything or nothing, or the rows that are right."""

    DRY_RUN = "dry_run"
    ALL_OR_NOTHING = "all_or_nothing"
    SAVE_VALID = "save_valid"


class _Undo(Exception):
    """Leaves a transaction so that nothing of it is kept."""


def run_import(app: App, actor: Actor, kind: str, table: Table, mode: Mode, now: datetime) -> ImportReport:
    """Import a table as `actor`.

    Each row is new, known already or an error with its fields; what is recorded is never changed, so that the same file
    can be run again. `InvalidInput` for an unknown kind, for columns that are missing or not known, `NotAllowed`
    without the right.
    """
    found = kind_named(kind)
    require(actor, found.permission)
    table = _named_columns(found, table)
    if mode is Mode.ALL_OR_NOTHING:
        rows, saved = _whole(app, actor, found, table, now)
    else:
        saved = mode is Mode.SAVE_VALID
        rows = _in_stretches(app, actor, found, table, now, keep=saved)
    if not saved:
        # Codes and secrets made in a transaction that was undone exist nowhere.
        rows = [replace(row, code="", secret="") if row.status == "new" else row for row in rows]
    elif found.after is not None and any(row.status == "new" for row in rows):
        found.after(app)
    return ImportReport(kind, mode.value, table.read_as, saved, tuple(rows))


def _whole(app: App, actor: Actor, kind: Kind, table: Table, now: datetime) -> tuple[list[RowReport], bool]:
    rows: list[RowReport] = []
    seen: dict[tuple[str, ...], int] = {}
    try:
        with app.transaction(actor, now) as session:
            for stretch in _stretches(table.rows):
                rows += _stretch(Work(session, actor, now, app.settings.zone, stretch, seen), kind)
            if any(row.status == "error" for row in rows):
                raise _Undo
    except _Undo:
        return rows, False
    return rows, True


def _in_stretches(app: App, actor: Actor, kind: Kind, table: Table, now: datetime, *, keep: bool) -> list[RowReport]:
    rows: list[RowReport] = []
    seen: dict[tuple[str, ...], int] = {}
    for stretch in _stretches(table.rows):
        try:
            with app.transaction(actor, now) as session:
                found = _stretch(Work(session, actor, now, app.settings.zone, stretch, seen), kind)
                if not keep:
                    raise _Undo
        except _Undo:
            pass
        rows += found
    return rows


def _stretches(rows: Sequence[SheetRow]) -> list[Sequence[SheetRow]]:
    return [rows[start : start + _STRETCH] for start in range(0, len(rows), _STRETCH)]


def _stretch(work: Work, kind: Kind) -> list[RowReport]:
    importer = kind.open(work)
    return [_one(work.session, importer, row) for row in work.rows]


def _one(session: Session, importer: object, row: SheetRow) -> RowReport:
    try:
        if row.problems:
            raise InvalidInput(row.problems[0].message, fields=row.problems)
        with session.begin_nested():
            done = importer(row)  # type: ignore[operator]  # Kind.open gives a callable
    except DomainError as error:
        fields = error.fields or (_field_error(error, row),)
        return RowReport(row.number, "error", _label(row), errors=tuple(replace(f, row=row.number) for f in fields))
    except IntegrityError:
        words = msg("It clashes with something that was recorded in the meantime. Run the import again.")
        return RowReport(row.number, "error", _label(row), errors=(FieldError("", words, "conflict", row.number),))
    return RowReport(row.number, done.status, done.label or _label(row), done.code, note=done.note, secret=done.secret)


def _field_error(error: DomainError, row: SheetRow) -> FieldError:
    if isinstance(error, NotAllowed) and row.text("unit"):
        return FieldError("unit", msg("You may not enter anything for this unit."), error.code)
    return FieldError("", error.message, error.code)


def _label(row: SheetRow) -> str:
    """The first cells of the row, so that people find it."""
    return ", ".join(text for text in row.cells.values() if text)[:80]


def _named_columns(kind: Kind, table: Table) -> Table:
    names = {column: kind.aliases.get(column, column) for column in table.columns}
    unknown = [column for column, name in names.items() if name not in kind.columns]
    if unknown:
        fields = [FieldError(c, msg("This column is not known."), "unknown_column", 1) for c in unknown]
        words = msg(
            "Columns that are not known: %(unknown)s. Known are: %(known)s.",
            unknown=", ".join(unknown), known=", ".join(kind.columns),
        )  # fmt: skip
        raise InvalidInput(words, fields=fields, code="unknown_column")
    given = list(names.values())
    twice = {name for name in given if given.count(name) > 1}
    missing = [name for name in kind.required if name not in given]
    if twice or missing:
        fields = [FieldError(c, msg("This column stands there more than once."), "column_twice", 1) for c in twice]
        fields += [FieldError(c, msg("This column is missing."), "column_missing", 1) for c in missing]
        words = msg("Columns missing or there twice: %(columns)s.", columns=", ".join([*missing, *sorted(twice)]))
        raise InvalidInput(words, fields=fields, code="columns")
    rows = tuple(replace(row, cells={names[c]: text for c, text in row.cells.items()}) for row in table.rows)
    return Table(tuple(given), rows, table.read_as)
