"""How shifts and standing sets are shown: rows of the board, crews, items, and what a phone is told of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assets.core.i18n import Message, msg
from assets.labels.token import format_code
from assets.people.models import Person
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.rules.classes import CLASSES
from assets.registry.scope import reaches_asset, reaches_unit
from assets.shifts import rules
from assets.shifts.models import Shift, StandingSet, StandingSetItem
from assets.shifts.queries import ItemView, ShiftRow, ShiftView
from assets.web import care
from assets.web.context import actor, now, words

SHOW_NAMES: dict[str, Message] = {"": msg("Out now"), "late": msg("Not back"), "all": msg("All shifts")}
FATE_NAMES: dict[str, tuple[str, Message]] = {
    rules.ITEM_OUT: ("due", msg("out")),
    rules.ITEM_BACK: ("ready", msg("back")),
    rules.ITEM_PASSED_ON: ("ready", msg("with somebody else since")),
}
MISSING = ("blocked", msg("not back"))
SOMEBODY = msg("somebody of another unit")
ELSEWHERE = msg("an item of another unit")


def person_words(person: Person) -> str:
    """The person's name, to those who see who has what in his unit."""
    if not reaches_unit(actor(), Permission.CUSTODY_SEE, person.unit):
        return words(SOMEBODY)
    return person.name or person.number


def persons_words(persons: Iterable[Person]) -> str:
    """Several persons, each once."""
    return ", ".join(dict.fromkeys(person_words(person) for person in persons))


def crew_of(shift: Shift | None) -> list[Person]:
    """The crew, the first who answers first; nobody where the start is not known."""
    return [] if shift is None else [member.person for member in shift.members]


def row_cells(row: ShiftRow) -> dict[str, Any]:
    """One line of the board."""
    state = row.state(now())
    kind, name = rules.STATE_NAMES[state]
    more = row.out - len(row.missing[:3])
    return {
        "row": row,
        "kind": kind,
        "state": words(name),
        "late": state == rules.LATE,
        "holders": persons_words(row.holders) or persons_words(crew_of(row.shift)),
        "vehicle": vehicle_words(row.shift),
        "missing": [f"{care.asset_title(asset)} {format_code(asset.code)}" for asset in row.missing[:3]],
        "more": more if row.missing and more > 0 else 0,
    }


def vehicle_words(shift: Shift | None) -> str:
    """The vehicle of the shift, '' for none."""
    if shift is None or shift.vehicle is None:
        return ""
    if not reaches_asset(actor(), Permission.ASSET_READ, shift.vehicle):
        return words(ELSEWHERE)
    return f"{care.asset_title(shift.vehicle)} {format_code(shift.vehicle.code)}"


def item_cells(item: ItemView, view: ShiftView) -> dict[str, Any]:
    """One thing of a shift with what became of it."""
    is_missing = item.fate.state == rules.ITEM_OUT and view.state(now()) == rules.LATE
    kind, name = MISSING if is_missing else FATE_NAMES[item.fate.state]
    return {
        "code": item.asset.code,
        "printed": format_code(item.asset.code),
        "title": care.asset_title(item.asset),
        "kind": kind,
        "state": words(name),
        "to": person_words(item.person),
        "at": item.item.at,
        "ended_at": item.fate.ended_at,
        "out": item.fate.state == rules.ITEM_OUT,
        "until": item.asset.custody_until,
    }


def set_line(item: StandingSetItem) -> dict[str, Any]:
    """One thing of a standing set, as pages and phones show it."""
    if item.asset is not None:
        return {"code": item.asset.code, "title": _title(item.asset), "class": "", "number": 1}
    code = item.equipment_class.code if item.equipment_class is not None else ""
    title = words(CLASSES[code].title) if code in CLASSES else code
    return {"code": "", "title": title, "class": code, "number": item.number}


def _title(asset: Asset) -> str:
    return care.asset_title(asset) if reaches_asset(actor(), Permission.ASSET_READ, asset) else words(ELSEWHERE)


def set_json(standing: StandingSet) -> dict[str, Any]:
    """A standing set for a phone or a program."""
    return {
        "id": standing.id,
        "unit": standing.unit.code,
        "name": standing.name,
        "active": standing.active,
        "items": [set_line(item) for item in standing.items],
    }


def row_json(row: ShiftRow) -> dict[str, Any]:
    """A line of the board for a phone or a program."""
    shift = row.shift
    return {
        "id": row.id,
        "unit": row.unit.code,
        "state": row.state(now()),
        "started_at": care.moment_json(row.started_at),
        "ends_at": care.moment_json(row.ends_at),
        "closed_at": care.moment_json(shift.closed_at) if shift is not None else None,
        "crew": _numbers(crew_of(shift)),
        "vehicle": _vehicle_code(shift),
        "out": row.out,
        "holders": _numbers(row.holders),
    }


def view_json(view: ShiftView) -> dict[str, Any]:
    """One shift with its items for a program."""
    shift = view.shift
    return {
        "id": view.id,
        "unit": view.unit.code,
        "state": view.state(now()),
        "started_at": care.moment_json(view.started_at),
        "ends_at": care.moment_json(view.ends_at),
        "closed_at": care.moment_json(shift.closed_at) if shift is not None else None,
        "crew": _numbers(crew_of(shift)),
        "vehicle": _vehicle_code(shift),
        "note": shift.note if shift is not None else "",
        "out": view.out,
        "passed_on": view.passed_on,
        "items": [
            {
                "asset": each.asset.code,
                "to": _numbers([each.person])[0],
                "issued_at": care.moment_json(each.item.at),
                "state": each.fate.state,
                "ended_at": care.moment_json(each.fate.ended_at),
                "event": each.item.event_id,
            }
            for each in view.items
        ],
    }


def _numbers(persons: Iterable[Person]) -> list[str | None]:
    return [
        person.number if reaches_unit(actor(), Permission.CUSTODY_SEE, person.unit) else None for person in persons
    ]  # fmt: skip


def _vehicle_code(shift: Shift | None) -> str | None:
    if shift is None or shift.vehicle is None:
        return None
    return shift.vehicle.code if reaches_asset(actor(), Permission.ASSET_READ, shift.vehicle) else None
