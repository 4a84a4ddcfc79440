"""Holds the rows of journalled tables against the journal: what was changed past it, by hand, is named.

The chain of hashes tells that no entry was touched; this tells that no row was. Each row must hold what the last entry
about each of its columns says. Columns that stand in the journal without their value cannot be told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby, islice
from typing import Any

from sqlalchemy import Column, Numeric, Table, func, select, tuple_
from sqlalchemy.orm import Session

from assets.core.db import Base
from assets.core.journal import JournalEntry, is_journalled

_AT_ONCE = 400
_PRIVATE = "private"


@dataclass(frozen=True)
class Touched:
    """A row that is not as the journal left it: the entry that it should agree with, and what is wrong, in words."""

    seq: int
    text: str


@dataclass
class _Recorded:
    """What the journal says of one row: each column's last value with its entry, and whether the row still exists."""

    entity_id: str
    last_seq: int = 0
    removed: bool = False
    values: dict[str, tuple[int, Any]] = field(default_factory=dict)


def touched_rows(session: Session) -> list[Touched]:
    """Every row that was changed, removed or added past the journal, by the entry it belongs to; empty when none."""
    found: list[Touched] = []
    for mapper in sorted(Base.registry.mappers, key=lambda one: str(one.local_table)):
        if is_journalled(mapper.class_) and isinstance(mapper.local_table, Table):
            # A counter of changes is set while a change is written, after the journal looked at it.
            counter = mapper.version_id_col.name if mapper.version_id_col is not None else ""
            found += _of_table(session, mapper.local_table, counter)
    return sorted(found, key=lambda one: one.seq)


def _of_table(session: Session, table: Table, counter: str) -> Iterator[Touched]:
    standing = 0
    for some in _batches(_recorded(session, table.name)):
        rows = _rows(session, table, [one.entity_id for one in some if not one.removed])
        standing += sum(not one.removed for one in some)
        for one in some:
            yield from _compared(table, one, rows.get(one.entity_id), counter)
    there = session.scalar(select(func.count()).select_from(table)) or 0
    if there > standing:
        yield Touched(0, f"{there - standing} rows of {table.name} were added past the journal")


def _batches(recorded: Iterator[_Recorded]) -> Iterator[list[_Recorded]]:
    while some := list(islice(recorded, _AT_ONCE)):
        yield some


def _recorded(session: Session, entity: str) -> Iterator[_Recorded]:
    statement = (
        select(JournalEntry.entity_id, JournalEntry.seq, JournalEntry.action, JournalEntry.body)
        .where(JournalEntry.entity == entity, JournalEntry.action.in_(("added", "changed", "removed")))
        .order_by(JournalEntry.entity_id, JournalEntry.seq)
        .execution_options(yield_per=2000)
    )
    with session.execute(statement) as entries:
        for entity_id, group in groupby(entries, key=lambda entry: entry.entity_id):
            yield _folded(str(entity_id), group)


def _folded(entity_id: str, entries: Iterable[Any]) -> _Recorded:
    row = _Recorded(entity_id)
    for entry in entries:
        row.last_seq, row.removed = entry.seq, entry.action == "removed"
        for column, value in json.loads(entry.body)["values"].items():
            # A change stands there as [before, after].
            changed = entry.action == "changed" and isinstance(value, list) and len(value) == 2
            row.values[column] = (entry.seq, value[1] if changed else value)
    return row


def _rows(session: Session, table: Table, ids: Sequence[str]) -> dict[str, Any]:
    keys = list(table.primary_key.columns)
    wanted = [tuple(_key(column, part) for column, part in zip(keys, one.split("/"), strict=True)) for one in ids]
    if not wanted:
        return {}
    place = tuple_(*keys).in_(wanted) if len(keys) > 1 else keys[0].in_([one[0] for one in wanted])
    found = session.execute(select(table).where(place)).mappings()
    return {"/".join(str(row[column]) for column in keys): row for row in found}


def _key(column: Column[Any], text: str) -> Any:
    kind = column.type.python_type
    return kind.fromisoformat(text) if issubclass(kind, date) else kind(text)


def _compared(table: Table, recorded: _Recorded, row: Any, counter: str) -> Iterator[Touched]:
    name = f"{table.name} {recorded.entity_id}"
    if recorded.removed:
        return
    if row is None:
        yield Touched(recorded.last_seq, f"{name}, of entry {recorded.last_seq}, was removed past the journal")
        return
    for column, (seq, value) in recorded.values.items():
        told = column in table.columns and column != counter and value != _PRIVATE
        if told and not _same(table.columns[column], value, row[column]):
            yield Touched(seq, f"{column} of {name} is not what entry {seq} says: it was changed past the journal")


def _same(column: Column[Any], recorded: Any, held: Any) -> bool:
    """Whether a column holds what was recorded: text stands in the journal as JSON has it."""
    if recorded is None or held is None:
        return recorded is None and held is None
    if isinstance(held, datetime):
        return datetime.fromisoformat(str(recorded)) == held
    if isinstance(held, Decimal):
        scale = column.type.scale if isinstance(column.type, Numeric) and column.type.scale is not None else 0
        return abs(Decimal(str(recorded)) - held) < Decimal(1).scaleb(-scale)
    if isinstance(held, date):
        return str(recorded) == held.isoformat()
    if isinstance(held, bytes):
        return bool(recorded == hashlib.sha256(held).hexdigest())
    if isinstance(held, bool | int | float | str):
        return bool(recorded == held)
    return bool(recorded == json.loads(json.dumps(held, default=str)))
