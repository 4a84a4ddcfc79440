"""Which custody entries stand again though something corrects them: what struck them out was struck out itself."""

from __future__ import annotations

from functools import cache

from sqlalchemy import CTE, Select, func, literal, select
from sqlalchemy.orm import aliased

from assets.custody.models import CustodyEntry


def corrected_in_vain() -> Select[str]:
    """The ids of entries whose correction does not count, because it was corrected in its turn, and so on.

    An entry has one corrector at most, so that it stands when they are even in number (as `rules.standing` finds).
    """
    chains = _chains()
    return select(chains.c.root).group_by(chains.c.root).having(func.max(chains.c.length) % 2 == 0)


@cache
def _chains() -> CTE:
    # One and the same for all conditions of a statement. It begins at corrections of corrections, which are few.
    first, second, following = aliased(CustodyEntry), aliased(CustodyEntry), aliased(CustodyEntry)
    two = select(first.corrects_id.label("root"), second.event_id.label("last"), literal(2).label("length")).join(
        second, second.corrects_id == first.event_id
    )
    # Not "is not null", for which SQLite reads the whole table and not the index.
    chains = two.where(first.corrects_id > "").cte("corrected_twice", recursive=True)
    more = select(chains.c.root, following.event_id, chains.c.length + 1).join(
        following, following.corrects_id == chains.c.last
    )
    return chains.union_all(more)
