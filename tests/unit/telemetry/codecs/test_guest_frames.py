"""Frames of guests as their apps, servers and devices send them: each line says what it must come to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assets.telemetry.codecs import GUEST_CODECS
from assets.telemetry.codecs.guest import GuestReport
from assets.telemetry.messages import Undecodable

FRAMES = Path(__file__).parent / "frames"


def _frames() -> list[Any]:
    return [
        pytest.param(file.stem, line, id=f"{file.stem}-{number}")
        for file in sorted(FRAMES.glob("*.txt"))
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if not line.startswith("#")
    ]


def _told(found: GuestReport | Undecodable) -> dict[str, Any]:
    """What a codec found, as the frame files write it."""
    if isinstance(found, Undecodable):
        return {"bad": [found.reason]}
    readings = []
    for reported in found.readings:
        values = {name: value for name, value in msgspec.to_builtins(reported.reading).items() if name != "up"}
        readings.append(values if reported.device is None else {"device": reported.device, **values})
    told = {
        "readings": readings,
        "bad": [bad.reason for bad in found.bad],
        "plain": list(found.plain),
        "ended": found.ended_s,
    }
    return {name: value for name, value in told.items() if value not in ([], None)}


@pytest.mark.parametrize(("guest", "line"), _frames())
def test_frame_says_what_it_says(guest: str, line: str) -> None:
    topic, payload, expected = line.split("\t")
    kind = topic.split("/", 3)[3] if topic.count("/") > 2 else ""
    wanted = json.loads(expected)
    found = _told(GUEST_CODECS[guest](kind, payload.encode()))
    for reading in [*wanted.get("readings", []), *found.get("readings", [])]:
        if "ev" in reading:
            reading["ev"] = list(reading["ev"])
    assert found == wanted
