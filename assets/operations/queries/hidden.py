"""Which operations still going on a reader of the journal may not know of."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.operations.models import Operation
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
