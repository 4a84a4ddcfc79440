"""Tables of documents and their versions: what belongs to what, who put it there, and which stored file it is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.documents.rules import Kind, SubjectName
from assets.people.models import Account


def _one_of(column: str, values: tuple[str, ...], name: str) -> CheckConstraint:
    listed = ",".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


class Document(Base):
    """A paper or picture of one subject. Its rights are the subject's (`documents/subjects.py`).

    Never deleted: taken off the list with a reason, it still shows in the subject's history and in a full export.
    `removed_at` and `removal_reason` follow the newest `DocumentRemoval`. `event_id`: a photo that was taken with
    something that happened to an asset (no foreign key: SQLite adds none to a table that stands).
    """

    __tablename__ = "document"
    __table_args__ = (
        _one_of("subject_kind", tuple(SubjectName), "subject_known"),
        _one_of("kind", tuple(Kind), "kind_known"),
        CheckConstraint("title <> ''", name="has_a_title"),
        CheckConstraint("(removed_at IS NULL) = (removal_reason = '')", name="removal_has_a_reason"),
        Index("ix_document_subject", "subject_kind", "subject_id"),
        Index("ix_document_event_id", "event_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(24), default=Kind.OTHER.value)
    title: Mapped[str] = mapped_column(String(200))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removal_reason: Mapped[str] = mapped_column(String(300), default="")
    event_id: Mapped[str | None] = mapped_column(String(36))

    versions: Mapped[list[DocumentVersion]] = relationship(
        back_populates="document", order_by="DocumentVersion.number.desc()"
    )
    removals: Mapped[list[DocumentRemoval]] = relationship(
        back_populates="document", order_by="DocumentRemoval.id.desc()"
    )


class DocumentVersion(Base):
    """One stored file of a document; the newest is shown, the older ones stay."""

    __tablename__ = "document_version"
    __table_args__ = (
        UniqueConstraint("document_id", "number"),
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint("size > 0", name="not_empty"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    number: Mapped[int] = mapped_column(Integer)
    file_key: Mapped[str] = mapped_column(String(32), unique=True)
    content_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    uploaded_name: Mapped[str] = mapped_column(String(200), default="")
    note: Mapped[str] = mapped_column(String(300), default="")
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    actor_name: Mapped[str] = mapped_column(String(80))

    document: Mapped[Document] = relationship(back_populates="versions")
    account: Mapped[Account | None] = relationship()


class DocumentRemoval(Base):
    """A document was taken off the list, or put back: when, by whom and why. Append-only."""

    __tablename__ = "document_removal"
    __table_args__ = (
        _one_of("step", ("removed", "restored"), "step_known"),
        CheckConstraint("step = 'restored' OR reason <> ''", name="removal_has_a_reason"),
        Index("ix_document_removal_document_id", "document_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    step: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(300), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    actor_name: Mapped[str] = mapped_column(String(80))

    document: Mapped[Document] = relationship(back_populates="removals")
    account: Mapped[Account | None] = relationship()
