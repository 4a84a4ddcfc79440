"""The statements of ingest, in each engine's fastest form: tuples straight to the driver, never a row at a time.

Names in them are our own; values never stand in the text.
"""

from __future__ import annotations

from sqlalchemy import Connection

from assets.telemetry.ingest.engines.columns import Engine
from assets.telemetry.ingest.engines.postgresql import Postgresql
from assets.telemetry.ingest.engines.sqlite import Sqlite

__all__ = ["Engine", "engine_of"]


def engine_of(connection: Connection) -> Engine:
    """The engine that a connection leads to."""
    return Sqlite(connection) if connection.dialect.name == "sqlite" else Postgresql(connection)
