"""How silent windows are said: a line of the list, the banner of a vehicle, and what of them is told to whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.labels.token import format_code
from assets.operations.models import Operation
from assets.operations.queries import known_codes, known_to, operation_for_use
from assets.people.models import Unit
from assets.people.queries import unit_by_code
from assets.people.rules import Permission, may
from assets.registry.models import Asset
from assets.registry.scope import reaches_asset
from assets.telemetry.models import SilentWindowRow
from assets.telemetry.silence.rules import STATE_NAMES, State, state_of
from assets.telemetry.silence.windows import next_window, vehicles_by_code, vehicles_of
from assets.web.care import asset_title
from assets.web.context import actor, now, the_app, words
from assets.web.label_codes import read_code
from assets.web.operation_choice import operation_words

STATE_KINDS = {State.RUNNING: "away", State.PLANNED: "due", State.ENDED: "unknown"}


def told_why(session: Session, rows: Sequence[SilentWindowRow]) -> frozenset[int]:
    """The windows whose reason the viewer may read: all but those for an operation that he may not know of."""
    known = known_codes(session, actor(), {row.operation for row in rows if row.operation})
    return frozenset(row.id for row in rows if not row.operation or row.operation in known)


def window_cells(row: SilentWindowRow, *, told: bool) -> dict[str, Any]:
    """What the list and the page show of a window."""
    state = state_of(row.starts_at, row.until, now())
    return {
        "row": row,
        "title": asset_title(row.asset),
        "printed": format_code(row.asset.code),
        "kind": STATE_KINDS[state],
        "state": state.value,
        "state_words": words(STATE_NAMES[state]),
        "until": row.until,
        "called_off": row.until <= row.starts_at,
        "reason": row.reason if told else None,
        "operation": row.operation if told else "",
    }


def banner(session: Session, asset: Asset) -> dict[str, Any] | None:
    """What a vehicle's page says of its silence: None for who may not know, else the window that runs or comes next."""
    if not asset.equipment_class.is_vehicle or not may(actor(), Permission.SILENCE_MANAGE):
        return None
    if not reaches_asset(actor(), Permission.SILENCE_MANAGE, asset):
        return None
    row = next_window(session, asset.id, now())
    if row is None:
        return {"row": None}
    return {"row": row, "running": row.starts_at <= now(), "until": row.until}


def chosen_vehicles(session: Session, codes: Sequence[str], unit: str, operation: str) -> list[int]:
    """Vehicles named by label code, with all of a unit and all of the units that take part in an operation."""
    typed = [read_code(code, the_app().settings.own_label_bases, "vehicles") for code in codes if code.strip()]
    found = set(vehicles_by_code(session, actor(), typed)) if typed else set()
    if unit:
        found.update(vehicles_of(session, actor(), [unit_by_code(session, unit).id]))
    if operation:
        found.update(vehicles_of(session, actor(), units_of(session, operation)))
    if not found:
        raise invalid("vehicles", msg("Choose at least one vehicle."), code="required")
    return sorted(found)


def units_of(session: Session, operation: str) -> list[int]:
    """The units that take part in an operation which the viewer may know of; `InvalidInput` for any other."""
    code = operation_for_use(session, actor(), operation)
    found = session.scalars(select(Operation).where(Operation.code == code)).one()
    return [unit.id for unit in found.units]


def open_operations(session: Session) -> list[tuple[str, str]]:
    """(code, words) of the open operations that the viewer may know of, the latest first."""
    if not may(actor(), Permission.OPERATION_READ):
        return []
    rows = session.scalars(
        select(Operation)
        .where(known_to(actor()), Operation.closed_at.is_(None), Operation.annulled_at.is_(None))
        .order_by(Operation.starts_on.desc(), Operation.id.desc())
        .limit(100)
    )
    return [(row.code, operation_words(row)) for row in rows]


def vehicle_choices(session: Session, asset_ids: Sequence[int]) -> list[tuple[str, str]]:
    """(label code, words) of vehicles, as they are chosen."""
    rows = session.scalars(select(Asset).join(Unit, Unit.id == Asset.unit_id).where(Asset.id.in_(asset_ids)))
    found = [(row.code, _vehicle_words(row)) for row in rows]
    return sorted(found, key=lambda pair: pair[1])


def _vehicle_words(asset: Asset) -> str:
    plate = f" · {asset.plate}" if asset.plate else ""
    return f"{asset_title(asset)}{plate} · {format_code(asset.code)}"


def local_minute(moment: datetime) -> str:
    """A moment as a field for date and time takes it."""
    return moment.astimezone(the_app().settings.zone).strftime("%Y-%m-%dT%H:%M")
