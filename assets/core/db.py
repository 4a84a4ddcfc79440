"""Databases: bases, column types, engines and the one way to begin and end a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, Engine, MetaData, create_engine, event
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from assets.core.actor import Actor

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
TELEMETRY_SCHEMA = "telemetry"
DEFAULT_ZONE = ZoneInfo("Asia/Tashkent")


class Base(DeclarativeBase):
    """Tables of the main database."""

    metadata = MetaData(naming_convention=NAMING)


class TelemetryBase(DeclarativeBase):
    """Tables of the telemetry database: a file of its own on SQLite, a schema on PostgreSQL."""

    metadata = MetaData(naming_convention=NAMING, schema=TELEMETRY_SCHEMA)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: takes and gives aware datetimes only, kept as UTC (SQLite itself would drop the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def make_engine(url: str, *, in_schema: bool = False) -> Engine:
    """An engine for `url`. Make it after a fork, never before.

    `in_schema`: the telemetry tables, whose schema exists on PostgreSQL only.
    """
    options: dict[str, Any] = {"pool_pre_ping": url.startswith("postgresql")}
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": 15, "check_same_thread": False}
    engine = create_engine(url, **options)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        if in_schema:
            engine = engine.execution_options(schema_translate_map={TELEMETRY_SCHEMA: None})
    return engine


def _prepare_sqlite(connection: Any, _record: ConnectionPoolEntry) -> None:
    # The driver's own BEGIN comes too late and is always deferred; transactions are begun in _begin_sqlite.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=15000",
        "cache_size=-16000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A read that turns into a write under a deferred BEGIN fails at once, whatever the timeout.
    writer = connection.get_execution_options().get("writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


def zone_of(session: Session) -> ZoneInfo:
    """The zone in which this session's local days are counted (the setting)."""
    zone: ZoneInfo = session.info.get("zone", DEFAULT_ZONE)
    return zone


class Database:
    """One engine with its two kinds of session: `transaction` writes, `reading` never does."""

    def __init__(self, engine: Engine, zone: ZoneInfo = DEFAULT_ZONE) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self._write = sessionmaker(engine.execution_options(writer=True), expire_on_commit=False, info={"zone": zone})
        self._read = sessionmaker(engine, expire_on_commit=False, info={"reading": True, "zone": zone})

    @contextmanager
    def transaction(self, actor: Actor, now: datetime) -> Iterator[Session]:
        """A session that commits at the end of the block and rolls back when an error leaves it."""
        with self._write() as session, session.begin():
            session.info["actor"] = actor
            session.info["now"] = now
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading; a flush of changes in it is an error."""
        with self._read() as session:
            yield session

    def dispose(self) -> None:
        self.engine.dispose()
