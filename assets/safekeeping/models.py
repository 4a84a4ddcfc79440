"""The table of steps of setting up that an office does not need."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from assets.core.db import Base, UtcDateTime


class SetupSkip(Base):
    """A step of setting up that somebody said is not needed here, and why; an empty reason: needed after all."""

    __tablename__ = "setup_skip"

    id: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(String(32), unique=True)
    reason: Mapped[str] = mapped_column(String(300), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
