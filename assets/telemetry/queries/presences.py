"""What explains the silence of trackers: outages of ours, silent windows, and what they said of themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.registry.models import Asset
from assets.telemetry.days import to_ms
from assets.telemetry.models import Alarm, ContactLimit, Device, SilentWindowRow
from assets.telemetry.presence import LOW_BATTERY, POWER_CUT, TAMPER, Presence, Signs, Trouble, presence
from assets.telemetry.queries.outages import outages

USUAL_HOURS = 24
"""How long a tracker may be silent where its class says nothing else."""
OUTAGES_OF = timedelta(days=60)
HOUR_MS = 3_600_000


def contact_hours(main: Session) -> dict[int, int]:
    """By class the hours that trackers may be silent, where it is not the usual day."""
    return {limit.class_id: limit.hours for limit in main.scalars(select(ContactLimit))}


def presences(
    main: Session,
    telemetry: Session,
    devices: Mapping[str, Device],
    carrying: Mapping[str, int],
    now: datetime,
) -> dict[str, Presence]:
    """The presence of each of these devices, by tracker; `carrying` is the asset that each is on, if any."""
    if not devices:
        return {}
    now_ms = to_ms(now)
    hours = _hours(main, set(carrying.values()))
    silent = _silent_since(main, set(carrying.values()), now)
    troubles = _troubles(main, devices)
    missed = outages(telemetry, to_ms(now - OUTAGES_OF), now_ms)
    return {
        tracker: presence(
            Signs(
                heard_ms=device.heard_ms, event_ms=device.event_ms, online=device.online, ignition=device.ignition,
                expected_ms=hours.get(carrying.get(tracker, 0), USUAL_HOURS) * HOUR_MS,
                speed_kmh=device.speed_kmh, hello_ms=device.hello_ms, reset=device.reset,
                troubles=tuple(troubles.get(tracker, ())), outages=missed,
                silent_since_ms=silent.get(carrying.get(tracker, 0)),
            ),
            now_ms,
        )
        for tracker, device in devices.items()
    }  # fmt: skip


def _hours(main: Session, asset_ids: Collection[int]) -> dict[int, int]:
    rows = main.execute(
        select(Asset.id, ContactLimit.hours)
        .join(ContactLimit, ContactLimit.class_id == Asset.class_id)
        .where(Asset.id.in_(asset_ids))
    )
    return {row.id: row.hours for row in rows}


def _silent_since(main: Session, asset_ids: Collection[int], now: datetime) -> dict[int, int]:
    until = func.coalesce(SilentWindowRow.ended_at, SilentWindowRow.ends_at)
    rows = main.execute(
        select(SilentWindowRow.asset_id, SilentWindowRow.starts_at).where(
            SilentWindowRow.asset_id.in_(asset_ids), SilentWindowRow.starts_at <= now, now < until
        )
    )
    return {row.asset_id: to_ms(row.starts_at) for row in rows}


def _troubles(main: Session, trackers: Collection[str]) -> dict[str, list[Trouble]]:
    """What these trackers said and nobody has dealt with; the newest first."""
    rows = main.execute(
        select(Alarm.tracker_id, Alarm.kind, Alarm.last_at)
        .where(
            Alarm.tracker_id.in_(trackers), Alarm.kind.in_((POWER_CUT, TAMPER, LOW_BATTERY)),
            Alarm.ended_at.is_(None), Alarm.state != "closed",
        )
        .order_by(Alarm.last_at.desc())
    )  # fmt: skip
    found: dict[str, list[Trouble]] = defaultdict(list)
    for tracker, kind, at in rows:
        found[tracker].append(Trouble(kind, to_ms(at)))
    return found
