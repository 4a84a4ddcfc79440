"""Tables of telemetry: what was said (telemetry database) and what it means for assets (main database)."""

from __future__ import annotations

from assets.telemetry.models.samples import Boot, Device, Dirty, IngestStatus, Sample, Serial, SetAside
from assets.telemetry.models.trackers import TRACKER_KINDS, Tracker, TrackerDay, TrackerInstallation, TripRow

__all__ = [
    "TRACKER_KINDS",
    "Boot",
    "Device",
    "Dirty",
    "IngestStatus",
    "Sample",
    "Serial",
    "SetAside",
    "Tracker",
    "TrackerDay",
    "TrackerInstallation",
    "TripRow",
]
