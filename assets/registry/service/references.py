"""Looks up what a draft of an asset names by codes: class, unit, model, batch, agency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import FieldError, InvalidInput, invalid
from assets.core.i18n import msg
from assets.people.models import Organisation, Unit
from assets.people.queries import organisation_by_code, unit_by_code
from assets.registry.models import Asset, EquipmentClass, EquipmentModel, HandoverBatch
from assets.registry.rules.asset_fields import AssetDraft
from assets.registry.service.catalogue import model_named

Found = TypeVar("Found")


@dataclass(frozen=True)
class References:
    """The rows that a draft names by their codes; None where it names none."""

    equipment_class: EquipmentClass | None
    unit: Unit | None
    model: EquipmentModel | None
    batch: HandoverBatch | None
    agency: Organisation | None


def references(session: Session, actor: Actor, draft: AssetDraft, asset: Asset | None) -> References:
    """Look up every code that the draft gives; all that are unknown are named at once."""
    errors: list[FieldError] = []
    present = asset.equipment_class if asset is not None else None
    found_class = class_by_code(session, draft.class_code) if draft.class_code else None
    unit = _looked_up(errors, lambda: unit_by_code(session, draft.unit or "")) if draft.unit else None
    batch = _looked_up(errors, lambda: batch_by_number(session, draft.batch)) if draft.batch else None
    agency = _looked_up(errors, lambda: _agency(session, draft.agency)) if draft.agency else None
    of_class, model = found_class or present, None
    if draft.model and of_class is not None:
        model = _looked_up(errors, lambda: model_named(session, actor, of_class, draft.model))
    if errors:
        raise InvalidInput(errors[0].message, fields=errors)
    return References(found_class, unit, model, batch, agency)


def _looked_up(errors: list[FieldError], look_up: Callable[[], Found]) -> Found | None:
    try:
        return look_up()
    except InvalidInput as error:
        errors.extend(error.fields)
        return None


def class_by_code(session: Session, code: str) -> EquipmentClass:
    """The class with this code; `InvalidInput` for `class` otherwise."""
    found = session.scalar(select(EquipmentClass).where(EquipmentClass.code == code))
    if found is None:
        raise invalid("class", msg("The class %(code)s is not set up yet.", code=code), code="unknown_class")
    return found


def batch_by_number(session: Session, number: str) -> HandoverBatch:
    """The batch with this number; `InvalidInput` for `batch` otherwise."""
    found = session.scalar(
        select(HandoverBatch).options(joinedload(HandoverBatch.grant)).where(HandoverBatch.number == number)
    )
    if found is None:
        raise invalid("batch", msg("No batch has the number %(number)s.", number=number), code="unknown_batch")
    return found


def _agency(session: Session, code: str) -> Organisation:
    found = organisation_by_code(session, code, "agency")
    if found.kind != "agency":
        raise invalid("agency", msg("%(code)s is not an agency.", code=code), code="not_an_agency")
    return found
