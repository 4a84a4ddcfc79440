"""When something happened, by a device whose clock may be wrong. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# An event that a device claims to be older than this is taken for a clock that had lost its date.
OLDEST_EVENT = timedelta(days=400)
# Below this an offset is the way of the network, which differs from request to request: to correct by it would put
# two actions of one phone, done within a second and sent apart, in the wrong order.
WORTH_NOTING = timedelta(seconds=5)


@dataclass(frozen=True)
class EventTime:
    """When a command's event happened, and what is kept of the device's clock beside it."""

    at: datetime
    noted: dict[str, object]


def event_time(occurred_at: datetime, sent_at: datetime, received_at: datetime) -> EventTime:
    """The device's time corrected by how far its clock was off when it sent: `occurred_at` + (receipt - `sent_at`).

    An offset that is not worth noting corrects nothing, so that what one phone did keeps its order however it is sent.
    What would lie in the future, or further back than `OLDEST_EVENT`, comes from a clock that was set in between: it
    is put at the receipt, and says so ('clock_clamped').
    """
    offset = received_at - sent_at
    noted: dict[str, object] = {}
    if abs(offset) >= WORTH_NOTING:
        noted = {"device_time": occurred_at.isoformat(), "clock_offset_s": round(offset.total_seconds(), 3)}
    age = sent_at - occurred_at
    if timedelta(0) <= age <= OLDEST_EVENT:
        return EventTime(received_at - age if noted else min(occurred_at, received_at), noted)
    if age < timedelta(0) and -age < WORTH_NOTING:
        return EventTime(received_at, noted)
    return EventTime(received_at, {**noted, "device_time": occurred_at.isoformat(), "clock_clamped": True})
