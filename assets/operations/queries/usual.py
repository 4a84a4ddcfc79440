"""The operations that things of several units were likely used in, in one query for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.operations.models import Operation, operation_unit
from assets.operations.queries import known_to


def usual_operations_of(
    session: Session, actor: Actor, unit_ids: Collection[int], now: datetime, limit: int = 3
) -> dict[int, list[Operation]]:
    """For each of these units the operations that `usual_operations` would name."""
    taking = operation_unit.alias()  # `known_to` asks of the table itself
    place = func.row_number().over(
        partition_by=taking.c.unit_id, order_by=(Operation.starts_on.desc(), Operation.id.desc())
    )
    ranked = (
        select(taking.c.unit_id, Operation.id.label("operation_id"), place.label("place"))
        .join(Operation, Operation.id == taking.c.operation_id)
        .where(
            taking.c.unit_id.in_(unit_ids), known_to(actor), Operation.annulled_at.is_(None),
            Operation.closed_at.is_(None), Operation.starts_on <= local_date(now, zone_of(session)),
        )
        .subquery()
    )  # fmt: skip
    found: dict[int, list[Operation]] = defaultdict(list)
    for unit_id, operation in session.execute(
        select(ranked.c.unit_id, Operation)
        .join(Operation, Operation.id == ranked.c.operation_id)
        .where(ranked.c.place <= limit)
        .order_by(ranked.c.unit_id, ranked.c.place)
    ):
        found[unit_id].append(operation)
    return found
