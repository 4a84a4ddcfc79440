"""Runs an import: rows checked and written in stretches; a dry run does all of it and keeps nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assets.core import journal
from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import DomainError, FieldError, InvalidInput, NotAllowed
from assets.core.i18n import msg
from assets.exchange.imports.kinds import Kind, kind_named
from assets.exchange.imports.report import ImportReport, RowReport
from assets.exchange.imports.work import BulkImporter, Outcome, Pending, RowImporter, Work
from assets.exchange.models import ImportedThing
from assets.exchange.tables import SheetRow, Table
from assets.people.rules import require

# A stretch holds the write lock for about half a second, so that scans get their turn while a long file is imported.
STRETCH = 200
Done = Outcome | DomainError | IntegrityError


class Mode(StrEnum):
    """What is kept: nothing, everything or nothing, or the rows that are right."""

    DRY_RUN = "dry_run"
    ALL_OR_NOTHING = "all_or_nothing"
    SAVE_VALID = "save_valid"


class _Undo(Exception):
    """Leaves a transaction so that nothing of it is kept."""


@dataclass(frozen=True)
class Of:
    """What an import belongs to: its run, where one is kept, and who is told how far it is (rows done, of how many)."""

    run_id: int | None = None
    progress: Callable[[int, int], None] | None = None


def run_import(
    app: App, actor: Actor, kind: str, table: Table, mode: Mode, now: datetime, of: Of | None = None
) -> ImportReport:
    """Import a table as `actor`.

    Each row is new, known already or an error with its fields; what is recorded is never changed, so that the same file
    can be run again. `InvalidInput` for an unknown kind, for columns that are missing or not known, `NotAllowed`
    without the right.
    """
    found = kind_named(kind)
    require(actor, found.permission)
    table = named_columns(found, table)
    run = _Run(app, actor, found, table, now, of or Of())
    rows, saved = run.whole() if mode is Mode.ALL_OR_NOTHING else run.in_stretches(keep=mode is Mode.SAVE_VALID)
    if not saved:
        # Codes and secrets made in a transaction that was undone exist nowhere.
        rows = [replace(row, code="", secret="") if row.status == "new" else row for row in rows]
    elif found.after is not None and any(row.status == "new" for row in rows):
        found.after(app)
    return ImportReport(kind, mode.value, table.read_as, saved, tuple(rows))


class _Run:
    """One pass over a table."""

    def __init__(self, app: App, actor: Actor, kind: Kind, table: Table, now: datetime, of: Of) -> None:
        self._app, self._actor, self._kind, self._now, self._of = app, actor, kind, now, of
        self._rows = table.rows
        self._seen: dict[tuple[str, ...], int] = {}
        self._shared: dict[str, Any] = {}
        self._own = self._brought_in() if of.run_id is not None else frozenset()

    def whole(self) -> tuple[list[RowReport], bool]:
        """All rows in one transaction, or none: the write lock is held as long as it takes."""
        rows: list[RowReport] = []
        try:
            with self._app.transaction(self._actor, self._now) as session:
                for stretch in self._stretches():
                    rows += self._take(session, stretch)
                    self._tell(len(rows))
                if any(row.status == "error" for row in rows):
                    raise _Undo
        except _Undo:
            return rows, False
        return rows, True

    def in_stretches(self, *, keep: bool) -> tuple[list[RowReport], bool]:
        """Stretch by stretch, so that others get their turn; whether anything is kept is up to the caller."""
        rows: list[RowReport] = []
        for stretch in self._stretches():
            try:
                with self._app.transaction(self._actor, self._now) as session:
                    found = self._take(session, stretch)
                    if not keep:
                        raise _Undo
            except _Undo:
                pass
            rows += found
            self._tell(len(rows))
        return rows, keep

    def _stretches(self) -> Iterator[Sequence[SheetRow]]:
        for start in range(0, len(self._rows), STRETCH):
            yield self._rows[start : start + STRETCH]

    def _take(self, session: Session, rows: Sequence[SheetRow]) -> list[RowReport]:
        work = Work(
            session,
            self._actor,
            self._now,
            self._app.settings.zone,
            rows,
            self._seen,
            self._shared,
            self._of.run_id,
            self._rows,
        )
        return [
            replace(row, status="new") if row.status == "known" and row.row in self._own else row
            for row in _stretch(work, self._kind)
        ]

    def _brought_in(self) -> frozenset[int]:
        """The rows that this run saved before it was broken off: new in its report, although they are known now."""
        with self._app.reading() as session:
            rows = session.scalars(
                select(ImportedThing.row_number).where(
                    ImportedThing.run_id == self._of.run_id, ImportedThing.undone.is_(False)
                )
            )
            return frozenset(rows)

    def _tell(self, done: int) -> None:
        if self._of.progress is not None:
            self._of.progress(done, len(self._rows))


def _stretch(work: Work, kind: Kind) -> list[RowReport]:
    importer = kind.open(work)
    if callable(importer):
        found = [(row, _one(work.session, importer, row)) for row in work.rows]
    else:
        found = _together(work, importer)
    _keep_things(work, found)
    return [_reported(row, done) for row, done in found]


def _one(session: Session, importer: RowImporter, row: SheetRow) -> Done:
    try:
        _refuse_problems(row)
        with session.begin_nested():
            return importer(row)
    except (DomainError, IntegrityError) as error:
        return error


def _together(work: Work, importer: BulkImporter) -> list[tuple[SheetRow, Done]]:
    done: dict[int, Done] = {}
    pending: list[Pending] = []
    for row in work.rows:
        found: Pending | Done
        try:
            _refuse_problems(row)
            found = importer.check(row)
        except DomainError as error:
            found = error
        if isinstance(found, Pending):
            pending.append(found)
        else:
            done[row.number] = found
    done |= {one.row.number: outcome for one, outcome in _written(work.session, importer, pending)}
    return [(row, done[row.number]) for row in work.rows]


def _written(session: Session, importer: BulkImporter, pending: Sequence[Pending]) -> list[tuple[Pending, Done]]:
    """Write the rows together; where that fails halve them, until the one that cannot be written stands alone."""
    if not pending:
        return []
    try:
        with session.begin_nested():
            return list(zip(pending, importer.write(pending), strict=True))
    except (DomainError, IntegrityError) as error:
        if len(pending) == 1:
            return [(pending[0], error)]
    half = len(pending) // 2
    return _written(session, importer, pending[:half]) + _written(session, importer, pending[half:])


def _refuse_problems(row: SheetRow) -> None:
    if row.problems:
        raise InvalidInput(row.problems[0].message, fields=row.problems)


def _reported(row: SheetRow, done: Done) -> RowReport:
    if isinstance(done, DomainError):
        fields = done.fields or (_field_error(done, row),)
        return RowReport(row.number, "error", _label(row), errors=tuple(replace(f, row=row.number) for f in fields))
    if isinstance(done, IntegrityError):
        words = msg("It clashes with something that was recorded in the meantime. Run the import again.")
        return RowReport(row.number, "error", _label(row), errors=(FieldError("", words, "conflict", row.number),))
    return RowReport(row.number, done.status, done.label or _label(row), done.code, note=done.note, secret=done.secret)


def _keep_things(work: Work, found: Sequence[tuple[SheetRow, Done]]) -> None:
    """What new rows brought in, in the transaction of its run."""
    things = [
        {"run_id": work.run_id, "row_number": row.number, "subject_kind": t.kind, "subject_id": t.key, "undone": False}
        for row, done in found
        if isinstance(done, Outcome)
        for t in done.things
    ]
    if things and work.run_id is not None:
        work.session.execute(insert(ImportedThing), things)
        told = [[thing["row_number"], thing["subject_kind"], thing["subject_id"]] for thing in things]
        journal.note(work.session, "import_run", work.run_id, "brought_in", things=told)


def _field_error(error: DomainError, row: SheetRow) -> FieldError:
    if isinstance(error, NotAllowed) and row.text("unit"):
        return FieldError("unit", msg("You may not enter anything for this unit."), error.code)
    return FieldError("", error.message, error.code)


def _label(row: SheetRow) -> str:
    """The first cells of the row, so that people find it."""
    return ", ".join(text for text in row.cells.values() if text)[:80]


def named_columns(kind: Kind, table: Table) -> Table:
    """The table with its columns under the names of the kind; `InvalidInput` for those unknown, missing or twice."""
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
