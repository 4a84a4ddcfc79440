"""What travels through telemetry: envelopes as the broker hands them over, and what they turn out to say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message as it came, before anybody looked inside; `mid` is the broker's number for the acknowledgement."""

    topic: str
    payload: bytes
    received_at: datetime
    mid: int = 0
    retain: bool = False
    dup: bool = False


class Can(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What the vehicle's own bus says: dashboard odometer km, fuel used l, tank %, engine speed, fault codes."""

    odo_km: float | None = None
    fuel_l: float | None = None
    level_percent: float | None = None
    rpm: float | None = None
    dtc: tuple[str, ...] = ()


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One sample in the product's own terms, whoever's format it came in.

    `event_ms` is the time it is believed to have happened (UNIX milliseconds), None while that is unknown;
    `device_t` is what the device claimed (seconds), kept beside it. `digest` tells two contents apart.
    """

    seq: int
    up_s: float
    digest: int
    event_ms: int | None = None
    device_t: float | None = None
    lat: float | None = None
    lon: float | None = None
    alt_m: float | None = None
    speed_kmh: float | None = None
    heading_deg: float | None = None
    satellites: int | None = None
    hdop: float | None = None
    fix: int | None = None
    ignition: bool | None = None
    odometer_m: float | None = None
    engine_s: float | None = None
    vehicle_v: float | None = None
    battery_v: float | None = None
    signal_dbm: float | None = None
    temperature_c: float | None = None
    events: tuple[str, ...] = ()
    can: Can | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Something that cannot become a reading: why, the bytes it was, and its number if that could be read."""

    reason: str
    raw: bytes
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Samples of one boot; `gone` are numbers (inclusive ranges) that the tracker can no longer send."""

    life: str
    boot: int
    readings: tuple[Reading, ...]
    bad: tuple[Undecodable, ...] = ()
    live: bool = False
    gone: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Hello:
    """A tracker introduces itself; `oldest` and `newest` are the (boot, seq) that it still holds."""

    life: str
    boot: int
    conn: int
    up_s: float
    firmware: str | None = None
    hardware: str | None = None
    device_t: float | None = None
    oldest: tuple[int, int] | None = None
    newest: tuple[int, int] | None = None
    reset: str | None = None


@dataclass(frozen=True, slots=True)
class Bye:
    """The broker's word that a connection ended (the tracker's last will)."""

    life: str
    boot: int
    conn: int


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a command."""

    command_id: str
    ok: bool
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is stored of one boot: the only thing that permits a tracker to erase (wire.md, receipt)."""

    tracker: str
    life: str
    boot: int
    upto: int
    got: tuple[tuple[int, int], ...] = ()
    want: tuple[tuple[int, int], ...] = ()

    def body(self) -> dict[str, object]:
        """The JSON object of the wire, version 1."""
        return {
            "v": 1,
            "life": self.life,
            "boot": self.boot,
            "upto": self.upto,
            "got": [list(pair) for pair in self.got],
            "want": [list(pair) for pair in self.want],
        }


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a broker listens and how ingest signs in."""

    host: str
    port: int
    user: str
    secret: str
    authority: str | None = None
    tls: bool = False


Message = Report | Hello | Bye | Result
"""What a readable payload turns out to be."""
