"""The broker's log, read: who came in, who was refused, and whose connections cut each other off.

Written for mosquitto 2.0.11 as Debian has it, whose refusals do not say whose they were: only from which address. Newer
ones name the client, and then it is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Kind = Literal[
    "connected", "refused", "replaced", "left", "lost", "silent", "thrown_out", "not_mqtt", "tls_failed", "no_trust"
]
"""`replaced`: another connection of the same name came; `thrown_out`: after a topic not its own or 64 KB;
`no_trust`: the tracker does not believe the broker's certificate; `tls_failed`: any other failed handshake."""

_PENDING = timedelta(seconds=120)
"""Mosquitto closes a connection that says nothing after one and a half times its keep-alive, 90 s before it has one."""
_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}): (.*)")
_NEW = re.compile(r"New connection from (\S+):(\d+) on port (\d+)\.")
_IN = re.compile(r"New client connected from (\S+):(\d+) as (\S+) \(")
_REPLACED = re.compile(r"Client (\S+) already connected, closing old connection\.")
_OUT = re.compile(r"Client (\S+)(?: \[(\S+):\d+\])? (?:closed its|has exceeded|disconnected|been)(.*)")
_THROWN = re.compile(r"Bad socket read/write on client (\S+?)(?: \[(\S+):\d+\])?: .*")
_TLS = re.compile(r"Client connection from (\S+) failed: (.*)")
_TLS_ERROR = re.compile(r"OpenSSL Error\[\d+\]: (.*)")
_UNNAMED = {"<unknown>", "(null)"}
_TRUST_WORDS = ("unknown ca", "bad certificate", "certificate unknown", "certificate expired")


@dataclass(frozen=True, slots=True)
class BrokerEvent:
    """One thing that happened at a door; `client` or `address` is empty where the broker does not tell."""

    at: datetime
    kind: Kind
    client: str
    address: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Arrival:
    at: datetime
    address: str
    port: str


def broker_events(lines: Iterable[str]) -> Iterator[BrokerEvent]:
    """What the lines of a log tell, in their order; lines that tell nothing of this are passed over."""
    arrivals: list[_Arrival] = []
    handshake = ""
    for line in lines:
        found = _LINE.fullmatch(line.rstrip("\n"))
        at = _moment(found[1]) if found is not None else None
        if found is None or at is None:
            continue
        arrivals = [one for one in arrivals if at - one.at < _PENDING]
        if new := _NEW.match(found[2]):
            arrivals.append(_Arrival(at, new[1], new[2]))
        elif error := _TLS_ERROR.match(found[2]):
            handshake = error[1]
        elif (event := _event(at, found[2], arrivals, handshake)) is not None:
            handshake = ""
            yield event


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _event(at: datetime, text: str, arrivals: list[_Arrival], handshake: str) -> BrokerEvent | None:
    if found := _IN.match(text):
        arrivals[:] = [one for one in arrivals if (one.address, one.port) != (found[1], found[2])]
        return BrokerEvent(at, "connected", found[3], found[1])
    if found := _REPLACED.match(text):
        return BrokerEvent(at, "replaced", found[1], "")
    if found := _TLS.match(text):
        return BrokerEvent(at, _handshake_kind(found[2]), "", found[1], found[2])
    if found := _THROWN.match(text):
        return _ended(at, "thrown_out", found[1], found[2] or "", arrivals)
    if found := _OUT.match(text):
        kind: Kind = _handshake_kind(handshake) if handshake and found[1] in _UNNAMED else _ending(text)
        return _ended(at, kind, found[1], found[2] or "", arrivals, handshake)
    return None


def _ended(
    at: datetime, kind: Kind, client: str, address: str, arrivals: list[_Arrival], detail: str = ""
) -> BrokerEvent | None:
    if client not in _UNNAMED:
        return BrokerEvent(at, kind, client, address, detail)
    # Which of those that have not said their name it was is told only where there is one address to choose from.
    addresses = {one.address for one in arrivals}
    if arrivals:
        arrivals.pop(0)
    told = address or (addresses.pop() if len(addresses) == 1 else "")
    # Somebody who came and went without a word is a scan of ports, or a health check.
    return None if kind in {"left", "lost"} else BrokerEvent(at, kind, "", told, detail)


def _ending(text: str) -> Kind:
    if "not authori" in text:
        return "refused"
    if "oversize packet" in text:
        return "thrown_out"
    if "protocol error" in text.lower():
        return "not_mqtt"
    if "exceeded timeout" in text:
        return "silent"
    return "lost" if "closed its connection" in text or "connection lost" in text else "left"


def _handshake_kind(words: str) -> Kind:
    return "no_trust" if any(word in words for word in _TRUST_WORDS) else "tls_failed"


def is_flapping(events: Iterable[BrokerEvent], client: str, since: datetime) -> bool:
    """Whether two connections of one name cut each other off: three times since then is no tracker that came back."""
    return sum(event.kind == "replaced" and event.client == client and event.at >= since for event in events) >= 3
