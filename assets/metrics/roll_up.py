"""Keeps the days current: finds which days recorded changes reach, and rebuilds them piece by piece.

No slice has to report that it changed a past day: the journal already holds every change, in the order of its commits,
so whatever it says of an asset since the last time makes that asset's days dirty, from the earliest moment the change
names. Telemetry's days are derived and stand in no journal; for them the revisions used are compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Table, func, select
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.db import Base, UtcDateTime
from assets.core.journal import JournalEntry, head
from assets.metrics.asset_day import rebuild_days
from assets.metrics.models import AssetDay, RollUpState
from assets.registry.models import Asset
from assets.telemetry.models import TrackerDay

# Rows held in memory at a time, about 1 KB each.
PIECE_ROWS = 20_000
# Fields of `asset` that a day depends on; the rest (a note, a cache, a plate) changes no day.
_ASSET_FIELDS = frozenset({"unit_id", "life", "class_id", "registered_at", "annulled_at"})
# Tables with an asset_id that say nothing about a day.
_WITHOUT_EFFECT = frozenset({"label", "meter", "attachment", "maintenance_plan", "work_order"})
_LOOKUP = 500


@dataclass(frozen=True)
class Piece:
    """Some assets and the local days `first` to the day before `until` that are to be built for them."""

    asset_ids: tuple[int, ...]
    first: date
    until: date


@dataclass(frozen=True)
class Plan:
    """What has to be built, and what the state will be when it is."""

    pieces: tuple[Piece, ...]
    journal_seq: int
    built_until: date


def roll_up_days(begin: Callable[[], AbstractContextManager[Session]], now: datetime, zone: ZoneInfo) -> int:
    """Build every day until yesterday that is new or was changed; says how many rows were written.

    `begin` opens a transaction (the door's): one for each piece, so that nobody waits long for the lock. The state
    moves on at the very end: a run that breaks off is repeated in full, and repeating changes nothing.
    """
    today = local_date(now, zone)
    with begin() as session:
        plan = dirty_days(session, today, zone)
    written = 0
    for piece in plan.pieces:
        with begin() as session:
            written += rebuild_days(session, piece.asset_ids, piece.first, piece.until, zone)
    with begin() as session:
        state = session.get(RollUpState, 1)
        if state is None:
            session.add(RollUpState(id=1, journal_seq=plan.journal_seq, built_until=plan.built_until))
        else:
            state.journal_seq, state.built_until = plan.journal_seq, plan.built_until
    return written


def dirty_days(session: Session, today: date, zone: ZoneInfo) -> Plan:
    """What has to be built so that every day before `today` follows from what is recorded."""
    state = session.get(RollUpState, 1)
    newest = head(session).seq
    registered = session.execute(select(Asset.id, Asset.registered_at))
    first_days = {asset_id: local_date(registered_at, zone) for asset_id, registered_at in registered}
    if state is None or state.built_until is None:
        return Plan(tuple(_pieces(first_days, today)), newest, today)
    built_until = state.built_until
    since: dict[int, date] = {}
    if built_until < today:
        since = {asset_id: max(first, built_until) for asset_id, first in first_days.items()}
    for found in (_journalled(session, state.journal_seq, newest, zone), _telemetry(session)):
        for asset_id, day in found:
            day = max(day, first_days[asset_id])
            since[asset_id] = min(day, since.get(asset_id, day))
    return Plan(tuple(_pieces(since, today)), newest, today)


def _pieces(since: dict[int, date], today: date) -> Iterator[Piece]:
    in_order = sorted((day, asset_id) for asset_id, day in since.items() if day < today)
    for first, group in groupby(in_order, key=lambda item: item[0]):
        ids = [asset_id for _, asset_id in group]
        size = min(500, max(1, PIECE_ROWS // (today - first).days))
        for at in range(0, len(ids), size):
            yield Piece(tuple(ids[at : at + size]), first, today)


def _telemetry(session: Session) -> list[tuple[int, date]]:
    """Assets with a day on which telemetry has another revision than the one built with, and the first such day."""
    used = (
        select(TrackerDay.asset_id, TrackerDay.day, func.sum(TrackerDay.revision).label("revision"))
        .where(TrackerDay.asset_id.is_not(None))
        .group_by(TrackerDay.asset_id, TrackerDay.day)
        .subquery()
    )
    statement = (
        select(used.c.asset_id, func.min(used.c.day))
        .join(AssetDay, (AssetDay.asset_id == used.c.asset_id) & (AssetDay.day == used.c.day))
        .where(AssetDay.telemetry_revision.is_distinct_from(used.c.revision))
        .group_by(used.c.asset_id)
    )
    return [(asset_id, day) for asset_id, day in session.execute(statement)]


def _journalled(session: Session, after: int, until: int, zone: ZoneInfo) -> Iterator[tuple[int, date]]:
    """Assets that journal entries are about, with the earliest local day that each entry names."""
    tables = _tables_of_assets()
    rows = session.execute(
        select(JournalEntry.entity, JournalEntry.entity_id, JournalEntry.body)
        .where(JournalEntry.seq > after, JournalEntry.seq <= until, JournalEntry.entity.in_(sorted(tables)))
        .order_by(JournalEntry.seq)
        .execution_options(yield_per=5_000)
    )
    touched: dict[str, dict[str, list[datetime]]] = {}
    for entity, entity_id, body in rows:
        values: dict[str, Any] = json.loads(body)["values"]
        if entity == Asset.__tablename__ and _ASSET_FIELDS.isdisjoint(values):
            continue
        of_entity = touched.setdefault(entity, {})
        of_entity.setdefault(entity_id, []).extend(_moments(values))
        # What is corrected may lie on an earlier day than its correction.
        if (corrected := values.get("corrects_id")) and not isinstance(corrected, list):
            of_entity.setdefault(str(corrected), [])
    for entity, by_id in touched.items():
        yield from _days_touched(session, tables[entity], by_id, zone)


def _tables_of_assets() -> dict[str, Table]:
    """Journalled tables whose rows belong to an asset, and `asset` itself."""
    return {
        name: table
        for name, table in Base.metadata.tables.items()
        if name == Asset.__tablename__
        or ("asset_id" in table.c and len(table.primary_key.columns) == 1 and name not in _WITHOUT_EFFECT)
    }


def _days_touched(
    session: Session, table: Table, by_id: dict[str, list[datetime]], zone: ZoneInfo
) -> Iterator[tuple[int, date]]:
    # A change of, say, a cause names no moment: then the row itself says when it was.
    key = next(iter(table.primary_key.columns))
    moments = [column for column in table.c if isinstance(column.type, UtcDateTime | Date)]
    asset_id = table.c.get("asset_id", key)
    as_python: Callable[[str], object] = int if key.type.python_type is int else str
    ids = list(by_id)
    for at in range(0, len(ids), _LOOKUP):
        part = {as_python(entity_id): by_id[entity_id] for entity_id in ids[at : at + _LOOKUP]}
        for row in session.execute(select(key, asset_id, *moments).where(key.in_(part))):
            named = [*part[row[0]], *(_moment(value) for value in row[2:] if value is not None)]
            if row[1] is not None and named:
                yield row[1], local_date(min(named), zone)


def _moments(values: dict[str, Any]) -> list[datetime]:
    """The moments before and after, as a journal entry names them."""
    texts: Sequence[Any] = [
        text for value in values.values() for text in (value if isinstance(value, list) else [value])
    ]
    return [moment for text in texts if isinstance(text, str) and (moment := _read_moment(text)) is not None]


def _read_moment(text: str) -> datetime | None:
    # Only what the journal writes for columns of moments and days; a note that begins like a year is no moment.
    if not 10 <= len(text) <= 32 or text[4] != "-" or text[7] != "-":
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC) - timedelta(days=1)


def _moment(value: datetime | date) -> datetime:
    # A day alone has no zone: the day before is early enough everywhere.
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day, tzinfo=UTC) - timedelta(days=1)
