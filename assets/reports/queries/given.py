"""What a donor gave, as it stood at the end of the period; for working out only, never shown item by item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from assets.core.clock import day_start
from assets.metrics.models import AssetDay
from assets.metrics.queries.extent import Extent
from assets.registry.models import (
    Asset,
    AssetEvent,
    EquipmentClass,
    EquipmentModel,
    Grant,
    HandoverBatch,
    Meter,
    MeterReading,
)

_LOOKUP = 500


@dataclass(frozen=True)
class Given:
    """An item that a donor gave, with its values and where it stands."""

    asset_id: int
    batch_id: int
    grant_id: int
    class_id: int
    class_code: str
    class_name: str
    model: str
    life: str
    visibility_mark: str
    title_status: str
    value: Decimal | None
    currency: str
    in_use_since: date | None
    on_register: bool


def of_donor(donor_id: int) -> ColumnElement[bool]:
    """A condition on `Asset`: paid for by this donor's grants, and its registration was no mistake."""
    batches = select(HandoverBatch.id).join(Grant, Grant.id == HandoverBatch.grant_id).where(Grant.donor_id == donor_id)
    return and_(Asset.batch_id.in_(batches), Asset.annulled_at.is_(None))


def given_items(session: Session, donor_id: int, until: date, zone: ZoneInfo) -> list[Given]:
    """Every item that was registered and counted in before `until`, in order of its id."""
    on_register = _on_register(until)
    rows = session.execute(
        select(
            Asset.id, Asset.batch_id, HandoverBatch.grant_id, Asset.class_id, EquipmentClass.code, EquipmentClass.name,
            EquipmentModel.maker, EquipmentModel.name.label("model"), Asset.life, Asset.visibility_mark,
            Asset.title_status, Asset.value, Asset.currency, Asset.in_service_on, Asset.received_on,
            HandoverBatch.handed_over_on, on_register.label("on_register"),
        )
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .join(HandoverBatch, HandoverBatch.id == Asset.batch_id)
        .outerjoin(EquipmentModel, EquipmentModel.id == Asset.model_id)
        .where(
            of_donor(donor_id),
            HandoverBatch.handed_over_on < until,
            _counted_in(on_register, until, zone),
        )
        .order_by(Asset.id)
    )  # fmt: skip
    return [_given(row) for row in rows]


def counted_in_late(session: Session, donor_id: int, until: date, zone: ZoneInfo) -> list[tuple[str, int]]:
    """Handovers before `until` with items counted in or registered only later, or not at all: (number, items)."""
    rows = session.execute(
        select(HandoverBatch.number, func.count())
        .select_from(Asset)
        .join(HandoverBatch, HandoverBatch.id == Asset.batch_id)
        .where(
            of_donor(donor_id),
            HandoverBatch.handed_over_on < until,
            not_(_counted_in(_on_register(until), until, zone)),
        )
        .group_by(HandoverBatch.id, HandoverBatch.number, HandoverBatch.handed_over_on)
        .order_by(HandoverBatch.handed_over_on, HandoverBatch.id)
    )
    return [(number, count) for number, count in rows]


def _on_register(until: date) -> ColumnElement[bool]:
    """A condition on `Asset`: on the register on the last day before `until` that is worked out."""
    here = (AssetDay.asset_id == Asset.id, AssetDay.on_register, AssetDay.day == last_day(until))
    return select(AssetDay.asset_id).where(*here).exists()


def _counted_in(on_register: ColumnElement[bool], until: date, zone: ZoneInfo) -> ColumnElement[bool]:
    """A condition on `Asset`: it was there before `until`.

    An item of a deed is registered when the deed is entered, and counts once somebody had it in hand.
    """
    return and_(
        Asset.life != "expected",
        Asset.registered_at < day_start(until, zone),
        or_(on_register, Asset.received_on.is_(None), Asset.received_on < until),
    )


def _given(row: Any) -> Given:
    return Given(
        row.id, row.batch_id, row.grant_id, row.class_id, row.code, row.name,
        f"{row.maker or ''} {row.model or ''}".strip(), row.life, row.visibility_mark, row.title_status, row.value,
        row.currency, row.in_service_on or row.received_on or row.handed_over_on, row.on_register,
    )  # fmt: skip


def last_day(until: date) -> ScalarSelect[date]:
    """The last day before `until` that is worked out, for a condition on `AssetDay`: each asset has its row of it."""
    worked_out = aliased(AssetDay)
    return select(func.max(worked_out.day)).where(worked_out.day < until).scalar_subquery()


def verified(session: Session, extent: Extent) -> set[int]:
    """Items on the register that a person had before them within the period."""
    return set(
        session.scalars(
            select(AssetDay.asset_id).where(extent.condition, AssetDay.on_register, AssetDay.seen).distinct()
        )
    )


def conditions(session: Session, asset_ids: Sequence[int], until: date, zone: ZoneInfo) -> dict[int, str]:
    """The newest condition grade of each item before the end of the period; those never judged are missing."""
    correction = aliased(AssetEvent)
    found: dict[int, str] = {}
    for at in range(0, len(asset_ids), _LOOKUP):
        rows = session.execute(
            select(AssetEvent.asset_id, AssetEvent.grade)
            .where(
                AssetEvent.asset_id.in_(asset_ids[at : at + _LOOKUP]),
                AssetEvent.grade.is_not(None),
                AssetEvent.occurred_at < day_start(until, zone),
                ~select(correction.id).where(correction.corrects_id == AssetEvent.id).exists(),
            )
            .order_by(AssetEvent.occurred_at, AssetEvent.n)
        )
        found |= {asset_id: str(grade) for asset_id, grade in rows}
    return found


def odometers(session: Session, donor_id: int, until: date, zone: ZoneInfo) -> dict[int, Decimal]:
    """The highest odometer reading that was read off each of the donor's items before `until`, in km."""
    rows = session.execute(
        select(Meter.asset_id, func.max(MeterReading.value))
        .join(MeterReading, MeterReading.meter_id == Meter.id)
        .join(Asset, Asset.id == Meter.asset_id)
        .where(Meter.kind == "odometer_km", of_donor(donor_id), MeterReading.at < day_start(until, zone))
        .group_by(Meter.asset_id)
    )
    return {asset_id: Decimal(str(value)) for asset_id, value in rows}
