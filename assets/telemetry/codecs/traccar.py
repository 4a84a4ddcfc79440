"""Traccar: a server of that name forwards the positions of devices in some two hundred protocols.

https://www.traccar.org/forward/
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from assets.telemetry.codecs.guest import (
    WORST_ACCURACY_M,
    GuestReport,
    Reported,
    Told,
    count,
    number,
    reading_of,
    switched,
)
from assets.telemetry.codecs.unreadable import UNREADABLE, words_of
from assets.telemetry.messages import Reading, Undecodable

KMH_PER_KNOT = 1.852
EVENTS = {
    "sos": "sos", "tow": "tow", "powerCut": "power_cut", "powerRestored": "power_back", "lowBattery": "low_battery",
    "tampering": "tamper", "removing": "tamper", "accident": "crash",
}  # fmt: skip
"""Alarms of Traccar that mean the same as a word of ours."""
LONGEST_NAME = 128

Degrees = Annotated[float, Meta(ge=-180, le=180)]
When = Annotated[str, Meta(max_length=40)] | float | None
Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME, pattern=r"^[^\x00-\x1f\x7f]*\Z")]


class Attributes(
    msgspec.Struct,
    frozen=True,
    rename={
        "satellites": "sat", "odometer_m": "odometer", "total_m": "totalDistance", "hours_ms": "hours",
        "vehicle_v": "power", "battery_v": "battery", "temperature_c": "deviceTemp", "dash_m": "obdOdometer",
        "fuel_l": "fuelUsed",
    },
):  # fmt: skip
    """The attributes that are used: what a device sends differs by its protocol."""

    satellites: Told = None
    hdop: Told = None
    ignition: bool | Told = None
    odometer_m: Told = None
    total_m: Told = None
    hours_ms: Told = None
    vehicle_v: Told = None
    battery_v: Told = None
    temperature_c: Told = None
    dash_m: Told = None
    fuel_l: Told = None
    rpm: Told = None
    rssi: Told = None
    alarm: Annotated[str, Meta(max_length=200)] | None = None


class Position(
    msgspec.Struct,
    frozen=True,
    rename={"device_time": "deviceTime", "fix_time": "fixTime", "lat": "latitude", "lon": "longitude"},
):
    """A position; `valid` false or `outdated` true: it is the last known one."""

    lat: Degrees
    lon: Degrees
    device_time: When = None
    fix_time: When = None
    valid: bool = True
    outdated: bool = False
    altitude: Told = None
    speed: Told = None
    course: Told = None
    accuracy: Told = None
    attributes: Attributes | None = None


class Device(msgspec.Struct, frozen=True, rename={"unique_id": "uniqueId"}):
    """Whose position it is."""

    unique_id: Name


class Forwarded(msgspec.Struct, frozen=True):
    """A message."""

    position: Position
    device: Device


_forwarded = msgspec.json.Decoder(Forwarded)


def decode(_kind: str, payload: bytes) -> GuestReport | Undecodable:
    """What a message says; raises nothing, whatever the bytes are."""
    if not payload.strip():
        return GuestReport(plain=("empty",))
    try:
        payload.decode("utf-8")
        told = _forwarded.decode(payload)
        return GuestReport((Reported(_reading(told.position), told.device.unique_id),))
    except UNREADABLE as error:
        return Undecodable(words_of(error), payload)
    except (ValueError, OverflowError):
        return Undecodable("deviceTime or fixTime is not a time", payload)


def _reading(position: Position) -> Reading:
    told = position.attributes or Attributes()
    current = position.valid and not position.outdated
    accuracy_m = number(position.accuracy)
    coarse = accuracy_m is not None and accuracy_m > WORST_ACCURACY_M
    # Of a place that is the last known one, `fixTime` is when it was: the message is of `deviceTime`.
    first, second = position.fix_time, position.device_time
    found = _seconds(first if current and first is not None else second)
    driven_m = number(told.odometer_m, 0, 1e10)
    events = tuple(dict.fromkeys(EVENTS[each] for each in _alarms(told.alarm) if each in EVENTS))
    return reading_of(
        t=found if found is not None else _seconds(first),
        lat=position.lat,
        lon=position.lon,
        alt=number(position.altitude, -1000, 20_000),
        spd=_kmh(position.speed),
        hdg=number(position.course, 0, 360),
        sat=count(told.satellites, 200),
        hdop=number(told.hdop, 0, 1000),
        fix=None if current and not coarse else 0,
        ign=switched(told.ignition),
        odo=number(told.total_m, 0, 1e10) if driven_m is None else driven_m,
        eng=number(told.hours_ms, 0, 1e9, scale=0.001),
        vext=number(told.vehicle_v, 0, 100),
        vbat=number(told.battery_v, 0, 100),
        # Some protocols tell dBm here, others steps of the modem; only what is below 0 is surely the first.
        gsm=number(told.rssi, -200, -1),
        tmp=number(told.temperature_c, -100, 200),
        ev=events or None,
        can=_can(told),
    )


def _kmh(knots: Told) -> float | None:
    found = number(knots, 0, 2000, scale=KMH_PER_KNOT)
    return None if found is None else round(found, 3)


def _can(told: Attributes) -> dict[str, Any] | None:
    values = {
        "odo": number(told.dash_m, 0, 1e7, scale=0.001),
        "fuel": number(told.fuel_l, 0, 1e7),
        "rpm": number(told.rpm, 0, 20_000),
    }
    return {name: value for name, value in values.items() if value is not None} or None


def _alarms(told: str | None) -> list[str]:
    return [] if told is None else [each.strip() for each in told.split(",")]


def _seconds(told: When) -> float | None:
    """UNIX seconds of a moment by ISO 8601 or in whole milliseconds, as Traccar's versions write it."""
    if told is None:
        return None
    if isinstance(told, float):
        return told / 1000 if math.isfinite(told) else None
    found = datetime.fromisoformat(told)
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
