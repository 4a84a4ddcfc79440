"""The number that says whether what is silent has changed since somebody looked.

It counts every commit that changes a silent window or which asset carries a tracker, by session listeners, so that no
service can forget it. It is counted last of all, after the journal's lock: its order is the order of the commits, so
that who has seen a number has seen every change before it.
"""

from __future__ import annotations

from sqlalchemy import Table, event
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column

from assets.core.db import Base
from assets.core.journal import Derived
from assets.telemetry.models.orders import SilentWindowRow
from assets.telemetry.models.samples import Serial
from assets.telemetry.models.trackers import TrackerInstallation

ONLY_ID = 1
_CHANGED = "silence_changed"


class SilenceVersion(Derived, Base):
    """One row: how often what is silent has changed."""

    __tablename__ = "silence_version"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Serial)


@event.listens_for(Session, "after_flush")
def _note(session: Session, _context: UOWTransaction) -> None:
    touched = (*session.new, *session.dirty, *session.deleted)
    if any(isinstance(item, SilentWindowRow | TrackerInstallation) for item in touched):
        session.info[_CHANGED] = True


@event.listens_for(Session, "before_commit")
def _count(session: Session) -> None:
    # The journal's listener, which was there first, has flushed what waited and holds the lock of its chain by now.
    if session.in_nested_transaction() or not session.info.pop(_CHANGED, False):
        return
    make = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    table = SilenceVersion.__table__
    assert isinstance(table, Table)  # noqa: S101  (mapped to a table, never a join; tells mypy so)
    first = make(table).values(id=ONLY_ID, version=1)
    again = first.on_conflict_do_update(index_elements=["id"], set_={"version": table.c.version + 1})
    session.connection().execute(again)
