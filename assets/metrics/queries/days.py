"""The days themselves, paged, and the names of the groups that figures are given for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session

from assets.metrics.models import AssetDay
from assets.metrics.queries.extent import By, Extent
from assets.people.models import Unit
from assets.registry.models import Asset, EquipmentClass


def group_keys(session: Session, by: By, ids: Sequence[Any]) -> dict[Any, tuple[str, str]]:
    """(code, name) of each group, by its id; a month is its own name."""
    if by == "month":
        return {month: (text := f"{month // 100}-{month % 100:02d}", text) for month in ids}
    statement: Select[int, str, str]
    if by == "class":
        statement = select(EquipmentClass.id, EquipmentClass.code, EquipmentClass.name)
    elif by == "unit":
        statement = select(Unit.id, Unit.code, Unit.name)
    else:
        statement = (
            select(Asset.id, Asset.code, EquipmentClass.name)
            .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
            .where(Asset.id.in_(ids))
        )
    wanted = set(ids)
    return {row[0]: (row[1], row[2]) for row in session.execute(statement) if row[0] in wanted}


def assets_with_days(session: Session, extent: Extent, after: str | None, limit: int) -> list[tuple[int, str]]:
    """(id, code) of assets with days in the extent, in order of their code, at most `limit` after the code given."""
    with_days = select(AssetDay.asset_id).where(extent.condition, AssetDay.on_register)
    statement = select(Asset.id, Asset.code).where(Asset.id.in_(with_days)).order_by(Asset.code).limit(limit)
    if after is not None:
        statement = statement.where(Asset.code > after)
    return list(session.execute(statement))


DAY_KINDS: dict[str, ColumnElement[bool]] = {
    "used": and_(AssetDay.used, AssetDay.on_register),
    "unknown": and_(~AssetDay.known, AssetDay.on_register),
    "off_road": and_(AssetDay.off_road, AssetDay.on_register),
    "seen": and_(AssetDay.seen, AssetDay.on_register),
    "out_of_calibration": and_(
        AssetDay.subject_to_calibration, ~AssetDay.in_calibration, AssetDay.on_register
    ),
    "all": and_(AssetDay.on_register),
}  # fmt: skip


def asset_days(
    session: Session, extent: Extent, kind: str, after: tuple[date, int] | None, limit: int
) -> list[Row[Any]]:
    """Days of a kind with the codes of asset and class and the unit's name, newest first.

    At most `limit`, after the (day, asset id) given.
    """
    statement = (
        select(AssetDay, Asset.code, EquipmentClass.code, Unit.name)
        .join(Asset, Asset.id == AssetDay.asset_id)
        .join(EquipmentClass, EquipmentClass.id == AssetDay.class_id)
        .join(Unit, Unit.id == AssetDay.unit_id)
        .where(extent.condition, DAY_KINDS.get(kind, true()))
        .order_by(AssetDay.day.desc(), AssetDay.asset_id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(
            or_(AssetDay.day < after[0], and_(AssetDay.day == after[0], AssetDay.asset_id > after[1]))
        )
    return list(session.execute(statement))


def count_days(session: Session, extent: Extent, kind: str) -> int:
    """How many days of a kind there are."""
    counted = session.scalar(
        select(func.count()).select_from(AssetDay).where(extent.condition, DAY_KINDS.get(kind, true()))
    )
    return int(counted or 0)
