"""Which backups are kept: the newest proven one of each of so many days and weeks, and what must never go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from assets.core.clock import local_date
from assets.safekeeping.log import Made
from assets.settings import SettingsError

KEPT_OF_EACH_WAY_BACK = 2
_BEFORE = "before-"


@dataclass(frozen=True)
class Keep:
    """So many days and so many weeks that have a backup at all."""

    days: int
    weeks: int


def parse(text: str) -> Keep:
    """`14d 8w`; `SettingsError` for anything else, and for keeping nothing."""
    found = re.fullmatch(r"\s*(\d{1,4})d(?:\s+(\d{1,4})w)?\s*", text)
    if found is None or int(found[1]) == 0:
        raise SettingsError(f"ASSETS_BACKUP_KEEP: {text!r} is not days and weeks, as in 14d 8w; at least 1d")
    return Keep(int(found[1]), int(found[2] or 0))


def to_remove(made: Sequence[Made], keep: Keep, zone: ZoneInfo) -> list[Made]:
    """Those of `made` that may go. The last proven one never does, nor anything newer than it.

    Of the backups before an upgrade or a way back the last two stay, however old. One that was not proven goes as soon
    as a newer one is proven.
    """
    newest_first = sorted(made, key=lambda one: one.made_at, reverse=True)
    proven = [one for one in newest_first if one.proven_at is not None]
    if not proven:
        return []
    kept = {one.file for one in newest_first if one.made_at >= proven[0].made_at}
    routine = [one for one in proven if not one.kind.startswith(_BEFORE)]
    kept |= {one.file for one in [one for one in proven if one.kind.startswith(_BEFORE)][:KEPT_OF_EACH_WAY_BACK]}
    kept |= {one.file for one in routine[:1]}
    for many, step in ((keep.days, timedelta(days=1)), (keep.weeks, timedelta(weeks=1))):
        periods: dict[int, str] = {}
        for one in routine:
            periods.setdefault(local_date(one.made_at, zone).toordinal() // step.days, one.file)
        kept |= set(list(periods.values())[:many])
    return [one for one in newest_first if one.file not in kept]
