"""The scan page, and what it asks for: the asset behind a code, and the persons to give it to."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.errors import NotFound
from assets.core.i18n import Message, msg
from assets.custody import queries
from assets.custody.models import UseSession
from assets.custody.rules import Situation, likely_actions
from assets.fitness.queries import fitness_of
from assets.people.models import Person
from assets.people.rules import Permission, Role
from assets.registry.models import Asset, Meter, MeterReading
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.meters import METER_KINDS
from assets.registry.scope import asset_by_code, reaches_unit
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, words
from assets.web.guessing import check_guessing, note_unknown_code
from assets.web.label_codes import read_code
from assets.web.operation_choice import likely_operations

pages = Blueprint("scan", __name__)

ACTIONS: dict[str, Message] = {
    "issue": msg("Issue to a person"),
    "return": msg("Take back"),
    "sighting": msg("Seen"),
    "fault": msg("Report a fault"),
}
METER_UNITS: dict[str, Message] = {"odometer_km": msg("km"), "engine_h": msg("h"), "hours": msg("h")}
METER_NAMES: dict[str, Message] = {**METER_KINDS, "odometer_km": msg("odometer"), "engine_h": msg("engine hours")}
ELSEWHERE = msg("issued to a person")


@pages.get("/scan")
@needs(Permission.ASSET_READ)
def scan() -> str:
    return render_template("scan.html")


@pages.get("/scan/asset/<path:code>")
@needs(Permission.ASSET_READ)
def scanned_asset(code: str) -> Any:
    """What the scan page shows of an asset; unknown and forbidden codes answer the same."""
    check_guessing()
    canonical = read_code(code, the_app().settings.own_label_bases)
    with reading() as session:
        try:
            asset = asset_by_code(session, actor(), canonical)
        except NotFound:
            note_unknown_code()
            raise
        return jsonify(_shown(session, asset))


@pages.get("/scan/persons")
@needs(Permission.CUSTODY_ACT)
def persons() -> Any:
    """At most 20 persons to whom the asker may issue, by a part of the number or name."""
    with reading() as session:
        today = local_date(now(), the_app().settings.zone)
        found = queries.persons_like(session, actor(), request.args.get("q", ""), today)
        items = [
            {
                "id": person.number,
                "name": person.name or person.number,
                "unit": person.unit.name,
                "note": person.number if person.name else None,
            }
            for person in found
        ]
    return jsonify({"items": items})


def _shown(session: Session, asset: Asset) -> dict[str, Any]:
    fitness = fitness_of(session, [asset], now())[asset.id]
    reasons = [{"code": reason.code, "text": words(reason.message)} for reason in fitness.reasons]
    defaults = CLASSES[asset.equipment_class.code]
    return {
        "code": asset.code,
        "title": asset.model.full_name if asset.model else words(defaults.title),
        "class": words(defaults.title),
        "state": {"kind": fitness.state, "text": reasons[0]["text"] if reasons else ""},
        "fit": {"ok": fitness.fit, "reasons": reasons},
        "custodian": _custodian(session, asset),
        "unit": asset.unit.name,
        "meters": _meters(session, asset),
        "usual_use": _usual_use(session, asset),
        "operations": _operations(session, asset),
        "actions": _actions(asset, fit=fitness.fit),
    }


def _custodian(session: Session, asset: Asset) -> str | None:
    if asset.custodian_person_id is None:
        return None
    if not reaches_unit(actor(), Permission.CUSTODY_SEE, asset.unit):
        return words(ELSEWHERE)
    person = session.get_one(Person, asset.custodian_person_id)
    return person.name or person.number


def _meters(session: Session, asset: Asset) -> list[dict[str, Any]]:
    """The meter that a return asks for first: a vehicle's odometer, else one that people read off.

    What uses alone are counted in is not read off anything, so it is not asked for.
    """
    was_read = (
        select(MeterReading.id).where(MeterReading.meter_id == Meter.id, MeterReading.annulled_at.is_(None)).exists()
    )
    known = {meter.kind: meter for meter in session.scalars(select(Meter).where(Meter.asset_id == asset.id, was_read))}
    usual = "odometer_km" if asset.equipment_class.is_vehicle else asset.equipment_class.usage_meter
    if usual not in known and not asset.equipment_class.is_vehicle:
        return []
    shown = [usual, *(kind for kind in sorted(known) if kind != usual)]
    return [
        {
            "kind": kind,
            "label": words(METER_NAMES[kind]),
            "value": float(value) if (value := getattr(known.get(kind), "value", None)) is not None else None,
            "unit": words(METER_UNITS[kind]) if kind in METER_UNITS else "",
        }
        for kind in shown
    ]


def _usual_use(session: Session, asset: Asset) -> dict[str, Any] | None:
    unit = {"uses": "count", "hours": "hours"}.get(CLASSES[asset.equipment_class.code].usual_use or "")
    if unit is None:
        return None
    amount = queries.usual_amount(session, asset.id, UseSession.count if unit == "count" else UseSession.hours)
    value = 1 if amount is None else int(amount) if amount == int(amount) else float(amount)
    return {"unit": unit, "value": value}


def _operations(session: Session, asset: Asset) -> list[dict[str, str]] | None:
    """The operations offered at a return, likeliest first; None where this person takes nothing back."""
    if asset.custodian_person_id is None or not reaches_unit(actor(), Permission.CUSTODY_ACT, asset.unit):
        return None
    return [{"code": code, "label": label} for code, label in likely_operations(session, asset)]


def _actions(asset: Asset, *, fit: bool) -> list[dict[str, Any]]:
    who = actor()
    offered = likely_actions(
        Situation(
            in_service=asset.life == "in_service",
            is_held=asset.custodian_person_id is not None,
            is_fit=fit,
            may_hand_over=reaches_unit(who, Permission.CUSTODY_ACT, asset.unit),
            may_report=reaches_unit(who, Permission.FIELD_REPORT, asset.unit),
            repairs=Role.TECHNICIAN.value in who.roles,
        )
    )
    return [
        {"kind": kind, "label": words(ACTIONS[kind]), "primary": place == 0} for place, kind in enumerate(offered)
    ]  # fmt: skip
