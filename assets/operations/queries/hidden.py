"""Which operations still going on a reader of the journal may not know of, and which rows belong to them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import literal, select, union_all
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.operations.models import EquipmentContribution, Operation, OperationCorrection, Seizure, SeizureItem
from assets.operations.queries import known_to


@dataclass(frozen=True)
class Hidden:
    """Operations that are not closed and not the reader's to know of: their ids and codes."""

    ids: frozenset[int]
    codes: frozenset[str]


def hidden_open(session: Session, actor: Actor) -> Hidden:
    """What the journal must not tell `actor`: open operations that he does not need to know of (domain.md, 7).

    Those that were annulled before they were closed stay hidden as well.
    """
    rows = session.execute(
        select(Operation.id, Operation.code).where(Operation.closed_at.is_(None), ~known_to(actor))
    ).all()
    return Hidden(frozenset(row.id for row in rows), frozenset(row.code for row in rows))


def rows_of(session: Session, operation_ids: frozenset[int]) -> dict[str, frozenset[int]]:
    """By table, the ids of these operations and of all that belongs to them; at most one query.

    Nothing of an operation is ever removed (it is struck out), so that what is found is all there was.
    """
    found: dict[str, set[int]] = defaultdict(set)
    found[Operation.__tablename__] |= operation_ids
    if operation_ids:
        direct = [
            select(literal(model.__tablename__).label("entity"), model.id.label("id")).where(
                model.operation_id.in_(operation_ids)
            )
            for model in (Seizure, EquipmentContribution, OperationCorrection)
        ]
        items = (
            select(literal(SeizureItem.__tablename__), SeizureItem.id)
            .join(Seizure, Seizure.id == SeizureItem.seizure_id)
            .where(Seizure.operation_id.in_(operation_ids))
        )
        for entity, id_ in session.execute(union_all(*direct, items)):
            found[entity].add(id_)
    return {entity: frozenset(ids) for entity, ids in found.items()}
