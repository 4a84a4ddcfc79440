"""Tables of import runs: which file, what became of each row, and whether it was undone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.core.journal import Derived
from assets.people.models import Account


class ImportRun(Base):
    """One file that was checked or imported, or waits for it, for `account_id` (None: the command line).

    A mode of 'dry_run' that is done was checked; saving it goes on with the same run. The table and the report per row
    are files under `file_key` (`exchange/uploads.py`); `report` is the canonical JSON of what they come to: the counts,
    or the refusal of the whole. `leased_until`: whoever runs it is alive until then, or it is taken up again.
    """

    __tablename__ = "import_run"
    __derived__ = frozenset({"leased_until"})
    __table_args__ = (
        CheckConstraint("mode IN ('dry_run','all_or_nothing','save_valid')", name="mode_known"),
        CheckConstraint("state IN ('waiting','running','done','refused','undone')", name="state_known"),
        CheckConstraint("(state = 'undone') = (undone_at IS NOT NULL)", name="undone_has_a_time"),
        CheckConstraint("(undone_at IS NULL) = (undo_reason = '')", name="undone_has_a_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    mode: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    file_name: Mapped[str] = mapped_column(String(200), default="")
    sha256: Mapped[str] = mapped_column(String(64))
    file_key: Mapped[str] = mapped_column(String(32), default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    actor_name: Mapped[str] = mapped_column(String(80))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rows_new: Mapped[int] = mapped_column(Integer, default=0)
    rows_known: Mapped[int] = mapped_column(Integer, default=0)
    rows_wrong: Mapped[int] = mapped_column(Integer, default=0)
    rows_saved: Mapped[int] = mapped_column(Integer, default=0)
    report: Mapped[str] = mapped_column(Text, default="")
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    undo_reason: Mapped[str] = mapped_column(String(300), default="")

    account: Mapped[Account | None] = relationship(foreign_keys=[account_id])
    undone_by: Mapped[Account | None] = relationship(foreign_keys=[undone_by_id])


class ImportedThing(Derived, Base):
    """One thing that a run brought in, so that it can be found again and undone; `subject` as its kind names it.

    Derived from the journal, which has one entry of them for each stretch of rows, and from whether the run was undone.
    """

    __tablename__ = "imported_thing"
    __table_args__ = (Index("ix_imported_thing_run_id", "run_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"))
    row_number: Mapped[int] = mapped_column(Integer)
    subject_kind: Mapped[str] = mapped_column(String(24))
    subject_id: Mapped[str] = mapped_column(String(40))
    undone: Mapped[bool] = mapped_column(default=False)

    run: Mapped[ImportRun] = relationship()
