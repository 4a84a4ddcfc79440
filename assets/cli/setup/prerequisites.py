"""Whether the machine and the database can do, before anything is written."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from assets.bootstrap import build_app
from assets.core.clock import system_clock
from assets.people.rules import Role
from assets.safekeeping.doctor import Finding, Site, databases, machine, programs
from assets.settings import Settings, SettingsError

STOPPING = {machine.FILE_SYSTEM.name, programs.PYTHON.name, programs.SQLITE.name, databases.DATABASES.name}


@dataclass(frozen=True)
class Trouble:
    """Something that setting up cannot go on with."""

    about_database: bool


def trouble(settings: Settings) -> Trouble | None:
    """Print what is not well; answer what stops setting up, None when nothing does."""
    found = [finding for finding in _findings(settings) if not finding.ok]
    for finding in found:
        print(f"  {finding.subject}: {finding.text}", file=sys.stderr)
    stopping = [finding for finding in found if finding.name in STOPPING]
    _make_backup_folder(settings)
    if not stopping:
        return None
    return Trouble(all(finding.name == databases.DATABASES.name for finding in stopping))


def _findings(settings: Settings) -> list[Finding]:
    site = Site(settings, system_clock())
    found: list[Finding] = []
    for examiner in (programs.python, programs.sqlite, programs.mosquitto, machine.file_system, machine.space):
        found += examiner(site)
    if settings.database_url.startswith("postgresql"):
        found += databases.postgresql(settings)
    return found


def _make_backup_folder(settings: Settings) -> None:
    if not settings.backup_dir:
        return
    try:
        settings.backup_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"ASSETS_BACKUP_DIR: {settings.backup_dir} cannot be made: {error}") from error


def holds_data(settings: Settings) -> bool:
    """Whether the database of these settings answers and somebody can sign in to it."""
    from assets.migrations.run import versions
    from assets.people.queries import role_counts

    if databases.unanswered(settings) is not None:
        return False
    app = build_app(settings)
    try:
        if versions(app)["main"][0] is None:
            return False
        with app.reading() as session:
            return bool(role_counts(session, app.clock()).get(Role.ADMINISTRATOR))
    finally:
        app.close()
