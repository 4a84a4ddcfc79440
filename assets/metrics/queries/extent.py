"""Which days are meant: a span of local days, of the assets that somebody may see or that a donor gave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.metrics.models import AssetDay, RollUpState
from assets.people.models import Unit
from assets.people.rules import Permission, reach
from assets.registry.models import Asset, EquipmentClass, Grant, HandoverBatch
from assets.registry.scope import units_within

By = Literal["class", "unit", "asset", "month", "all"]


@dataclass(frozen=True)
class Extent:
    """Which days are meant: local days `first` to the day before `until`, under conditions on `AssetDay`."""

    first: date
    until: date
    where: tuple[ColumnElement[bool], ...] = ()

    @property
    def condition(self) -> ColumnElement[bool]:
        return and_(AssetDay.day >= self.first, AssetDay.day < self.until, *self.where)


def extent_for(
    actor: Actor,
    first: date,
    until: date,
    *,
    class_code: str = "",
    unit_code: str = "",
    asset_code: str = "",
) -> Extent:
    """The days of what `actor` may see the use of, narrowed to a class, a unit or an asset by code.

    A day belongs to the unit that had the asset then: a unit sees what it had, also what it has no more.
    """
    within = reach(actor, Permission.UTILISATION_READ)
    where: list[ColumnElement[bool]] = [] if within.everything else [units_within(within, AssetDay.unit_id)]
    for code, table, column in (
        (class_code, EquipmentClass, AssetDay.class_id),
        (unit_code, Unit, AssetDay.unit_id),
        (asset_code, Asset, AssetDay.asset_id),
    ):
        if code:
            where.append(column.in_(select(table.id).where(table.code == code)))
    return Extent(first, until, tuple(where))


def donor_extent(donor_id: int, first: date, until: date) -> Extent:
    """The days of everything that a donor's grants paid for; what was registered by mistake is left out."""
    given = (
        select(Asset.id)
        .join(HandoverBatch, HandoverBatch.id == Asset.batch_id)
        .join(Grant, Grant.id == HandoverBatch.grant_id)
        .where(Grant.donor_id == donor_id, Asset.annulled_at.is_(None))
    )
    return Extent(first, until, (AssetDay.asset_id.in_(given),))


def built_until(session: Session) -> date | None:
    """The first day that is not worked out yet; None when none is."""
    return session.scalar(select(RollUpState.built_until).where(RollUpState.id == 1))
