"""The doctor on the databases: do they answer, are they sound, does the journal hold, is the clock right."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import DBAPIError

from assets.core.anchor import anchor_file, verify
from assets.core.app import App
from assets.core.i18n import msg
from assets.core.journal import JournalEntry
from assets.core.leases import last_runs
from assets.migrations.run import integrity_errors, knows, versions
from assets.safekeeping.doctor.findings import Finding, Site, Subject
from assets.settings import Settings

CONNECT_S = 5
LEAST_POSTGRESQL = 130000
BEHIND = timedelta(seconds=60)
FROM_THE_FUTURE_S = 300
ANCHOR_LATE = timedelta(days=2)

_SERVER = text(
    "SELECT current_setting('server_version_num') AS version, current_user AS role, current_database() AS name,"
    " has_schema_privilege(current_schema(), 'CREATE') AS may_make_tables,"
    " has_database_privilege(current_database(), 'CREATE') AS may_make_schemas,"
    " (SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user) AS may_make_databases"
)

POSTGRESQL = Subject("postgresql", msg("PostgreSQL"))
DATABASES = Subject("databases", msg("databases"))
SCHEMA = Subject("schema", msg("version of the databases"))
JOURNAL = Subject("journal", msg("journal"))
CLOCK = Subject("clock", msg("clock"))


def unanswered(settings: Settings) -> Finding | None:
    """Why the database cannot be looked into, None when it answers and holds this program's tables or older ones."""
    if not settings.database_url.startswith("postgresql"):
        if not Path(settings.main_url.removeprefix("sqlite:///")).exists():
            return DATABASES.mend(msg("there is none yet: `assets setup` makes it"))
        return None
    return next((finding for finding in postgresql(settings) if finding.name == DATABASES.name), None)


def postgresql(settings: Settings) -> list[Finding]:
    """What is wrong with the PostgreSQL server, asked over a connection of its own that does not wait for long."""
    engine = create_engine(settings.main_url, connect_args={"connect_timeout": CONNECT_S})
    try:
        with engine.connect() as connection:
            found = connection.execute(_SERVER).one()
    except DBAPIError as error:
        words = msg(
            "PostgreSQL does not answer: %(reason)s. Start it, or see to ASSETS_DATABASE_URL", reason=first_line(error)
        )
        return [DATABASES.mend(words)]
    finally:
        engine.dispose()
    if int(found.version) < LEAST_POSTGRESQL:
        words = msg("PostgreSQL %(n)s is too old: 13 or newer is needed", n=int(found.version) // 10000)
        return [DATABASES.mend(words)]
    if not (found.may_make_tables and found.may_make_schemas):
        words = msg(
            "the role %(role)s may not make tables: GRANT CREATE ON DATABASE %(name)s, and on its schema, TO %(role)s",
            role=found.role, name=found.name,
        )  # fmt: skip
        return [DATABASES.mend(words)]
    wrong = []
    if not found.may_make_databases:
        words = msg("no backup can be proven without making a database: ALTER ROLE %(role)s CREATEDB", role=found.role)
        wrong.append(POSTGRESQL.mend(words))
    if not (shutil.which("pg_dump") or any(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))):
        wrong.append(POSTGRESQL.mend(msg("backups need pg_dump: apt-get install postgresql-client")))
    return wrong


def server(site: Site) -> Iterator[Finding]:
    """The rights and tools that PostgreSQL needs for backups."""
    if site.settings.database_url.startswith("postgresql"):
        yield from postgresql(site.settings)


def first_line(error: BaseException) -> str:
    """The first line of what a database says; the rest repeats the address."""
    reason = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return (str(reason).strip() or type(reason).__name__).splitlines()[0][:200]


def databases(site: Site) -> Iterator[Finding]:
    """Both are of this program's version and sound."""
    app = site.opened
    found = versions(app)
    for name, (now, wanted) in found.items():
        if now is None:
            yield SCHEMA.mend(msg("%(name)s is empty: `assets setup` fills it", name=name))
            return
        if now != wanted and not knows(name, now):
            yield SCHEMA.mend(
                msg(
                    "%(name)s was made by a newer program (%(version)s): install that one again, or restore a backup",
                    name=name, version=now,
                )
            )  # fmt: skip
            return
    if any(now != wanted for now, wanted in found.values()):
        yield SCHEMA.mend(msg("they are of an older version: `assets db upgrade`, or start the server"))
        return
    errors = integrity_errors(app) if site.thorough else []
    for error in errors[:5]:
        yield DATABASES.mend(msg("%(error)s: stop the server and restore the last backup", error=error))
    if not errors:
        yield DATABASES.well(
            msg("%(engine)s, sound and current", engine=_engine(app)) if site.thorough
            else msg("%(engine)s, current", engine=_engine(app))
        )  # fmt: skip


def _engine(app: App) -> str:
    if app.main.dialect == "sqlite":
        return "SQLite"
    with app.main.engine.connect() as connection:
        return f"PostgreSQL {connection.scalar(text('SHOW server_version'))}"


def journal(site: Site) -> Iterator[Finding]:
    """The chain holds, and its head was anchored lately; the daily job's word where there is no time for all of it."""
    app = site.opened
    if site.thorough:
        verdict = verify(app)
        ok, words = verdict.ok, verdict.text
    else:
        with app.reading() as session:
            run = last_runs(session).get("journal_anchor")
        ok = run is None or not run.failed
        words = run.outcome if run is not None else "not verified yet"
    if not ok:
        yield JOURNAL.mend(
            msg(
                "%(words)s. Keep this machine as it is, and compare with the last backup before restoring it",
                words=words,
            )
        )
        return
    yield JOURNAL.well(msg("%(words)s", words=words))
    anchored = _last_anchored(app)
    if anchored is not None and site.now - anchored > ANCHOR_LATE:
        yield JOURNAL.look(
            msg("its head was last anchored on %(day)s: `assets journal anchor`", day=f"{anchored:%Y-%m-%d}")
        )
    yield from _anchored_outside(app)


def _last_anchored(app: App) -> datetime | None:
    path = anchor_file(app)
    lines = path.read_text().splitlines() if path.exists() else []
    return datetime.fromisoformat(json.loads(lines[-1])["at"]) if lines else None


def _anchored_outside(app: App) -> Iterator[Finding]:
    settings = app.settings
    outside = settings.anchor_file and settings.data_dir.absolute() not in Path(settings.anchor_file).absolute().parents
    if not outside and not (settings.anchor_mail and settings.smtp_url):
        yield JOURNAL.look(
            msg(
                "its anchors lie beside it only, and who can change one can change both: set ASSETS_ANCHOR_FILE to "
                "another disk, or ASSETS_ANCHOR_MAIL"
            )
        )


def clock(site: Site) -> Iterator[Finding]:
    """It goes on from where the journal and the files left it: what happens before the past cannot be told in order."""
    app, wrong = site.opened, False
    with app.reading() as session:
        newest = session.scalar(select(func.max(JournalEntry.at)))
    if newest is not None and site.now < newest - BEHIND:
        wrong = True
        yield CLOCK.mend(
            msg(
                "it shows %(now)s UTC, and the journal's newest entry is of %(newest)s: set the clock before "
                "anything is recorded",
                now=f"{site.now:%Y-%m-%d %H:%M}", newest=f"{newest:%Y-%m-%d %H:%M}",
            )
        )  # fmt: skip
    written = max((path.stat().st_mtime for path in app.settings.data_dir.glob("*.db*")), default=0.0)
    if written > time.time() + FROM_THE_FUTURE_S:
        wrong = True
        shown = datetime.fromtimestamp(written, UTC)
        yield CLOCK.mend(
            msg("a database was written at %(at)s, which is still to come: set the clock", at=f"{shown:%Y-%m-%d %H:%M}")
        )
    if wrong:
        return
    if _is_synchronised() is False:
        yield CLOCK.look(msg("no time server keeps it right: timedatectl set-ntp true"))
    else:
        yield CLOCK.well(msg("%(now)s UTC", now=f"{site.now:%Y-%m-%d %H:%M}"))


def _is_synchronised() -> bool | None:
    """Whether a time server keeps the clock, None where nobody can say."""
    program = shutil.which("timedatectl")
    if program is None:
        return None
    asked = [program, "show", "--property=NTPSynchronized", "--value"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=5)
    except subprocess.TimeoutExpired:
        return None
    return {"yes": True, "no": False}.get(done.stdout.strip()) if done.returncode == 0 else None
