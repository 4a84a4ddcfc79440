"""An upgrade with a backup first, and the way back: by the migrations where nothing is lost, or by that backup."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection, inspect

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.db import Database
from assets.core.errors import DomainError
from assets.core.i18n import msg
from assets.core.journal import note
from assets.migrations.run import (
    GOES_WITH,
    due,
    knows,
    move,
    nothing_lost,
    one_back,
    refuse_newer,
    version_schema,
    versions,
)
from assets.safekeeping import backup, keys, log
from assets.safekeeping.contents import WORK
from assets.safekeeping.engines import postgresql
from assets.safekeeping.log import Made
from assets.safekeeping.refusals import Refused
from assets.safekeeping.unpack import unpack
from assets.settings import Settings

BEFORE_UPGRADE, BEFORE_DOWNGRADE = "before-upgrade", "before-downgrade"


def upgrade_safely(app: App, make_ready: Callable[[App], list[str]], *, without_backup: bool = False) -> list[str]:
    """Bring the databases to this program's version; a database that holds something is backed up first.

    `Refused` or OSError when that backup cannot be made; then nothing was changed. Answers what was done, in lines.
    """
    refuse_newer(app)
    lines = []
    if due(app) and not without_backup:
        lines.append(_backed_up(app, BEFORE_UPGRADE))
    return lines + make_ready(app)


def _backed_up(app: App, kind: str) -> str:
    made = backup.make(app, kind)
    if made.proven_at is None:
        _look_into(app.settings, made)
        return f"backup {made.file}, {made.took_s} s; it is whole, but could not be restored on trial: {made.reason}"
    return f"backup {made.file}, proven by restoring it, {made.took_s} s"


def _look_into(settings: Settings, made: Made) -> None:
    """Where no trial restore is possible (no right to make a database), the file must at least be whole."""
    with tempfile.TemporaryDirectory(prefix="backup-", dir=settings.data_dir / WORK) as folder:
        try:
            content = unpack(made.path, keys.own_identity(settings.data_dir), Path(folder), with_files=False)
        except DomainError as error:
            raise Refused(
                msg("The backup before the upgrade failed, nothing was changed: %(reason)s", reason=error.message),
                code="backup_unsound",
            ) from error
    if content.manifest.about.engine != "postgresql":
        raise Refused(
            msg("The backup before the upgrade failed, nothing was changed: %(reason)s", reason=made.reason),
            code="backup_unsound",
        )


def go_back(app: App, actor: Actor, *, to: str | None, reason: str) -> list[str]:
    """Take both databases back to version `to` of the main one (None: one back), by the migrations.

    `Refused` while others work on them, and when rows would be lost and no `reason` says that they may. A backup is
    made first. Answers what was done, in lines.
    """
    _alone(app)
    target = _target(app, to)
    lost = rows_lost(app, target)
    if lost and not reason.strip():
        raise Refused(
            msg(
                "Going back to %(version)s would lose %(n)s rows and values: %(places)s. Take the backup made before"
                " the upgrade instead (--from-backup), or say why they may go: --even-so REASON",
                version=target, n=sum(lost.values()),
                places=", ".join(f"{name} {rows}" for name, rows in sorted(lost.items())),
            ),
            code="rows_would_be_lost",
            data={"lost": lost},
        )  # fmt: skip
    lines = [_backed_up(app, BEFORE_DOWNGRADE)]
    if lost:
        with app.transaction(actor) as session:
            note(session, "database", target, "taken_back", reason=" ".join(reason.split()), lost=str(lost))
    for name, database, to_version in _both(app, target):
        before, after = move(name, database, to_version)
        if before != after:
            lines.append(f"{name} database: {before} -> {after}")
    return lines


def _alone(app: App) -> None:
    if app.occupancy is not None:
        app.occupancy.become_alone()
    if app.main.dialect == "postgresql":
        app.main.dispose()
        app.telemetry.dispose()
        if postgresql.others_connected(app.settings.main_url):
            raise Refused(msg("The database is in use: stop whatever is connected to it first."), code="target_in_use")


def _target(app: App, to: str | None) -> str:
    current, _ = versions(app)["main"]
    target = to or (one_back(current) if current is not None else None)
    if target is None or not knows("main", target) or target not in GOES_WITH or target == current:
        raise Refused(
            msg("There is no version to go back to: the main database is of %(version)s.", version=current or "-"),
            code="no_way_back",
        )
    return target


def _both(app: App, target: str) -> Sequence[tuple[str, Database, str]]:
    return (("main", app.main, target), ("telemetry", app.telemetry, GOES_WITH[target]))


class _Tried(Exception):
    """Ends a trial: whatever was changed in its transaction is undone."""


def rows_lost(app: App, target: str) -> dict[str, int]:
    """How many rows (by table) and values (by column) a way back to `target` would lose; empty when none.

    The way is gone on trial, in a transaction that is undone: what is missing at its end is what would be lost.
    """
    lost: dict[str, int] = {}
    for name, database, to_version in _both(app, target):
        schema = version_schema(name, database.dialect)
        seen: list[set[tuple[str, str]]] = []

        def look(connection: Connection, schema: str | None = schema, seen: list[set[tuple[str, str]]] = seen) -> None:
            seen.append(_columns(connection, schema))

        def end(connection: Connection, look: Callable[[Connection], None] = look) -> None:
            look(connection)
            raise _Tried

        try:
            move(name, database, to_version, before=look, after=end)
        except _Tried:
            with database.engine.connect() as connection:
                gone = seen[0] - seen[1] - nothing_lost(name)
                lost |= _counted(connection, name, schema, seen[0], gone)
    return lost


def _columns(connection: Connection, schema: str | None) -> set[tuple[str, str]]:
    seen = inspect(connection)
    return {(table, str(c["name"])) for table in seen.get_table_names(schema) for c in seen.get_columns(table, schema)}


def _counted(
    connection: Connection, name: str, schema: str | None, all_columns: set[tuple[str, str]], gone: set[tuple[str, str]]
) -> dict[str, int]:
    """Rows of tables that go as a whole, and values in columns that go from a table that stays; those above zero."""
    found = {}
    for table in sorted({table for table, _ in gone}):
        columns = sorted(column for one, column in gone if one == table)
        place = f'"{schema}"."{table}"' if schema else f'"{table}"'
        whole = {column for one, column in all_columns if one == table} == set(columns)
        for what, label in [("*", table)] if whole else [(f'"{c}"', f"{table}.{c}") for c in columns]:
            query = f"SELECT count({what}) FROM {place}"  # noqa: S608  # names come from the catalogue
            found[f"{name}.{label}"] = int(connection.exec_driver_sql(query).scalar_one())
    return {label: rows for label, rows in found.items() if rows}


def newest_before(settings: Settings, to: str | None) -> Made:
    """The newest backup that was made before an upgrade, from version `to` (None: whichever). `Refused` without one."""
    for made in log.entries(settings.data_dir):
        if made.kind == BEFORE_UPGRADE and made.is_there and to in {None, made.revisions[0]}:
            return made
    raise Refused(msg("No backup made before an upgrade is there any more."), code="no_way_back")
