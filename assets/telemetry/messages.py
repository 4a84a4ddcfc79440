"""What travels through telemetry: envelopes as the broker hands them over, and what they turn out to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """One message as it came, before anybody looked inside.

    `received_ms` is the time of receipt (UNIX milliseconds), `mid` the broker's number for the acknowledgement.
    """

    topic: str
    payload: bytes
    received_ms: int
    mid: int = 0


Volts = Annotated[float, Meta(ge=0, le=100)]
# The first character class leaves out NUL and other control characters, which databases refuse.
FaultCode = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,16}\Z")]
Word = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]


class Can(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    gc=False,
    rename={"odo_km": "odo", "fuel_l": "fuel", "level_percent": "level"},
):
    """What the vehicle's own bus says: dashboard odometer km, fuel used l, tank %, engine speed, fault codes."""

    odo_km: Annotated[float, Meta(ge=0, le=1e7)] | None = None
    fuel_l: Annotated[float, Meta(ge=0, le=1e7)] | None = None
    level_percent: Annotated[float, Meta(ge=0, le=100)] | None = None
    rpm: Annotated[float, Meta(ge=0, le=20_000)] | None = None
    dtc: Annotated[tuple[FaultCode, ...], Meta(max_length=32)] = ()


class Reading(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    gc=False,
    rename={
        "up_s": "up", "device_t": "t", "alt_m": "alt", "speed_kmh": "spd", "heading_deg": "hdg", "satellites": "sat",
        "ignition": "ign", "odometer_m": "odo", "engine_s": "eng", "vehicle_v": "vext", "battery_v": "vbat",
        "signal_dbm": "gsm", "temperature_c": "tmp", "events": "ev",
    },
):  # fmt: skip
    """One sample in the product's own terms, with what can be true at all; what is merely unlikely is for the pipeline.

    Decoded straight from the wire: the names there stand in `rename`. Everything but `up_s` may be unknown;
    `device_t` is what the device takes for the time (UNIX seconds).
    """

    up_s: Annotated[float, Meta(ge=0, le=1e9)]
    device_t: Annotated[float, Meta(ge=0, le=1e14)] | None = None
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    alt_m: Annotated[float, Meta(ge=-1000, le=20_000)] | None = None
    speed_kmh: Annotated[float, Meta(ge=0, le=2000)] | None = None
    heading_deg: Annotated[float, Meta(ge=0, le=360)] | None = None
    satellites: Annotated[int, Meta(ge=0, le=200)] | None = None
    hdop: Annotated[float, Meta(ge=0, le=1000)] | None = None
    fix: Literal[0, 2, 3] | None = None
    ignition: bool | None = None
    odometer_m: Annotated[float, Meta(ge=0, le=1e10)] | None = None
    engine_s: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    vehicle_v: Volts | None = None
    battery_v: Volts | None = None
    signal_dbm: Annotated[float, Meta(ge=-200, le=50)] | None = None
    temperature_c: Annotated[float, Meta(ge=-100, le=200)] | None = None
    events: Annotated[tuple[Word, ...], Meta(max_length=16)] = ()
    can: Can | None = None


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Something that cannot become a reading: why, the bytes it was, and its number if that could be read."""

    reason: str
    raw: bytes
    seq: int | None = None


class Report(msgspec.Struct, frozen=True):
    """Samples of one boot: `readings[i]` has the number `first_seq + i`, and is None where `bad` says why.

    `live`: sent out of turn. `gone` are numbers (inclusive ranges) that the tracker can no longer send.
    """

    life: str
    boot: int
    first_seq: int
    readings: list[Reading] | list[Reading | None]
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
