"""Topics of the wire: whose message it is, and which kind, read from the topic alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeGuard

PREFIX = "imt/v1"
UP_KINDS = ("hello", "report", "bye", "result")
DOWN_KINDS = ("receipt", "command")
MAX_PAYLOAD_BYTES = 4096
SUBSCRIPTIONS = tuple(f"{PREFIX}/+/{kind}" for kind in UP_KINDS)

_TRACKER = re.compile(r"[A-Za-z0-9_-]{1,64}")

Kind = Literal["hello", "report", "bye", "result"]


@dataclass(frozen=True, slots=True)
class Address:
    """A topic understood."""

    tracker: str
    kind: Kind


def is_tracker_id(text: str) -> bool:
    """Whether `text` may name a tracker: 1-64 of `A-Z a-z 0-9 _ -` (no topic or file-name characters)."""
    return _TRACKER.fullmatch(text) is not None


def _is_up_kind(text: str) -> TypeGuard[Kind]:
    return text in UP_KINDS


def parse(topic: str) -> Address | str:
    """The address in `topic`, or in words why it is none."""
    parts = topic.split("/")
    if len(parts) != 4 or "/".join(parts[:2]) != PREFIX:
        return "topic is not imt/v1/<tracker>/<kind>"
    tracker, kind = parts[2], parts[3]
    if not is_tracker_id(tracker):
        return "tracker id in the topic is not 1-64 of A-Z a-z 0-9 _ -"
    if not _is_up_kind(kind):
        return "topic kind is not one that trackers send"
    return Address(tracker, kind)


def receipt_topic(tracker: str) -> str:
    """Where a tracker hears what is stored."""
    return f"{PREFIX}/{tracker}/receipt"


def publish_topics(tracker: str) -> list[str]:
    """The four topics a tracker may write."""
    return [f"{PREFIX}/{tracker}/{kind}" for kind in UP_KINDS]


def subscribe_topics(tracker: str) -> list[str]:
    """The two topics a tracker may read."""
    return [f"{PREFIX}/{tracker}/{kind}" for kind in DOWN_KINDS]
