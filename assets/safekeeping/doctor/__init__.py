"""The doctor: looks at the whole installation, running or not, and says what is wrong and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from subprocess import SubprocessError

from sqlalchemy.exc import SQLAlchemyError

from assets.core.i18n import msg
from assets.safekeeping.doctor import (
    accounts,
    addresses,
    certificates,
    copies,
    databases,
    machine,
    mail,
    programs,
    running,
    stored,
)
from assets.safekeeping.doctor.findings import Examiner, Finding, Level, Site, Subject

__all__ = ["Finding", "Level", "Site", "Subject", "examine_database", "examine_machine"]

ON_THE_MACHINE: tuple[Examiner, ...] = (
    programs.program,
    programs.python,
    programs.sqlite,
    programs.mosquitto,
    machine.data_directory,
    machine.file_system,
    machine.space,
    machine.permissions,
    machine.secrets,
    copies.backups,
    addresses.base_url,
    addresses.label_base,
    addresses.listening,
    certificates.https,
    certificates.broker_tls,
    mail.server,
    running.server,
)
IN_THE_DATABASE: tuple[Examiner, ...] = (
    databases.databases,
    databases.server,
    databases.journal,
    databases.clock,
    stored.stored_files,
    mail.outbox,
    running.broker_runs,
    running.broker_is_closed,
    running.ingest,
    running.scheduler,
    accounts.accounts,
)


def examine_machine(site: Site) -> list[Finding]:
    """What can be seen without the database; nothing is changed or made."""
    if not site.settings.data_dir.is_dir():
        words = msg("%(path)s is not there: `assets setup` makes it", path=site.settings.data_dir)
        return [machine.DATA_DIR.mend(words)]
    return [finding for examiner in ON_THE_MACHINE for finding in _guarded(examiner, site)]


def examine_database(site: Site) -> list[Finding]:
    """What the databases tell. When they are not of this program's version, their tables are not looked into."""
    found = list(_guarded(databases.databases, site))
    if not any(finding.name == databases.SCHEMA.name for finding in found):
        found += [finding for examiner in IN_THE_DATABASE[1:] for finding in _guarded(examiner, site)]
    return found


def _guarded(examiner: Examiner, site: Site) -> Iterator[Finding]:
    """One thing that cannot be looked at must not hide the others."""
    try:
        yield from examiner(site)
    except (OSError, SQLAlchemyError, SubprocessError, ValueError, LookupError) as error:
        subject = Subject(examiner.__name__, msg("%(name)s", name=examiner.__name__.replace("_", " ")))
        yield subject.mend(msg("it could not be looked at: %(error)s", error=databases.first_line(error)))
