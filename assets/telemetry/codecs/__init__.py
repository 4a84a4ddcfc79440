"""Formats of the wire: each codec turns bytes into messages; the tables say which codec answers for what."""

from __future__ import annotations

from collections.abc import Callable

from assets.telemetry.codecs import native, owntracks, teltonika, traccar
from assets.telemetry.codecs.guest import GuestReport
from assets.telemetry.messages import Message, Undecodable

Decode = Callable[[str, bytes], Message | Undecodable]
"""(kind of the topic, payload) -> what it says, or why it cannot be understood. Never raises."""
GuestDecode = Callable[[str, bytes], GuestReport | Undecodable]
"""The same of guests, whose samples carry no (boot, seq), and so get no receipts."""

CODECS: dict[str, Decode] = {"native": native.decode}
"""By the kind of tracker, as provisioning keeps it."""
GUEST_CODECS: dict[str, GuestDecode] = {
    "owntracks": owntracks.decode,
    "traccar": traccar.decode,
    "teltonika": teltonika.decode,
}
"""By the format of a guest, which is its kind of tracker too."""


def codec_for(kind: str) -> Decode | None:
    """The codec of a kind of tracker that speaks our own wire, None for others."""
    return CODECS.get(kind)
