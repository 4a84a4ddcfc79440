"""What the pages and calls of maintenance and calibration share: their filters, titles and due words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from babel.numbers import format_decimal
from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.errors import invalid
from assets.core.i18n import Message, msg
from assets.maintenance.models import WorkOrder
from assets.people.models import Unit
from assets.people.queries import unit_by_code
from assets.people.rules import Permission
from assets.registry.models import Asset, EquipmentClass
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.meters import METER_KINDS
from assets.registry.rules.plan_titles import plan_title
from assets.registry.scope import units_for
from assets.web.context import actor, locale, the_app, words
from assets.web.parsing import parse_date, parse_moment

MAX_WITHIN_DAYS = 3650
METER_UNITS: dict[str, Message] = {
    "odometer_km": msg("km"),
    "engine_h": msg("h"),
    "hours": msg("h"),
    "uses": msg("uses"),
    "scans": msg("scans"),
    "samples": msg("samples"),
    "shots": msg("shots"),
    "wear_days": msg("wear days"),
    "tests_left": msg("tests"),
}


@dataclass(frozen=True)
class CareFilter:
    """Which unit, class and horizon a due list is narrowed to."""

    within_days: int
    unit_id: int | None
    class_id: int | None


def care_filter(session: Session, args: Mapping[str, str], default_days: int = 30) -> CareFilter:
    """`within_days`, `unit` and `class` of a due list."""
    return CareFilter(within_days(args, default_days), unit_id(session, args), class_id(session, args))


def within_days(args: Mapping[str, str], default: int = 30) -> int:
    """How many days ahead; 0 is what is due now."""
    text = args.get("within_days", "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 5 or int(text) > MAX_WITHIN_DAYS:
        raise invalid("within_days", msg("A whole number of days from 0 to %(max)s.", max=MAX_WITHIN_DAYS))
    return int(text)


def unit_id(session: Session, args: Mapping[str, str]) -> int | None:
    """The id of the unit that is filtered by."""
    return unit_by_code(session, args["unit"]).id if args.get("unit", "").strip() else None


def class_id(session: Session, args: Mapping[str, str]) -> int | None:
    """The id of the class that is filtered by."""
    code = args.get("class", "").strip()
    if not code:
        return None
    found = session.scalar(select(EquipmentClass.id).where(EquipmentClass.code == code[:40]))
    if found is None:
        raise invalid("class", msg("No class has the code %(code)s.", code=code[:40]), code="unknown_class")
    return found


def choices(session: Session, permission: Permission) -> dict[str, list[tuple[str, str]]]:
    """Units in the actor's scope and classes, for the selects of a filter bar."""
    units = session.execute(select(Unit.code, Unit.name).where(units_for(actor(), permission)).order_by(Unit.name))
    return {
        "units": [(row.code, row.name) for row in units],
        "classes": sorted(
            ((code, words(defaults.title)) for code, defaults in CLASSES.items()), key=lambda pair: pair[1]
        ),
    }


def chosen(options: Mapping[str, list[tuple[str, str]]], names: Mapping[str, str]) -> list[dict[str, str]]:
    """The chips of the active filters: `names` maps an address key to its list of options."""
    chips = []
    for key, listed in names.items():
        value = request.args.get(key, "")
        if value:
            chips.append({"label": dict(options[listed]).get(value, value), "href": address_without(key, "cursor")})
    return chips


def address_without(*dropped: str, **put: str) -> str:
    """The present address without some keys and with others."""
    pairs = [(key, value) for key, value in request.args.items(multi=True) if key not in {*dropped, *put}]
    pairs += list(put.items())
    return f"{request.path}?{urlencode(pairs)}" if pairs else request.path


def asset_title(asset: Asset) -> str:
    """What an asset is called: its model, or its class in the reader's language."""
    if asset.model is not None:
        return asset.model.full_name
    defaults = CLASSES.get(asset.equipment_class.code)
    return words(defaults.title) if defaults else asset.equipment_class.name


def order_title(order: WorkOrder) -> str:
    """What a work order is called: its plan in the reader's language, or what somebody wrote."""
    return order.title if order.plan_id is None else words(plan_title(order.title))


def meter_name(kind: str) -> str:
    """A meter in the reader's language."""
    return words(METER_KINDS[kind]) if kind in METER_KINDS else kind


def meter_unit(kind: str) -> str:
    """The unit of a meter in the reader's language."""
    return words(METER_UNITS[kind]) if kind in METER_UNITS else ""


def plain(value: Decimal | None) -> str:
    """A reading with the decimals that it was given, in the reader's way of writing numbers."""
    return "–" if value is None else format_decimal(value, "#,##0.########", locale=locale())


def number(value: Decimal | None) -> int | float | None:
    """A decimal as a JSON number, whole where it is whole."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def moment_json(value: datetime | None) -> str | None:
    """A moment in RFC 3339, UTC."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")


def date_json(value: date | None) -> str | None:
    """A day in ISO 8601."""
    return None if value is None else value.isoformat()


def optional_date(values: Mapping[str, Any], field: str) -> date | None:
    """A day, or None when the field is empty."""
    text = str(values.get(field) or "").strip()
    return parse_date(text, field) if text else None


def optional_moment(values: Mapping[str, Any], field: str) -> datetime | None:
    """A moment (a time without a zone is local), or None when the field is empty."""
    text = str(values.get(field) or "").strip()
    return parse_moment(text, the_app().settings.zone, field) if text else None


def cursor_key(after: tuple[object, ...] | None, length: int) -> tuple[object, ...] | None:
    """The cursor's key when it is one of this list's: numbers, so many, the last of them an id."""
    if after is None:
        return None
    numbers = all(isinstance(part, int | float) for part in after)
    if len(after) != length or not numbers or not isinstance(after[-1], int):
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
    return after


def code_key(after: tuple[object, ...] | None) -> tuple[object, ...] | None:
    """The cursor's key of a list by label code, when it is one."""
    if after is not None and (len(after) != 1 or not isinstance(after[0], str) or "\x00" in after[0]):
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
    return after
