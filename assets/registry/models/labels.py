"""Tables of what labels are printed on and with: own layouts, printers that are a little off, and donors' lines."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Organisation
from assets.registry.models.kinds import one_of

MEDIA = ("sheet", "roll")


class LabelLayout(Base):
    """A sheet or roll of the organisation's own, by its numbers; a retired one is offered no more.

    On a roll a page is one label: margins and gaps are nought, the page is as large as the label. Everybody prints with
    it; `unit_id`: whose it is to change, NULL when it was made for all.
    """

    __tablename__ = "label_layout"
    __table_args__ = (
        one_of("media", MEDIA, "media_known"),
        CheckConstraint("columns_count >= 1 AND rows_count >= 1", name="holds_a_label"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    name_folded: Mapped[str] = mapped_column(String(40), unique=True)
    media: Mapped[str] = mapped_column(String(8), default="sheet")
    page_width_mm: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    page_height_mm: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    columns_count: Mapped[int]
    rows_count: Mapped[int]
    label_width_mm: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    label_height_mm: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    margin_left_mm: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    margin_top_mm: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    gap_x_mm: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    gap_y_mm: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))


class LabelPrinter(Base):
    """A printer by name, and what makes up for how it feeds: drawn at x * scale + offset, a mark lies at x.

    `unit_id`: as in `LabelLayout`.
    """

    __tablename__ = "label_printer"
    __table_args__ = (CheckConstraint("scale_x > 0 AND scale_y > 0", name="scale_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    name_folded: Mapped[str] = mapped_column(String(60), unique=True)
    dx_mm: Mapped[Decimal] = mapped_column(Numeric(6, 2))
    dy_mm: Mapped[Decimal] = mapped_column(Numeric(6, 2))
    scale_x: Mapped[Decimal] = mapped_column(Numeric(6, 4))
    scale_y: Mapped[Decimal] = mapped_column(Numeric(6, 4))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))


class DonorMark(Base):
    """The line by which a donor wants to be named on labels of what he gave; empty: none."""

    __tablename__ = "donor_mark"

    donor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    line: Mapped[str] = mapped_column(String(60), default="")

    donor: Mapped[Organisation] = relationship()
