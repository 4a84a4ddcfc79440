"""The inventory of trackers: which there are, with which SIM and firmware, and which were never heard."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.telemetry import access
from assets.telemetry.days import to_moment
from assets.telemetry.models import Device, Tracker, TrackerDistrust, TrackerInstallation


@dataclass(frozen=True)
class Wanted:
    """Which trackers an inventory is asked for; empty: all. `state` is a word of `STOCK_STATES`."""

    query: str = ""
    firmware: str = ""
    vendor: str = ""
    sim_operator: str = ""
    state: str = ""


@dataclass(frozen=True)
class Stock:
    """One tracker as the inventory lists it."""

    tracker: Tracker
    asset_code: str | None
    plate: str
    unit: str
    firmware: str
    heard_at: datetime | None
    untrusted_since: datetime | None

    @property
    def state(self) -> str:
        """The first that holds of: revoked, untrusted, unmounted, never, used."""
        if self.tracker.revoked_at is not None:
            return "revoked"
        if self.untrusted_since is not None:
            return "untrusted"
        if self.asset_code is None:
            return "unmounted"
        return "never" if self.heard_at is None else "used"


STOCK_STATES = ("used", "never", "unmounted", "untrusted", "revoked")
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
STOCK_ORDERS: dict[str, Callable[[Stock], tuple[object, ...]]] = {
    "id": lambda row: (row.tracker.id,),
    "asset": lambda row: (row.asset_code or "", row.tracker.id),
    "unit": lambda row: (row.unit, row.tracker.id),
    "vendor": lambda row: (row.tracker.vendor, row.tracker.model, row.tracker.id),
    "sim_operator": lambda row: (row.tracker.sim_operator, row.tracker.id),
    "firmware": lambda row: (natural(row.firmware), row.tracker.id),
    "heard_at": lambda row: (row.heard_at or _EARLIEST, row.tracker.id),
}


def natural(version: str) -> tuple[tuple[int, str], ...]:
    """A key by which 1.10.0 comes after 1.9.2."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"[.+_-]", version))


def stock(
    session: Session, telemetry: Session, actor: Actor, wanted: Wanted, order: str, permission: Permission
) -> list[Stock]:
    """The trackers in the actor's scope that are asked for; `order` is a key of `STOCK_ORDERS`, with a minus downwards.

    They are a few thousand at most, and half of what they are ordered by lies in the other database.
    """
    rows = session.execute(
        select(Tracker, Asset.code, Asset.plate, Unit.name, TrackerDistrust.since)
        .outerjoin(
            TrackerInstallation,
            (TrackerInstallation.tracker_id == Tracker.id) & TrackerInstallation.ended_at.is_(None),
        )
        .outerjoin(Asset, Asset.id == TrackerInstallation.asset_id)
        .outerjoin(Unit, Unit.id == Asset.unit_id)
        .outerjoin(
            TrackerDistrust, (TrackerDistrust.tracker_id == Tracker.id) & TrackerDistrust.taken_back_at.is_(None)
        )
        .where(access.mounted_within(actor, permission))
    )
    said = {
        row.tracker_id: (row.firmware or "", None if row.heard_ms is None else to_moment(row.heard_ms))
        for row in telemetry.execute(select(Device.tracker_id, Device.firmware, Device.heard_ms))
    }
    found = [
        Stock(tracker, code, plate or "", unit or "", *said.get(tracker.id, ("", None)), since)
        for tracker, code, plate, unit, since in rows
    ]
    return sorted(
        (row for row in found if is_wanted(row, wanted)),
        key=STOCK_ORDERS[order.removeprefix("-")],
        reverse=order.startswith("-"),
    )


def is_wanted(row: Stock, wanted: Wanted) -> bool:
    """Whether a filter lets a tracker through; what is typed is looked for in its numbers, plate and label code."""
    tracker = row.tracker
    equal = (
        (wanted.firmware, row.firmware), (wanted.vendor, tracker.vendor), (wanted.sim_operator, tracker.sim_operator),
        (wanted.state, row.state),
    )  # fmt: skip
    if any(asked and asked != found for asked, found in equal):
        return False
    asked = wanted.query.strip().casefold()
    numbers = (tracker.id, tracker.imei, tracker.iccid, tracker.msisdn, tracker.serial, row.plate)
    plain = asked.replace("-", "")
    return (
        not asked
        or any(asked in number.casefold() for number in numbers)
        or bool(plain and row.asset_code and plain in row.asset_code.casefold())
    )
