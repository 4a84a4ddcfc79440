"""The backup that comes by itself, and the one that somebody asked for: who is told when it fails."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from assets.core.actor import Actor, system_actor
from assets.core.app import App
from assets.core.errors import DomainError
from assets.core.i18n import msg, say
from assets.core.journal import note
from assets.core.outbox import queue_mail
from assets.people.models import Account, RoleGrant
from assets.people.rules import Permission, Role, require
from assets.safekeeping import backup
from assets.settings import Settings, SettingsError

WANTED = "backup-wanted"
ACTOR = system_actor("job:nightly_backup")


def wanted_file(settings: Settings) -> Path:
    """While it is there, the scheduler is asked for a backup."""
    return settings.data_dir / WANTED


def ask(session: Session, actor: Actor, settings: Settings) -> bool:
    """Ask the scheduler for a backup within a minute; False when one is asked for already. The journal says who."""
    require(actor, Permission.BACKUP_MANAGE)
    wanted = wanted_file(settings)
    if wanted.exists():
        return False
    note(session, "backup", "", "asked")
    wanted.touch(mode=0o600)
    return True


def run(app: App, kind: str, now: datetime) -> str:
    """Make and prove a backup; answers a line. When it fails, administrators are told by mail and OSError is raised."""
    try:
        made = backup.make(app, kind)
    except (DomainError, SettingsError, OSError) as error:
        reason = str(error.message) if isinstance(error, DomainError) else str(error)
        _tell(app, now, reason)
        raise OSError(f"no backup was made: {reason}") from error
    if made.proven_at is None:
        _tell(app, now, made.reason)
        raise OSError(f"the backup {made.file} is not proven: {made.reason}")
    gone = f"; {made.missing_files} files that the database names are missing here" if made.missing_files else ""
    return f"{made.path.name}, {made.size // 2**20} MB, proven by restoring it, {made.took_s} s{gone}"


def run_if_wanted(app: App, now: datetime) -> str:
    """Make the backup that somebody asked for, if so."""
    wanted = wanted_file(app.settings)
    if not wanted.exists():
        return "none was asked for"
    wanted.unlink()
    return run(app, "asked", now)


def _tell(app: App, now: datetime, reason: str) -> None:
    with app.transaction(ACTOR, now) as session:
        administrators = session.scalars(
            select(Account)
            .join(RoleGrant)
            .where(RoleGrant.role == Role.ADMINISTRATOR.value, RoleGrant.valid_from <= now)
            .where(or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > now))
            .where(Account.active, Account.email != "")
        ).unique()
        for account in administrators:
            queue_mail(
                session,
                dedupe_key=f"backup-failed:{account.id}:{now:%Y-%m-%d}",
                recipient=account.email,
                subject=say(msg("The backup failed"), account.locale),
                body=say(
                    msg(
                        "The backup of %(day)s failed: %(reason)s\n\nOlder backups are untouched. See Administration,"
                        " Backups, or run `assets doctor`.",
                        day=f"{now:%Y-%m-%d}",
                        reason=reason,
                    ),
                    account.locale,
                ),
                now=now,
            )
