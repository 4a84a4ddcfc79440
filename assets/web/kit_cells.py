"""How kits and what is in them are told: on pages, to programs and to the scan page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.core.actor import Actor
from assets.core.i18n import msg
from assets.kits.queries import Row
from assets.kits.rules.completeness import (
    COMPLETE,
    STATE_NAMES,
    Contents,
    Counted,
    LineState,
    Part,
)
from assets.kits.rules.lists import KIT_CLASS
from assets.labels.token import format_code
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.stock import STANDING_NAMES, Standing, plain
from assets.registry.scope import reaches_asset
from assets.web import care
from assets.web.context import words

STATE_KINDS = {COMPLETE: "ready", "incomplete": "blocked", "unchecked": "unknown", "no_list": "unknown"}
_WORST_FIRST = ("blocked", "due", "unknown", "ready")


def kit_cells(row: Row) -> dict[str, Any]:
    """One kit for a list: its state and, when something lacks, what lacks first."""
    state = row.contents.state
    found = row.contents.findings()
    return {
        "asset": row.asset,
        "title": care.asset_title(row.asset),
        "printed": format_code(row.asset.code),
        "kind": STATE_KINDS[state],
        "state": words(STATE_NAMES[state]),
        "why": words(found[0].message) if found else "",
        "more": max(len(found) - 1, 0),
        "parts": len(row.contents.parts),
        "checked_at": row.contents.checked_at,
    }


def contents_cells(contents: Contents) -> dict[str, Any]:
    """What is in a kit for its page: the lines of its list with what is missing first, and what is not on the list."""
    lines = [_line(state) for state in contents.lines_with_state()]
    lines.sort(key=lambda line: _WORST_FIRST.index(line["kind"]))
    parts, counted = contents.unlisted()
    return {
        "kind": STATE_KINDS[contents.state],
        "state": words(STATE_NAMES[contents.state]),
        "lines": lines,
        "others": [part_cells(part) for part in parts],
        "other_lots": [counted_cells(each) for each in counted if each.quantity],
        "checked_at": contents.checked_at,
        "is_empty": not (contents.lines or contents.parts or contents.counted),
    }


def _line(state: LineState) -> dict[str, Any]:
    line = state.line
    return {
        "name": words(line.name),
        "class": words(CLASSES[line.class_code].title),
        "number": line.number,
        "there": plain(state.there),
        "required": line.required,
        "kind": state.state,
        "state": words(msg("%(there)s of %(number)s", there=plain(state.there), number=line.number)),
        "findings": [words(finding.message) for finding in state.findings],
        "parts": [part_cells(part) for part in state.parts],
        "lots": [counted_cells(each) for each in state.counted if each.quantity or each.short],
    }


def part_cells(part: Part) -> dict[str, Any]:
    """One part: where it stands, and why."""
    if part.missing_since is not None:
        kind, text = "blocked", msg("missing")
    elif part.away:
        kind, text = "away", msg("not with the kit")
    elif not part.fit:
        kind, text = "blocked", msg("not fit")
    else:
        kind, text = "ready", msg("in it")
    return {
        "code": part.code,
        "printed": format_code(part.code),
        "name": words(part.name),
        "kind": kind,
        "state": words(text),
        "why": words(part.why) if part.why is not None else "",
        "missing_since": part.missing_since,
    }


def counted_cells(each: Counted) -> dict[str, Any]:
    """So much of a lot: how much of what, and whether it may be used."""
    return {
        "lot": each.lot_id,
        "item": each.item,
        "number": each.lot_number,
        "quantity": plain(each.quantity),
        "counted_in": each.counted_in,
        "kind": "blocked" if each.barred else "ready",
        "state": words(STANDING_NAMES[Standing(each.barred)]) if each.barred else "",
        "short": plain(each.short) if each.short else "",
    }


def is_kit(asset: Asset, contents: Contents | None) -> bool:
    """Whether the asset is a kit: of that class, or with a list or parts."""
    return contents is not None or asset.equipment_class.code == KIT_CLASS


def may_on_kit(viewer: Actor, asset: Asset) -> dict[str, bool]:
    """What the viewer may do with the kit."""
    return {
        "may_list": reaches_asset(viewer, Permission.ASSET_WRITE, asset),
        "may_put": reaches_asset(viewer, Permission.CUSTODY_ACT, asset),
        "may_check": reaches_asset(viewer, Permission.FIELD_REPORT, asset) and asset.life != "disposed",
        "may_use": reaches_asset(viewer, Permission.KIT_USE, asset) and asset.life != "disposed",
        "may_stock": reaches_asset(viewer, Permission.STOCK_WRITE, asset),
    }


def kit_for_scan(contents: Contents, former: Mapping[int, list[str]]) -> dict[str, Any]:
    """What a phone needs to check a kit: its parts with their codes, and what is counted in it.

    `former`: codes of labels that the parts had, by asset id. `lines` says how many parts each required line of the
    list asks for; a part that can count for one names its place in them.
    """
    required = [state for state in contents.lines_with_state() if state.line.required and not state.line.item]
    place = {
        part.asset_id: number
        for number, state in enumerate(required)
        for part in state.parts
        if part.fit and not part.away
    }
    return {
        "lines": [state.line.number for state in required],
        "parts": [
            {
                "code": part.code, "title": words(part.name), "missing": part.missing_since is not None,
                **({"former": former[part.asset_id]} if part.asset_id in former else {}),
                **({"line": place[part.asset_id]} if part.asset_id in place else {}),
            }
            for part in contents.parts
        ],
        "counted": [
            {
                "lot": each.lot_id, "title": f"{each.item}, {each.lot_number}", "quantity": float(each.quantity),
                "unit": each.counted_in,
            }
            for each in contents.counted
        ],
    }  # fmt: skip


def kit_json(row: Row) -> dict[str, Any]:
    """One kit for programs."""
    contents = row.contents
    return {
        "code": row.asset.code,
        "unit": row.asset.unit.code,
        "class": row.asset.equipment_class.code,
        "model": row.asset.model.full_name if row.asset.model is not None else None,
        "state": contents.state,
        "reasons": [{"code": found.code, "text": words(found.message)} for found in contents.findings()],
        "parts": len(contents.parts),
        "checked_at": care.moment_json(contents.checked_at),
    }
