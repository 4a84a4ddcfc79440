"""What fitness is judged by: takes items into care (maintenance, calibration), keeps what checks before use found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from assets.calibration import service as calibration
from assets.fitness.models import BeforeUseCheck
from assets.maintenance import service as maintenance
from assets.registry.models import Asset, AssetEvent


def take_into_care(session: Session, assets: Sequence[Asset], now: datetime) -> None:
    """Give these assets the care and calibration plans of their class that they do not have yet.

    Every door calls it that registers, receives, reclassifies or brings back assets; the hourly job only finds those
    that have no plan at all. Those still to come, withdrawn, lost or gone are left out. It needs no right of its own:
    who puts an item back brings its care back too. A few queries for each 400 assets.
    """
    maintenance.adopt_plans_of(session, assets, now)
    calibration.adopt_plans_of(session, assets, now)


def keep_check(session: Session, event: AssetEvent, failed: Sequence[str], *, passed: bool) -> None:
    """Keep what a check before use found: one not passed makes the item unfit at once, by event time.

    It needs no right of its own: who records the event has it.
    """
    session.add(
        BeforeUseCheck(
            event_id=event.id, asset_id=event.asset_id, at=event.occurred_at, n=event.n, passed=passed,
            failed=list(failed),
        )
    )  # fmt: skip
    session.flush()
