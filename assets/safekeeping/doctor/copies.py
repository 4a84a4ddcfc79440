"""The doctor on backups: a proven one is young, still there, and on another disk than the data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from assets.core.i18n import msg
from assets.safekeeping import log
from assets.safekeeping.doctor.findings import Finding, Site, Subject

OLD_AFTER = timedelta(days=2)

BACKUP = Subject("backup", msg("backup"))


def backups(site: Site) -> Iterator[Finding]:
    """How old the newest proven backup is, and how the last attempt went."""
    data_dir = site.settings.data_dir
    made = log.entries(data_dir)
    proven = log.last_proven(data_dir)
    if made and made[0].proven_at is None:
        yield BACKUP.mend(msg("the last one could not be proven: %(reason)s", reason=made[0].reason))
    if proven is None:
        yield BACKUP.mend(msg("no backup has been proven by restoring it: `assets backup` makes and proves one"))
        return
    age = site.now - proven
    if age > OLD_AFTER:
        yield BACKUP.mend(
            msg(
                "the last proven one is %(days)s days old: `assets backup`, and see why the job does not", days=age.days
            )
        )
    else:
        yield BACKUP.well(msg("proven, of %(at)s UTC", at=f"{proven:%Y-%m-%d %H:%M}"))
    folder = site.settings.backup_folder
    if folder.is_dir() and folder.stat().st_dev == data_dir.stat().st_dev:
        yield BACKUP.look(
            msg("backups lie on the same disk as the data, which can die with both: carry copies elsewhere")
        )
