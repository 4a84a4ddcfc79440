"""A closed month whose days changed says so: in the figures, on the page, and beside a summary that was released."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from assets.core.app import App
from assets.metrics.models import AssetDay
from assets.telemetry.models import DayRevision, Tracker, TrackerDay
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

OCTOBER = {"from": "2026-10-01", "to": "2026-11-01"}


@pytest.fixture
def revised(app: App, world: World, clock: Clock) -> None:
    """A vehicle of 80 km on one October day, 70 of which came in November; and a change within October."""
    day = date(2026, 10, 20)
    with app.transaction(SETUP, clock.now) as session:
        asset = put_asset(session, world, "vehicle.patrol", clock.now - timedelta(days=40), plans=False)
        session.add(Tracker(id="TRK-A", kind="native", added_at=clock.now, secret_at=clock.now))
        session.flush()
        nothing: dict[str, Any] = dict.fromkeys(("estimated_m", "moving_s", "idle_s", "engine_s", "unknown_s"), 0)
        session.add(
            TrackerDay(
                tracker_id="TRK-A", asset_id=asset.id, day=day, distance_m=80_000, trips=1, samples=900, revision=3,
                **nothing,
            )
        )  # fmt: skip
        for revised_on, before, after in ((date(2026, 10, 25), 9_000, 10_000), (date(2026, 11, 2), 10_000, 80_000)):
            session.add(
                DayRevision(
                    tracker_id="TRK-A", asset_id=asset.id, day=day, revised_on=revised_on, reason="late_data",
                    at=clock.now, revision=2, before_m=before, after_m=after, late_samples=800,
                )
            )  # fmt: skip
        session.execute(
            insert(AssetDay),
            [
                {
                    "asset_id": asset.id, "day": day, "month": 202610, "class_id": world.classes["vehicle.patrol"].id,
                    "region_id": world.regions["UZ-TK"].id, "unit_id": world.units["IMT-TK"].id, "vehicle": True,
                    "on_register": True, "off_road": False, "down_s": 0, "known": True, "used": True, "uses": 0,
                    "use_s": 0, "measured_m": 80_000, "tracked": True, "heard": True, "silent": False, "seen": False,
                    "touched": True, "attended": True, "subject_to_calibration": False, "in_calibration": False,
                }
            ],
        )  # fmt: skip


@pytest.mark.usefixtures("revised")
def test_figures_of_a_month_say_what_changed_after_it(api: Callable[[str], Api], clock: Clock) -> None:
    answer = api("coordinator").get("/utilisation", by="month", **OCTOBER).json
    assert answer is not None
    (said,) = {repr(item["revised"]) for item in answer["items"]}
    first = answer["items"][0]["revised"]
    assert first == {
        "at": clock.now.isoformat().replace("+00:00", "Z"), "before_km": 10.0, "after_km": 80.0, "days": 1,
        "late_samples": 800, "reasons": ["late_data"],
    }, said  # fmt: skip
    by_class = api("coordinator").get("/utilisation", by="class", **OCTOBER).json
    assert by_class is not None
    assert all("revised" not in item for item in by_class["items"])


@pytest.mark.usefixtures("revised")
def test_month_of_another_unit_is_no_news(api: Callable[[str], Api]) -> None:
    answer = api("logistics2").get("/utilisation", by="month", **OCTOBER).json
    assert answer == {"items": [], "next": None}


@pytest.mark.usefixtures("revised")
def test_page_shows_a_closed_month_as_revised(client_for: Callable[[str], Browser]) -> None:
    page = client_for("coordinator").get("/utilisation?by=month&from=2026-10-01&to=2026-11-01").text
    assert "from 10.0 to 80.0 km: 800 late samples" in page
    assert (
        "late samples" not in client_for("coordinator").get("/utilisation?by=class&from=2026-10-01&to=2026-11-01").text
    )
