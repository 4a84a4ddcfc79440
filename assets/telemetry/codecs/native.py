"""The product's own wire, version 1 (docs/wire-format.md): a bad sample never costs its neighbours."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from assets.telemetry.messages import Bye, Can, Hello, Message, Reading, Report, Result, Undecodable

VERSION = 1
MAX_NUMBER = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly."""

_UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)

Life = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}\Z")]
Small = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Number = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
UpSeconds = Annotated[float, Meta(ge=0, le=1e9)]
DeviceTime = Annotated[float, Meta(ge=0, le=1e14)]
Volts = Annotated[float, Meta(ge=0, le=100)]
# The first character class leaves out NUL and other control characters, which databases refuse.
Text = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]{0,120}\Z")]
Word = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
FaultCode = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,16}\Z")]
Place = tuple[Small, Number]
Span = tuple[Number, Number]


class CanBody(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The `can` object of a sample."""

    odo: Annotated[float, Meta(ge=0, le=1e7)] | None = None
    fuel: Annotated[float, Meta(ge=0, le=1e7)] | None = None
    level: Annotated[float, Meta(ge=0, le=100)] | None = None
    rpm: Annotated[float, Meta(ge=0, le=20_000)] | None = None
    dtc: Annotated[tuple[FaultCode, ...], Meta(max_length=32)] = ()


class Sample(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One sample of a report, with what can be true at all; what is merely unlikely is for the pipeline."""

    up: UpSeconds
    t: DeviceTime | None = None
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    alt: Annotated[float, Meta(ge=-1000, le=20_000)] | None = None
    spd: Annotated[float, Meta(ge=0, le=2000)] | None = None
    hdg: Annotated[float, Meta(ge=0, le=360)] | None = None
    sat: Annotated[int, Meta(ge=0, le=200)] | None = None
    hdop: Annotated[float, Meta(ge=0, le=1000)] | None = None
    fix: Literal[0, 2, 3] | None = None
    ign: bool | None = None
    odo: Annotated[float, Meta(ge=0, le=1e10)] | None = None
    eng: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    vext: Volts | None = None
    vbat: Volts | None = None
    gsm: Annotated[float, Meta(ge=-200, le=50)] | None = None
    tmp: Annotated[float, Meta(ge=-100, le=200)] | None = None
    ev: Annotated[tuple[Word, ...], Meta(max_length=16)] = ()
    can: CanBody | None = None


class ReportBody(msgspec.Struct, frozen=True):
    """A report whose samples are still bytes, so that each can fail alone."""

    life: Life
    boot: Small
    seq: Number
    samples: list[msgspec.Raw] = []
    live: bool = False
    gone: list[Span] = []


class HelloBody(msgspec.Struct, frozen=True):
    """A hello as written on the wire."""

    life: Life
    boot: Small
    conn: Small
    up: UpSeconds
    fw: Text | None = None
    hw: Text | None = None
    t: DeviceTime | None = None
    oldest: Place | None = None
    newest: Place | None = None
    reset: Text | None = None


class ByeBody(msgspec.Struct, frozen=True):
    """A last will as written on the wire."""

    life: Life
    boot: Small
    conn: Small


class ResultBody(msgspec.Struct, frozen=True):
    """The outcome of a command as written on the wire."""

    id: Text
    ok: bool
    why: Text | None = None


class Version(msgspec.Struct, frozen=True):
    """The one key that every message must have."""

    v: int


_version = msgspec.json.Decoder(Version)
_report = msgspec.json.Decoder(ReportBody)
_hello = msgspec.json.Decoder(HelloBody)
_bye = msgspec.json.Decoder(ByeBody)
_result = msgspec.json.Decoder(ResultBody)
_sample = msgspec.json.Decoder(Sample)
_encoder = msgspec.json.Encoder()


def digest(sample: Sample) -> int:
    """A signed 64-bit print of what a sample says, however it was spelled; equal content, equal print."""
    return int.from_bytes(blake2b(_encoder.encode(sample), digest_size=8).digest(), "big", signed=True)


def decode(kind: str, payload: bytes) -> Message | Undecodable:
    """What a payload on a topic of `kind` says; raises nothing, whatever the bytes are."""
    try:
        payload.decode("utf-8")
        if (version := _version.decode(payload).v) != VERSION:
            return Undecodable(f"version {version} is not known here", payload)
        if kind == "report":
            return _read_report(payload)
        if kind == "hello":
            return _read_hello(payload)
        if kind == "bye":
            bye = _bye.decode(payload)
            return Bye(bye.life, bye.boot, bye.conn)
        if kind == "result":
            result = _result.decode(payload)
            return Result(result.id, result.ok, result.why)
    except _UNREADABLE as error:
        return Undecodable(_words(error), payload)
    return Undecodable(f"nothing is known of messages of kind {kind}", payload)


def _words(error: Exception) -> str:
    """The reason, in words that name no byte of the content (a reason is shown to more people than the raw bytes)."""
    if isinstance(error, RecursionError):
        return "not readable: nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "not readable: not UTF-8"
    text = str(error)
    if isinstance(error, msgspec.ValidationError):
        return text[:200]
    return f"not readable: {text[:160]}"


def _read_report(payload: bytes) -> Report | Undecodable:
    body = _report.decode(payload)
    if body.seq + len(body.samples) - 1 > MAX_NUMBER:
        return Undecodable("seq is out of range", payload)
    if any(first > last for first, last in body.gone):
        return Undecodable("a range in gone ends before it starts", payload)
    readings: list[Reading] = []
    bad: list[Undecodable] = []
    for seq, raw in enumerate(body.samples, body.seq):
        outcome = _read_sample(seq, raw)
        if isinstance(outcome, Reading):
            readings.append(outcome)
        else:
            bad.append(outcome)
    return Report(body.life, body.boot, tuple(readings), tuple(bad), body.live, tuple(body.gone))


def _read_sample(seq: int, raw: msgspec.Raw) -> Reading | Undecodable:
    try:
        sample = _sample.decode(raw)
    except _UNREADABLE as error:
        return Undecodable(_words(error), bytes(raw), seq)
    if (sample.lat is None) != (sample.lon is None):
        return Undecodable("lat and lon come together or not at all", bytes(raw), seq)
    return reading(seq, sample)


def reading(seq: int, sample: Sample) -> Reading:
    """A sample in the product's own terms; the clock is judged later, by the pipeline."""
    can = sample.can
    return Reading(
        seq=seq,
        up_s=sample.up,
        digest=digest(sample),
        device_t=sample.t,
        lat=sample.lat,
        lon=sample.lon,
        alt_m=sample.alt,
        speed_kmh=sample.spd,
        heading_deg=sample.hdg,
        satellites=sample.sat,
        hdop=sample.hdop,
        fix=sample.fix,
        ignition=sample.ign,
        odometer_m=sample.odo,
        engine_s=sample.eng,
        vehicle_v=sample.vext,
        battery_v=sample.vbat,
        signal_dbm=sample.gsm,
        temperature_c=sample.tmp,
        events=sample.ev,
        can=None if can is None else Can(can.odo, can.fuel, can.level, can.rpm, can.dtc),
    )


def _read_hello(payload: bytes) -> Hello:
    body = _hello.decode(payload)
    return Hello(
        life=body.life,
        boot=body.boot,
        conn=body.conn,
        up_s=body.up,
        firmware=body.fw,
        hardware=body.hw,
        device_t=body.t,
        oldest=body.oldest,
        newest=body.newest,
        reset=body.reset,
    )
