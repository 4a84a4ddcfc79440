"""OwnTracks: the apps of that name, Queclink devices behind its gateway, and Greenwich devices with their commas.

https://owntracks.org/booklet/tech/json/
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from assets.telemetry.codecs.guest import (
    WORST_ACCURACY_M,
    GuestReport,
    Reported,
    Told,
    count,
    moment,
    number,
    reading_of,
    switched,
)
from assets.telemetry.codecs.unreadable import UNREADABLE, words_of
from assets.telemetry.messages import Reading, Undecodable

PLAIN = frozenset({
    "beacon", "card", "cmd", "configuration", "dump", "msg", "request", "status", "steps", "waypoint", "waypoints",
})  # fmt: skip
"""Types that tell no position of the device: waypoints are places that somebody drew."""
ENCRYPTED = "encrypted by the app, so it cannot be read here: take the encryption key out of the app's settings"
LAST_KNOWN = frozenset({"l", "L"})
"""Triggers of messages whose place is the last known one: the fix was lost, the device shut down."""
EVENTS = {"i": "ignition_on", "I": "ignition_off", "e": "power_cut", "E": "power_back", "9": "low_battery"}
"""Triggers of Queclink devices. Theirs for towing means other things too, and tells nothing here."""

# tid, tst in hex, t, lat and lon in millionths, cog and alt in tens, vel, dist, trip in km
_COMMAS = re.compile(
    rb"(?P<tid>[0-9A-Za-z]{1,16}),(?P<tst>[0-9A-Fa-f]{1,8}),(?P<t>[0-9A-Za-z]),(?P<lat>-?\d{1,9}),(?P<lon>-?\d{1,9}),"
    rb"(?P<cog>\d{1,4}),(?P<vel>\d{1,4}),(?P<alt>-?\d{1,5}),(?P<dist>\d{1,9}),(?P<trip>\d{1,9})"
)

Degrees = Annotated[float, Meta(ge=-180, le=180)]
Text = Annotated[str, Meta(max_length=64)]


class Typed(msgspec.Struct, frozen=True, rename={"type": "_type"}):
    """The one key that every message has."""

    type: Text


class Ended(msgspec.Struct, frozen=True):
    """A last will: `tst` is when the connection began that has ended."""

    tst: Told = None


class Place(msgspec.Struct, frozen=True):
    """A location or a transition: the keys that are used, of those that apps and devices are known to send."""

    lat: Degrees | None = None
    lon: Degrees | None = None
    tst: Told = None
    t: Text | None = None
    acc: Told = None
    alt: Told = None
    vel: Told = None
    cog: Told = None
    odometer: Told = None
    trip: Told = None
    hmc: Told = None
    ign: bool | Told = None
    uext: Told = None
    ubatt: Told = None
    rpm: Told = None
    flvl: Told = None


_typed = msgspec.json.Decoder(Typed)
_ended = msgspec.json.Decoder(Ended)
_place = msgspec.json.Decoder(Place)
_several = msgspec.json.Decoder(list[msgspec.Raw])


def decode(_kind: str, payload: bytes) -> GuestReport | Undecodable:
    """What a message says; raises nothing, whatever the bytes are. The type stands in the message, not in the topic."""
    try:
        payload.decode("utf-8")
        start = payload.lstrip()[:1]
        if not start:
            return GuestReport(plain=("empty",))
        if start == b"[":
            return _joined([_one(bytes(raw)) for raw in _several.decode(payload)])
        return _joined([_one(payload) if start == b"{" else _commas(payload)])
    except UNREADABLE as error:
        return Undecodable(words_of(error), payload)


def _joined(told: list[GuestReport | Undecodable]) -> GuestReport | Undecodable:
    """Several messages as one; a bad one does not cost its neighbours."""
    if len(told) == 1:
        return told[0]
    read = [each for each in told if isinstance(each, GuestReport)]
    return GuestReport(
        tuple(reported for each in read for reported in each.readings),
        tuple(each for each in told if isinstance(each, Undecodable)),
        tuple(word for each in read for word in each.plain) or (() if told else ("empty",)),
        max((each.ended_s for each in read if each.ended_s is not None), default=None),
    )


def _one(raw: bytes) -> GuestReport | Undecodable:
    try:
        kind = _typed.decode(raw).type
        if kind == "lwt":
            ended_s = number(_ended.decode(raw).tst)
            return GuestReport(plain=() if ended_s else ("lwt",), ended_s=ended_s or None)
        if kind in PLAIN:
            return GuestReport(plain=(kind,))
        if kind == "encrypted":
            return Undecodable(ENCRYPTED, raw)
        if kind not in {"location", "transition"}:
            return Undecodable("nothing is known of messages of this _type", raw)
        place = _place.decode(raw)
        if kind == "transition" and place.lat is None and place.lon is None:
            # A beacon's coming into reach.
            return GuestReport(plain=(kind,))
        if place.lat is None or place.lon is None:
            return Undecodable("a place has both lat and lon", raw)
        return GuestReport((Reported(_reading(place)),))
    except UNREADABLE as error:
        return Undecodable(words_of(error), raw)
    except ValueError:
        return Undecodable("tst is not a time", raw)


def _reading(place: Place) -> Reading:
    accuracy_m = number(place.acc, low=float("-inf"))
    # iOS tells a place that is no measurement by an accuracy below 0.
    coarse = accuracy_m is not None and not 0 <= accuracy_m <= WORST_ACCURACY_M
    event = EVENTS.get(place.t or "")
    can: dict[str, Any] = {"rpm": number(place.rpm, 0, 20_000), "level": number(place.flvl, 0, 100)}
    can = {name: value for name, value in can.items() if value is not None}
    driven_m = number(place.odometer, 0, 1e10, scale=1000)
    return reading_of(
        t=moment(place.tst),
        lat=place.lat,
        lon=place.lon,
        alt=number(place.alt, -1000, 20_000),
        spd=number(place.vel, 0, 2000),
        hdg=number(place.cog, 0, 360),
        fix=0 if coarse or place.t in LAST_KNOWN else None,
        ign=switched(place.ign),
        odo=number(place.trip, 0, 1e10) if driven_m is None else driven_m,
        eng=number(place.hmc, 0, 1e9),
        vext=number(place.uext, 0, 100),
        vbat=number(place.ubatt, 0, 100),
        ev=(event,) if event else None,
        can=can or None,
    )


def _commas(payload: bytes) -> GuestReport | Undecodable:
    """Greenwich devices save bytes: ten values between commas."""
    found = _COMMAS.fullmatch(payload.strip())
    if found is None:
        return Undecodable("neither JSON nor ten values between commas", payload)
    value = {name: found[name].decode() for name in ("t", "cog", "vel", "alt", "trip")}
    place = Place(
        lat=int(found["lat"]) / 1e6,
        lon=int(found["lon"]) / 1e6,
        tst=float(int(found["tst"], 16)),
        t=value["t"],
        cog=float((count(value["cog"], 36) or 0) * 10),
        vel=value["vel"],
        alt=float(int(value["alt"]) * 10),
        trip=float(int(value["trip"]) * 1000),
    )
    try:
        return GuestReport((Reported(_reading(place)),))
    except UNREADABLE as error:
        return Undecodable(words_of(error), payload)
