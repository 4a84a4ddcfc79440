"""What a scan tells of assets: one for the scan page, or all that a person works with for his phone.

The two say the same of an asset because they are the same; a test compares them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.i18n import Message, msg
from assets.custody.queries.usual import usual_amounts
from assets.custody.rules import Situation, likely_actions
from assets.fitness.queries import judged_assets, not_checked_today
from assets.fitness.rules import Fitness
from assets.kits.queries import kit_codes_of
from assets.kits.rules.completeness import PART_UNFIT, Contents, unfit_words
from assets.people.models import Person, Unit
from assets.people.rules import Permission, Role
from assets.registry.models import Asset, EquipmentClass, Meter, MeterReading
from assets.registry.queries.labels import former_codes
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.meters import METER_KINDS
from assets.registry.scope import reaches_asset, reaches_unit
from assets.web.context import actor, now, the_app, words
from assets.web.kit_cells import is_kit, kit_for_scan, may_on_kit
from assets.web.transfer_words import place_of

METER_UNITS: dict[str, Message] = {"odometer_km": msg("km"), "engine_h": msg("h"), "hours": msg("h")}
METER_NAMES: dict[str, Message] = {**METER_KINDS, "odometer_km": msg("odometer"), "engine_h": msg("engine hours")}
ELSEWHERE = msg("issued to a person")
# What `shown` reads of an asset, for who asks for many at once.
WITH_ALL = (
    joinedload(Asset.unit), joinedload(Asset.holding_unit), joinedload(Asset.transit_unit),
    joinedload(Asset.equipment_class), joinedload(Asset.model), joinedload(Asset.custodian_person),
)  # fmt: skip


@dataclass(frozen=True)
class _Known:
    """What was read of all the assets at once, by asset."""

    fitness: dict[int, Fitness]
    meters: dict[int, dict[str, Decimal | None]]
    usual: dict[tuple[int, str], Decimal]
    unchecked: set[int]
    kits: dict[int, Contents]
    in_kits: dict[int, str]
    former: dict[int, list[str]]


def shown(session: Session, assets: Sequence[Asset]) -> list[dict[str, Any]]:
    """What a scan shows of each asset, with the kinds of actions that the actor may do now, likeliest first.

    Seven queries however many there are, when they were read `WITH_ALL`; four more
    where kits are among them.
    """
    ids = [asset.id for asset in assets]
    judged = judged_assets(session, assets, now())
    known = _Known(
        judged.fitness, _meters_of(session, ids), usual_amounts(session, ids),
        not_checked_today(session, assets, now(), the_app().settings.zone), judged.kits,
        kit_codes_of(session, [asset.id for asset in assets if asset.in_kit_id is not None]),
        former_codes(session, [part.asset_id for kit in judged.kits.values() for part in kit.parts]),
    )  # fmt: skip
    return [_shown(asset, known) for asset in assets]


def _shown(asset: Asset, known: _Known) -> dict[str, Any]:
    fitness = known.fitness[asset.id]
    # With a part that is not fit a kit goes out only with a reason, whatever its list can do without.
    inside = _unfit_inside(known.kits.get(asset.id))
    reasons = [
        {"code": PART_UNFIT if reason.message in inside else reason.code, "text": words(reason.message)}
        for reason in fitness.reasons
    ]
    fit = fitness.fit and not inside
    defaults = CLASSES[asset.equipment_class.code]
    place = place_of(asset)
    return {
        "code": asset.code,
        "title": asset.model.full_name if asset.model else words(defaults.title),
        "class": words(defaults.title),
        "state": (
            {"kind": place["kind"], "text": place["text"]}
            if place is not None
            else {"kind": fitness.state, "text": reasons[0]["text"] if reasons else ""}
        ),
        "fit": {"ok": fit, "reasons": reasons},
        "custodian": _custodian(asset),
        "custodian_number": _custodian_number(asset),
        "unit": asset.unit.name,
        "meters": _meters(asset.equipment_class, known.meters.get(asset.id, {})),
        "usual_use": _usual_use(asset, known),
        "actions": [*likely_actions(_situation(asset, fit=fit)), *_kit_actions(asset, known)],
        "class_code": asset.equipment_class.code,
        "check_due": asset.id in known.unchecked,
        **({"kit": kit_for_scan(known.kits[asset.id], known.former)} if asset.id in known.kits else {}),
        **({"in_kit": known.in_kits[asset.id]} if asset.id in known.in_kits else {}),
    }


def _unfit_inside(contents: Contents | None) -> list[Message]:
    parts = contents.unfit_inside() if contents is not None else []
    return [unfit_words(part.name, part.code, part.why) for part in parts]


def _kit_actions(asset: Asset, known: _Known) -> list[str]:
    """What can be done with a kit, or with a part of one."""
    may = may_on_kit(actor(), asset)
    if asset.id in known.in_kits:
        return ["kit_take"] if may["may_put"] else []
    if not is_kit(asset, known.kits.get(asset.id)):
        return []
    return [*(["kit_check"] if may["may_check"] else []), *(["kit_put"] if may["may_put"] else [])]


def _custodian(asset: Asset) -> str | None:
    person: Person | None = asset.custodian_person
    if person is None:
        return None
    if not reaches_asset(actor(), Permission.CUSTODY_SEE, asset):
        return words(ELSEWHERE)
    return person.name or person.number


def _custodian_number(asset: Asset) -> str | None:
    """By which a phone tells two persons of the same name apart, for those who hand the item over."""
    person: Person | None = asset.custodian_person
    return person.number if person is not None and reaches_asset(actor(), Permission.CUSTODY_ACT, asset) else None


def _meters_of(session: Session, asset_ids: Sequence[int]) -> dict[int, dict[str, Decimal | None]]:
    """The meters of each asset that somebody ever read."""
    was_read = (
        select(MeterReading.id).where(MeterReading.meter_id == Meter.id, MeterReading.annulled_at.is_(None)).exists()
    )
    found: dict[int, dict[str, Decimal | None]] = defaultdict(dict)
    rows = session.execute(
        select(Meter.asset_id, Meter.kind, Meter.value).where(Meter.asset_id.in_(asset_ids), was_read)
    )
    for asset_id, kind, value in rows:
        found[asset_id][kind] = value
    return found


def _meters(of_class: EquipmentClass, known: dict[str, Decimal | None]) -> list[dict[str, Any]]:
    """The meter that a return asks for first: a vehicle's odometer, else one that people read off.

    What uses alone are counted in is not read off anything, so it is not asked for.
    """
    usual = "odometer_km" if of_class.is_vehicle else of_class.usage_meter
    if usual not in known and not of_class.is_vehicle:
        return []
    return [
        {
            "kind": kind,
            "label": words(METER_NAMES[kind]),
            "value": float(value) if (value := known.get(kind)) is not None else None,
            "unit": words(METER_UNITS[kind]) if kind in METER_UNITS else "",
        }
        for kind in [usual, *(kind for kind in sorted(known) if kind != usual)]
    ]


def _usual_use(asset: Asset, known: _Known) -> dict[str, Any] | None:
    unit = {"uses": "count", "hours": "hours"}.get(CLASSES[asset.equipment_class.code].usual_use or "")
    if unit is None:
        return None
    amount = known.usual.get((asset.id, unit))
    value = 1 if amount is None else int(amount) if amount == int(amount) else float(amount)
    return {"unit": unit, "value": value}


def _situation(asset: Asset, *, fit: bool) -> Situation:
    """What decides which actions are offered to the actor for the asset."""
    who = actor()
    return Situation(
        in_service=asset.life == "in_service",
        is_held=asset.custodian_person_id is not None,
        is_fit=fit,
        may_hand_over=reaches_asset(who, Permission.CUSTODY_ACT, asset),
        may_report=reaches_asset(who, Permission.FIELD_REPORT, asset),
        repairs=Role.TECHNICIAN.value in who.roles,
        has_check=bool(CLASSES[asset.equipment_class.code].checks),
        **moves(who, asset),
    )


def moves(who: Actor, asset: Asset) -> dict[str, bool]:
    """What of a transfer `who` may do with the asset as it stands, and whether it is away from him."""
    borrower, addressee = asset.holding_unit, asset.transit_unit
    acts = reaches_unit(who, Permission.CUSTODY_ACT, borrower or asset.unit)
    return {
        "may_send": acts and addressee is None and asset.life not in {"expected", "lost", "disposed"},
        "may_receive": addressee is not None and reaches_unit(who, Permission.CUSTODY_ACT, addressee),
        "is_away": addressee is not None or not acts,
    }


def units_to_send_to(session: Session) -> list[tuple[int, dict[str, str]]]:
    """Every active unit, by name: its id, and its code and name."""
    rows = session.execute(select(Unit.id, Unit.code, Unit.name).where(Unit.active).order_by(Unit.name))
    return [(row.id, {"code": row.code, "name": row.name}) for row in rows]


def check_points(class_code: str) -> list[tuple[str, str]]:
    """What is to be looked at before use of an item of the class: code and words of each point."""
    return [(item.code, words(item.title)) for item in CLASSES[class_code].checks]
