"""Formats of the wire: each codec turns bytes into messages; the table says which codec answers for which topic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assets.telemetry.codecs import native
from assets.telemetry.messages import Message, Undecodable

Decode = Callable[[str, bytes], Message | Undecodable]
"""(kind of the topic, payload) -> what it says, or why it cannot be understood. Never raises."""


@dataclass(frozen=True, slots=True)
class Codec:
    """One format. `sequenced` tells whether its samples carry (boot, seq), and so get receipts."""

    name: str
    decode: Decode
    sequenced: bool


CODECS: dict[str, Codec] = {"native": Codec("native", native.decode, sequenced=True)}
"""By the kind of tracker, as provisioning keeps it; formats of guests are added here."""


def codec_for(kind: str) -> Codec | None:
    """The codec of a kind of tracker, None for a kind this version does not know."""
    return CODECS.get(kind)
