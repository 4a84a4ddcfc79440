"""Tables of assets with their meters and events, and of labels."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.people.models import Account, Organisation, Person, Unit
from assets.registry.models.classes import EquipmentClass, EquipmentModel
from assets.registry.models.grants import HandoverBatch
from assets.registry.models.kinds import LIVES, TITLE_STATUSES, VISIBILITY_MARKS, one_of


class Asset(Base):
    """One tracked item with its own label.

    Life and unit change by service functions that also write an event. `condition`, `custodian_*`, `last_*` are
    caches of the newest event (by event time) and can be rebuilt from the events; nobody writes them directly.
    `annulled_at`: its registration was a mistake (an import that was undone) and an event says so; `scope.assets_for`
    leaves it out everywhere. Registered again, it is the same asset with the same label.
    """

    __tablename__ = "asset"
    __table_args__ = (
        one_of("life", LIVES, "life_known"),
        one_of("visibility_mark", VISIBILITY_MARKS, "visibility_mark_known"),
        one_of("title_status", TITLE_STATUSES, "title_status_known"),
        CheckConstraint("condition IS NULL OR condition IN ('A','B','C','D')", name="condition_known"),
        CheckConstraint("(visibility_mark = 'exempt') = (exemption_reason <> '')", name="exemption_has_a_reason"),
        UniqueConstraint("class_id", "serial_folded", name="uq_asset_class_serial"),
        Index("ix_asset_unit_id_class_id", "unit_id", "class_id"),
        # A list is narrowed to one of these and read in the order of its codes, or sorted by one of the others.
        Index("ix_asset_class_id_code", "class_id", "code"),
        Index("ix_asset_unit_id_code", "unit_id", "code"),
        Index("ix_asset_batch_id_code", "batch_id", "code"),
        Index("ix_asset_life_code", "life", "code"),
        Index("ix_asset_condition", "condition"),
        Index("ix_asset_value", "value"),
        Index("ix_asset_registered_at", "registered_at"),
        Index("ix_asset_last_seen_at", "last_seen_at"),
        # Small enough to be read as a whole in a few milliseconds: what a search looks through.
        Index("ix_asset_identity_text", "identity_text"),
    )
    __derived__ = frozenset(
        {
            "condition", "condition_at", "custodian_person_id", "custody_since", "custody_until",
            "last_seen_at", "identity_text", "holding_unit_id", "lent_until", "transit_unit_id", "transit_since",
            "transfer_unclear", "is_kit", "in_kit_id",
        }
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("equipment_class.id"))
    model_id: Mapped[int | None] = mapped_column(ForeignKey("equipment_model.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    custodian_org_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("handover_batch.id"))
    serial_number: Mapped[str] = mapped_column(String(80), default="")
    serial_folded: Mapped[str | None] = mapped_column(String(80))
    vin: Mapped[str] = mapped_column(String(40), default="")
    vin_folded: Mapped[str | None] = mapped_column(String(40), unique=True)
    plate: Mapped[str] = mapped_column(String(24), default="")
    inventory_number: Mapped[str] = mapped_column(String(60), default="")
    life: Mapped[str] = mapped_column(String(16), default="received")
    title_status: Mapped[str] = mapped_column(String(24), default="title_transferred")
    visibility_mark: Mapped[str] = mapped_column(String(12), default="missing")
    exemption_reason: Mapped[str] = mapped_column(String(24), default="")
    waiver_ref: Mapped[str] = mapped_column(String(80), default="")
    value: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    currency: Mapped[str] = mapped_column(String(3), default="USD")
    attractive: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(Text, default="")
    received_on: Mapped[date | None]
    in_service_on: Mapped[date | None]
    warranty_until: Mapped[date | None]
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    annulled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(Integer, default=1)

    condition: Mapped[str | None] = mapped_column(String(1))
    condition_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    custodian_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    custody_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    custody_until: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    identity_text: Mapped[str] = mapped_column(String(300), default="")
    # Of transfers: who has it on loan and until when, to whom it is on its way, and whether an entry needs an answer.
    # No foreign keys: they were added to a table that SQLite cannot alter in that way.
    holding_unit_id: Mapped[int | None] = mapped_column(Integer, index=True)
    lent_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    transit_unit_id: Mapped[int | None] = mapped_column(Integer, index=True)
    transit_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    transfer_unclear: Mapped[bool | None]
    # Of kits: it has a list or was given parts, and the kit that it is in. Without a foreign key for the same reason.
    is_kit: Mapped[bool | None]
    in_kit_id: Mapped[int | None] = mapped_column(Integer)
    # Whether other units may ask for it; None: as usual for its class (reservations/rules.py).
    shared: Mapped[bool | None]

    # Raised by `change_asset` alone: a cache that follows an event must not make an open form look out of date.
    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}  # noqa: RUF012  # SQLAlchemy's own form

    equipment_class: Mapped[EquipmentClass] = relationship()
    model: Mapped[EquipmentModel | None] = relationship()
    unit: Mapped[Unit] = relationship()
    holding_unit: Mapped[Unit | None] = relationship(
        primaryjoin=lambda: foreign(Asset.holding_unit_id) == Unit.id, viewonly=True
    )
    transit_unit: Mapped[Unit | None] = relationship(
        primaryjoin=lambda: foreign(Asset.transit_unit_id) == Unit.id, viewonly=True
    )
    custodian_org: Mapped[Organisation | None] = relationship()
    custodian_person: Mapped[Person | None] = relationship()
    batch: Mapped[HandoverBatch | None] = relationship()
    meters: Mapped[list[Meter]] = relationship(viewonly=True, order_by="Meter.kind")


class Meter(Base):
    """One counter of an asset, by kind ('odometer_km', 'engine_h', 'uses', 'hours', 'scans', …).

    `value` at `value_at` caches the newest absolute reading plus the increments after it.
    """

    __tablename__ = "meter"
    __table_args__ = (UniqueConstraint("asset_id", "kind"),)
    __derived__ = frozenset({"value", "value_at"})

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    kind: Mapped[str] = mapped_column(String(24))
    value: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    value_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    asset: Mapped[Asset] = relationship()


class AssetEvent(Base):
    """What happened to an asset: append-only; a mistake is corrected by an event that names it.

    `id` is the command's own id where a phone or program sent one. `occurred_at` is what the device claims (corrected
    by its clock offset), `received_at` when we heard of it; `n` the phone's counter, which breaks ties. `grade` is set
    where the condition was judged, `seen` where a person had the item before them.
    """

    __tablename__ = "asset_event"
    __table_args__ = (
        Index("ix_asset_event_asset_id_occurred_at", "asset_id", "occurred_at"),
        Index("ix_asset_event_kind_occurred_at", "kind", "occurred_at"),
        CheckConstraint("grade IS NULL OR grade IN ('A','B','C','D')", name="grade_known"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    kind: Mapped[str] = mapped_column(String(32))
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    n: Mapped[int] = mapped_column(Integer, default=0)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    actor_name: Mapped[str] = mapped_column(String(80))
    grade: Mapped[str | None] = mapped_column(String(1))
    seen: Mapped[bool] = mapped_column(default=False)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    corrects_id: Mapped[str | None] = mapped_column(ForeignKey("asset_event.id"))
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    asset: Mapped[Asset] = relationship()
    account: Mapped[Account | None] = relationship()


class Label(Base):
    """A printed code: blank until claimed by an asset; void once replaced, and still leading to its asset.

    Of one that was made blank: `made_for_unit_id` is the unit that prints it (None: all do), `made_by_id` the account
    that made it. No foreign keys: SQLite cannot add them to a table that stands.
    """

    __tablename__ = "label"
    __table_args__ = (one_of("state", ("blank", "active", "void"), "state_known"),)

    code: Mapped[str] = mapped_column(String(10), primary_key=True)
    state: Mapped[str] = mapped_column(String(8))
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    printed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    made_for_unit_id: Mapped[int | None] = mapped_column(Integer)
    made_by_id: Mapped[int | None] = mapped_column(Integer)

    asset: Mapped[Asset | None] = relationship()
