"""The figures of use, state and care: joined from the days and one query per slice, grouped any way afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.metrics.models import AssetDay
from assets.metrics.queries.days import assets_with_days, group_keys
from assets.metrics.queries.extent import By, Extent
from assets.metrics.queries.sums import Days, days_of
from assets.metrics.queries.work import Work, work_of
from assets.metrics.rules.kpi import CODES, DaySums, ItemCounts, Kpi, WorkSums, by_code, item_kpis, use_kpis, work_kpis

FIGURES_PER_GROUP = len(CODES)


@dataclass(frozen=True)
class Group:
    """The figures of one class, unit, asset or month; `key` is its code, `name` what people call it."""

    key: str
    name: str
    kpis: tuple[Kpi, ...]


@dataclass(frozen=True)
class Utilisation:
    """What an extent comes to; read once, then asked for any grouping."""

    days: Days
    work: Work

    def kpis(self, by: By) -> dict[Any, list[Kpi]]:
        """Every figure for every group, by the group's id (a month as year * 100 + month; None for all)."""
        sums, counts, work = self.days.sums(by), self.days.counts(by), self.work.sums(by)
        keys: set[Any] = {*sums, *counts, *work}
        return {
            key: [
                *use_kpis(sums.get(key, DaySums())),
                *item_kpis(counts.get(key, ItemCounts())),
                *work_kpis(work.get(key, WorkSums())),
            ]
            for key in keys | ({None} if by == "all" else set())
        }

    def overall(self) -> dict[str, Kpi]:
        """Every figure over the whole extent, by code."""
        return by_code(self.kpis("all")[None])

    def groups(self, session: Session, by: By) -> list[Group]:
        """The figures by group, in order of the key."""
        found = self.kpis(by)
        names = group_keys(session, by, list(found))
        return sorted((Group(*names[key], tuple(kpis)) for key, kpis in found.items()), key=lambda group: group.key)


def utilisation_of(session: Session, extent: Extent, now: datetime, zone: ZoneInfo) -> Utilisation:
    """Read what the extent comes to."""
    days = days_of(session, extent)
    return Utilisation(days, work_of(session, days, extent, now, zone))


def page_of_groups(
    session: Session, extent: Extent, by: By, now: datetime, zone: ZoneInfo, *, after: str | None, limit: int
) -> tuple[list[Group], str | None]:
    """At most `limit` groups after the key given, and the key to go on from (None at the end)."""
    if by != "asset":
        return page_of(utilisation_of(session, extent, now, zone).groups(session, by), after, limit)
    # Only the assets of this page are worked out: there may be 50,000.
    chosen = assets_with_days(session, extent, after, limit + 1)
    ids = [asset_id for asset_id, _ in chosen[:limit]]
    if not ids:
        return [], None
    of_page = replace(extent, where=(*extent.where, AssetDay.asset_id.in_(ids)))
    found = utilisation_of(session, of_page, now, zone).groups(session, by)
    return found, chosen[limit - 1][1] if len(chosen) > limit else None


def page_of(found: list[Group], after: str | None, limit: int) -> tuple[list[Group], str | None]:
    """At most `limit` of the groups after a key, and the key to go on from (None at the end)."""
    rest = [group for group in found if after is None or group.key > after]
    return rest[:limit], rest[limit - 1].key if len(rest) > limit else None
