"""What messages of guests say in the product's own terms; they number nothing, so a reading is known by its content."""

from __future__ import annotations

import math
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from assets.telemetry.messages import Reading, Undecodable

LIFE, BOOT = "guest", 0
"""All readings of a guest stand in one boot, which no native tracker can name: a life there is 8 hex digits."""
WORST_ACCURACY_M = 100.0
"""A place known no better comes from masts and wireless networks: shown as doubtful, and no distance is made of it."""

_EPOCH_S = 1_325_376_000
_SECOND_BITS, _DIGEST_BITS = 31, 22
"""Together 53: every JSON reader keeps such a number exactly. The seconds last from 2012 to 2080."""

Told = float | str | None
"""A number as guests write it: some put all of them in quotes."""


class Reported(msgspec.Struct, frozen=True):
    """A reading, and the name that its sender gives the device (None: the one in the topic)."""

    reading: Reading
    device: str | None = None


class GuestReport(msgspec.Struct, frozen=True):
    """A message of a guest understood.

    `plain` names messages that are known and tell no position: they are counted and not kept. `ended_s`: the connection
    that began then has ended.
    """

    readings: tuple[Reported, ...] = ()
    bad: tuple[Undecodable, ...] = ()
    plain: tuple[str, ...] = ()
    ended_s: float | None = None


def number(told: Told, low: float = 0.0, high: float = math.inf, *, scale: float = 1.0) -> float | None:
    """What was told, times `scale`, where it is a number from `low` to `high`; None otherwise (-1 often means unknown).

    For what nothing depends on: a health figure that cannot be true does not cost its position.
    """
    if told is None:
        return None
    try:
        found = float(told) * scale
    except ValueError:
        return None
    return found if low <= found <= high and math.isfinite(found) else None


def count(told: Told, high: int) -> int | None:
    """A whole number from 0 to `high`."""
    found = number(told, 0, high)
    return None if found is None else int(found)


def moment(told: Told) -> float | None:
    """A device's time in UNIX seconds. `ValueError` for a text that is none: then it is not known when it was."""
    if told is None or told == "":
        return None
    found = float(told)
    if not math.isfinite(found):
        raise ValueError
    return found


def switched(told: bool | Told) -> bool | None:
    """On or off, as a bool, a number or one in quotes."""
    if isinstance(told, bool):
        return told
    if isinstance(told, str) and told.lower() in {"true", "false"}:
        return told.lower() == "true"
    found = number(told)
    return None if found is None else found != 0


def reading_of(**values: Any) -> Reading:
    """A reading from values under the names of our own wire, those that are None left out.

    `msgspec.ValidationError` where time or place is out of range.
    """
    known: Mapping[str, Any] = {name: value for name, value in values.items() if value is not None}
    return msgspec.convert({"up": 0.0, **known}, Reading)


def seq_of(reading: Reading, key: bytes) -> int:
    """The number that a reading of a guest gets: the second it is of by the device's clock, and a print of its content.

    `key` (secret, at most 64 bytes) keeps a place that silence took out from being searched by its print. Two readings
    of one second can meet at a number by chance; then the later one takes the next that is free.
    """
    second = 0 if reading.device_t is None else (int(reading.device_t) - _EPOCH_S) % (1 << _SECOND_BITS)
    digest = int.from_bytes(blake2b(msgspec.json.encode(reading), digest_size=8, key=key).digest(), "big")
    return (second << _DIGEST_BITS) | (digest % (1 << _DIGEST_BITS))
