"""Tables of documents and their versions: what belongs to what, who put it there, and which stored file it is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Account

KINDS = ("grant", "batch", "model", "asset", "calibration", "work_order", "operation", "loss", "disposal")


class Document(Base):
    """A paper or picture of one subject. Its rights are the subject's (`documents/subjects.py`).

    Never deleted: taken off the list with a reason, it still shows in the subject's history and in a full export.
    """

    __tablename__ = "document"
    __table_args__ = (
        CheckConstraint("subject_kind IN ({})".format(",".join(f"'{kind}'" for kind in KINDS)), name="subject_known"),
        CheckConstraint("(removed_at IS NULL) = (removal_reason = '')", name="removal_has_a_reason"),
        Index("ix_document_subject", "subject_kind", "subject_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(24), default="other")
    title: Mapped[str] = mapped_column(String(200))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removal_reason: Mapped[str] = mapped_column(String(300), default="")

    versions: Mapped[list[DocumentVersion]] = relationship(
        back_populates="document", order_by="DocumentVersion.number.desc()"
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
