"""What the list page, the export and the API share: filters out of an address, and an asset as programs see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from assets.calibration import queries as calibration
from assets.core.actor import Actor
from assets.core.errors import invalid
from assets.core.i18n import Message, msg
from assets.fitness.queries import fitness_of
from assets.fitness.rules import Fitness
from assets.maintenance import queries as maintenance
from assets.people.rules import Permission
from assets.registry.models import Asset, Meter
from assets.registry.queries.assets import meters_of
from assets.registry.queries.filters import AssetFilters
from assets.registry.scope import reaches_asset, sees_identity
from assets.web.context import now, the_app, words

SOON_DAYS = 30
# The name in the address and the field of the filters.
FILTER_KEYS: dict[str, str] = {
    "query": "query",
    "class": "class_code",
    "unit": "unit",
    "region": "region",
    "life": "life",
    "condition": "condition",
    "custody": "custody",
    "grant": "grant",
    "batch": "batch",
    "mark": "visibility_mark",
    "title": "title_status",
}
DUE_NAMES: dict[str, Message] = {
    "overdue": msg("overdue"),
    "soon": msg("due within 30 days"),
}


def filters_of(args: Mapping[str, str]) -> AssetFilters:
    """The filters in an address."""
    return AssetFilters(**{field: args.get(key, "").strip() for key, field in FILTER_KEYS.items()}, now=now())


def due_condition(args: Mapping[str, str]) -> ColumnElement[bool] | None:
    """The condition of `due=overdue` or `due=soon`: some care or calibration is due now, or within 30 days."""
    due = args.get("due", "").strip()
    if not due:
        return None
    if due not in DUE_NAMES:
        raise invalid("due", msg("This is one of: %(known)s.", known=", ".join(DUE_NAMES)), code="unknown_word")
    zone, within = the_app().settings.zone, SOON_DAYS if due == "soon" else 0
    return maintenance.overdue_condition(now(), within, zone) | calibration.due_condition(now(), within, zone)


def asset_answers(session: Session, actor: Actor, assets: Sequence[Asset]) -> list[dict[str, Any]]:
    """These assets as the API gives them, with meters and fitness; what the actor may not see is null."""
    meters = meters_of(session, [asset.id for asset in assets])
    fitness = fitness_of(session, assets, now())
    return [_answer(actor, asset, meters[asset.id], fitness[asset.id]) for asset in assets]


def _answer(actor: Actor, asset: Asset, meters: Sequence[Meter], fitness: Fitness) -> dict[str, Any]:
    grant = asset.batch.grant if asset.batch is not None else None
    return {
        "code": asset.code,
        "class": asset.equipment_class.code,
        "model": asset.model.full_name if asset.model is not None else None,
        **identity_of(actor, asset),
        "unit": asset.unit.code,
        "region": asset.unit.region.code,
        "agency": asset.custodian_org.code if asset.custodian_org is not None else None,
        "life": asset.life,
        "condition": asset.condition,
        "custodian": holder_number(actor, asset),
        "fitness": {
            "fit": fitness.fit,
            "state": fitness.state,
            "reasons": [{"code": reason.code, "text": words(reason.message)} for reason in fitness.reasons],
        },
        "meters": _meters(asset, meters),
        "donor": grant.donor.code if grant is not None else None,
        "grant": grant.code if grant is not None else None,
        "batch": asset.batch.number if asset.batch is not None else None,
        "value": number(asset.value),
        "currency": asset.currency,
        "title_status": asset.title_status,
        "visibility_mark": asset.visibility_mark,
        "exemption_reason": asset.exemption_reason or None,
        "waiver_ref": asset.waiver_ref or None,
        "attractive": asset.attractive,
        "note": asset.note or None,
        "received_on": _iso(asset.received_on),
        "in_service_on": _iso(asset.in_service_on),
        "warranty_until": _iso(asset.warranty_until),
        "registered_at": moment(asset.registered_at),
        "last_seen_at": moment(asset.last_seen_at),
        "version": asset.version,
    }


def identity_of(actor: Actor, asset: Asset) -> dict[str, str | None]:
    """Serial number, VIN, plate and inventory number, for those who may see them."""
    keys = ("serial_number", "vin", "plate", "inventory_number")
    if not sees_identity(actor):
        return dict.fromkeys(keys)
    return {key: getattr(asset, key) or None for key in keys}


def holder_number(actor: Actor, asset: Asset) -> str | None:
    """The service number of who has it, for those who may see that."""
    person = asset.custodian_person
    return person.number if person is not None and reaches_asset(actor, Permission.CUSTODY_SEE, asset) else None


def _meters(asset: Asset, meters: Sequence[Meter]) -> dict[str, float | int | None]:
    shown: dict[str, float | int | None] = {}
    if asset.equipment_class.is_vehicle:
        shown = {"odometer_km": None, "engine_h": None}
    return shown | {meter.kind: number(meter.value) for meter in meters}


def number(value: Decimal | None) -> float | int | None:
    """A JSON number: whole where it is whole."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def moment(value: datetime | None) -> str | None:
    """A moment in RFC 3339, UTC."""
    return value.isoformat().replace("+00:00", "Z") if value is not None else None


def _iso(value: date | None) -> str | None:
    return value.isoformat() if value is not None else None
