"""What many assets are usually used for at a time, in one query however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from statistics import median_low
from typing import Any

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from assets.custody.models import UseSession
from assets.registry.models import AssetEvent


def usual_amounts(session: Session, asset_ids: Collection[int], last: int = 5) -> dict[tuple[int, str], Decimal]:
    """The median of the last few uses of each asset, by asset and 'count' or 'hours'; as `usual_amount` says it."""
    rows = union_all(
        *(
            _last(asset_ids, name, column, last)
            for name, column in (("count", UseSession.count), ("hours", UseSession.hours))
        )
    )
    values: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for name, asset_id, amount in session.execute(rows):
        values[(asset_id, name)].append(amount)
    return {key: Decimal(str(median_low(amounts))) for key, amounts in values.items()}


def _last(
    asset_ids: Collection[int], name: str, column: InstrumentedAttribute[Any], last: int
) -> Select[tuple[str, int, Any]]:
    corrector = aliased(AssetEvent)
    is_corrected = select(corrector.id).where(corrector.corrects_id == UseSession.event_id).exists()
    newest_first = func.row_number().over(
        partition_by=UseSession.asset_id, order_by=(UseSession.at.desc(), UseSession.event_id)
    )
    found = (
        select(UseSession.asset_id, column.label("amount"), newest_first.label("place"))
        .where(UseSession.asset_id.in_(asset_ids), column.is_not(None), ~is_corrected)
        .subquery()
    )
    return select(literal(name), found.c.asset_id, found.c.amount).where(found.c.place <= last)
