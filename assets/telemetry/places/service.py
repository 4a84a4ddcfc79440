"""What people do with places: draw one, change it, take it out of use and back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import msg
from assets.people.models import Unit
from assets.people.rules import Permission, reach, require
from assets.registry.scope import require_unit
from assets.telemetry.models import Place
from assets.telemetry.places.queries import place_by_id
from assets.telemetry.places.rules import REGION, PlaceGiven

_DRAWN = ("shape", "margin_m", "active_from", "active_until")
"""A change of one of these changes visits."""


def add_place(session: Session, actor: Actor, given: PlaceGiven, unit: Unit | None) -> Place:
    """A new place, of a unit or, for who reaches everything, of none."""
    require(actor, Permission.PLACE_WRITE)
    _check_unit(actor, unit)
    place = Place(unit=unit, **_values(given.checked()))
    session.add(place)
    session.flush()
    return place


def change_place(session: Session, actor: Actor, place_id: int, given: PlaceGiven, unit: Unit | None) -> Place:
    """The place as it is said to be now; its visits follow a little later."""
    place = place_by_id(session, actor, place_id, Permission.PLACE_WRITE, lock=True)
    if place.kind == REGION:
        raise RuleViolation(msg("Regions come with the product and are not changed here."), code="region_is_fixed")
    _check_unit(actor, unit)
    values = _values(given.checked())
    if any(getattr(place, name) != values[name] for name in _DRAWN):
        place.drawn += 1
    for name, value in values.items():
        setattr(place, name, value)
    place.unit = unit
    session.flush()
    return place


def archive_place(session: Session, actor: Actor, place_id: int, now: datetime) -> Place:
    """It counts no more; visits that were are kept."""
    place = place_by_id(session, actor, place_id, Permission.PLACE_WRITE, lock=True)
    if place.archived_at is None:
        place.archived_at = now
    return place


def restore_place(session: Session, actor: Actor, place_id: int) -> Place:
    """It counts again, also for what happened meanwhile."""
    place = place_by_id(session, actor, place_id, Permission.PLACE_WRITE, lock=True)
    if place.archived_at is not None:
        place.archived_at = None
        place.drawn += 1
    return place


def _check_unit(actor: Actor, unit: Unit | None) -> None:
    if unit is not None:
        require_unit(actor, Permission.PLACE_WRITE, unit)
    elif not reach(actor, Permission.PLACE_WRITE).everything:
        raise invalid("unit", msg("Name the unit that the place belongs to."))


def _values(given: PlaceGiven) -> dict[str, object]:
    return {
        "name": given.name, "kind": given.kind, "shape": dict(given.shape), "margin_m": given.margin_m,
        "dwell_s": given.dwell_s, "active_from": given.active_from, "active_until": given.active_until,
    }  # fmt: skip
