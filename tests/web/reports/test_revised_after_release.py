"""A released summary says when days of its period changed afterwards; the donor hears it without the numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from assets.core.app import App
from assets.metrics.models import AssetDay
from assets.telemetry.models import DayRevision, TrackerDay
from tests.db.metrics.days import FIRST
from tests.support.world import SETUP, Clock
from tests.web.reports.conftest import shown_in


def _revise(app: App, clock: Clock, change_m: float) -> None:
    """More kilometres on a day of the period, a minute after the release."""
    clock.advance(timedelta(minutes=1))
    with app.transaction(SETUP, clock.now) as session:
        day = session.scalars(
            select(TrackerDay)
            .join(AssetDay, (AssetDay.asset_id == TrackerDay.asset_id) & (AssetDay.day == TrackerDay.day))
            .where(TrackerDay.day >= FIRST, AssetDay.on_register)
            .order_by(TrackerDay.id)
            .limit(1)
        ).one()
        before, day.distance_m, day.revision = day.distance_m, day.distance_m + change_m, day.revision + 1
        session.add(
            DayRevision(
                tracker_id=day.tracker_id, asset_id=day.asset_id, day=day.day, revised_on=clock.now.date(),
                reason="late_data", at=clock.now, revision=day.revision, before_m=before, after_m=day.distance_m,
                late_samples=3211,
            )
        )  # fmt: skip


def test_released_summary_whose_days_changed_says_so(
    app: App, draft: str, clock: Clock, client_for: Callable[[str], Any]
) -> None:
    coordinator, approver, donor = client_for("coordinator"), client_for("approver"), client_for("donor")
    approver.post(f"{draft}/approve", {"shown": shown_in(approver.get(draft).text)})
    assert "revised" not in donor.get(draft).text
    _revise(app, clock, 20)
    assert "3,211 late samples" in coordinator.get(draft).text
    assert "were revised after the release" not in donor.get(draft).text
    _revise(app, clock, 400_000)
    shown = donor.get(draft).text
    assert "were revised after the release" in shown
    assert "late samples" not in shown
