"""Places on the map that matter, and when vehicles were there."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Float, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.core.journal import Derived
from assets.people.models import Region, Unit


class Place(Base):
    """A geofence: a shape, how far around it one has not left yet, and how long a stay must be to be one.

    `shape` is as `geofence_shapes` writes it. It counts from `active_from` to before `active_until` (local days). A
    place of a unit is its own to see; one of none is everybody's who may see positions. `drawn` counts shapes and
    margins, `derived` is the one that visits follow from.
    """

    __tablename__ = "place"
    # A journal is read by more than may know where a depot lies.
    __private__ = frozenset({"shape"})
    __derived__ = frozenset({"derived"})
    __table_args__ = (
        CheckConstraint("kind IN ('depot','workshop','border_post','region','other')", name="kind_known"),
        CheckConstraint("margin_m BETWEEN 0 AND 20000", name="margin_sensible"),
        CheckConstraint("dwell_s BETWEEN 0 AND 86400", name="dwell_sensible"),
        CheckConstraint("kind <> 'region' OR region_id IS NOT NULL", name="region_named"),
        CheckConstraint(
            "active_until IS NULL OR active_from IS NULL OR active_until > active_from", name="days_in_order"
        ),
        Index("ix_place_archived_at_name_id", "archived_at", "name", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(16))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    region_id: Mapped[int | None] = mapped_column(ForeignKey("region.id"), unique=True)
    shape: Mapped[dict[str, Any]] = mapped_column(JSON)
    margin_m: Mapped[float] = mapped_column(Float, default=50.0)
    dwell_s: Mapped[int] = mapped_column(Integer, default=60)
    active_from: Mapped[date | None]
    active_until: Mapped[date | None]
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    drawn: Mapped[int] = mapped_column(Integer, default=1)
    derived: Mapped[int] = mapped_column(Integer, default=0)

    unit: Mapped[Unit | None] = relationship()
    region: Mapped[Region | None] = relationship()


class PlaceVisit(Derived, Base):
    """A time that a tracker was in a place, on one asset; `left_at` None: nobody saw it leave, `seen_at` it was there.

    Every time is kept, however short: whether it lasted the place's `dwell_s` (`stayed_s`, as far as it was seen) is
    asked of it when it is read.
    """

    __tablename__ = "place_visit"
    __table_args__ = (
        Index("ix_place_visit_tracker_id_entered_at", "tracker_id", "entered_at"),
        Index("ix_place_visit_asset_id_entered_at", "asset_id", "entered_at"),
        Index("ix_place_visit_place_id_entered_at", "place_id", "entered_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    tracker_id: Mapped[str] = mapped_column(ForeignKey("tracker.id"))
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stayed_s: Mapped[int] = mapped_column(Integer)

    place: Mapped[Place] = relationship()
