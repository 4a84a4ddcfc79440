"""Topics of the wire: whose message it is, and which kind, read from the topic alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeGuard

PREFIX = "imt/v1"
UP_KINDS = ("hello", "report", "bye", "result")
DOWN_KINDS = ("receipt", "command")
MAX_PAYLOAD_BYTES = 4096
GUEST_SUBSCRIPTIONS = ("owntracks/+/+/#", "traccar/positions", "traccar/+/positions", "teltonika/+/data")
SUBSCRIPTIONS = (*(f"{PREFIX}/+/{kind}" for kind in UP_KINDS), *GUEST_SUBSCRIPTIONS)
MAX_GUEST_PAYLOAD_BYTES = 65_536
"""What the broker takes at most: others' messages are wordier than ours."""
TRACCAR = "traccar/positions"
"""Of the first Traccar server; each further one has a topic of its own."""
RETAINED_BELOW = ("", "/event", "/waypoint", "/waypoints", "/status", "/step", "/info", "/beacon", "/dump", "/cmd")
"""Where OwnTracks may have left something retained, below the topic of its device."""

_GUESTS = frozenset({"owntracks", "traccar", "teltonika"})
_TRACKER = re.compile(r"[A-Za-z0-9_-]{1,64}")

Kind = Literal["hello", "report", "bye", "result"]


@dataclass(frozen=True, slots=True)
class Address:
    """A topic understood."""

    tracker: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class GuestAddress:
    """A topic of a guest understood: its format, where it comes from as bindings name it, and what is below.

    Of Traccar the source is the whole topic: which device it is stands in the message (`source_of_device`).
    """

    format: str
    source: str
    kind: str = ""


def is_tracker_id(text: str) -> bool:
    """Whether `text` may name a tracker: 1-64 of `A-Z a-z 0-9 _ -` (no topic or file-name characters)."""
    return _TRACKER.fullmatch(text) is not None


def _is_up_kind(text: str) -> TypeGuard[Kind]:
    return text in UP_KINDS


def parse(topic: str) -> Address | GuestAddress | str:
    """The address in `topic`, or in words why it is none."""
    parts = topic.split("/")
    if parts[0] in _GUESTS:
        return _guest(parts)
    if len(parts) != 4 or "/".join(parts[:2]) != PREFIX:
        return "topic is not imt/v1/<tracker>/<kind>"
    tracker, kind = parts[2], parts[3]
    if not is_tracker_id(tracker):
        return "tracker id in the topic is not 1-64 of A-Z a-z 0-9 _ -"
    if not _is_up_kind(kind):
        return "topic kind is not one that trackers send"
    return Address(tracker, kind)


def _guest(parts: list[str]) -> GuestAddress | str:
    form, names = parts[0], parts[1:]
    if form == "owntracks" and len(names) >= 2 and all(map(is_tracker_id, names[:2])):
        return GuestAddress(form, "/".join(parts[:3]), "/".join(names[2:]))
    if form == "traccar" and names[-1:] == ["positions"] and len(names) <= 2 and all(map(is_tracker_id, names)):
        return GuestAddress(form, "/".join(parts))
    if form == "teltonika" and len(names) == 2 and names[1] == "data" and is_tracker_id(names[0]):
        return GuestAddress(form, f"{form}/{names[0]}")
    return f"topic is not one of {form}"


def source_of_device(topic: str, device: str) -> str:
    """How bindings name a device of a Traccar server: no topic holds a `#`."""
    return f"{topic}#{device}"


def guest_topics(form: str, source: str) -> list[str]:
    """The topics that a guest may write, by one of its sources."""
    if form == "owntracks":
        return [source, f"{source}/#"]
    return [f"{source}/data"] if form == "teltonika" else [source.partition("#")[0]]


def receipt_topic(tracker: str) -> str:
    """Where a tracker hears what is stored."""
    return f"{PREFIX}/{tracker}/receipt"


def command_topic(tracker: str) -> str:
    """Where a tracker hears its orders."""
    return f"{PREFIX}/{tracker}/command"


def publish_topics(tracker: str) -> list[str]:
    """The four topics a tracker may write."""
    return [f"{PREFIX}/{tracker}/{kind}" for kind in UP_KINDS]


def subscribe_topics(tracker: str) -> list[str]:
    """The two topics a tracker may read."""
    return [f"{PREFIX}/{tracker}/{kind}" for kind in DOWN_KINDS]
