"""Registers and changes assets: the one gate behind the form, the API, the import and the phone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, RuleViolation, invalid
from assets.core.i18n import msg
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.rules.asset_fields import AssetDraft, check_together
from assets.registry.rules.life import check_by_hand, check_move
from assets.registry.scope import assets_for, require_unit
from assets.registry.service.duplicates import refuse_duplicate
from assets.registry.service.fields import NEVER_EMPTY, PLAIN, flush_checked, write_plain
from assets.registry.service.references import References, references
from assets.registry.service.registration import Registration
from assets.registry.service.searching import refresh_search
from assets.registry.service.timeline import Occurrence, record


def register_asset(session: Session, actor: Actor, draft: AssetDraft, now: datetime) -> Asset:
    """A new asset with its label, opening meter readings and the event 'registered'; or one undone, 'reinstated'.

    `InvalidInput` names each field that is wrong, `NotAllowed` a unit outside the actor's scope, `Conflict` a serial
    number or VIN that another item has (look-alike letters count as the same).
    """
    registration = Registration(session, actor, [draft], now)
    return registration.write([registration.check(draft)])[0]


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
        _check_it_is_there(asset, refs.unit)
    before = _writable_state(asset)
    with session.no_autoflush:
        _take_references(asset, draft, refs)
        write_plain(asset, draft)
        if draft.life is not None:
            check_by_hand(old_life, draft.life)
            check_move(old_life, draft.life, held=asset.custodian_person_id is not None)
            asset.life = draft.life
        _check_state(session, actor, asset)
        changed = sorted(key for key, value in _writable_state(asset).items() if value != before[key])
        if changed:
            asset.version += 1
            refresh_search(asset)
    flush_checked(session)
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


def _check_it_is_there(asset: Asset, unit: Unit) -> None:
    """`RuleViolation` where the register would be corrected over a transfer that is under way, or a loan."""
    if unit.id == asset.unit_id:
        return
    if asset.transit_unit_id is not None:
        raise RuleViolation(
            msg("It is on its way to another unit. Have it received there, or cancel its transfer first."),
            code="in_transit",
        )
    if asset.holding_unit_id is not None:
        raise RuleViolation(msg("It is lent to another unit, which must send it back first."), code="lent")


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
    state: dict[str, object] = {key: getattr(asset, key) for key in (*PLAIN, *NEVER_EMPTY)}
    state |= {
        "class": asset.equipment_class, "unit": asset.unit, "life": asset.life, "model": asset.model,
        "batch": asset.batch, "agency": asset.custodian_org,
    }  # fmt: skip
    return state
