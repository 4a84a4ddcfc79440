"""Reads of places and visits: which there are, who was there when, and on which days a vehicle left its region."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.clock import day_start, local_date
from assets.core.clock import days as days_of
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.people.models import Unit
from assets.people.rules import Permission, reach
from assets.registry.scope import units_within
from assets.telemetry.models import Place, PlaceVisit
from assets.telemetry.places.rules import KINDS, REGION


@dataclass(frozen=True)
class PlaceFilter:
    """What the list is narrowed to: a kind ('' for all), a unit, and whether archived ones are shown instead."""

    kind: str = ""
    unit_id: int | None = None
    archived: bool = False


def places_for(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """A condition on `Place`: those of the actor's units, and to see also those of no unit."""
    within = reach(actor, permission)
    if within.everything:
        return true()
    own = and_(Place.unit_id.is_not(None), units_within(within, func.coalesce(Place.unit_id, -1)))
    if within.is_nothing or permission is not Permission.POSITION_READ:
        return own
    return or_(own, Place.unit_id.is_(None))


def _whole() -> Select[Place]:
    return select(Place).options(
        joinedload(Place.unit).joinedload(Unit.region), joinedload(Place.region)
    )  # fmt: skip


def places_page(
    session: Session, actor: Actor, wanted: PlaceFilter, *, limit: int = 50, after: tuple[object, ...] | None = None
) -> list[Place]:
    """Places that the actor may see, by name, a page at a time (`after` is the `place_key` of the last one seen)."""
    if wanted.kind and wanted.kind not in KINDS:
        raise invalid("kind", msg("This is one of: %(known)s.", known=", ".join(KINDS)), code="unknown_word")
    statement = _whole().where(places_for(actor, Permission.POSITION_READ))
    statement = statement.where(
        Place.archived_at.is_not(None) if wanted.archived else Place.archived_at.is_(None)
    )  # fmt: skip
    if wanted.kind:
        statement = statement.where(Place.kind == wanted.kind)
    if wanted.unit_id is not None:
        statement = statement.where(Place.unit_id == wanted.unit_id)
    if after is not None:
        name, last = _after(after)
        statement = statement.where(or_(Place.name > name, and_(Place.name == name, Place.id > last)))
    return list(session.scalars(statement.order_by(Place.name, Place.id).limit(limit)))


def place_key(place: Place) -> tuple[str, int]:
    """Where a place stands in the list."""
    return place.name, place.id


def _after(key: tuple[object, ...]) -> tuple[str, int]:
    name, last = (key[0], key[1]) if len(key) == 2 else (None, None)
    if not isinstance(name, str) or "\x00" in name or not isinstance(last, int) or not 0 <= last < 2**31:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
    return name, last


def place_by_id(
    session: Session, actor: Actor, place_id: int, permission: Permission = Permission.POSITION_READ, *,
    lock: bool = False,
) -> Place:  # fmt: skip
    """The place; `NotFound` when it is out of the actor's sight or there is none: both look the same."""
    statement = _whole().where(Place.id == place_id, places_for(actor, permission))
    found = session.scalar(statement.with_for_update(of=Place) if lock else statement)
    if found is None:
        raise NotFound(msg("There is no such place, or it is not yours to see."))
    return found


def visits_of_place(session: Session, place: Place, *, limit: int = 50) -> Sequence[PlaceVisit]:
    """The newest visits to a place that lasted long enough to be ones."""
    return session.scalars(
        select(PlaceVisit)
        .where(PlaceVisit.place_id == place.id, PlaceVisit.stayed_s >= place.dwell_s)
        .order_by(PlaceVisit.entered_at.desc(), PlaceVisit.id.desc())
        .limit(limit)
    ).all()


def visits_of_tracker(
    session: Session, actor: Actor, tracker: str, parts: Collection[tuple[datetime, datetime]]
) -> list[PlaceVisit]:
    """The visits of a tracker to places that the actor may see, that have some time in one of `parts`, in order."""
    if not parts:
        return []
    times = [
        and_(PlaceVisit.entered_at < end, func.coalesce(PlaceVisit.left_at, PlaceVisit.seen_at) >= start)
        for start, end in parts
    ]
    statement = (
        select(PlaceVisit)
        .join(Place, Place.id == PlaceVisit.place_id)
        .options(joinedload(PlaceVisit.place))
        .where(PlaceVisit.tracker_id == tracker, PlaceVisit.stayed_s >= Place.dwell_s, or_(*times))
        .where(places_for(actor, Permission.POSITION_READ), Place.archived_at.is_(None))
        .order_by(PlaceVisit.entered_at, PlaceVisit.id)
    )
    return list(session.scalars(statement))


def home_days(
    session: Session, tracker: str, homes: dict[int, int], first: date, until: date, zone: ZoneInfo
) -> dict[tuple[int, date], bool]:
    """By asset and local day whether it stayed in its home region; days of which nothing is known are left out.

    `homes` gives each asset's region. A day on which it was long enough in another region is one away from home; of
    its own region a single sample tells. It says yes or no and never where: that is all that some may know.
    """
    start, end = day_start(first, zone), day_start(until, zone)
    is_long = PlaceVisit.stayed_s >= Place.dwell_s
    rows = session.execute(
        select(
            PlaceVisit.asset_id, PlaceVisit.entered_at, PlaceVisit.left_at, PlaceVisit.seen_at, Place.region_id,
            is_long.label("is_long"),
        )
        .join(Place, Place.id == PlaceVisit.place_id)
        .where(
            PlaceVisit.tracker_id == tracker, PlaceVisit.asset_id.in_(homes), Place.kind == REGION,
            PlaceVisit.entered_at < end, func.coalesce(PlaceVisit.left_at, PlaceVisit.seen_at) >= start,
        )
    )  # fmt: skip
    found: dict[tuple[int, date], list[bool]] = defaultdict(list)
    for asset_id, entered_at, left_at, seen_at, region_id, long_enough in rows:
        if asset_id is None or not (long_enough or region_id == homes[asset_id]):
            continue
        first_day = max(first, local_date(entered_at, zone))
        last_day = min(until, local_date(left_at or seen_at, zone))
        for day in [*days_of(first_day, last_day), last_day]:
            if day < until:
                found[asset_id, day].append(region_id == homes[asset_id])
    return {key: all(home) for key, home in found.items()}
