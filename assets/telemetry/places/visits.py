"""Visits: when vehicles were in places, derived anew for each stretch that is rebuilt, whatever order samples came in.

A place that was drawn or changed has its visits derived by rebuilding the stretches in which vehicles were near it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.orm import Session

from assets.core.actor import system_actor
from assets.core.app import App
from assets.core.clock import day_start
from assets.core.db import zone_of
from assets.telemetry.days import to_moment, to_ms
from assets.telemetry.geofence import Box, Fix, Shape, Stay, box_of, reach_of, renewed, stays
from assets.telemetry.marks import mark_stretch
from assets.telemetry.models import Device, Place, PlaceVisit, Sample, SampleDoubt
from assets.telemetry.pipeline import NO_POSITION_FLAGS
from assets.telemetry.places.regions import add_regions
from assets.telemetry.places.shapes import shape_of
from assets.telemetry.queries import Installation
from assets.telemetry.trips import Doubt

ACTOR = system_actor("places")
NOWHERE = frozenset({Doubt.JUMP, Doubt.FROZEN})
"""Doubts that say that a vehicle was not where its sample says."""
BY_RECEIPT = 2
"""How a sample is dated that may have come in any order: where it was is no part of a way."""


@dataclass(frozen=True)
class Fence:
    """A place as it is judged: its shape, and the moments between which it counts (half-open)."""

    place_id: int
    shape: Shape
    margin_m: float
    from_ms: int | None
    until_ms: int | None


def fences(session: Session) -> list[Fence]:
    """The places that count, by id."""
    zone = zone_of(session)
    rows = session.scalars(select(Place).where(Place.archived_at.is_(None)).order_by(Place.id))
    return [
        Fence(
            row.id, shape_of(row.shape), row.margin_m, _start_ms(row.active_from, zone),
            _start_ms(row.active_until, zone),
        )
        for row in rows
    ]  # fmt: skip


def _start_ms(day: date | None, zone: ZoneInfo) -> int | None:
    return None if day is None else to_ms(day_start(day, zone))


@dataclass(frozen=True)
class Track:
    """Where a tracker was while it was on one asset: in a stretch that changed and around it."""

    asset_id: int | None
    first_ms: int
    last_ms: int
    fixes: list[Fix]


def tracks(
    telemetry: Session,
    device_id: int,
    spans: Sequence[Installation],
    stretch: tuple[int, int],
    doubted_ms: Collection[int] = (),
) -> list[Track]:
    """What `replace_visits` needs of a stretch (first and last moment that changed), of each installation in it.

    Jumps and frozen positions are left out: those of `doubted_ms`, moments of what this rebuild has found to be ones,
    and around the stretch those that are known.
    """
    found = []
    for span in spans:
        first_ms = stretch[0] if span.start_ms is None else max(stretch[0], span.start_ms)
        last_ms = stretch[1] if span.end_ms is None else min(stretch[1], span.end_ms - 1)
        if first_ms <= last_ms:
            fixes = _fixes(telemetry, device_id, span, (first_ms, last_ms)) if span.trusted else []
            found.append(Track(span.asset_id, first_ms, last_ms, [fix for fix in fixes if fix.at_ms not in doubted_ms]))
    return found


def _fixes(telemetry: Session, device_id: int, span: Installation, stretch: tuple[int, int]) -> list[Fix]:
    start_ms, end_ms = reach_of(*stretch)
    start_ms = start_ms if span.start_ms is None else max(start_ms, span.start_ms)
    end_ms = end_ms if span.end_ms is None else min(end_ms, span.end_ms)
    doubts = select(SampleDoubt.event_ms).where(
        SampleDoubt.device_id == device_id, SampleDoubt.event_ms >= start_ms, SampleDoubt.event_ms < end_ms,
        SampleDoubt.flag.in_(doubt.value for doubt in NOWHERE),
        # What the rebuild of this stretch thinks of its own samples it says itself.
        or_(SampleDoubt.event_ms < stretch[0], SampleDoubt.event_ms > stretch[1]),
    )  # fmt: skip
    doubted = set(telemetry.scalars(doubts))
    placed = (
        select(Sample.event_ms, Sample.lat, Sample.lon, Sample.flags)
        .where(
            Sample.device_id == device_id, Sample.event_ms >= start_ms, Sample.event_ms < end_ms,
            Sample.lat.is_not(None), Sample.lon.is_not(None), Sample.dated < BY_RECEIPT,
        )
        .order_by(Sample.event_ms, Sample.boot_id, Sample.seq)
    )  # fmt: skip
    with telemetry.connection().execute(placed) as result:
        # The driver's own rows: to make objects of thousands takes as long as to read them.
        rows: Sequence[tuple[int, float, float, str | None]] = result.cursor.fetchall()
    return [
        Fix(at_ms, lat, lon)
        for at_ms, lat, lon, flags in rows
        if (flags is None or NO_POSITION_FLAGS.isdisjoint(flags.split(","))) and at_ms not in doubted
    ]


def replace_visits(session: Session, tracker: str, changed: Sequence[Track]) -> None:
    """Puts the visits of a stretch that was rebuilt in place of the older ones (main database)."""
    known = fences(session) if changed else []
    for each in changed:
        _replace(session, tracker, each, known)


def _replace(session: Session, tracker: str, changed: Track, known: Sequence[Fence]) -> None:
    asset_id, fixes, first_ms, last_ms = changed.asset_id, changed.fixes, changed.first_ms, changed.last_ms
    stored = _stored(session, tracker, first_ms, last_ms)
    near = box_of(fixes) if fixes else None
    added: list[dict[str, object]] = []
    gone: list[int] = []
    for fence in known:
        before = stored.pop(fence.place_id, [])
        touched = near is not None and fence.shape.box.grown(fence.margin_m + 1).touches(near)
        if not before and not touched:
            continue
        own = {_stay(row): row.id for row in before if row.asset_id == asset_id}
        found = stays(_within(fixes, fence), fence.shape, fence.margin_m, near) if touched else []
        old, new = renewed(list(own), found, first_ms, last_ms)
        gone += [own[stay] for stay in old if stay not in new]
        gone += [row.id for row in before if row.asset_id != asset_id and _is_of(row, fixes, first_ms, last_ms)]
        added += [_row(fence.place_id, tracker, asset_id, stay) for stay in new if stay not in old]
    if gone:
        session.execute(delete(PlaceVisit).where(PlaceVisit.id.in_(gone)))
    if added:
        session.execute(insert(PlaceVisit), added)


def _stored(session: Session, tracker: str, first_ms: int, last_ms: int) -> dict[int, list[PlaceVisit]]:
    """What is known of the stretch and its surroundings, by place."""
    start, end = (to_moment(moment) for moment in reach_of(first_ms, last_ms))
    rows = session.scalars(
        select(PlaceVisit)
        .where(PlaceVisit.tracker_id == tracker, PlaceVisit.entered_at < end)
        .where(or_(PlaceVisit.left_at >= start, PlaceVisit.left_at.is_(None) & (PlaceVisit.seen_at >= start)))
        .order_by(PlaceVisit.entered_at)
    )
    found: dict[int, list[PlaceVisit]] = defaultdict(list)
    for row in rows:
        found[row.place_id].append(row)
    return found


def _is_of(row: PlaceVisit, fixes: Sequence[Fix], first_ms: int, last_ms: int) -> bool:
    """Whether a visit of another asset lies where the tracker is known now to have been on this one."""
    entered_ms = to_ms(row.first_at)
    on_this = bool(fixes) and fixes[0].at_ms <= entered_ms <= fixes[-1].at_ms
    return on_this and first_ms <= entered_ms <= last_ms


def _within(fixes: Sequence[Fix], fence: Fence) -> Sequence[Fix]:
    if fence.from_ms is None and fence.until_ms is None:
        return fixes
    return [
        fix
        for fix in fixes
        if (fence.from_ms is None or fix.at_ms >= fence.from_ms)
        and (fence.until_ms is None or fix.at_ms < fence.until_ms)
    ]


def _stay(row: PlaceVisit) -> Stay:
    left_ms = None if row.left_at is None else to_ms(row.left_at)
    return Stay(to_ms(row.entered_at), left_ms, to_ms(row.first_at), to_ms(row.seen_at))


def _row(place_id: int, tracker: str, asset_id: int | None, stay: Stay) -> dict[str, object]:
    return {
        "place_id": place_id,
        "tracker_id": tracker,
        "asset_id": asset_id,
        "entered_at": to_moment(stay.entered_ms),
        "left_at": None if stay.left_ms is None else to_moment(stay.left_ms),
        "first_at": to_moment(stay.first_ms),
        "seen_at": to_moment(stay.seen_ms),
        "stayed_s": ((stay.seen_ms if stay.left_ms is None else stay.left_ms) - stay.entered_ms) // 1000,
    }


def derive_changed(app: App, now: datetime) -> tuple[int, int]:
    """Has the visits of places that were drawn or changed derived anew; answers (regions added, places derived).

    Regions that are no places yet become some first.
    """
    with app.transaction(ACTOR, now) as session:
        made = add_regions(session)
        statement = select(Place).where(Place.drawn > Place.derived, Place.archived_at.is_(None))
        changed = {row.id: (row.drawn, shape_of(row.shape), row.margin_m) for row in session.scalars(statement)}
    if changed:
        _forget(app, changed, now)
        _mark_near(app, [shape.box.grown(margin_m + 1) for _, shape, margin_m in changed.values()], now)
        with app.transaction(ACTOR, now) as session:
            for place_id, (drawn, _, _) in changed.items():
                place = session.get_one(Place, place_id, with_for_update=True)
                place.derived = max(place.derived, drawn)
    return made, len(changed)


def _forget(app: App, place_ids: Collection[int], now: datetime) -> None:
    """Takes the visits away that can be derived anew; what raw positions are gone for stays as it was found."""
    first = (
        select(Device.tracker_id, func.min(Sample.event_ms).label("first_ms"))
        .join(Sample, Sample.device_id == Device.id)
        .group_by(Device.tracker_id)
    )
    with app.telemetry.reading() as telemetry:
        kept = {row.tracker_id: row.first_ms for row in telemetry.execute(first)}
    with app.transaction(ACTOR, now) as session:
        for tracker, first_ms in kept.items():
            session.execute(
                delete(PlaceVisit).where(
                    PlaceVisit.place_id.in_(place_ids),
                    PlaceVisit.tracker_id == tracker,
                    PlaceVisit.entered_at >= to_moment(first_ms),
                )
            )


def _mark_near(app: App, boxes: Sequence[Box], now: datetime) -> None:
    """Marks for rebuilding what vehicles did from when they first came near until they were near for the last time."""
    near = [
        Sample.lat.between(box.south, box.north) & Sample.lon.between(box.west, box.east) for box in boxes
    ]  # fmt: skip
    with app.telemetry.reading() as telemetry:
        spans = telemetry.execute(
            select(Sample.device_id, func.min(Sample.event_ms), func.max(Sample.event_ms))
            .where(or_(*near))
            .group_by(Sample.device_id)
        ).all()
    for device_id, first_ms, last_ms in spans:
        # One at a time: a batch of samples must not wait behind a month of marks.
        with app.telemetry.transaction(ACTOR, now) as telemetry:
            mark_stretch(telemetry, device_id, first_ms, last_ms, app.settings.zone)
