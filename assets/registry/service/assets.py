"""Registers and changes assets: the one gate behind the form, the API, the import and the phone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from assets.core.actor import Actor
from assets.core.errors import Conflict, invalid
from assets.core.i18n import msg
from assets.people.queries import unit_by_code
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.rules.asset_fields import AssetDraft, check_together
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.folding import fold_identifier
from assets.registry.rules.life import AT_REGISTRATION, check_move
from assets.registry.scope import assets_for, require_unit
from assets.registry.service.duplicates import duplicate, refuse_duplicate
from assets.registry.service.labels import label_for_new_asset
from assets.registry.service.meters import record_reading
from assets.registry.service.references import References, references
from assets.registry.service.searching import refresh_search
from assets.registry.service.timeline import Occurrence, happening_now, record

# Written as they were given; the others need a look-up, a rule or an event.
_PLAIN = (
    "serial_number", "vin", "plate", "inventory_number", "exemption_reason", "waiver_ref", "note", "value",
    "received_on", "in_service_on", "warranty_until",
)  # fmt: skip
_NEVER_EMPTY = ("currency", "visibility_mark", "title_status", "attractive")


def register_asset(session: Session, actor: Actor, draft: AssetDraft, now: datetime) -> Asset:
    """A new asset with its label, opening meter readings and the event 'registered'.

    `InvalidInput` names each field that is wrong, `NotAllowed` a unit outside the actor's scope, `Conflict` a serial
    number or VIN that another item has (look-alike letters count as the same).
    """
    unit = unit_by_code(session, draft.unit or "")
    require_unit(actor, Permission.ASSET_WRITE, unit)
    refs = references(session, actor, draft, None)
    if refs.equipment_class is None:
        raise invalid("class", msg("This must be filled in."), code="required")
    defaults = CLASSES[refs.equipment_class.code]
    life = draft.life or "received"
    if life not in AT_REGISTRATION:
        raise invalid("life", msg("An item is not registered as %(life)s.", life=life), code="life_at_registration")
    asset = Asset(
        equipment_class=refs.equipment_class, unit=unit, model=refs.model, batch=refs.batch,
        custodian_org=refs.agency, life=life, registered_at=now, attractive=defaults.attractive, version=1,
        visibility_mark="missing", title_status="title_transferred", exemption_reason="", waiver_ref="",
    )  # fmt: skip
    if refs.batch is not None and "currency" not in draft:
        asset.currency = refs.batch.currency
    with session.no_autoflush:
        _write_plain(asset, draft)
        _check_meters(asset, draft)
        _check_state(session, actor, asset)
        label = label_for_new_asset(session, draft.code, now)
        asset.code = label.code
        refresh_search(asset)
    session.add(asset)
    _flush(session)
    label.asset = asset
    happening = happening_now(now)
    data = {"class": defaults.code, "unit": unit.code, "life": life}
    if refs.batch is not None:
        data["batch"] = refs.batch.number
    record(session, actor, asset, "registered", happening, data, grade=draft.condition)
    for kind, value in (("odometer_km", draft.odometer_km), ("engine_h", draft.engine_h)):
        if value is not None:
            record_reading(session, asset, kind, value, now, now, source="registered", event_id=happening.id)
    return asset


def change_asset(
    session: Session,
    actor: Actor,
    asset: Asset,
    draft: AssetDraft,
    now: datetime,
    expected_version: int | None = None,
) -> Asset:
    """Change what the draft gives; an assignment to another unit, a move of life and a condition are events.

    The scope is checked on the old and the new unit. `Conflict` when `expected_version` is not the present one: someone
    changed the asset after it was shown.
    """
    require_unit(actor, Permission.ASSET_WRITE, asset.unit)
    if expected_version is not None and expected_version != asset.version:
        raise changed_meanwhile(asset)
    refs = references(session, actor, draft, asset)
    old_unit, old_life, old_class = asset.unit, asset.life, asset.equipment_class
    if refs.unit is not None:
        require_unit(actor, Permission.ASSET_WRITE, old_unit, refs.unit)
    before = _writable_state(asset)
    with session.no_autoflush:
        _take_references(asset, draft, refs)
        _write_plain(asset, draft)
        if draft.life is not None:
            check_move(old_life, draft.life, held=asset.custodian_person_id is not None)
            asset.life = draft.life
        _check_state(session, actor, asset)
        changed = sorted(key for key, value in _writable_state(asset).items() if value != before[key])
        if changed:
            asset.version += 1
            refresh_search(asset)
    _flush(session)
    special: dict[str, tuple[str, dict[str, object]]] = {
        "unit": ("assigned", {"from": old_unit.code, "to": asset.unit.code}),
        "life": ("life", {"from": old_life, "to": asset.life}),
        "class": ("reclassified", {"from": old_class.code, "to": asset.equipment_class.code}),
    }
    told: list[tuple[str, dict[str, object]]] = [special[key] for key in changed if key in special]
    plain = [key for key in changed if key not in special]
    if plain:
        # Which fields; what stood in them is the journal's, where identity is guarded.
        told.append(("changed", {"fields": plain}))
    if draft.condition is not None and draft.condition != asset.condition:
        told.append(("condition", {"grade": draft.condition}))
    for n, (kind, data) in enumerate(told):
        # One moment, and still an order.
        grade = draft.condition if kind == "condition" else None
        record(session, actor, asset, kind, Occurrence(now, now, n=n), data, grade=grade)
    return asset


def changed_meanwhile(asset: Asset) -> Conflict:
    """The answer to a change that was based on an older state."""
    return Conflict(
        msg("Somebody else changed this item after you opened it. Look at what it says now, then change it again."),
        code="changed_meanwhile",
        data={"version": asset.version},
    )


def _take_references(asset: Asset, draft: AssetDraft, refs: References) -> None:
    if refs.equipment_class is not None:
        asset.equipment_class = refs.equipment_class
    if refs.unit is not None:
        asset.unit = refs.unit
    if "model" in draft:
        asset.model = refs.model
    if "batch" in draft:
        asset.batch = refs.batch
    if "agency" in draft:
        asset.custodian_org = refs.agency
    if asset.model is not None and asset.model.equipment_class is not asset.equipment_class:
        raise invalid(
            "model",
            msg("%(name)s is no model of this class: give the model, too.", name=asset.model.full_name),
            code="model_of_other_class",
        )


def _write_plain(asset: Asset, draft: AssetDraft) -> None:
    for key in _PLAIN:
        if key in draft:
            setattr(asset, key, getattr(draft, key))
    for key in _NEVER_EMPTY:
        value = getattr(draft, key)
        if value is not None:
            setattr(asset, key, value)
    if draft.visibility_mark not in {None, "exempt"} and "exemption_reason" not in draft:
        asset.exemption_reason = ""
    asset.serial_folded = fold_identifier(asset.serial_number or "") or None
    asset.vin_folded = fold_identifier(asset.vin or "") or None


def _check_meters(asset: Asset, draft: AssetDraft) -> None:
    for key, value in (("odometer_km", draft.odometer_km), ("engine_h", draft.engine_h)):
        if value is not None and not asset.equipment_class.is_vehicle:
            raise invalid(key, msg("Only vehicles have this meter."), code="no_such_meter")


def _check_state(session: Session, actor: Actor, asset: Asset) -> None:
    """What must hold of the whole: the mark with its reason, and nobody else with this serial number or VIN."""
    check_together(
        visibility_mark=asset.visibility_mark,
        exemption_reason=asset.exemption_reason,
        waiver_ref=asset.waiver_ref,
    )
    others = select(Asset.id, Asset.code, assets_for(actor, Permission.ASSET_READ).label("visible"))
    if asset.id is not None:
        others = others.where(Asset.id != asset.id)
    if asset.serial_folded is not None:
        same = others.where(Asset.class_id == asset.equipment_class.id, Asset.serial_folded == asset.serial_folded)
        refuse_duplicate(session, same, "serial_number")
    if asset.vin_folded is not None:
        refuse_duplicate(session, others.where(Asset.vin_folded == asset.vin_folded), "vin")


def _writable_state(asset: Asset) -> dict[str, object]:
    """The fields that a change may touch, with their present values, under the names of the API."""
    state: dict[str, object] = {key: getattr(asset, key) for key in (*_PLAIN, *_NEVER_EMPTY)}
    state |= {
        "class": asset.equipment_class, "unit": asset.unit, "life": asset.life, "model": asset.model,
        "batch": asset.batch, "agency": asset.custodian_org,
    }  # fmt: skip
    return state


def _flush(session: Session) -> None:
    """Write, and turn what only the database can notice (two at once) into a refusal with words."""
    try:
        session.flush()
    except IntegrityError as error:
        text = str(error.orig)
        for field, marks in (("serial_number", ("serial_folded", "uq_asset_class_serial")), ("vin", ("vin_folded",))):
            if any(mark in text for mark in marks):
                raise duplicate(field, None) from error
        raise
    except StaleDataError as error:
        raise Conflict(
            msg("Somebody else changed this item at the same moment. Look at it again."), code="changed_meanwhile"
        ) from error
