"""Takes items into care: the maintenance and calibration by which fitness is judged, in the act that brings them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from assets.calibration import service as calibration
from assets.maintenance import service as maintenance
from assets.registry.models import Asset


def take_into_care(session: Session, assets: Sequence[Asset], now: datetime) -> None:
    """Give these assets the care and calibration plans of their class that they do not have yet.

    Every door calls it that registers, receives, reclassifies or brings back assets; the hourly job only finds those
    that have no plan at all. Those still to come, withdrawn, lost or gone are left out. It needs no right of its own:
    who puts an item back brings its care back too. A few queries for each 400 assets.
    """
    maintenance.adopt_plans_of(session, assets, now)
    calibration.adopt_plans_of(session, assets, now)
