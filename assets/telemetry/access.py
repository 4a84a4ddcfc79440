"""Who may see which tracker, and the record of every look at positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, joinedload

from assets.core import journal
from assets.core.actor import Actor
from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.core.journal import JournalEntry
from assets.people.models import Unit
from assets.people.rules import Permission, reach
from assets.registry.models import Asset
from assets.registry.scope import assets_for, reaches_asset
from assets.telemetry.models import Tracker, TrackerInstallation
from assets.telemetry.presence import SILENT_MODE, UNKNOWN
from assets.telemetry.queries import BootAccount, TrackerState, boot_accounts, tracker_states
from assets.telemetry.silence import silent_assets

LOOK_EVERY = timedelta(minutes=10)
LOOK = "position"


@dataclass(frozen=True)
class Carried:
    """A span of event time (half-open; an end of None is still open) in which a tracker was on an asset."""

    started_at: datetime
    ended_at: datetime | None
    asset: Asset


@dataclass(frozen=True)
class Mounted:
    """A tracker with the asset that carries it now, if any, and since when by event time."""

    tracker: Tracker
    asset: Asset | None
    since: datetime | None = None


def mounted_within(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Trackers on an asset within the actor's scope; those on none only for who reaches everything."""
    if reach(actor, permission).everything:
        return Tracker.id.is_not(None)
    return assets_for(actor, permission)


def tracker_page(
    session: Session,
    actor: Actor,
    *,
    permission: Permission = Permission.TRACKER_READ,
    query: str = "",
    after: str = "",
    limit: int = 50,
) -> list[Mounted]:
    """Trackers in the actor's scope by id, a page at a time, with their assets."""
    statement = (
        select(Tracker, Asset, TrackerInstallation.started_at)
        .outerjoin(
            TrackerInstallation,
            (TrackerInstallation.tracker_id == Tracker.id) & TrackerInstallation.ended_at.is_(None),
        )
        .outerjoin(Asset, Asset.id == TrackerInstallation.asset_id)
        .options(
            joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.model), joinedload(Asset.equipment_class)
        )
        .where(mounted_within(actor, permission), Tracker.id > after)
        .order_by(Tracker.id)
        .limit(limit)
    )
    if query:
        like = f"%{query.strip()[:80]}%"
        statement = statement.where(or_(Tracker.id.ilike(like), Asset.code.ilike(like.replace("-", ""))))
    return [Mounted(tracker, asset, since) for tracker, asset, since in session.execute(statement)]


def tracker_for(session: Session, actor: Actor, tracker_id: str, permission: Permission) -> Mounted:
    """A tracker that carries, or ever carried, an asset within scope; `NotFound` otherwise."""
    tracker = session.get(Tracker, tracker_id)
    if tracker is None:
        raise NotFound(msg("There is no such tracker, or it is not yours to see."))
    carried = carried_by(session, actor, tracker_id, permission)
    if not carried and not reach(actor, permission).everything:
        raise NotFound(msg("There is no such tracker, or it is not yours to see."))
    current = next((span for span in carried if span.ended_at is None), None)
    return Mounted(tracker, None) if current is None else Mounted(tracker, current.asset, current.started_at)


def states_for(
    session: Session, telemetry: Session, actor: Actor, mounted: Sequence[Mounted], now: datetime
) -> list[TrackerState]:
    """The states of these trackers, in their order; of one that is on somebody else's vehicle now, only its name.

    A unit that once carried a tracker keeps its own days and trips, and learns nothing of the next unit's vehicle.
    While a vehicle is silent its last place is shown to nobody, and that it is silent only to who may know of it.
    """
    everything = reach(actor, Permission.TRACKER_READ).everything
    states = {s.tracker: s for s in tracker_states(session, telemetry, [m.tracker.id for m in mounted], now)}
    silent = silent_assets(session, now)
    found = []
    for each in mounted:
        state = states[each.tracker.id]
        if each.asset is None and not everything:
            state = _blank(state)
        elif state.asset_id in silent:
            told = each.asset is not None and reaches_asset(actor, Permission.SILENCE_MANAGE, each.asset)
            state = _veiled(state, silent[state.asset_id] if told else None)
        found.append(state)
    return found


def seen_by(actor: Actor, asset: Asset, state: TrackerState) -> TrackerState:
    """The state of a tracker on an asset, without the silence of which the actor may not know."""
    if state.reason != SILENT_MODE or reaches_asset(actor, Permission.SILENCE_MANAGE, asset):
        return state
    return replace(state, reason=UNKNOWN, reason_since=None)


def _veiled(state: TrackerState, until: datetime | None) -> TrackerState:
    """The state of a tracker on a silent vehicle; `until` None: for who may not know that it is."""
    if until is None and state.reason == SILENT_MODE:
        state = replace(state, reason=UNKNOWN, reason_since=None)
    return replace(
        state, lat=None, lon=None, position_at=None, speed_kmh=None, heading_deg=None, silent_until=until
    )  # fmt: skip


def _blank(state: TrackerState) -> TrackerState:
    return replace(
        state, presence="never", stored=0, set_aside=0, pending=0, heard_at=None, event_at=None, position_at=None,
        lat=None, lon=None, speed_kmh=None, heading_deg=None, ignition=None, vehicle_v=None, battery_v=None,
        derived_until=None, firmware=None, reason="never", reason_since=None,
    )  # fmt: skip


def boots_for(telemetry: Session, actor: Actor, mounted: Mounted) -> list[BootAccount]:
    """How complete each boot of a tracker is, for whom it carries a vehicle of now; none for others."""
    if mounted.asset is None and not reach(actor, Permission.TRACKER_READ).everything:
        return []
    return boot_accounts(telemetry, mounted.tracker.id)


def carried_by(session: Session, actor: Actor, tracker_id: str, permission: Permission) -> list[Carried]:
    """The spans in which a tracker was on an asset that is within the actor's scope, oldest first."""
    statement = (
        select(TrackerInstallation, Asset)
        .join(Asset, Asset.id == TrackerInstallation.asset_id)
        .options(
            joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.model), joinedload(Asset.equipment_class)
        )
        .where(TrackerInstallation.tracker_id == tracker_id, assets_for(actor, permission))
        .order_by(TrackerInstallation.started_at)
    )
    return [Carried(row.started_at, row.ended_at, asset) for row, asset in session.execute(statement)]


def carried_spans(session: Session, actor: Actor, permission: Permission) -> list[tuple[str, Carried, bool]]:
    """Every span of every tracker, with its id and whether its asset is within the actor's scope, by id and time."""
    within = assets_for(actor, permission)
    rows = session.execute(
        select(TrackerInstallation, Asset, within)
        .join(Asset, Asset.id == TrackerInstallation.asset_id)
        .order_by(TrackerInstallation.tracker_id, TrackerInstallation.started_at)
    )
    return [
        (row.tracker_id, Carried(row.started_at, row.ended_at, asset), bool(is_within))
        for row, asset, is_within in rows
    ]


def trackers_of_asset(session: Session, asset: Asset) -> Sequence[TrackerInstallation]:
    """The installations of trackers on an asset, newest first."""
    return session.scalars(
        select(TrackerInstallation)
        .where(TrackerInstallation.asset_id == asset.id)
        .order_by(TrackerInstallation.started_at.desc())
    ).all()


def record_looks(session: Session, actor: Actor, tracker_ids: Sequence[str], now: datetime, span: str) -> None:
    """Journal that `actor` looked at positions of these trackers: one entry per person, vehicle and ten minutes."""
    recent = set(
        session.scalars(
            select(JournalEntry.entity_id).where(
                JournalEntry.entity == LOOK,
                JournalEntry.account_id == actor.account_id,
                JournalEntry.at > now - LOOK_EVERY,
                JournalEntry.entity_id.in_(tracker_ids),
            )
        )
    )
    for tracker_id in tracker_ids:
        if tracker_id not in recent:
            journal.note(session, LOOK, tracker_id, "looked", span=span)
