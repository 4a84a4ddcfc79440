"""Assets against the plans of their class: which have none yet, and which plans each of them has.

Care and calibration keep their plans in a table each; the caller names the columns of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from assets.registry.models import Asset, EquipmentClass

_CHUNK = 400


def assets_without_plans(
    session: Session, plan_asset_id: InstrumentedAttribute[int], class_codes: Collection[str], lives: Collection[str],
    *, limit: int,
) -> Sequence[Asset]:  # fmt: skip
    """Up to `limit` assets of these classes, in these lives and not annulled, of which there is no plan at all."""
    return session.scalars(
        select(Asset)
        .join(Asset.equipment_class)
        .options(joinedload(Asset.equipment_class), joinedload(Asset.unit))
        .where(
            EquipmentClass.code.in_(class_codes),
            Asset.life.in_(lives),
            Asset.annulled_at.is_(None),
            ~exists().where(plan_asset_id == Asset.id),
        )
        .order_by(Asset.id)
        .limit(limit)
    ).all()


def plan_codes(
    session: Session, plan_asset_id: InstrumentedAttribute[int], plan_code: InstrumentedAttribute[str],
    asset_ids: Sequence[int],
) -> dict[int, set[str]]:  # fmt: skip
    """The codes of the plans that each of these assets has, empty where it has none. A query for each 400 assets."""
    found: dict[int, set[str]] = defaultdict(set)
    for first in range(0, len(asset_ids), _CHUNK):
        chunk = asset_ids[first : first + _CHUNK]
        for asset_id, code in session.execute(select(plan_asset_id, plan_code).where(plan_asset_id.in_(chunk))):
            found[asset_id].add(code)
    return found
