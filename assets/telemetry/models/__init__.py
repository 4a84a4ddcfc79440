"""Tables of telemetry: what was said (telemetry database) and what it means for assets (main database)."""

from __future__ import annotations

from assets.telemetry.models.alarms import Alarm, AlarmWord, ContactLimit, Listening
from assets.telemetry.models.derived import (
    REVISION_REASONS,
    DayRevision,
    FlagDecision,
    SampleDoubt,
    TrackerDay,
    TripRow,
)
from assets.telemetry.models.guests import GuestAccount, GuestBinding
from assets.telemetry.models.orders import SilentWindowRow, TrackerCommand
from assets.telemetry.models.places import Place, PlaceVisit
from assets.telemetry.models.samples import (
    Boot,
    CommandResult,
    Device,
    Dirty,
    IngestStatus,
    Occurrence,
    Sample,
    Serial,
    SetAside,
)
from assets.telemetry.models.silence_version import SilenceVersion
from assets.telemetry.models.trackers import (
    TRACKER_KINDS,
    Tracker,
    TrackerDistrust,
    TrackerInstallation,
    TrackerRotation,
)

__all__ = [
    "REVISION_REASONS",
    "TRACKER_KINDS",
    "Alarm",
    "AlarmWord",
    "Boot",
    "CommandResult",
    "ContactLimit",
    "DayRevision",
    "Device",
    "Dirty",
    "FlagDecision",
    "GuestAccount",
    "GuestBinding",
    "IngestStatus",
    "Listening",
    "Occurrence",
    "Place",
    "PlaceVisit",
    "Sample",
    "SampleDoubt",
    "Serial",
    "SetAside",
    "SilenceVersion",
    "SilentWindowRow",
    "Tracker",
    "TrackerCommand",
    "TrackerDay",
    "TrackerDistrust",
    "TrackerInstallation",
    "TrackerRotation",
    "TripRow",
]
