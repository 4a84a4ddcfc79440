"""Annuls registrations and readings that were entered by mistake: entries that say so, nothing is deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent, Meter, MeterReading
from assets.registry.scope import require_unit
from assets.registry.service.meters import refresh
from assets.registry.service.timeline import Occurrence, append

_CHUNK = 400
# What comes with a registration, or says something of it; a label stays with its item.
_OF_REGISTRATION = frozenset({"registered", "reinstated", "annulled", "taken_over", "labelled"})


@dataclass(frozen=True)
class Since:
    """Something that happened to an asset after it was registered, so that its registration stands."""

    asset_id: int
    kind: str
    at: datetime


def happened_since(session: Session, asset_ids: Sequence[int]) -> list[Since]:
    """What happened to these assets beside their registration and what was taken over with it, oldest first."""
    found: list[Since] = []
    for first in range(0, len(asset_ids), _CHUNK):
        rows = session.execute(
            select(AssetEvent.asset_id, AssetEvent.kind, AssetEvent.occurred_at, AssetEvent.data)
            .where(
                AssetEvent.asset_id.in_(asset_ids[first : first + _CHUNK]), AssetEvent.kind.not_in(_OF_REGISTRATION)
            )
            .order_by(AssetEvent.occurred_at, AssetEvent.n)
        )  # fmt: skip
        found += [
            Since(row.asset_id, row.kind, row.occurred_at)
            for row in rows
            if not (row.kind == "issue" and row.data.get("taken_over"))
            and not (row.kind == "correction" and row.data.get("undo"))
        ]
    return found


def annul_assets(
    session: Session, actor: Actor, assets: Sequence[Asset], reason: str, now: datetime, told: Mapping[str, object]
) -> None:
    """Say that these assets were registered by mistake, and why; they are left out everywhere from now on.

    The caller has made sure that nothing `happened_since`. Labels stay bound: registered again, it is the same asset.
    """
    for asset in assets:
        require_unit(actor, Permission.IMPORT_RUN, asset.unit)
    registrations = _registrations(session, [asset.id for asset in assets])
    readings = _opening_readings(session, [asset.id for asset in assets])
    with session.no_autoflush:
        for asset in assets:
            entered = registrations.get(asset.id)
            data = {"reason": reason, **told}
            append(
                session, actor, asset, "annulled", Occurrence(now, now, n=9), data,
                corrects_id=entered.id if entered is not None else None,
            )  # fmt: skip
            asset.annulled_at = now
            asset.condition = asset.condition_at = asset.last_seen_at = None
            asset.version += 1
        for reading in readings:
            reading.annulled_at = now
    session.flush()
    for meter in {reading.meter.id: reading.meter for reading in readings}.values():
        refresh(session, meter)


def annul_readings(session: Session, actor: Actor, event_ids: Sequence[str], reason: str, now: datetime) -> int:
    """Say that the readings of these events were entered by mistake; answers how many stopped counting."""
    touched: dict[int, Meter] = {}
    count = 0
    for first in range(0, len(event_ids), _CHUNK):
        rows = session.execute(
            select(MeterReading, AssetEvent)
            .join(AssetEvent, AssetEvent.id == MeterReading.event_id)
            .options(joinedload(MeterReading.meter), joinedload(AssetEvent.asset).joinedload(Asset.unit))
            .where(
                MeterReading.event_id.in_(event_ids[first : first + _CHUNK]), MeterReading.annulled_at.is_(None)
            )
        ).all()  # fmt: skip
        for reading, wrong in rows:
            require_unit(actor, Permission.IMPORT_RUN, wrong.asset.unit)
            data = {"reason": reason, "kind": "reading", "undo": True}
            append(session, actor, wrong.asset, "correction", Occurrence(now, now), data, corrects_id=wrong.id)
            reading.annulled_at = now
            touched[reading.meter.id] = reading.meter
            count += 1
    session.flush()
    for meter in touched.values():
        refresh(session, meter)
    return count


def _registrations(session: Session, asset_ids: Sequence[int]) -> dict[int, AssetEvent]:
    """The newest registration of each asset."""
    found: dict[int, AssetEvent] = {}
    for first in range(0, len(asset_ids), _CHUNK):
        rows = session.scalars(
            select(AssetEvent)
            .where(
                AssetEvent.asset_id.in_(asset_ids[first : first + _CHUNK]),
                AssetEvent.kind.in_(("registered", "reinstated")),
            )
            .order_by(AssetEvent.received_at, AssetEvent.n)
        )
        found |= {event.asset_id: event for event in rows}
    return found


def _opening_readings(session: Session, asset_ids: Sequence[int]) -> list[MeterReading]:
    found: list[MeterReading] = []
    for first in range(0, len(asset_ids), _CHUNK):
        found += session.scalars(
            select(MeterReading)
            .join(Meter)
            .options(joinedload(MeterReading.meter))
            .where(
                Meter.asset_id.in_(asset_ids[first : first + _CHUNK]), MeterReading.source == "registered",
                MeterReading.annulled_at.is_(None),
            )
        )  # fmt: skip
    return found
