"""Reads of how trackers do: latest state, completeness, what was set aside, the pulse of ingest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.telemetry.codecs.guest import LIFE as GUEST_LIFE
from assets.telemetry.days import to_moment
from assets.telemetry.models import (
    Boot,
    Device,
    Dirty,
    IngestStatus,
    SetAside,
    Tracker,
    TrackerInstallation,
)
from assets.telemetry.presence import NEVER, Presence
from assets.telemetry.queries.presences import presences
from assets.telemetry.ranges import Pair, RangeSet


@dataclass(frozen=True, slots=True)
class BootAccount:
    """How complete one boot is: `missing` may still come, `gone` will not."""

    life: str
    boot: int
    upto: int
    missing: tuple[Pair, ...]
    gone: tuple[Pair, ...]
    stored: int
    expected: int


@dataclass(frozen=True, slots=True)
class TrackerState:
    """What is known of a tracker (`GET /trackers/{id}`); `presence` and its reason in the words of `presence.py`."""

    tracker: str
    asset_id: int | None
    revoked_at: datetime | None
    presence: str
    heard_at: datetime | None
    event_at: datetime | None
    position_at: datetime | None
    lat: float | None
    lon: float | None
    speed_kmh: float | None
    heading_deg: float | None
    ignition: bool | None
    vehicle_v: float | None
    battery_v: float | None
    stored: int
    set_aside: int
    pending: int
    derived_until: datetime | None
    firmware: str | None
    reason: str
    reason_since: datetime | None
    silent_until: datetime | None = None


def tracker_states(main: Session, telemetry: Session, ids: Sequence[str], now: datetime) -> list[TrackerState]:
    """The states of the trackers named, in their order; unknown ones are left out. A few queries, however many."""
    mounted: Sequence[tuple[Tracker, int | None]] = main.execute(
        select(Tracker, TrackerInstallation.asset_id)
        .outerjoin(
            TrackerInstallation,
            (TrackerInstallation.tracker_id == Tracker.id) & TrackerInstallation.ended_at.is_(None),
        )
        .where(Tracker.id.in_(ids))
    ).all()
    known = {tracker.id: tracker for tracker, _ in mounted}
    assets = {tracker.id: asset_id for tracker, asset_id in mounted if asset_id is not None}
    devices = {row.tracker_id: row for row in telemetry.scalars(select(Device).where(Device.tracker_id.in_(ids)))}
    dirty = select(Dirty.device_id, func.count().label("days"), func.min(Dirty.first_ms).label("first_ms"))
    pending = {row.device_id: row for row in telemetry.execute(dirty.group_by(Dirty.device_id))}
    undated = select(Boot.device_id, func.count()).where(Boot.clock_dirty).group_by(Boot.device_id)
    clocks = {row[0]: row[1] for row in telemetry.execute(undated)}
    said = presences(main, telemetry, devices, assets, now)
    never = Presence(NEVER, NEVER, None)
    states = []
    for tracker in ids:
        if tracker in known:
            device = devices.get(tracker)
            waiting = pending.get(device.id) if device is not None else None
            days, first_ms = (0, None) if waiting is None else (waiting.days, waiting.first_ms)
            # A boot whose beginning is to be looked at again may move samples into other days.
            days += 0 if device is None else clocks.get(device.id, 0)
            found = said.get(tracker, never)
            states.append(_state(known[tracker], assets.get(tracker), device, days, first_ms, found))
    return states


def last_heard(telemetry: Session, ids: Sequence[str]) -> dict[str, datetime]:
    """When each of these trackers was last heard; those never heard are left out. One query."""
    rows = telemetry.execute(select(Device.tracker_id, Device.heard_ms).where(Device.tracker_id.in_(ids)))
    return {tracker: heard for tracker, ms in rows if (heard := _moment(ms)) is not None}


def _state(
    tracker: Tracker,
    asset_id: int | None,
    device: Device | None,
    pending: int,
    dirty_ms: int | None,
    found: Presence,
) -> TrackerState:
    device = device or Device(tracker_id=tracker.id, stored=0, set_aside=0)
    derived_ms = device.event_ms if dirty_ms is None else dirty_ms
    return TrackerState(
        tracker=tracker.id,
        asset_id=asset_id,
        revoked_at=tracker.revoked_at,
        presence=found.state,
        heard_at=_moment(device.heard_ms),
        event_at=_moment(device.event_ms),
        position_at=_moment(device.position_ms),
        lat=device.lat,
        lon=device.lon,
        speed_kmh=device.speed_kmh,
        heading_deg=device.heading_deg,
        ignition=device.ignition,
        vehicle_v=device.vehicle_v,
        battery_v=device.battery_v,
        stored=device.stored,
        set_aside=device.set_aside,
        pending=pending,
        derived_until=_moment(derived_ms),
        firmware=device.firmware,
        reason=found.reason,
        reason_since=_moment(found.since_ms),
    )


def _moment(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else to_moment(at_ms)


def boot_accounts(session: Session, tracker: str) -> list[BootAccount]:
    """The boots of a tracker, oldest first; none of a guest, which numbers nothing."""
    found = (
        select(Boot)
        .join(Device, Device.id == Boot.device_id)
        .where(Device.tracker_id == tracker, Boot.life != GUEST_LIFE)
        .order_by(Boot.first_heard_ms, Boot.life, Boot.boot)
    )
    return [_account(row) for row in session.scalars(found)]


def _account(row: Boot) -> BootAccount:
    stored, aside = RangeSet.loads(row.stored), RangeSet.loads(row.aside)
    gone, given_up = RangeSet.loads(row.gone), RangeSet.loads(row.given_up)
    here = stored | aside
    highest = max(stored.highest, gone.highest, row.beyond)
    missing = (here | gone).missing_to(highest)
    upto = (here | gone | given_up).upto
    return BootAccount(row.life, row.boot, upto, missing.pairs, gone.pairs, len(stored), highest + 1)


def completeness(accounts: Sequence[BootAccount]) -> float | None:
    """Samples stored of all that the tracker is known to have taken; None while it took none.

    None of a guest as well: it numbers nothing, so what is missing cannot be known.
    """
    expected = sum(account.expected for account in accounts)
    return None if expected == 0 else min(1.0, sum(account.stored for account in accounts) / expected)


def set_asides(
    session: Session,
    *,
    since: datetime | None = None,
    tracker: str | None = None,
    within: Collection[str] | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> Sequence[SetAside]:
    """What was set aside, newest first; of the trackers in `within` only, where it is given."""
    found = select(SetAside).order_by(SetAside.id.desc()).limit(limit)
    if since is not None:
        found = found.where(SetAside.received_at >= since)
    if tracker is not None:
        found = found.where(SetAside.tracker_id == tracker)
    if within is not None:
        found = found.where(SetAside.tracker_id.in_(sorted(within)))
    if before_id is not None:
        found = found.where(SetAside.id < before_id)
    return session.scalars(found).all()


def ingest_status(session: Session) -> IngestStatus | None:
    """The pulse of ingest, None before its first start."""
    return session.get(IngestStatus, 1)
