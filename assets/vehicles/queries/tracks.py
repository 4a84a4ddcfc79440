"""Whose tracks and trips: each belongs to the unit that had the vehicle then, whoever has it or owns it today."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import day_start
from assets.custody.queries.transfers import unit_chains
from assets.custody.rules.transfers import Stretch
from assets.people.models import Unit
from assets.people.rules import Permission, reach
from assets.registry.models import Asset
from assets.registry.scope import units_for
from assets.telemetry.access import Mounted, carried_by, carried_spans, tracker_page

Part = tuple[datetime, datetime]


def stretches_within(
    session: Session, actor: Actor, permission: Permission, asset: Asset, start: datetime, end: datetime
) -> list[Part]:
    """The parts of [start, end) in which a unit within the actor's reach had the asset, oldest first."""
    if reach(actor, permission).everything:
        return [(start, end)]
    chain = _chains(session, [asset]).get(asset.id, ())
    return _cut(chain, _reached(session, actor, permission), start, end)


def tracks_within(
    session: Session, actor: Actor, tracker_id: str, permission: Permission, start: datetime, end: datetime
) -> list[Part]:
    """The parts of [start, end) of a tracker's time that the actor may see, oldest first.

    All of it for who reaches everything; else what was on an asset in his sight while a unit of his had that asset:
    neither what the unit before drove, nor what a borrower drives.
    """
    if reach(actor, permission).everything:
        return [(start, end)]
    carried = carried_by(session, actor, tracker_id, permission)
    chains = _chains(session, [span.asset for span in carried])
    reached = _reached(session, actor, permission)
    parts: list[Part] = []
    for span in carried:
        first, last = max(start, span.started_at), end if span.ended_at is None else min(end, span.ended_at)
        parts += _cut(chains[span.asset.id], reached, first, last)
    return parts


def touches(parts: Sequence[Part], day: date, zone: ZoneInfo) -> bool:
    """Whether any of these parts has a moment of the local day."""
    first, last = day_start(day, zone), day_start(day + timedelta(days=1), zone)
    return any(start < last and end > first for start, end in parts)


def live_trackers(session: Session, actor: Actor, limit: int) -> list[Mounted]:
    """Trackers whose last place the actor may see, with the moment from which on it is his to see.

    A vehicle that another unit has on loan is left out, and a place from before a unit of his had it is not shown.
    """
    mounted = tracker_page(session, actor, permission=Permission.POSITION_READ, limit=limit)
    if reach(actor, Permission.POSITION_READ).everything:
        return mounted
    chains = _chains(session, [each.asset for each in mounted if each.asset is not None])
    reached = _reached(session, actor, Permission.POSITION_READ)
    found = []
    for each in mounted:
        last = chains[each.asset.id][-1] if each.asset is not None else None
        if last is not None and last.unit in reached:
            found.append(replace(each, since=_later(each.since, last.since)))
    return found


def trackers_wholly_within(session: Session, actor: Actor, permission: Permission) -> frozenset[str] | None:
    """Trackers that were on assets of the actor's units and never on others'; None for who reaches everything.

    For what has no event time of its own to be judged by: set-aside bytes may be of any span.
    """
    if reach(actor, permission).everything:
        return None
    spans = carried_spans(session, actor, permission)
    chains = _chains(session, [span.asset for _, span, is_within in spans if is_within])
    reached = _reached(session, actor, permission)
    inside: set[str] = set()
    outside: set[str] = set()
    for tracker_id, span, is_within in spans:
        inside.add(tracker_id)
        had = (s for s in chains.get(span.asset.id, ()) if s.ended is None or s.ended > span.started_at)
        held = [s for s in had if s.since is None or span.ended_at is None or s.since < span.ended_at]
        if not is_within or any(stretch.unit not in reached for stretch in held):
            outside.add(tracker_id)
    return frozenset(inside - outside)


def _chains(session: Session, assets: Collection[Asset]) -> dict[int, tuple[Stretch, ...]]:
    """The chain of each asset; one that was never sent is its unit's from the beginning."""
    known = unit_chains(session, {asset.id for asset in assets})
    return {asset.id: known.get(asset.id) or (Stretch(asset.unit_id, None),) for asset in assets}


def _reached(session: Session, actor: Actor, permission: Permission) -> frozenset[int]:
    return frozenset(session.scalars(select(Unit.id).where(units_for(actor, permission))))


def _cut(chain: Sequence[Stretch], reached: frozenset[int], start: datetime, end: datetime) -> list[Part]:
    """What is left of [start, end) when only the stretches of these units are kept."""
    parts: list[Part] = []
    for stretch in chain:
        if stretch.unit not in reached:
            continue
        first, last = _later(start, stretch.since), end if stretch.ended is None else min(end, stretch.ended)
        if first is not None and first < last:
            parts.append((first, last))
    return parts


def _later(first: datetime | None, second: datetime | None) -> datetime | None:
    if first is None or second is None:
        return first or second
    return max(first, second)
