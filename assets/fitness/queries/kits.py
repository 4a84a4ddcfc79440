"""Kits as fitness sees them: their contents with each part judged as any other item is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.fitness.rules import Fitness
from assets.kits.models import Kit, KitPart
from assets.kits.queries import blocking_condition, contents
from assets.kits.rules.completeness import Contents, Part
from assets.registry.models import Asset


def contents_of(session: Session, assets: Sequence[Asset], now: datetime) -> dict[int, Contents]:
    """What is in those of the assets that are kits; two queries, none where none is."""
    ids = [asset.id for asset in assets if asset.is_kit]
    return contents(session, Kit.asset_id.in_(ids), local_date(now, zone_of(session))) if ids else {}


def with_parts(chosen: list[ColumnElement[bool]], kits: Mapping[int, Contents]) -> list[ColumnElement[bool]]:
    """The conditions on `Asset` widened to what is in the chosen kits, which may lie beyond a filter or a scope."""
    if not any(kit.parts for kit in kits.values()):
        return chosen
    inside = select(KitPart.asset_id).join(Asset, Asset.id == KitPart.kit_id).where(*chosen).correlate(None)
    return [or_(and_(*chosen), Asset.id.in_(inside))]


def parts_of(kits: Iterable[Contents]) -> dict[int, Part]:
    """Every part of these kits, by asset id."""
    return {part.asset_id: part for kit in kits for part in kit.parts}


def judged(kit: Contents, fitness_of_part: Callable[[Part], Fitness]) -> Contents:
    """The contents with what its parts are fit for."""
    return replace(kit, parts=tuple(_judged(part, fitness_of_part(part)) for part in kit.parts))


def _judged(part: Part, fitness: Fitness) -> Part:
    return replace(part, fit=fitness.fit, why=None if fitness.fit else fitness.reasons[0].message)


def incomplete_condition(
    unfit: ColumnElement[bool], now: datetime, zone: ZoneInfo
) -> ColumnElement[bool]:  # fmt: skip
    """A condition on `Asset`: a kit that lacks something required; `unfit` says it of its parts by themselves."""
    parts = select(Asset.id).where(unfit).correlate(None)
    return blocking_condition(parts, local_date(now, zone))
