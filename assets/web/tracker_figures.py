"""How the API writes what trackers say and what follows from it."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from assets.telemetry.models import SetAside, TrackerDay, TripRow
from assets.telemetry.queries import Position


def tracker_time(moment: datetime | None) -> str | None:
    """A moment as the API gives it: UTC, with fractions as stored."""
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None


def measured_by(row: TripRow | TrackerDay) -> dict[str, Any]:
    """Who measured how much of the distance, and why some was estimated and some time unknown, by reason."""
    gps_m = row.distance_m - row.can_m - row.device_m
    return {
        "measured_by": {"can_m": round(row.can_m, 1), "device_m": round(row.device_m, 1), "gps_m": round(gps_m, 1)},
        "gaps": {
            reason: {"estimated_m": round(far_m, 1), "unknown_s": round(long_s, 1)}
            for reason, (far_m, long_s) in sorted((row.gaps or {}).items())
        },
    }


def position_figures(position: Position) -> dict[str, Any]:
    """A sample with its place."""
    return {
        "t": tracker_time(position.at),
        "received_at": tracker_time(position.received_at),
        "lat": position.lat,
        "lon": position.lon,
        "spd_kmh": position.speed_kmh,
        "life": position.life,
        "boot": position.boot,
        "seq": position.seq,
        "flags": list(position.flags),
    }


def set_aside_figures(row: SetAside, *, raw: bool) -> dict[str, Any]:
    """What was set aside; `raw`: with its bytes."""
    return {
        "id": row.id,
        "received_at": tracker_time(row.received_at),
        "tracker": row.tracker_id,
        "topic": row.topic,
        "reason": row.reason,
        "seq": row.seq,
        "times": row.times,
        "raw": base64.b64encode(row.raw).decode() if raw else None,
    }
