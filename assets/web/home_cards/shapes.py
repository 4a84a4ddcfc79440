"""A card of the first page, the statements that fill it, and how a list's own statement gives its first rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select

from assets.core.i18n import Message
from assets.people.rules import Permission

SHOWN = 3


@dataclass(frozen=True)
class Line:
    """One of the first of a card: an item, or what is called `said`, with when it is or was."""

    href: str
    said: str
    model: str
    class_code: str
    code: str
    at: datetime | None
    day: date | None
    days: float | None


@dataclass
class Card:
    """Something to be done: its state, how many, in words, where it is done, and the first of them.

    `does`: who holds this right does it; to others it is good to know.
    """

    name: str
    kind: str
    text: Message
    href: str
    does: Permission
    count: int = 0
    first: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """A card with the statements that fill it; `line` is the address of one of the first, with {key} or {code}."""

    card: Card
    counting: Select[Any]
    first: Select[Any] | None = None
    line: str = "/assets/{code}"
    less: str = ""


def first_of(counting: Select[Any], place: Any, **columns: Any) -> Select[Any]:
    """The rows that a statement counts, with these columns, in the order of `place`."""
    named = [column.label(name) for name, column in columns.items()]
    return counting.with_only_columns(*named, place.label("place"), maintain_column_froms=True).order_by(place)


def due_first(statement: Select[int, float]) -> Select[Any]:
    """The same shape for statements that say how many days are left."""
    rows = statement.limit(SHOWN).subquery()
    return select(rows.c.asset_id, rows.c.days_left.label("days"), rows.c.days_left.label("place")).order_by("place")
