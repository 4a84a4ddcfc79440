"""What the tests of days put in: assets with events, uses, standstills and days of telemetry, without the web."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.core.actor import system_actor
from assets.core.app import App
from assets.core.clock import day_start
from assets.custody.models import UseSession
from assets.labels.token import new_code
from assets.maintenance.models import Downtime, WorkOrder
from assets.metrics.models import AssetDay
from assets.metrics.roll_up import roll_up_days
from assets.registry.models import Asset
from assets.registry.service.timeline import Occurrence, record
from assets.telemetry.models import Tracker, TrackerDay, TrackerInstallation
from tests.support.world import World

ZONE = ZoneInfo("Asia/Tashkent")
SETUP = system_actor("tests")
FIRST = date(2026, 9, 1)
"""The day on which the tests' assets are registered."""
_number = count(1)


def local(day: int, hour: float = 12) -> datetime:
    """A moment on the local day `day` (0: the first)."""
    return day_start(FIRST + timedelta(days=day), ZONE) + timedelta(hours=hour)


def add_asset(session: Session, world: World, class_code: str, unit: str = "IMT-TK", **changes: Any) -> Asset:
    """An asset in service since the first day."""
    asset = Asset(
        class_id=world.classes[class_code].id, unit_id=world.units[unit].id, code=new_code(),
        **({"life": "in_service", "registered_at": local(0, 6)} | changes),
    )  # fmt: skip
    session.add(asset)
    session.flush()
    return asset


def add_use(session: Session, asset: Asset, at: datetime, hours: str = "1") -> None:
    """A use as a person would report it."""
    event = record(session, SETUP, asset, "use", Occurrence(at, at))
    session.add(UseSession(event_id=event.id, asset_id=asset.id, unit_id=asset.unit_id, at=at, hours=Decimal(hours)))


def add_sighting(session: Session, asset: Asset, at: datetime, grade: str | None = "B") -> str:
    """Somebody had the asset before them; gives the event's id."""
    return record(session, SETUP, asset, "sighting", Occurrence(at, at), grade=grade, seen=True).id


def add_standstill(
    session: Session, asset: Asset, start: datetime, end: datetime | None, cause: str = "failure"
) -> WorkOrder:
    """A repair with its downtime."""
    order = WorkOrder(
        asset_id=asset.id, kind="corrective", title="Repair", severity="major", opened_at=start, started_at=start,
        state="done" if end else "in_progress", done_at=end, closed_at=end,
    )  # fmt: skip
    session.add(order)
    session.flush()
    session.add(Downtime(asset_id=asset.id, work_order_id=order.id, started_at=start, ended_at=end, cause=cause))
    return order


def add_tracker(session: Session, asset: Asset, since: datetime) -> str:
    """A tracker on the asset."""
    tracker_id = f"trk-{next(_number):05d}"
    session.add(Tracker(id=tracker_id, added_at=since, secret_at=since))
    session.flush()
    session.add(TrackerInstallation(tracker_id=tracker_id, asset_id=asset.id, started_at=since))
    return tracker_id


def add_tracker_day(session: Session, asset: Asset, tracker_id: str, day: int, km: float, **changes: Any) -> TrackerDay:
    """A day as telemetry would derive it."""
    values: dict[str, Any] = {
        "distance_m": km * 1000, "estimated_m": 0.0, "moving_s": km * 90, "idle_s": 600.0, "engine_s": km * 90 + 600,
        "unknown_s": 0.0, "trips": 2 if km else 0, "samples": 400,
    }  # fmt: skip
    row = TrackerDay(tracker_id=tracker_id, asset_id=asset.id, day=FIRST + timedelta(days=day), **(values | changes))
    session.add(row)
    return row


def roll_up(app: App, now: datetime) -> int:
    """Build the days, as the job does."""
    return roll_up_days(lambda: app.transaction(SETUP, now), now, ZONE)


def day_of(session: Session, asset: Asset, day: int) -> AssetDay:
    """The row of one day."""
    row = session.get(AssetDay, (asset.id, FIRST + timedelta(days=day)))
    assert row is not None
    return row


NOW = datetime(2026, 9, 30, 19, 30, tzinfo=UTC)
"""Half past midnight of 1 October in Tashkent: thirty days are over."""
