"""Tables of the metrics: what each asset was and did on each local day, and how far that is worked out."""

from __future__ import annotations

from datetime import date

from sqlalchemy import JSON, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from assets.core.db import Base
from assets.core.journal import Derived


class AssetDay(Derived, Base):
    """One asset on one local day; rebuilt from what is recorded, `revision` counts the rebuilds that changed it.

    Whole metres and seconds, so that sums are exact on both databases. NULL means that nothing is known, never 0.
    The unit, region and class are the ones of that day (class: the present one). `month` is year * 100 + month.
    """

    __tablename__ = "asset_day"
    __table_args__ = (
        Index("ix_asset_day_day", "day"),
        Index("ix_asset_day_unit_id_day", "unit_id", "day"),
        Index("ix_asset_day_class_id_day", "class_id", "day"),
    )

    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    month: Mapped[int]
    class_id: Mapped[int] = mapped_column(ForeignKey("equipment_class.id"))
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    vehicle: Mapped[bool]
    on_register: Mapped[bool]
    off_road: Mapped[bool]
    down_s: Mapped[int]
    down_by_cause: Mapped[dict[str, int] | None] = mapped_column(JSON(none_as_null=True))
    known: Mapped[bool]
    used: Mapped[bool]
    uses: Mapped[int]
    use_s: Mapped[int]
    measured_m: Mapped[int | None]
    estimated_m: Mapped[int | None]
    engine_s: Mapped[int | None]
    idle_s: Mapped[int | None]
    unknown_s: Mapped[int | None]
    tracked: Mapped[bool]
    heard: Mapped[bool]
    silent: Mapped[bool]
    seen: Mapped[bool]
    touched: Mapped[bool]
    attended: Mapped[bool]
    subject_to_calibration: Mapped[bool]
    in_calibration: Mapped[bool]
    telemetry_revision: Mapped[int | None]
    revision: Mapped[int] = mapped_column(Integer, default=1)


class RollUpState(Derived, Base):
    """How far the days are worked out: one row.

    `journal_seq` is the last journal entry whose effect on past days is in; `built_until` the first day not built.
    """

    __tablename__ = "asset_day_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    journal_seq: Mapped[int]
    built_until: Mapped[date | None]
