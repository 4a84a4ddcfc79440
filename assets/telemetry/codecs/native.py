"""The product's own wire, version 1 (docs/wire-format.md): a bad sample never costs its neighbours."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from assets.telemetry.codecs.unreadable import UNREADABLE, words_of
from assets.telemetry.messages import Bye, Hello, Message, Reading, Report, Result, Undecodable

VERSION = 1
MAX_NUMBER = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly."""

Life = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}\Z")]
Small = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Number = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
UpSeconds = Annotated[float, Meta(ge=0, le=1e9)]
DeviceTime = Annotated[float, Meta(ge=0, le=1e14)]
# Control characters are left out: databases refuse NUL.
Text = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]{0,120}\Z")]
Place = tuple[Small, Number]
Span = tuple[Number, Number]


class WholeReport(msgspec.Struct, frozen=True):
    """A report in one go: what nearly all are. One bad sample fails it, and the slower way finds which."""

    v: Literal[1]
    life: Life
    boot: Small
    seq: Number
    samples: list[Reading] = []
    live: bool = False
    gone: tuple[Span, ...] = ()


class ReportBody(msgspec.Struct, frozen=True):
    """A report whose samples are still bytes, so that each can fail alone."""

    life: Life
    boot: Small
    seq: Number
    samples: list[msgspec.Raw] = []
    live: bool = False
    gone: tuple[Span, ...] = ()


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
_whole_report = msgspec.json.Decoder(WholeReport)
_report = msgspec.json.Decoder(ReportBody)
_hello = msgspec.json.Decoder(HelloBody)
_bye = msgspec.json.Decoder(ByeBody)
_result = msgspec.json.Decoder(ResultBody)
_reading = msgspec.json.Decoder(Reading)


def decode(kind: str, payload: bytes) -> Message | Undecodable:
    """What a payload on a topic of `kind` says; raises nothing, whatever the bytes are."""
    try:
        # A string that is skipped is not looked at by the decoder, and nearly all that trackers send is ASCII.
        if not payload.isascii():
            payload.decode("utf-8")
        if kind == "report" and (whole := _read_whole(payload)) is not None:
            return whole
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
    except UNREADABLE as error:
        return Undecodable(words_of(error), payload)
    return Undecodable(f"nothing is known of messages of kind {kind}", payload)


def _read_whole(payload: bytes) -> Report | None:
    """A report that is right in every part, None for any other."""
    try:
        body = _whole_report.decode(payload)
    except UNREADABLE:
        return None
    for reading in body.samples:
        if (reading.lat is None) is not (reading.lon is None):
            return None
    if body.seq + len(body.samples) - 1 > MAX_NUMBER or any(first > last for first, last in body.gone):
        return None
    return Report(body.life, body.boot, body.seq, body.samples, (), body.live, body.gone)


def _read_report(payload: bytes) -> Report | Undecodable:
    body = _report.decode(payload)
    if body.seq + len(body.samples) - 1 > MAX_NUMBER:
        return Undecodable("seq is out of range", payload)
    if any(first > last for first, last in body.gone):
        return Undecodable("a range in gone ends before it starts", payload)
    readings: list[Reading | None] = []
    bad: list[Undecodable] = []
    for seq, raw in enumerate(body.samples, body.seq):
        outcome = _read_sample(seq, raw)
        if isinstance(outcome, Reading):
            readings.append(outcome)
        else:
            readings.append(None)
            bad.append(outcome)
    return Report(body.life, body.boot, body.seq, readings, tuple(bad), body.live, body.gone)


def _read_sample(seq: int, raw: msgspec.Raw) -> Reading | Undecodable:
    try:
        reading = _reading.decode(raw)
    except UNREADABLE as error:
        return Undecodable(words_of(error), bytes(raw), seq)
    if (reading.lat is None) is not (reading.lon is None):
        return Undecodable("lat and lon come together or not at all", bytes(raw), seq)
    return reading


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
