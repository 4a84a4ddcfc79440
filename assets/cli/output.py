"""How the command line speaks, and how it opens the application."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assets.core.actor import Actor, system_actor
from assets.core.app import App
from assets.core.errors import DomainError, invalid
from assets.core.i18n import msg

MAX_SECRET_LENGTH = 1024


def command_line_actor() -> Actor:
    """Who acts on the command line: whoever may run it on this machine."""
    return system_actor(f"command line, user {os.getuid()}")


@contextmanager
def opened_app(*, even_empty: bool = False) -> Iterator[App]:
    """The application of the environment's settings.

    `SettingsError` when the data directory was never set up, unless `even_empty`: then it may be without tables.
    """
    from assets.bootstrap import build_app
    from assets.cli import present
    from assets.settings import Settings

    settings = Settings.from_environment()
    if not even_empty:
        present.refuse_missing(settings)
    app = build_app(settings)
    try:
        if not even_empty and not present.holds_tables(app):
            raise present.never_set_up(settings)
        yield app
    finally:
        app.close()


@contextmanager
def begun_app() -> Iterator[App]:
    """The same for what an office may begin with (serve, accounts, organisations, units, imports): in an empty place
    the tables are made, and that is said."""
    from assets.cli import present
    from assets.cli.ready import make_ready

    with opened_app(even_empty=True) as app:
        if not present.holds_tables(app):
            make_ready(app)
            begun = f"a new, empty office was begun in {app.settings.data_dir.absolute()}"
            print(f"assets: {begun}. If yours lies elsewhere, name it in ASSETS_DATA_DIR.", file=sys.stderr)
        yield app


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, ensure_ascii=False, default=str, indent=2 if sys.stdout.isatty() else None))


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Rows as a table of text; nothing for no rows."""
    cells = [[str(column) for column in columns], *([_cell(row.get(c)) for c in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def print_listed(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """A list, as a table or as JSON."""
    if as_json:
        print_json(list(rows))
    else:
        print_table(rows, columns)


def say_error(error: DomainError) -> None:
    """The reason of a refusal, with each field's, on standard error."""
    print(f"assets: {error.message}", file=sys.stderr)
    for item in error.fields:
        place = f"row {item.row}, {item.field}" if item.row is not None else item.field
        if str(item.message) != str(error.message):
            print(f"  {place}: {item.message}", file=sys.stderr)


def say_file_trouble(error: OSError) -> None:
    """Which file a command could not read or write, and why, on standard error."""
    print(f"assets: {_file_trouble(error)}", file=sys.stderr)


def _file_trouble(error: OSError) -> str:
    if error.filename is None:
        return str(error)
    path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else Path(str(error.filename))
    if isinstance(error, FileNotFoundError):
        looked = path.parent.absolute()
        where = f"in {looked}" if looked.is_dir() else f"and no folder {looked}"
        return f"there is no file {path.name} {where}"
    if isinstance(error, IsADirectoryError):
        return f"{path} is a folder; a file is expected"
    if isinstance(error, PermissionError):
        return f"{path} may not be read or written by this user"
    return f"{path}: {error.strerror}"


def password_from_stdin() -> str:
    """One line from standard input: passwords never stand in arguments, which others can read."""
    line = sys.stdin.readline(MAX_SECRET_LENGTH).rstrip("\r\n")
    if not line:
        raise invalid("password", msg("A password is expected on standard input."))
    return line


def _cell(value: object) -> str:
    return "" if value is None else str(value)
