"""The tables of the full export that tell of the register: in codes and numbers that people know, never in ids.

Each is one statement within the sight of who exports; the heads are its column names. Persons stand in them by number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, select
from sqlalchemy.orm import aliased

from assets.core.actor import Actor
from assets.custody.models import UseSession
from assets.operations.models import Operation
from assets.operations.queries import known_to
from assets.people.models import Organisation, Person, Region, Unit
from assets.people.rules import Permission
from assets.registry.models import (
    Asset,
    AssetEvent,
    EquipmentClass,
    EquipmentModel,
    Grant,
    GrantTarget,
    HandoverBatch,
    Label,
    Meter,
    MeterReading,
)
from assets.registry.scope import assets_for, persons_for

Statement = Select[*tuple[Any, ...]]
Agency, Donor, Maker = aliased(Organisation), aliased(Organisation), aliased(Organisation)


@dataclass(frozen=True)
class Sheet:
    """One table: its file's name, the right that it takes, and its statement for an actor."""

    name: str
    permission: Permission
    statement: Callable[[Actor], Statement]


def columns(model: Any, names: str) -> list[ColumnElement[Any]]:
    """Columns of a model under their own names, from a list with blanks between."""
    return [getattr(model, name).label(name) for name in names.split()]


def of_asset(name: str, permission: Permission, model: Any, names: str, *more: Any) -> Sheet:
    """A table of what belongs to assets: the asset's code first, then the model's own columns."""

    def statement(actor: Actor) -> Statement:
        return (
            select(Asset.code.label("asset"), *more, *columns(model, names))
            .join(Asset, Asset.id == model.asset_id)
            .where(assets_for(actor, permission))
            .order_by(model.__mapper__.primary_key[0])
        )

    return Sheet(name, permission, statement)


def for_all(name: str, permission: Permission, statement: Callable[[], Statement]) -> Sheet:
    """A table that is the same for everyone who may export."""
    return Sheet(name, permission, lambda _actor: statement())


def _units() -> Statement:
    return (
        select(Region.code.label("region"), *columns(Unit, "code name kind active")).join(Unit.region).order_by(Unit.id)
    )


def _organisations() -> Statement:
    return select(*columns(Organisation, "code kind name active")).order_by(Organisation.id)


def _persons(actor: Actor) -> Statement:
    return (
        select(Person.number.label("number"), Unit.code.label("unit"), Agency.code.label("agency"), Person.left_on)
        .join(Unit, Unit.id == Person.unit_id)
        .join(Agency, Agency.id == Person.organisation_id, isouter=True)
        .where(persons_for(actor, Permission.PERSON_READ))
        .order_by(Person.id)
    )


def _grants() -> Statement:
    own = "code title en_number ga_number en_signed_on ga_signed_on starts_on ends_on amount currency"
    return (
        select(*columns(Grant, own), Donor.code.label("donor"), Maker.code.label("implementing_agency"))
        .join(Donor, Donor.id == Grant.donor_id)
        .join(Maker, Maker.id == Grant.implementing_agency_id, isouter=True)
        .order_by(Grant.id)
    )


def _targets() -> Statement:
    return (
        select(
            Grant.code.label("grant"), EquipmentClass.code.label("class"),
            *columns(GrantTarget, "kpi value note set_at ended_at"),
        )
        .join(Grant, Grant.id == GrantTarget.grant_id)
        .join(EquipmentClass, EquipmentClass.id == GrantTarget.class_id, isouter=True)
        .order_by(GrantTarget.id)
    )  # fmt: skip


def _batches() -> Statement:
    own = "number handed_over_on place value currency usd_rate rate_on closed_at note"
    return (
        select(Grant.code.label("grant"), *columns(HandoverBatch, own))
        .join(Grant, Grant.id == HandoverBatch.grant_id)
        .order_by(HandoverBatch.id)
    )


def _models() -> Statement:
    return (
        select(EquipmentClass.code.label("class"), *columns(EquipmentModel, "maker name"))
        .join(EquipmentClass, EquipmentClass.id == EquipmentModel.class_id)
        .order_by(EquipmentModel.id)
    )


def _assets(actor: Actor) -> Statement:
    own = (
        "serial_number vin plate inventory_number life title_status visibility_mark exemption_reason waiver_ref value "
        "currency attractive received_on in_service_on warranty_until registered_at condition condition_at "
        "custody_since custody_until last_seen_at note"
    )
    return (
        select(
            Asset.code.label("asset"), EquipmentClass.code.label("class"), EquipmentModel.maker.label("maker"),
            EquipmentModel.name.label("model"), Unit.code.label("unit"), Agency.code.label("agency"),
            HandoverBatch.number.label("batch"), Person.number.label("custodian"), *columns(Asset, own),
        )
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .join(EquipmentModel, EquipmentModel.id == Asset.model_id, isouter=True)
        .join(Unit, Unit.id == Asset.unit_id)
        .join(Agency, Agency.id == Asset.custodian_org_id, isouter=True)
        .join(HandoverBatch, HandoverBatch.id == Asset.batch_id, isouter=True)
        .join(Person, Person.id == Asset.custodian_person_id, isouter=True)
        .where(assets_for(actor, Permission.ASSET_IDENTITY))
        .order_by(Asset.id)
    )  # fmt: skip


def _readings(actor: Actor) -> Statement:
    return (
        select(
            Asset.code.label("asset"),
            Meter.kind.label("meter"),
            *columns(MeterReading, "value at source reason annulled_at"),
        )
        .join(Meter, Meter.id == MeterReading.meter_id)
        .join(Asset, Asset.id == Meter.asset_id)
        .where(assets_for(actor, Permission.ASSET_READ))
        .order_by(MeterReading.id)
    )


def _uses(actor: Actor) -> Statement:
    # The code of an operation that the reader may not know of stays out, as it does on every page.
    hidden = select(Operation.id).where(Operation.code == UseSession.operation, ~known_to(actor)).exists()
    return (
        select(
            Asset.code.label("asset"), Person.number.label("person"), Unit.code.label("unit"),
            *columns(UseSession, "at started_at ended_at count hours contribution"),
            case((hidden, ""), else_=UseSession.operation).label("operation"),
        )
        .join(Asset, Asset.id == UseSession.asset_id)
        .join(Unit, Unit.id == UseSession.unit_id)
        .join(Person, Person.id == UseSession.person_id, isouter=True)
        .where(assets_for(actor, Permission.CUSTODY_SEE))
        .order_by(UseSession.at, UseSession.event_id)
    )  # fmt: skip


def _labels(actor: Actor) -> Statement:
    return (
        select(Label.code.label("label"), Asset.code.label("asset"), *columns(Label, "state created_at printed_at"))
        .join(Asset, Asset.id == Label.asset_id)
        .where(assets_for(actor, Permission.ASSET_READ))
        .order_by(Label.code)
    )


def _events(actor: Actor) -> Statement:
    own = "kind occurred_at received_at actor_name grade seen"
    return (
        select(
            AssetEvent.id.label("event"), Asset.code.label("asset"), *columns(AssetEvent, own),
            Unit.code.label("unit"), AssetEvent.corrects_id.label("corrects"), AssetEvent.data.label("details"),
        )
        .join(Asset, Asset.id == AssetEvent.asset_id)
        .join(Unit, Unit.id == AssetEvent.unit_id, isouter=True)
        .where(assets_for(actor, Permission.CUSTODY_SEE))
        .order_by(AssetEvent.occurred_at, AssetEvent.id)
    )  # fmt: skip


REGISTER: tuple[Sheet, ...] = (
    for_all("units", Permission.ASSET_READ, _units),
    for_all("organisations", Permission.ASSET_READ, _organisations),
    Sheet("persons", Permission.PERSON_READ, _persons),
    for_all("grants", Permission.ASSET_READ, _grants),
    for_all("grant_targets", Permission.ASSET_READ, _targets),
    for_all("batches", Permission.ASSET_READ, _batches),
    for_all("models", Permission.ASSET_READ, _models),
    Sheet("assets", Permission.ASSET_IDENTITY, _assets),
    Sheet("labels", Permission.ASSET_READ, _labels),
    Sheet("readings", Permission.ASSET_READ, _readings),
    Sheet("events", Permission.CUSTODY_SEE, _events),
    Sheet("uses", Permission.CUSTODY_SEE, _uses),
)
