"""Tables of custody entries, use sessions, transfers between units and conflict cases, each belonging to events."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Numeric, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.core.journal import Derived
from assets.people.models import Account, Person, Unit
from assets.registry.models import Asset, AssetEvent


class CustodyEntry(Base):
    """An asset went to a person or came back, at event time `at`; who has it is a fold of these rows.

    `person_id` is who it was given to, for a return who brought it (None where nobody was known to have it).
    `corrects_id` names the event whose entry no longer counts; this one stands in its place, or for nothing ('void').
    """

    __tablename__ = "custody_entry"
    __table_args__ = (
        CheckConstraint("kind IN ('issue','return','assign','void')", name="kind_known"),
        CheckConstraint("kind NOT IN ('issue','assign') OR person_id IS NOT NULL", name="issue_has_a_person"),
        CheckConstraint("kind <> 'void' OR corrects_id IS NOT NULL", name="void_corrects"),
        CheckConstraint("until IS NULL OR until > at", name="until_after_at"),
        Index("ix_custody_entry_asset_id_at", "asset_id", "at"),
        Index("ix_custody_entry_person_id_at", "person_id", "at"),
    )

    event_id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    kind: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    n: Mapped[int] = mapped_column(Integer, default=0)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    override_reason: Mapped[str] = mapped_column(String(500), default="")
    corrects_id: Mapped[str | None] = mapped_column(ForeignKey("asset_event.id"), unique=True)

    event: Mapped[AssetEvent] = relationship(foreign_keys=[event_id])
    asset: Mapped[Asset] = relationship()
    person: Mapped[Person | None] = relationship()
    unit: Mapped[Unit | None] = relationship()


class UseSession(Base):
    """One use of an asset as a person told it: how often or how long, by whom, for which unit, to what effect.

    `at` is the moment that it counts for: its end, or its beginning where the end is not known.
    """

    __tablename__ = "use_session"
    __table_args__ = (
        CheckConstraint("contribution IN ('none','supported','decisive')", name="contribution_known"),
        CheckConstraint("count IS NULL OR count > 0", name="count_positive"),
        CheckConstraint("hours IS NULL OR hours > 0", name="hours_positive"),
        CheckConstraint(
            "started_at IS NULL OR ended_at IS NULL OR ended_at >= started_at", name="times_in_order"
        ),
        Index("ix_use_session_asset_id_at", "asset_id", "at"),
        Index("ix_use_session_at", "at"),
        Index("ix_use_session_operation", "operation"),
    )  # fmt: skip

    event_id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    count: Mapped[int | None] = mapped_column(Integer)
    hours: Mapped[Decimal | None] = mapped_column(Numeric(10, 3))
    contribution: Mapped[str] = mapped_column(String(12), default="none")
    operation: Mapped[str] = mapped_column(String(64), default="")

    event: Mapped[AssetEvent] = relationship()
    asset: Mapped[Asset] = relationship()


class TransferStep(Base):
    """An asset was sent to another unit, received, or its sending ended otherwise; where it is follows from the fold.

    Append-only. `unit_id`: to whom it was sent, or who received it; `target_id`: the sending that is cancelled or
    settled; `sheet_id`: what was sent together. `first_unit_id` is the unit that the asset had before its first
    transfer, the same in each of its rows.
    """

    __tablename__ = "transfer_step"
    __table_args__ = (
        CheckConstraint("kind IN ('send','receive','cancel','settle')", name="kind_known"),
        CheckConstraint("kind NOT IN ('send','receive') OR unit_id IS NOT NULL", name="names_a_unit"),
        CheckConstraint("kind <> 'send' OR (from_unit_id IS NOT NULL AND from_unit_id <> unit_id)", name="goes_away"),
        CheckConstraint("kind NOT IN ('cancel','settle') OR target_id IS NOT NULL", name="ends_something"),
        CheckConstraint("until IS NULL OR until > at", name="until_after_at"),
        Index("ix_transfer_step_asset_id_at", "asset_id", "at"),
        Index("ix_transfer_step_sheet_id", "sheet_id"),
    )

    event_id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    kind: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    n: Mapped[int] = mapped_column(Integer, default=0)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    from_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    first_unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    target_id: Mapped[str | None] = mapped_column(ForeignKey("asset_event.id"))
    outcome: Mapped[str] = mapped_column(String(16), default="")
    note: Mapped[str] = mapped_column(String(500), default="")
    sheet_id: Mapped[str] = mapped_column(String(36), default="")

    event: Mapped[AssetEvent] = relationship(foreign_keys=[event_id])
    asset: Mapped[Asset] = relationship()


class Transfer(Derived, Base):
    """One sending and what became of it, for lists: made anew from the steps of its asset, and written by nobody else.

    `id` is the first event's. Of one asset at most one is open.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        Index(
            "uq_transfer_open", "asset_id", unique=True,
            sqlite_where=text("is_open"), postgresql_where=text("is_open"),
        ),
        CheckConstraint("is_open = (state IN ('in_transit','question'))", name="open_follows_state"),
        Index("ix_transfer_asset_id", "asset_id"),
        Index("ix_transfer_sheet_id", "sheet_id"),
        Index("ix_transfer_begun_at_id", "begun_at", "id"),
        Index("ix_transfer_to_unit_id_state", "to_unit_id", "state"),
        Index("ix_transfer_from_unit_id_state", "from_unit_id", "state"),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    sheet_id: Mapped[str] = mapped_column(String(36))
    state: Mapped[str] = mapped_column(String(16))
    is_open: Mapped[bool]
    from_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    to_unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    receipt_id: Mapped[str | None] = mapped_column(ForeignKey("asset_event.id"))
    closed_by_id: Mapped[str | None] = mapped_column(ForeignKey("asset_event.id"))
    outcome: Mapped[str] = mapped_column(String(16), default="")
    lent_now: Mapped[bool] = mapped_column(default=False)

    asset: Mapped[Asset] = relationship()
    from_unit: Mapped[Unit | None] = relationship(foreign_keys=[from_unit_id])
    to_unit: Mapped[Unit] = relationship(foreign_keys=[to_unit_id])
    sent: Mapped[AssetEvent] = relationship(foreign_keys="Transfer.id")
    receipt: Mapped[AssetEvent | None] = relationship(foreign_keys=[receipt_id])
    closed_by: Mapped[AssetEvent | None] = relationship(foreign_keys=[closed_by_id])


class ConflictCase(Base):
    """Entries about an asset that contradict each other: both are kept, and somebody says what was.

    `id` follows from the events (`rules.conflicts.case_id`), so that the same ones never make two. `moot`: a late
    return or a correction took the contradiction away. What was said of it, and when, are the events of the case.
    """

    __tablename__ = "conflict_case"
    __table_args__ = (
        CheckConstraint("kind IN ('two_holders','moved_elsewhere','denied')", name="kind_known"),
        CheckConstraint("state IN ('open','settled','moot')", name="state_known"),
        CheckConstraint("outcome IN ('','one','return_missing','left')", name="outcome_known"),
        CheckConstraint("(state = 'settled') = (outcome <> '')", name="settled_has_an_outcome"),
        Index("ix_conflict_case_asset_id", "asset_id"),
        Index("ix_conflict_case_state_opened_at_id", "state", "opened_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(8), default="open")
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(16), default="")
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    note: Mapped[str] = mapped_column(String(500), default="")

    asset: Mapped[Asset] = relationship()
    settled_by: Mapped[Account | None] = relationship()
    events: Mapped[list[ConflictCaseEvent]] = relationship(back_populates="case")


class ConflictCaseEvent(Base):
    """An event of a case: an `entry` that it is about, its `story` (opened, settled, moot), or an `act` of settling."""

    __tablename__ = "conflict_case_event"
    __table_args__ = (
        CheckConstraint("role IN ('entry','story','act')", name="role_known"),
        Index("ix_conflict_case_event_event_id", "event_id"),
    )

    case_id: Mapped[str] = mapped_column(ForeignKey("conflict_case.id"), primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(8))

    case: Mapped[ConflictCase] = relationship(back_populates="events")
    event: Mapped[AssetEvent] = relationship()


class Signature(Base):
    """A signature on glass as a stored picture, under the id by which its account's entries name it. Append-only."""

    __tablename__ = "signature"
    __table_args__ = (
        UniqueConstraint("account_id", "signature_id"),
        CheckConstraint("size > 0", name="not_empty"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    signature_id: Mapped[str] = mapped_column(String(36))
    file_key: Mapped[str] = mapped_column(String(32), unique=True)
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SignedEvent(Base):
    """An event names a signature (`signature_id`), or says that it was signed on paper (None). Append-only.

    The picture may come before or after; the two are joined by the account and the id.
    """

    __tablename__ = "signed_event"
    __table_args__ = (Index("ix_signed_event_account_id_signature_id", "account_id", "signature_id"),)

    event_id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    signature_id: Mapped[str | None] = mapped_column(String(36))

    event: Mapped[AssetEvent] = relationship()


class CustodyConfirmation(Base):
    """Whoever was issued something says that he has it, or that he does not; the newest by `at` counts. Append-only.

    `id`: the command's own, or one that follows from the issue and the method, so that the same is never said twice.
    It changes nothing about who has the asset.
    """

    __tablename__ = "custody_confirmation"
    __table_args__ = (
        CheckConstraint("method IN ('own_phone','pin','signature')", name="method_known"),
        CheckConstraint("has_it OR method = 'own_phone'", name="denied_by_himself"),
        Index("ix_custody_confirmation_issue_id_at", "issue_id", "at"),
        Index("ix_custody_confirmation_person_id_at", "person_id", "at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    issue_id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    n: Mapped[int] = mapped_column(Integer, default=0)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    method: Mapped[str] = mapped_column(String(12))
    has_it: Mapped[bool]
    note: Mapped[str] = mapped_column(String(500), default="")

    issue: Mapped[AssetEvent] = relationship()
    person: Mapped[Person] = relationship()
