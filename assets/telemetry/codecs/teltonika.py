"""Teltonika: devices whose data protocol is JSON, in the form that Amazon's device shadows have.

https://wiki.teltonika-gps.com/view/Codec_JSON
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from assets.telemetry.codecs.guest import GuestReport, Reported, Told, count, moment, number, reading_of, switched
from assets.telemetry.codecs.unreadable import UNREADABLE, words_of
from assets.telemetry.messages import Reading, Undecodable

NO_FIX = 2
"""The receiver is on and has no fix (AVL id 69)."""
WEAKEST_DBM, PER_BAR_DBM = -113.0, 12.4
"""GSM tells -113 to -51 dBm; a device that tells bars from 1 to 5 is taken to stand in the middle of its fifth."""
EVENTS = {
    (239, 1): "ignition_on", (239, 0): "ignition_off", (240, 1): "moving", (240, 0): "stopped", (246, 1): "tow",
    (252, 1): "power_cut", (252, 0): "power_back",
}  # fmt: skip
"""By the id that had the record made and its value; what other ids mean depends on the model."""


class Record(
    msgspec.Struct,
    frozen=True,
    rename={
        "ignition": "239", "movement": "240", "towing": "246", "unplugged": "252", "odometer_m": "16",
        "vehicle_mv": "66", "battery_mv": "67", "bars": "21", "gnss": "69", "hdop_tenths": "182",
    },
):  # fmt: skip
    """One record; AVL ids stand as names."""

    ts: Told = None
    latlng: Annotated[str, Meta(max_length=64)] | None = None
    alt: Told = None
    ang: Told = None
    sat: Told = None
    sp: Told = None
    evt: Told = None
    ignition: Told = None
    movement: Told = None
    towing: Told = None
    unplugged: Told = None
    odometer_m: Told = None
    vehicle_mv: Told = None
    battery_mv: Told = None
    bars: Told = None
    gnss: Told = None
    hdop_tenths: Told = None


class State(msgspec.Struct, frozen=True):
    """What a shadow holds."""

    reported: msgspec.Raw


class Shadow(msgspec.Struct, frozen=True, rename={"response": "RSP"}):
    """A message: the state, or the answer to a command that somebody gave over the maker's own service."""

    state: State | None = None
    response: Any = None


_shadow = msgspec.json.Decoder(Shadow)
_record = msgspec.json.Decoder(Record)
_several = msgspec.json.Decoder(list[msgspec.Raw])


def decode(_kind: str, payload: bytes) -> GuestReport | Undecodable:
    """What a message says; raises nothing, whatever the bytes are."""
    if not payload.strip():
        return GuestReport(plain=("empty",))
    try:
        payload.decode("utf-8")
        shadow = _shadow.decode(payload)
        if shadow.state is None:
            return GuestReport(plain=("RSP",)) if shadow.response is not None else _bad("no state in it", payload)
        reported = bytes(shadow.state.reported)
        raws = _several.decode(reported) if reported.startswith(b"[") else [msgspec.Raw(reported)]
        told = [_one(bytes(raw)) for raw in raws]
    except UNREADABLE as error:
        return _bad(words_of(error), payload)
    return GuestReport(
        tuple(each for each in told if isinstance(each, Reported)),
        tuple(each for each in told if isinstance(each, Undecodable)),
        () if told else ("empty",),
    )


def _bad(reason: str, raw: bytes) -> Undecodable:
    return Undecodable(reason, raw)


def _one(raw: bytes) -> Reported | Undecodable:
    try:
        return Reported(_reading(_record.decode(raw)))
    except UNREADABLE as error:
        return _bad(words_of(error), raw)
    except ValueError:
        return _bad("ts or latlng is not what it should be", raw)


def _reading(record: Record) -> Reading:
    told_ms = moment(record.ts)
    lat, lon = _place(record.latlng)
    satellites = count(record.sat, 200)
    event = _event(record)
    return reading_of(
        t=None if told_ms is None else told_ms / 1000,
        lat=lat,
        lon=lon,
        alt=number(record.alt, -1000, 20_000),
        spd=number(record.sp, 0, 2000),
        hdg=number(record.ang, 0, 360),
        sat=satellites,
        hdop=number(record.hdop_tenths, 0, 1000, scale=0.1),
        # Without satellites the device repeats the last place it knew.
        fix=0 if satellites == 0 or count(record.gnss, 9) == NO_FIX else None,
        ign=switched(record.ignition),
        odo=number(record.odometer_m, 0, 1e10),
        vext=number(record.vehicle_mv, 0, 100, scale=0.001),
        vbat=number(record.battery_mv, 0, 100, scale=0.001),
        gsm=_signal(count(record.bars, 5)),
        ev=(event,) if event else None,
    )


def _place(told: str | None) -> tuple[float | None, float | None]:
    if told is None or not told.strip():
        return None, None
    lat, lon = (moment(each) for each in told.split(","))
    if lat is None or lon is None:
        raise ValueError
    return lat, lon


def _signal(bars: int | None) -> float | None:
    if bars is None:
        return None
    return round(WEAKEST_DBM + max(0.0, bars - 0.5) * PER_BAR_DBM, 1)


def _event(record: Record) -> str | None:
    values = {239: record.ignition, 240: record.movement, 246: record.towing, 252: record.unplugged}
    made_by = count(record.evt, 65_535)
    value = count(values.get(made_by), 1) if made_by in values else None
    return None if made_by is None or value is None else EVENTS.get((made_by, value))
