"""The table of checks before use: what each found, as far as fitness is judged by it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.registry.models import Asset, AssetEvent


class BeforeUseCheck(Base):
    """What a check before use or at the start of a shift found at event time `at`: append-only.

    `failed` are the points that were not in order, by their codes. Which check counts follows from the rows alone:
    the latest by event time whose event was not corrected.
    """

    __tablename__ = "before_use_check"
    __table_args__ = (
        Index("ix_before_use_check_asset_id_at", "asset_id", "at"),
        Index(
            "ix_before_use_check_failed", "asset_id",
            sqlite_where=text("NOT passed"), postgresql_where=text("NOT passed"),
        ),
    )  # fmt: skip

    event_id: Mapped[str] = mapped_column(ForeignKey("asset_event.id"), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    n: Mapped[int] = mapped_column(Integer, default=0)
    passed: Mapped[bool]
    failed: Mapped[list[Any]] = mapped_column(JSON, default=list)

    event: Mapped[AssetEvent] = relationship()
    asset: Mapped[Asset] = relationship()
