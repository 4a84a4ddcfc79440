"""Imports units, or the regions of the country with one mobile team for each."""

from __future__ import annotations

import math

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from assets.core.errors import FieldError, InvalidInput, invalid
from assets.core.i18n import msg
from assets.exchange.imports.work import Outcome, Thing, Work, differences, required
from assets.exchange.tables import SheetRow
from assets.people.models import Region, Unit
from assets.people.service import add_region, add_unit

UNIT_COLUMNS = ("code", "name", "region", "kind")
_NAMES = ("name_en", "name_uz", "name_uz_cyrl", "name_ru", "name_ja", "centre")
REGION_COLUMNS = ("iso_3166_2", *_NAMES, "lat", "lon")
COLUMNS = (*UNIT_COLUMNS, *REGION_COLUMNS)
_NAME_LENGTH = 120
_REGION_REQUIRED = ("iso_3166_2", "name_en", "lat", "lon")


class Units:
    """Takes one row after the other; a sheet with `iso_3166_2` is one of regions."""

    def __init__(self, work: Work) -> None:
        self.work = work
        codes = {row.text("code") or _team_code(row) for row in work.rows}
        units = work.session.scalars(select(Unit).options(joinedload(Unit.region)).where(Unit.code.in_(codes)))
        self.units = {unit.code: unit for unit in units}
        regions = work.session.scalars(
            select(Region).where(Region.code.in_({row.text("iso_3166_2") for row in work.rows}))
        )
        self.regions = {region.code: region for region in regions}

    def __call__(self, row: SheetRow) -> Outcome:
        return self._region_with_team(row) if "iso_3166_2" in row.cells else self._unit(row)

    def _unit(self, row: SheetRow) -> Outcome:
        work = self.work
        required(row, "code", "name", "region")
        code = row.text("code")
        work.first_of("code", row.number, code)
        region = work.region(row.text("region"))
        kind = row.text("kind") or "imt"
        known = self.units.get(code)
        if known is None:
            add_unit(work.session, work.actor, code=code, name=row.text("name"), region=region, kind=kind)
            return Outcome("new", code, things=(Thing("unit", code),))
        pairs: list[tuple[str, object, object]] = [
            ("name", row.text("name"), known.name),
            ("region", region.code, known.region.code),
        ]
        if row.text("kind"):
            pairs.append(("kind", kind, known.kind))
        differences(pairs)
        return Outcome("known", code)

    def _region_with_team(self, row: SheetRow) -> Outcome:
        work = self.work
        required(row, *_REGION_REQUIRED)
        code = row.text("iso_3166_2").upper()
        work.first_of("iso_3166_2", row.number, code)
        known = self.regions.get(code)
        if known is None:
            names = {key: row.text(key) for key in _NAMES}
            names["name_uz"] = names["name_uz"] or names["name_en"]
            names["name_ru"] = names["name_ru"] or names["name_en"]
            _check_lengths(names)
            lat, lon = _degrees(row, "lat", 90), _degrees(row, "lon", 180)
            region = add_region(work.session, work.actor, code=code, lat=lat, lon=lon, **names)
        else:
            differences([(key, row.text(key), getattr(known, key)) for key in _NAMES if row.text(key)])
            region = known
        team = _team_code(row)
        new_team = team not in self.units
        if new_team:
            add_unit(work.session, work.actor, code=team, name=f"{region.name_en} mobile team", region=region)
        if known is not None and not new_team:
            return Outcome("known", f"{region.name_en} ({team})")
        return Outcome("new", f"{region.name_en} ({team})", things=(Thing("unit", team),))


def _team_code(row: SheetRow) -> str:
    """The code of a region's team: `IMT-AN` for `UZ-AN`."""
    return f"IMT-{row.text('iso_3166_2').upper().rpartition('-')[2]}"


def _check_lengths(names: dict[str, str]) -> None:
    for key, text in names.items():
        if len(text) > _NAME_LENGTH:
            raise invalid(key, msg("This is too long: at most %(n)s characters.", n=_NAME_LENGTH), code="too_long")


def _degrees(row: SheetRow, column: str, limit: int) -> float:
    try:
        value = float(row.text(column).replace(",", "."))
    except ValueError as error:
        raise invalid(column, msg("%(text)s is not a number.", text=row.text(column)[:40])) from error
    if not math.isfinite(value) or abs(value) > limit:
        words = msg("This must lie between -%(limit)s and %(limit)s degrees.", limit=limit)
        raise InvalidInput(words, fields=[FieldError(column, words, "out_of_range")])
    return value
