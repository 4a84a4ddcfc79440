"""Stored files against the rows that name them: what is missing, and what lies there and belongs to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from assets.core import files
from assets.core.i18n import Message, msg
from assets.migrations.tables import metadata
from assets.safekeeping.doctor.findings import Finding, Site, Subject

FILES = Subject("files", msg("stored files"))
NAMED_AT_MOST = 3


def stored_files(site: Site) -> Iterator[Finding]:
    """Every file that a row names is there; what no row names goes by itself in a week, and did not if it is older."""
    if not site.thorough:
        return
    metadata()  # each table's model must be known before its files are looked for
    folder = files.folder_in(site.opened.settings.data_dir)
    with site.opened.reading() as session:
        found = files.inventory(session, folder)
        # One more than is shown tells that there are more; a whole folder that is gone is no question to ask about.
        owners = files.owners_of(session, found.missing[: NAMED_AT_MOST + 1])
    if found.missing:
        shown = ", ".join(f"{owner.table} {owner.row}: {owner.key}" for owner in owners[:NAMED_AT_MOST])
        yield FILES.mend(
            msg(
                "%(n)s are named and not there (%(shown)s%(more)s): restore the newest backup that has them elsewhere "
                "with `assets restore --into`, and copy them from its files/ to %(folder)s",
                n=len(found.missing), shown=shown, more=" …" if len(owners) > NAMED_AT_MOST else "", folder=folder,
            )
        )  # fmt: skip
    stale = [path for path in found.left_over if _is_stale(site, path.stat().st_mtime)]
    if stale:
        yield FILES.look(
            msg(
                "%(n)s belong to nothing for more than a week, for example %(name)s: `assets job run file_sweep` "
                "deletes them; it runs by itself every night while the scheduler does",
                n=len(stale), name=stale[0].name,
            )
        )  # fmt: skip
    elif not found.missing:
        yield FILES.well(_in_order(found))


def _is_stale(site: Site, written_at_s: float) -> bool:
    # A day more than the sweep waits, which runs once a day.
    return site.now - datetime.fromtimestamp(written_at_s, UTC) > files.KEPT_LEFT_OVER + files.SWEPT_EVERY


def _in_order(found: files.Inventory) -> Message:
    if not found.left_over:
        return msg("%(n)s, none missing", n=found.kept)
    return msg(
        "%(n)s, and %(left)s left over, which go by themselves in a week", n=found.kept, left=len(found.left_over)
    )
