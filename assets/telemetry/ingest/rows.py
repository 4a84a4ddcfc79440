"""Rows as they go to the database: what a sample says in columns, and what is set aside."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec

from assets.telemetry.ingest.boots import BootState
from assets.telemetry.messages import Can, Envelope, Reading
from assets.telemetry.pipeline import NO_POSITION_FLAGS, Verdict

SAMPLE_COLUMNS = (
    "boot_id", "seq", "device_id", "event_ms", "dated", "received_ms", "flags", "up_ms", "device_t", "lat", "lon",
    "speed_kmh", "heading_deg", "satellites", "hdop", "fix", "ignition", "odometer_m", "engine_s", "vehicle_v",
    "can_odo_km", "events", "more",
)  # fmt: skip
"""A row's values in this order."""
CONTENT = UP_MS = SAMPLE_COLUMNS.index("up_ms")
"""From here on a row is what the tracker said; before it, what we make of it."""
FLAGS = SAMPLE_COLUMNS.index("flags")
EVENT_MS, DATED, RECEIVED_MS = (SAMPLE_COLUMNS.index(name) for name in ("event_ms", "dated", "received_ms"))

Row = tuple[Any, ...]


class _More(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    gc=False,
    rename={"alt_m": "alt", "battery_v": "vbat", "signal_dbm": "gsm", "temperature_c": "tmp"},
):
    """What no rule reads, as JSON under the names of the wire; the dashboard's odometer has a column of its own."""

    alt_m: float | None = None
    battery_v: float | None = None
    signal_dbm: float | None = None
    temperature_c: float | None = None
    can: Can | None = None


_encode = msgspec.json.Encoder().encode


def sample_row(boot: BootState, seq: int, reading: Reading, verdict: Verdict, received_ms: int) -> Row:
    """A sample's values; in silence without where it was."""
    silent = verdict.silent
    can = reading.can
    return (
        boot.id,
        seq,
        boot.device_id,
        verdict.event_ms,
        verdict.dated,
        received_ms,
        ",".join(verdict.flags) if verdict.flags else None,
        round(reading.up_s * 1000),
        reading.device_t,
        None if silent else reading.lat,
        None if silent else reading.lon,
        reading.speed_kmh,
        None if silent else reading.heading_deg,
        reading.satellites,
        reading.hdop,
        reading.fix,
        reading.ignition,
        reading.odometer_m,
        reading.engine_s,
        reading.vehicle_v,
        None if can is None else can.odo_km,
        ",".join(reading.events) if reading.events else None,
        _more(reading, None if silent else reading.alt_m),
    )


def _more(reading: Reading, alt_m: float | None) -> str | None:
    can = reading.can
    if can is not None:
        can = msgspec.structs.replace(can, odo_km=None)
    more = _encode(_More(alt_m, reading.battery_v, reading.signal_dbm, reading.temperature_c, can))
    return None if more == b"{}" else more.decode()


def is_placed(reading: Reading, verdict: Verdict) -> bool:
    """Whether its place may be taken for where the vehicle was."""
    return (
        reading.lat is not None
        and not verdict.silent
        and (not verdict.flags or NO_POSITION_FLAGS.isdisjoint(verdict.flags))
    )


def is_silent(row: Row) -> bool:
    """Whether a stored row lost its coordinates to a silent window."""
    flags = row[FLAGS]
    return isinstance(flags, str) and "silent" in flags.split(",")


def without_place(row: Row) -> Row:
    """The row as silence would have stored it."""
    values = list(row)
    for name in ("lat", "lon", "heading_deg"):
        values[SAMPLE_COLUMNS.index(name)] = None
    more = values[-1]
    if isinstance(more, str):
        kept = _encode(msgspec.structs.replace(msgspec.json.decode(more, type=_More), alt_m=None))
        values[-1] = None if kept == b"{}" else kept.decode()
    return tuple(values)


def says_the_same(stored: Row, again: Row) -> bool:
    """Whether two rows of one key carry the same content, as far as silence has left it."""
    if is_silent(stored) and not is_silent(again):
        again = without_place(again)
    return stored[CONTENT:] == again[CONTENT:]


@dataclass(slots=True)
class Aside:
    """One thing to set aside."""

    topic: str
    reason: str
    raw: bytes
    received_ms: int
    tracker: str | None = None
    life: str | None = None
    boot: int | None = None
    seq: int | None = None
    times: int = 1

    def print(self) -> str:
        """The same bytes for the same place on the same topic have the same print."""
        place = f"{self.topic}\n{self.life}\n{self.boot}\n{self.seq}\n".encode()
        return blake2b(place + self.raw, digest_size=16).hexdigest()


def aside_of(envelope: Envelope, boot: BootState, seq: int | None, reason: str, raw: bytes) -> Aside:
    """A sample of a boot, to be set aside."""
    return Aside(envelope.topic, reason, raw, envelope.received_ms, boot.tracker, boot.life, boot.boot, seq)
