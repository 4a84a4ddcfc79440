"""The journal: every change of every journalled row, by whom, when and from where, in one hash chain.

Session listeners collect the changes while a transaction flushes; just before it commits, the chain lock is taken
(last, so that it cannot deadlock with row locks) and the entries are written. No service can forget it, and writing
without an actor is an error. The hash covers the stored text, never re-serialised JSON. Persons stand in it by id:
columns named in a model's `__private__` are recorded as changed, without their value. Columns in `__derived__` are
caches of entries that stand in the journal themselves and are left out.

A chain alone does not notice that its tail was cut off: `anchor` keeps the head outside the database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import BigInteger, Index, Integer, String, Text, event, insert, inspect, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, SessionTransaction, UOWTransaction, mapped_column
from sqlalchemy.sql.dml import UpdateBase

from assets.core.actor import Actor
from assets.core.db import Base, UtcDateTime

GENESIS = "0" * 64
CHAIN_LOCK = 727_001
# What is noted beside changes of rows: sign-ins, looks at positions, lists and papers that were taken away.
NOTED = frozenset(
    {
        "accidents_list", "alarms_list", "asset_list", "backup", "clearance_sheet", "command", "confirmations_list",
        "conflicts_list", "database", "disposals_list", "document_list", "export", "fuel_list", "handover_act",
        "issue_sheet", "journal", "kits_list", "login", "losses_list", "lots_list", "memo_values_list",
        "operation_list", "position", "readiness_items_list", "readiness_list", "reservations_list", "round_items",
        "shifts_list", "stock_issues_list", "stock_items_list", "to_assess_list", "trackers_list", "transfer_sheet",
        "transfers_list", "trip_sheet", "utilisation", "vehicle_papers_list", "vehicles_list",
    }
)  # fmt: skip


class Raw:
    """Marks a model whose rows are evidence as received (telemetry, command receipts): not journalled."""

    __journalled__ = False


class Derived:
    """Marks a model whose rows can be rebuilt from recorded ones: not journalled."""

    __journalled__ = False


class JournalEntry(Raw, Base):
    """One change of one row, or one look at something sensitive; never updated, never deleted."""

    __tablename__ = "journal_entry"
    __table_args__ = (Index("ix_journal_entry_entity_entity_id", "entity", "entity_id"),)

    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    account_id: Mapped[int | None] = mapped_column(Integer, index=True)
    entity: Mapped[str] = mapped_column(String(64))
    entity_id: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(16))
    body: Mapped[str] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


@dataclass(frozen=True)
class Change:
    """What will become one journal entry."""

    entity: str
    entity_id: str
    action: str
    values: dict[str, object]


@dataclass(frozen=True)
class Head:
    """The newest entry of the chain; `seq` 0 while it is empty."""

    seq: int
    hash: str


_flushing: ContextVar[bool] = ContextVar("flushing", default=False)


def is_journalled(model: type) -> bool:
    return bool(getattr(model, "__journalled__", True))


def note(session: Session, entity: str, entity_id: object, action: str, **values: object) -> None:
    """Record something that is not a change of a row (a look at positions, a sign-in, an export)."""
    _waiting(session).append(Change(entity, str(entity_id), action, {k: _plain(v) for k, v in values.items()}))


def head(session: Session) -> Head:
    """The newest entry."""
    row = session.execute(
        select(JournalEntry.seq, JournalEntry.hash).order_by(JournalEntry.seq.desc()).limit(1)
    ).first()
    return Head(row.seq, row.hash) if row else Head(0, GENESIS)


def entry_hash(previous_hash: str, body: str) -> str:
    """SHA-256 over the previous hash and the stored text."""
    return hashlib.sha256(f"{previous_hash}\n{body}".encode()).hexdigest()


def first_bad_entry(session: Session) -> int | None:
    """The number of the first entry that does not fit the chain, or None when all do."""
    expected_seq, previous = 1, GENESIS
    statement = (
        select(JournalEntry.seq, JournalEntry.body, JournalEntry.previous_hash, JournalEntry.hash)
        .order_by(JournalEntry.seq)
        .execution_options(yield_per=5000)
    )
    with session.execute(statement) as rows:
        for seq, body, previous_hash, hash_ in rows:
            fits = seq == expected_seq and previous_hash == previous and hash_ == entry_hash(previous, body)
            if not fits:
                return expected_seq
            expected_seq, previous = seq + 1, hash_
    return None


def _waiting(session: Session) -> list[Change]:
    waiting: list[Change] = session.info.setdefault("journal", [])
    return waiting


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    return value


def _change(item: object, action: str) -> Change | None:
    state = inspect(item)
    if state is None or not is_journalled(type(item)):
        return None
    private: frozenset[str] = getattr(type(item), "__private__", frozenset())
    derived: frozenset[str] = getattr(type(item), "__derived__", frozenset())
    values: dict[str, object] = {}
    for attribute in state.mapper.column_attrs:
        key = attribute.key
        if key in derived:
            continue
        # What a new row held before is nothing; asking costs as much as all the rest of its entry.
        history = state.attrs[key].history if action == "changed" else None
        if history is not None and not history.has_changes():
            continue
        if key in private:
            values[key] = "private"
        elif history is not None:
            before = history.deleted[0] if history.deleted else None
            values[key] = [_plain(before), _plain(getattr(item, key))]
        else:
            values[key] = _plain(getattr(item, key))
    if action == "changed" and not values:
        return None
    identity = "/".join(str(part) for part in state.mapper.primary_key_from_instance(item))
    return Change(str(state.mapper.local_table), identity, action, values)


def _changes(session: Session) -> Iterable[Change]:
    for items, action in ((session.new, "added"), (session.dirty, "changed"), (session.deleted, "removed")):
        for item in items:
            change = _change(item, action)
            if change:
                yield change


@event.listens_for(Session, "before_flush")
def _refuse_unsigned(session: Session, _context: UOWTransaction, _instances: object) -> None:
    touched = [*session.new, *session.dirty, *session.deleted]
    if touched and session.info.get("reading"):
        raise RuntimeError("a reading session never writes: begin a transaction in the door")
    if any(is_journalled(type(item)) for item in touched) and "actor" not in session.info:
        raise RuntimeError("a change without an actor: use App.transaction(actor)")
    _flushing.set(True)


@event.listens_for(Session, "after_flush")
def _collect(session: Session, _context: UOWTransaction) -> None:
    _flushing.set(False)
    if "actor" in session.info:
        _waiting(session).extend(_changes(session))


@event.listens_for(Session, "after_transaction_create")
def _mark(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        marks = session.info.setdefault("journal_marks", WeakKeyDictionary())
        marks[transaction] = len(_waiting(session))


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    # What a savepoint undid leaves no entry; what came before it stays.
    _flushing.set(False)
    if transaction.nested:
        del _waiting(session)[session.info["journal_marks"][transaction] :]
    elif transaction.parent is None:
        session.info.pop("journal", None)


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    if session.in_nested_transaction():
        return
    if session.info.get("actor") is None:
        return
    session.flush()
    waiting = session.info.pop("journal", None)
    if waiting:
        _append(session, waiting)


def _append(session: Session, changes: list[Change]) -> None:
    actor: Actor = session.info["actor"]
    now: datetime = session.info["now"]
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})
    newest = connection.execute(
        select(JournalEntry.seq, JournalEntry.hash).order_by(JournalEntry.seq.desc()).limit(1)
    ).first()
    seq, previous = (newest.seq, newest.hash) if newest else (0, GENESIS)
    rows = []
    for change in changes:
        seq += 1
        body = _text(seq, now, actor, change)
        hash_ = entry_hash(previous, body)
        rows.append(
            {
                "seq": seq, "at": now, "account_id": actor.account_id, "entity": change.entity,
                "entity_id": change.entity_id, "action": change.action, "body": body,
                "previous_hash": previous, "hash": hash_,
            }
        )  # fmt: skip
        previous = hash_
    connection.execute(insert(JournalEntry), rows)


def _text(seq: int, now: datetime, actor: Actor, change: Change) -> str:
    who: dict[str, object] = {"account": actor.account_id} if actor.account_id else {"system": actor.name}
    body = {
        "seq": seq, "at": now.isoformat(), "by": who, "from": actor.origin, "entity": change.entity,
        "id": change.entity_id, "action": change.action, "values": change.values,
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False, default=str, separators=(",", ":"))


@cache
def _journalled_tables(_how_many: int) -> dict[str, bool]:
    return {str(m.local_table): is_journalled(m.class_) for m in Base.registry.mappers}


@event.listens_for(Session, "do_orm_execute")
def _refuse_bulk_orm(state: ORMExecuteState) -> None:
    if (state.is_insert or state.is_update or state.is_delete) and state.bind_mapper is not None:
        _refuse_bulk(str(state.bind_mapper.local_table))


def refuse_bulk_statements(connection: Connection, statement: Any, *_: Any) -> None:
    """`before_execute` listener: a bulk INSERT, UPDATE or DELETE would pass the journal by."""
    if isinstance(statement, UpdateBase) and not _flushing.get():
        _refuse_bulk(getattr(statement.table, "name", ""))


def _refuse_bulk(table: str) -> None:
    if _journalled_tables(len(Base.metadata.tables)).get(table, False):
        raise RuntimeError(f"bulk statements on the journalled table {table} are refused: change its objects")
