"""What a board should look at: the items that a trigger names and that no open or recent case covers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.disposal.models import DisposalCase
from assets.disposal.queries.cases import CASE_READ
from assets.disposal.rules.assessment import (
    ASK_AGAIN_AFTER_DAYS,
    ASSESS_AFTER_KM,
    AssessmentFacts,
    old_since,
    triggers,
)
from assets.people.models import Unit
from assets.registry.models import Asset, EquipmentClass, Meter
from assets.registry.scope import assets_for

# What is with us; what is still to come, gone or disposed of is not assessed.
WITH_US = ("received", "in_service", "withdrawn")


@dataclass(frozen=True)
class AssessmentRow:
    """An item to assess: why, since when it is in use, and what its odometer shows."""

    asset: Asset
    triggers: tuple[str, ...]
    started_on: date | None
    odometer_km: Decimal | None
    key: tuple[str]


def assessment_due(
    session: Session,
    actor: Actor,
    today: date,
    *,
    unit_id: int | None = None,
    class_id: int | None = None,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[AssessmentRow]:
    """The actor's items that are to be assessed, by label code; `after` is the `key` of the last one seen."""
    statement: Any = (
        select(Asset, _odometer().label("odometer_km"))
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .options(
            joinedload(Asset.unit).joinedload(Unit.region),
            joinedload(Asset.equipment_class),
            joinedload(Asset.model),
        )
        .where(*_conditions(actor, today, unit_id, class_id))
    )
    if after is not None:
        statement = statement.where(Asset.code > str(after[0]))
    rows = session.execute(statement.order_by(Asset.code).limit(limit))
    return [_row(asset, odometer_km, today) for asset, odometer_km in rows]


def assessment_count(
    session: Session, actor: Actor, today: date, *, unit_id: int | None = None, class_id: int | None = None
) -> int:
    """How many items `assessment_due` has in all."""
    return session.scalar(assessment_counting(actor, today, unit_id=unit_id, class_id=class_id)) or 0


def assessment_counting(
    actor: Actor, today: date, *, unit_id: int | None = None, class_id: int | None = None
) -> Select[int]:
    """The count of `assessment_count` as a statement, for a page that asks many counts in one query."""
    statement = select(func.count()).select_from(Asset).join(EquipmentClass, EquipmentClass.id == Asset.class_id)
    return statement.where(*_conditions(actor, today, unit_id, class_id))


def triggers_of(session: Session, asset: Asset, today: date) -> tuple[str, ...]:
    """Why this one item would be assessed now, whatever cases it has."""
    odometer_km = session.scalar(select(Meter.value).where(Meter.asset_id == asset.id, Meter.kind == "odometer_km"))
    return _row(asset, odometer_km, today).triggers


def _row(asset: Asset, odometer_km: Decimal | None, today: date) -> AssessmentRow:
    started_on = asset.in_service_on or asset.received_on
    facts = AssessmentFacts(asset.equipment_class.is_vehicle, started_on, odometer_km, asset.condition)
    return AssessmentRow(asset, triggers(facts, today), started_on, odometer_km, (asset.code,))


def _odometer() -> Any:
    return (
        select(Meter.value)
        .where(Meter.asset_id == Asset.id, Meter.kind == "odometer_km")
        .correlate(Asset)
        .scalar_subquery()
    )


def _conditions(actor: Actor, today: date, unit_id: int | None, class_id: int | None) -> list[ColumnElement[bool]]:
    """The same triggers as `rules.assessment.triggers`, and no case that covers the item."""
    far = select(Meter.asset_id).where(Meter.kind == "odometer_km", Meter.value >= ASSESS_AFTER_KM)
    covered = select(DisposalCase.asset_id).where(
        or_(
            DisposalCase.state.in_(("proposed", "approved", "carried_out")),
            and_(
                DisposalCase.state == "rejected",
                DisposalCase.decided_on > today - timedelta(days=ASK_AGAIN_AFTER_DAYS),
            ),
        )
    )
    old = func.coalesce(Asset.in_service_on, Asset.received_on) <= old_since(today)
    conditions = [
        assets_for(actor, CASE_READ),
        Asset.life.in_(WITH_US),
        or_(and_(EquipmentClass.is_vehicle, or_(old, Asset.id.in_(far))), Asset.condition == "D"),
        Asset.id.not_in(covered),
    ]
    if unit_id is not None:
        conditions.append(Asset.unit_id == unit_id)
    if class_id is not None:
        conditions.append(Asset.class_id == class_id)
    return conditions
