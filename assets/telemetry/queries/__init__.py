"""Reads of telemetry; nouns. Callers use the names of this package."""

from __future__ import annotations

from assets.telemetry.queries.derived import (
    Installation,
    days,
    days_of_asset,
    dirty_stretches,
    installations,
    installed_on,
    trackers,
    trips,
    trips_of_asset,
)
from assets.telemetry.queries.samples import (
    Position,
    device_id_of,
    points,
    positions,
    sample_after,
    sample_before,
    sample_span,
    stays,
)
from assets.telemetry.queries.states import (
    BootAccount,
    TrackerState,
    boot_accounts,
    completeness,
    ingest_status,
    last_heard,
    set_asides,
    tracker_states,
)

__all__ = [
    "BootAccount",
    "Installation",
    "Position",
    "TrackerState",
    "boot_accounts",
    "completeness",
    "days",
    "days_of_asset",
    "device_id_of",
    "dirty_stretches",
    "ingest_status",
    "installations",
    "installed_on",
    "last_heard",
    "points",
    "positions",
    "sample_after",
    "sample_before",
    "sample_span",
    "set_asides",
    "stays",
    "tracker_states",
    "trackers",
    "trips",
    "trips_of_asset",
]
