"""PostgreSQL: one dump and the counted rows see the same exported snapshot; a dump is restored into a new database."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from sqlalchemy import URL, Engine, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from assets.core.app import App
from assets.core.db import TELEMETRY_SCHEMA
from assets.core.i18n import msg
from assets.safekeeping.engines.counting import Snapshot, count_rows, file_keys, journal_head, revisions
from assets.safekeeping.manifest import DATABASES
from assets.safekeeping.refusals import Refused

DUMP = "postgresql.dump"
_TOOLS = Path("/usr/lib/postgresql")
_MAINTENANCE = ("postgres", "template1")
_LONGEST_NAME = 63
LINGERING_S = 2.0


def take(app: App, folder: Path) -> Snapshot:
    """Dump the database while it is in use; nobody waits. `Refused` when pg_dump is missing or fails."""
    engine = app.main.engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as connection:
        snapshot = str(connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one())
        versions = revisions(connection, connection, TELEMETRY_SCHEMA)
        _run_tool(
            "pg_dump", engine.url,
            "--format=custom", "--compress=1", "--no-owner", "--no-privileges",
            f"--snapshot={snapshot}", f"--file={folder / DUMP}",
        )  # fmt: skip
        tables = count_rows(connection, "telemetry", TELEMETRY_SCHEMA) | count_rows(connection, "main", None)
        head = journal_head(connection)
        keys = file_keys(connection)
    return Snapshot("postgresql", {f"{DATABASES}{DUMP}": folder / DUMP}, tables, head, versions, keys)


def find_tool(name: str) -> str:
    """The newest pg_dump or pg_restore of this machine; `Refused` when there is none."""
    folders = sorted(_TOOLS.glob("*/bin"), key=lambda path: int(path.parent.name.split(".")[0]), reverse=True)
    found = next((str(f / name) for f in folders if (f / name).exists()), None) or shutil.which(name)
    if found is None:
        raise Refused(
            msg(
                "%(tool)s is not installed on this machine. Install PostgreSQL's client programs, of the server's"
                " version or newer (Debian: apt-get install postgresql-client).",
                tool=name,
            ),
            code="tools_missing",
        )
    return found


def _run_tool(name: str, url: URL, *arguments: str) -> None:
    """Run a tool on the database of `url`; the password goes by the environment, which others cannot read."""
    _, keywords = url.get_dialect()().create_connect_args(url)
    password = keywords.pop("password", None)
    place = " ".join(f"{key}='{_escaped(str(value))}'" for key, value in keywords.items())
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    done = subprocess.run(
        [find_tool(name), *arguments, f"--dbname={place}"], env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        said = " ".join(done.stderr.split())[-600:]
        raise Refused(msg("%(tool)s failed: %(reason)s", tool=name, reason=said), code="tool_failed")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def fresh_name(live: str, purpose: str) -> str:
    """A name of no database yet: the live one's, what it is for, and a random end."""
    end = f"_{purpose}_{secrets.token_hex(4)}"
    return live[: _LONGEST_NAME - len(end)] + end


def with_database(url: str, name: str) -> str:
    """The same server and role, another database."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def name_of(url: str) -> str:
    """The name of the database."""
    return str(make_url(url).database)


@contextmanager
def _maintenance(url: str) -> Iterator[Engine]:
    """An engine on the same server that is in none of our databases, and in no transaction."""
    for name in (*_MAINTENANCE, str(make_url(url).database)):
        engine = create_engine(with_database(url, name), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        try:
            engine.connect().close()
        except OperationalError:
            continue
        yield engine
        return
    raise Refused(
        msg("The PostgreSQL server of ASSETS_DATABASE_URL does not answer, or does not let this role in."),
        code="server_unreachable",
    )


def exists(url: str) -> bool:
    """Whether the database of `url` exists on its server."""
    with _maintenance(url) as engine, engine.connect() as connection:
        query = text("SELECT 1 FROM pg_database WHERE datname = :name")
        return connection.execute(query, {"name": make_url(url).database}).scalar() is not None


def create(url: str, name: str) -> str:
    """Make an empty database `name` beside that of `url` and answer its address. `Refused` when the role may not."""
    with _maintenance(url) as engine, engine.connect() as connection:
        live = connection.execute(
            text("SELECT datcollate, datctype FROM pg_database WHERE datname = :name"),
            {"name": make_url(url).database},
        ).first()
        quote = engine.dialect.identifier_preparer.quote_identifier
        locale = f" LC_COLLATE '{live.datcollate}' LC_CTYPE '{live.datctype}'" if live else ""
        try:
            connection.exec_driver_sql(f"CREATE DATABASE {quote(name)} TEMPLATE template0 ENCODING 'UTF8'{locale}")
        except ProgrammingError as error:
            role = make_url(url).username or "the role"
            raise Refused(
                msg(
                    "%(role)s may not make a database on this server, so nothing can be restored there, not even to"
                    " prove a backup. Let the server's administrator run: ALTER ROLE %(role)s CREATEDB",
                    role=role,
                ),
                code="createdb_missing",
            ) from error
    return with_database(url, name)


def fill(url: str, dump: Path) -> None:
    """Restore a dump into an empty database; `Refused` with the tool's words when it cannot be."""
    _run_tool(
        "pg_restore", make_url(url),
        "--exit-on-error", "--no-owner", "--no-privileges", "--jobs=2", str(dump),
    )  # fmt: skip


def drop(url: str) -> None:
    """Remove a temporary database."""
    with _maintenance(url) as engine, engine.connect() as connection:
        name = engine.dialect.identifier_preparer.quote_identifier(str(make_url(url).database))
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def drop_left_over(url: str, purpose: str) -> None:
    """Remove what an interrupted proof or restore of this database left on the server."""
    live = name_of(url)
    with _maintenance(url) as engine, engine.connect() as connection:
        quote = engine.dialect.identifier_preparer.quote_identifier
        for name in connection.exec_driver_sql("SELECT datname FROM pg_database").scalars().all():
            stem, _, end = str(name).rpartition("_")
            if stem and stem == fresh_name(live, purpose).rpartition("_")[0] and len(end) == 8:
                connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {quote(name)}")


def has_tables(url: str) -> bool:
    """Whether the database of `url` holds any table of its own."""
    engine = create_engine(url, poolclass=NullPool)
    query = text("SELECT 1 FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') LIMIT 1")
    with engine.connect() as connection:
        return connection.execute(query).scalar() is not None


def others_connected(url: str) -> int:
    """How many other sessions are in the database of `url`, and stay.

    One that was closed a moment ago is counted by PostgreSQL until its process has ended: it gets `LINGERING_S`.
    """
    with _maintenance(url) as engine, engine.connect() as connection:
        query = text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()")
        deadline = monotonic() + LINGERING_S
        while (found := int(connection.execute(query, {"name": make_url(url).database}).scalar_one())) > 0:
            if monotonic() > deadline:
                break
            connection.exec_driver_sql("SELECT pg_sleep(0.05), pg_stat_clear_snapshot()")
        return found


def swap(url: str, fresh: str, kept: str) -> None:
    """Give the database `fresh` the name of `url`'s, and what has it now the name `kept`; both or neither.

    Done already: nothing happens, so that it can be repeated after an interruption.
    """
    live = name_of(url)
    with _maintenance(url) as engine:
        within = engine.execution_options(isolation_level="READ COMMITTED")
        quote = engine.dialect.identifier_preparer.quote_identifier
        try:
            with within.begin() as connection:
                names = set(connection.exec_driver_sql("SELECT datname FROM pg_database").scalars())
                if fresh not in names:
                    return
                if live in names:
                    connection.exec_driver_sql(f"ALTER DATABASE {quote(live)} RENAME TO {quote(kept)}")
                connection.exec_driver_sql(f"ALTER DATABASE {quote(fresh)} RENAME TO {quote(live)}")
        except OperationalError as error:
            raise Refused(
                msg("The database %(name)s is in use: stop everything that is connected to it first.", name=live),
                code="target_in_use",
            ) from error
    analysed = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with analysed.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
