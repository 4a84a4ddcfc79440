"""Tables of donor summaries and of the files that were released."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Organisation


class DonorSummary(Base):
    """A summary for one donor and period: drafted by one person, released by another, then frozen.

    `figures` is the canonical JSON of `figures.Figures`; `sha256` its hash. The numbers are written once, with the
    draft; the words in the boxes may change until the release, and the hash with them. `writers`: the accounts whose
    words were put in, none of whom releases it. `early_reason`: why it was released before the usual delay.
    `withdrawn` takes a released one from the donor's sight, with a reason.
    """

    __tablename__ = "donor_summary"
    __table_args__ = (
        CheckConstraint("state IN ('draft','released','withdrawn')", name="state_known"),
        CheckConstraint("until > first", name="dates_in_order"),
        CheckConstraint("approved_by_id IS NULL OR approved_by_id <> drafted_by_id", name="two_people"),
        CheckConstraint("(state = 'draft') = (approved_at IS NULL)", name="released_has_a_time"),
        CheckConstraint("(approved_at IS NULL) = (approved_by_id IS NULL)", name="released_has_a_person"),
        CheckConstraint("(state = 'withdrawn') = (withdrawn_reason <> '')", name="withdrawn_has_a_reason"),
        Index("ix_donor_summary_donor_id_state", "donor_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    first: Mapped[date]
    until: Mapped[date]
    state: Mapped[str] = mapped_column(String(12), default="draft")
    figures: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    drafted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    early_reason: Mapped[str | None] = mapped_column(String(300))
    writers: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    withdrawn_reason: Mapped[str] = mapped_column(String(300), default="")

    donor: Mapped[Organisation] = relationship()
    files: Mapped[list[SummaryFile]] = relationship(back_populates="summary", order_by="SummaryFile.id")


class SummaryFile(Base):
    """A file of a released summary, kept as it was given out: the same bytes for ever, whatever renders them later."""

    __tablename__ = "donor_summary_file"
    __table_args__ = (UniqueConstraint("summary_id", "format", "lang"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    summary_id: Mapped[int] = mapped_column(ForeignKey("donor_summary.id"))
    format: Mapped[str] = mapped_column(String(8))
    lang: Mapped[str] = mapped_column(String(8))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)

    summary: Mapped[DonorSummary] = relationship(back_populates="files")
