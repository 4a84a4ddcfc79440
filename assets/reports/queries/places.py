"""Where the items are: regions in bands at the end of the period, merged where they are too small."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.metrics.models import AssetDay
from assets.metrics.queries.extent import Extent
from assets.people.models import Region
from assets.reports.disclosure import MIN_ASSETS, Cell, band, is_publishable, merged
from assets.reports.disclosure.regions import RegionCount, region_bands
from assets.reports.figures import RegionLine
from assets.reports.queries.given import last_day


@dataclass(frozen=True)
class _Group:
    """Regions that are shown as one line; `code` '' for those shown together."""

    code: str
    items: int
    verified: int
    available: float | None


def regions(session: Session, extent: Extent, seen: set[int]) -> tuple[tuple[RegionLine, ...], tuple[str, ...]]:
    """Regions in bands at the end of the period, and the codes of those that are only shown together.

    A region stands by itself from three assets and two units on; the others are one line with the code ''.
    """
    known = session.execute(select(Region.id, Region.code, Region.name_en, Region.name_ru, Region.name_uz)).all()
    codes = {row.id: row.code for row in known}
    names = {row.code: (("en", row.name_en), ("ru", row.name_ru), ("uz", row.name_uz)) for row in known}
    items: dict[str, list[int]] = defaultdict(list)
    units: dict[str, set[int]] = defaultdict(set)
    for asset_id, region_id, unit_id in session.execute(
        select(AssetDay.asset_id, AssetDay.region_id, AssetDay.unit_id).where(
            AssetDay.day == last_day(extent.until), AssetDay.on_register, *extent.where
        )
    ):
        items[codes[region_id]].append(asset_id)
        units[codes[region_id]].add(unit_id)
    cells = [Cell(code, len(items[code]), len(units[code])) for code in sorted(items)]
    together = sorted(merged(cells))
    wanted = [(code, [code]) for code in sorted(set(items) - set(together))]
    if together and is_publishable([cell for cell in cells if cell.key in together]):
        wanted.append(("", together))
    fleets = _fleets(session, extent, codes)
    groups = [_group(code, of, items, seen, fleets) for code, of in wanted]
    bands = region_bands([RegionCount(group.items, group.verified) for group in groups])
    lines = (
        RegionLine(group.code, names.get(group.code, ()), shown.items, shown.verified, band(group.available))
        for group, shown in zip(groups, bands, strict=True)
    )
    return tuple(lines), tuple(together)


@dataclass(frozen=True)
class _Fleet:
    """The vehicles of a region in the period: how many, their days, and the days off the road."""

    vehicles: int = 0
    days: int = 0
    off_road: int = 0


def _group(
    code: str, codes: list[str], items: dict[str, list[int]], seen: set[int], fleets: dict[str, _Fleet]
) -> _Group:
    ids = [asset_id for one in codes for asset_id in items[one]]
    of = [fleets.get(one, _Fleet()) for one in codes]
    days, off_road = sum(fleet.days for fleet in of), sum(fleet.off_road for fleet in of)
    # The share of one or two vehicles would say how those stand.
    enough = sum(fleet.vehicles for fleet in of) >= MIN_ASSETS and days
    return _Group(code, len(ids), sum(n in seen for n in ids), (days - off_road) / days if enough else None)


def _fleets(session: Session, extent: Extent, codes: dict[int, str]) -> dict[str, _Fleet]:
    rows = session.execute(
        select(
            AssetDay.region_id,
            func.count(AssetDay.asset_id.distinct()),
            func.count(),
            func.count().filter(AssetDay.off_road),
        )
        .where(extent.condition, AssetDay.on_register, AssetDay.vehicle)
        .group_by(AssetDay.region_id)
    )
    return {codes[region_id]: _Fleet(*counts) for region_id, *counts in rows}
