"""Readiness for the coordinator: units by classes in the five states, and the items behind each number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.errors import invalid
from assets.core.i18n import Message, msg
from assets.fitness.queries import ReadinessFilter, readiness
from assets.fitness.readiness import REASON_NAMES, STATES, Cell, Item, matrix
from assets.fitness.rules import DUE
from assets.labels.token import format_code
from assets.people.models import Region, Unit
from assets.people.rules import Permission
from assets.registry.rules.classes import CLASSES
from assets.registry.scope import units_for
from assets.web.auth import needs
from assets.web.care import address_without, chosen
from assets.web.context import actor, locale, now, reading, words, writing
from assets.web.exports import export_csv, wants_csv
from assets.web.parsing import encode_cursor, page

pages = Blueprint("readiness", __name__)

REASONS_SHOWN = 8
GROUP_NAMES: dict[str, Message] = {
    "vehicle": msg("Vehicles"),
    "search": msg("Search equipment"),
    "ident": msg("Identification"),
    "protect": msg("Protection"),
    "radiation": msg("Radiation"),
    "comms": msg("Communications"),
    "it": msg("Computers"),
    "kit": msg("Kits"),
}
MATRIX_COLUMNS = ("unit", "class", *STATES, "issued", "total")
FILTER_KEYS = frozenset({"unit", "class", "region", "group", "state", "reason"})
ITEM_COLUMNS = ("code", "class", "model", "unit", "region", "state", "issued", "reasons")


@dataclass(frozen=True)
class Choices:
    """What the filters offer, and the names of units."""

    units: list[tuple[str, str]]
    regions: list[tuple[str, str]]
    classes: list[tuple[str, str]]


def choices(session: Session) -> Choices:
    """Units and regions in reach, and all classes. One query."""
    name = {"ru": Region.name_ru, "uz": Region.name_uz}.get(locale(), Region.name_en)
    rows = session.execute(
        select(Unit.code, Unit.name, Region.code.label("region"), name.label("region_name"))
        .join(Region, Region.id == Unit.region_id)
        .where(units_for(actor(), Permission.READINESS_READ))
        .order_by(Unit.name)
    ).all()
    regions = {row.region: row.region_name for row in rows}
    classes = {code: words(defaults.title) for code, defaults in CLASSES.items()}
    return Choices(
        [(row.code, row.name) for row in rows],
        sorted(regions.items(), key=lambda pair: pair[1]),
        sorted(classes.items(), key=lambda pair: pair[1]),
    )


def wanted_from(args: Mapping[str, str], offered: Choices) -> ReadinessFilter:
    """Unit, class and region of the address; `InvalidInput` for one that there is not."""
    keys: tuple[tuple[str, list[tuple[str, str]]], ...] = (
        ("unit", offered.units), ("class", offered.classes), ("region", offered.regions),
    )  # fmt: skip
    for key, known in keys:
        value = args.get(key, "").strip()
        if value and value not in dict(known):
            raise invalid(key, msg("There is none with the code %(code)s.", code=value[:40]), code=f"unknown_{key}")
    return ReadinessFilter(*(args.get(key, "").strip() for key, _ in keys))


@pages.get("/readiness")
@needs(Permission.READINESS_READ)
def overview() -> Any:
    """Units by classes, each number with its state; the worst reasons."""
    with reading() as session:
        offered = choices(session)
        items = readiness(session, actor(), wanted_from(request.args, offered), now())
    group = _group()
    if group:
        items = [item for item in items if item.class_code.partition(".")[0] == group]
    found = matrix(items)
    if wants_csv():
        with writing() as session:
            return export_csv(session, "readiness_list", MATRIX_COLUMNS, _matrix_rows(found.cells), FILTER_KEYS)
    names = dict(offered.classes)
    options = {"units": offered.units, "classes": offered.classes, "regions": offered.regions}
    return render_template(
        "readiness/overview.html",
        total=found.total,
        states=[(state, found.total.counts[state], _items(_filters(), state)) for state in STATES],
        columns=[names.get(code, code) for code in found.classes],
        rows=[
            {
                "name": unit_name,
                "href": _items(_filters() | {"unit": unit}, ""),
                "cells": [_cell(found.cells.get((unit, code)), unit, code) for code in found.classes],
                "sum": _cell(found.by_unit[unit], unit, ""),
            }
            for unit, unit_name in found.units
        ],
        sums=[_cell(found.by_class[code], "", code) for code in found.classes],
        whole=_cell(found.total, "", ""),
        reasons=_told(found.total.why(), ""),
        falls_due=_told(found.total.falls_due(), DUE),
        groups=_groups(group),
        kept=[("group", group)] if group else [],
        active=chosen(options, {"unit": "units", "class": "classes", "region": "regions"}),
        export=address_without(format="csv"),
        **options,
    )


def _told(reasons: list[tuple[str, int]], state: str) -> list[tuple[str, int, str]]:
    """The commonest reasons in words, each with its items."""
    return [
        (words(REASON_NAMES[code]), count, _items(_filters() | {"reason": code}, state))
        for code, count in reasons[:REASONS_SHOWN]
    ]


def _filters() -> dict[str, str]:
    return {key: request.args[key] for key in ("unit", "class", "region", "group") if request.args.get(key)}


def _group() -> str:
    group = request.args.get("group", "").strip()
    if group and group not in GROUP_NAMES:
        raise invalid("group", msg("This is one of: %(known)s.", known=", ".join(GROUP_NAMES)), code="unknown_word")
    return group


def _groups(present: str) -> list[dict[str, Any]]:
    offered = [("", words(msg("All classes"))), *((key, words(name)) for key, name in GROUP_NAMES.items())]
    return [
        {
            "label": label,
            "href": address_without("group", **({"group": key} if key else {})),
            "current": key == present,
        }
        for key, label in offered
    ]


def _items(narrowed: Mapping[str, str], state: str) -> str:
    pairs = urlencode({**narrowed, **({"state": state} if state else {})})
    return f"/readiness/items?{pairs}" if pairs else "/readiness/items"


def _cell(cell: Cell | None, unit: str, class_code: str) -> dict[str, Any] | None:
    """A cell for the template; None where there is no such item."""
    if cell is None:
        return None
    narrowed = _filters() | ({"unit": unit} if unit else {}) | ({"class": class_code} if class_code else {})
    address = _items(narrowed, "")
    joint = "&" if "?" in address else "?"
    return {
        "issued": cell.issued,
        "total": cell.total,
        "states": [(state, count, f"{address}{joint}state={state}") for state, count in cell.states()],
    }


def _matrix_rows(cells: Mapping[tuple[str, str], Cell]) -> Iterator[tuple[object, ...]]:
    for (unit, class_code), cell in cells.items():
        yield (unit, class_code, *(cell.counts[state] for state in STATES), cell.issued, cell.total)


def _order(item: Item) -> tuple[str, str, str]:
    return (item.unit, item.class_code, item.code)


def items_of(items: list[Item]) -> list[Item]:
    """The items in the state and counted under the reason that the address asks for, by unit, class and code."""
    state, reason, group = request.args.get("state", "").strip(), request.args.get("reason", "").strip(), _group()
    if state and state not in STATES:
        raise invalid("state", msg("This is one of: %(known)s.", known=", ".join(STATES)), code="unknown_word")
    if reason and reason not in REASON_NAMES:
        raise invalid("reason", msg("This is one of: %(known)s.", known=", ".join(REASON_NAMES)), code="unknown_word")
    return sorted(
        (
            item
            for item in items
            if (not state or item.state == state)
            and (not reason or item.why == reason)
            and (not group or item.class_code.partition(".")[0] == group)
        ),
        key=_order,
    )


@pages.get("/readiness/items")
@needs(Permission.READINESS_READ)
def item_list() -> Any:
    """The items behind a number, each with its reasons."""
    paging = page(request.args)
    after = paging.after
    if after is not None and (len(after) != 3 or not all(isinstance(part, str) for part in after)):
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
    with reading() as session:
        offered = choices(session)
        items = items_of(readiness(session, actor(), wanted_from(request.args, offered), now()))
    if wants_csv():
        with writing() as session:
            return export_csv(session, "readiness_items_list", ITEM_COLUMNS, _item_rows(items), FILTER_KEYS)
    total = len(items)
    if after is not None:
        items = [item for item in items if _order(item) > tuple(map(str, after))]
    shown, more = items[: paging.limit], len(items) > paging.limit
    names = dict(offered.classes)
    options = {"units": offered.units, "classes": offered.classes, "regions": offered.regions}
    return render_template(
        "readiness/items.html",
        rows=[
            {
                "item": item,
                "title": title_of(item, names),
                "class": names.get(item.class_code, item.class_code),
                "printed": format_code(item.code),
                "reasons": [words(reason.message) for reason in item.reasons],
            }
            for item in shown
        ],
        total=total,
        states=STATES,
        kept=[(key, request.args[key]) for key in ("group", "reason") if request.args.get(key)],
        active=chosen(options, {"unit": "units", "class": "classes", "region": "regions"}) + _more_chips(),
        after=address_without(cursor=encode_cursor(_order(shown[-1])) or "") if more else "",
        export=address_without("cursor", format="csv"),
        back=f"/readiness?{urlencode(_filters())}" if _filters() else "/readiness",
        is_empty=not shown,
        **options,
    )


def _more_chips() -> list[dict[str, str]]:
    """Chips for what only a link sets: a reason and a group of classes."""
    chips = []
    if group := _group():
        chips.append({"label": words(GROUP_NAMES[group]), "href": address_without("group", "cursor")})
    if code := request.args.get("reason", "").strip():
        chips.append({"label": words(REASON_NAMES[code]), "href": address_without("reason", "cursor")})
    return chips


def title_of(item: Item, names: Mapping[str, str]) -> str:
    """What an item is called: its model, or its class where the model is not known."""
    return f"{item.maker or ''} {item.model or ''}".strip() or names.get(item.class_code, item.class_code)


def _item_rows(items: list[Item]) -> Iterator[tuple[object, ...]]:
    for item in items:
        reasons = " ".join(words(reason.message) for reason in item.reasons)
        model = f"{item.maker or ''} {item.model or ''}".strip()
        yield (item.code, item.class_code, model, item.unit, item.region, item.state, item.issued, reasons)
