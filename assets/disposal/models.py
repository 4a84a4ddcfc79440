"""Tables of loss cases and disposal cases: each step with its day, its person and its paper."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Account
from assets.registry.models import Asset

LOSS_STATES = ("reported", "inquiry", "decided")
LOSS_DECISIONS = ("found", "written_off", "recovered_value")
DISPOSAL_TRIGGERS = ("age", "distance", "condition", "loss", "obsolete", "other")
DISPOSAL_STATES = ("proposed", "approved", "rejected", "carried_out", "reversed")
DISPOSAL_METHODS = ("sale", "transfer", "gift", "destruction", "write_off")


def _one_of(column: str, values: tuple[str, ...], name: str) -> CheckConstraint:
    listed = ",".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


class LossCase(Base):
    """Something is gone: who said so, what the inquiry found, and what was decided. One open case per asset.

    `life_before` is where it goes back to when it is found. `recovered_amount` is what came in for it, from an insurer
    or from who was to answer for it, where the decision is that its value was recovered.
    """

    __tablename__ = "loss_case"
    __table_args__ = (
        _one_of("state", LOSS_STATES, "state_known"),
        CheckConstraint("decision IN ('','found','written_off','recovered_value')", name="decision_known"),
        CheckConstraint("(state = 'decided') = (decision <> '')", name="decided_has_a_decision"),
        CheckConstraint("(state = 'decided') = (decided_on IS NOT NULL)", name="decided_has_a_day"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> reported_by_id", name="two_people"),
        CheckConstraint(
            "(decision = 'recovered_value') = (recovered_amount IS NOT NULL)", name="recovered_value_has_an_amount"
        ),
        Index(
            "uq_loss_case_open", "asset_id", unique=True,
            sqlite_where=text("state <> 'decided'"), postgresql_where=text("state <> 'decided'"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"), index=True)
    state: Mapped[str] = mapped_column(String(12), default="reported")
    life_before: Mapped[str] = mapped_column(String(16))
    lost_on: Mapped[date]
    circumstances: Mapped[str] = mapped_column(Text)
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reported_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    inquiry_by: Mapped[str] = mapped_column(String(200), default="")
    inquiry_opened_on: Mapped[date | None]
    inquiry_result: Mapped[str] = mapped_column(Text, default="")
    decision: Mapped[str] = mapped_column(String(20), default="")
    decided_on: Mapped[date | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decision_note: Mapped[str] = mapped_column(Text, default="")
    recovered_amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    currency: Mapped[str] = mapped_column(String(3), default="UZS")
    paper_number: Mapped[str] = mapped_column(String(80), default="")

    asset: Mapped[Asset] = relationship()
    reported_by: Mapped[Account | None] = relationship(foreign_keys=[reported_by_id])
    decided_by: Mapped[Account | None] = relationship(foreign_keys=[decided_by_id])


class DisposalCase(Base):
    """An asset's way out: assessment, the board's decision, and how it was carried out. One open case per asset.

    Age and distance only trigger an assessment; the board decides, on a paper with a number. A decision that was wrong
    is reversed while nothing was carried out: the case ends and says why, and another may be proposed.
    """

    __tablename__ = "disposal_case"
    __table_args__ = (
        _one_of("state", DISPOSAL_STATES, "state_known"),
        _one_of("trigger", DISPOSAL_TRIGGERS, "trigger_known"),
        CheckConstraint("method IN ('','sale','transfer','gift','destruction','write_off')", name="method_known"),
        CheckConstraint(
            "state = 'proposed' OR (decision_number <> '' AND decided_on IS NOT NULL)", name="decided_on_paper"
        ),
        CheckConstraint("state IN ('proposed','rejected') OR method <> ''", name="approved_has_a_method"),
        CheckConstraint("(state = 'reversed') = (reversal_reason <> '')", name="reversed_has_a_reason"),
        CheckConstraint("(state = 'carried_out') = (carried_out_on IS NOT NULL)", name="carried_out_has_a_day"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> proposed_by_id", name="two_people"),
        Index(
            "uq_disposal_case_open", "asset_id", unique=True,
            sqlite_where=text("state IN ('proposed','approved')"),
            postgresql_where=text("state IN ('proposed','approved')"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"), index=True)
    state: Mapped[str] = mapped_column(String(12), default="proposed")
    trigger: Mapped[str] = mapped_column(String(12))
    assessment: Mapped[str] = mapped_column(Text)
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decision_number: Mapped[str] = mapped_column(String(80), default="")
    decided_on: Mapped[date | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decision_note: Mapped[str] = mapped_column(Text, default="")
    method: Mapped[str] = mapped_column(String(12), default="")
    carried_out_on: Mapped[date | None]
    reversed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reversed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reversal_reason: Mapped[str] = mapped_column(String(500), default="")
    carried_out_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recipient: Mapped[str] = mapped_column(String(200), default="")
    proceeds: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    currency: Mapped[str] = mapped_column(String(3), default="UZS")
    paper_number: Mapped[str] = mapped_column(String(80), default="")

    asset: Mapped[Asset] = relationship()
    proposed_by: Mapped[Account | None] = relationship(foreign_keys=[proposed_by_id])
    decided_by: Mapped[Account | None] = relationship(foreign_keys=[decided_by_id])
    carried_out_by: Mapped[Account | None] = relationship(foreign_keys=[carried_out_by_id])
    reversed_by: Mapped[Account | None] = relationship(foreign_keys=[reversed_by_id])
