"""What a sealed PIN must say to count, and that only the server's key opens it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from assets.core import sealing
from assets.custody.rules.confirming import pin_for
from tests.support.sealing import sealed

COMMAND = "6f3f6d0e-0b86-4f4b-9a55-0f2b7c5a4c11"
CODE = "K7M2P9QX4R"
AT = datetime(2026, 3, 2, 9, 30, 0, 125000, tzinfo=UTC)
TOLD = {"pin": "730418", "command": COMMAND, "person": "P-002", "code": CODE, "occurred_at": "2026-03-02T09:30:00.125Z"}


def opened_for(told: bytes | None, **other: Any) -> str | None:
    asked = {"command_id": COMMAND, "number": "P-002", "code": CODE, "occurred_at": AT, **other}
    return pin_for(told, **asked)


def test_a_pin_counts_for_its_own_command_person_item_and_time_alone() -> None:
    told = json.dumps(TOLD).encode()
    assert opened_for(told) == "730418"
    assert opened_for(told, occurred_at=AT.astimezone(timezone(timedelta(hours=5)))) == "730418", "the same moment"
    assert opened_for(told, command_id=COMMAND.replace("6", "7")) is None
    assert opened_for(told, number="P-001") is None
    assert opened_for(told, code="K7M2P9QX4S") is None
    assert opened_for(told, occurred_at=AT + timedelta(seconds=1)) is None


@pytest.mark.parametrize("at", [None, "", "yesterday", 5, "2026-03-02T09:30:00.125", "9" * 5000])
def test_a_pin_without_the_moment_it_is_for_is_none(at: object) -> None:
    assert opened_for(json.dumps({**TOLD, "occurred_at": at}).encode()) is None
    assert opened_for(json.dumps({key: TOLD[key] for key in ("pin", "command", "person")}).encode()) is None


@pytest.mark.parametrize(
    "told",
    [None, b"", b"[]", b"730418", b"\xff\xfe", b"[" * 100_000, b'{"pin": 730418}', b'{"pin": null}'],
)
def test_anything_else_is_no_pin(told: bytes | None) -> None:
    assert opened_for(told) is None


def test_a_pin_of_another_kind_than_text_is_none() -> None:
    for pin in (730418, None, ["7"], "7" * 200):
        assert opened_for(json.dumps({**TOLD, "pin": pin}).encode()) is None


def test_only_the_key_of_this_server_opens_what_was_sealed_for_it(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    text = sealed(sealing.public_key(here), TOLD)
    assert "730418" not in text
    assert json.loads(sealing.opened(here, text) or b"{}") == TOLD
    assert sealing.opened(there, text) is None, "no key was made there yet"
    sealing.public_key(there)
    assert sealing.opened(there, text) is None
    for wrong in ("", "no base64!", base64.b64encode(b"x" * 384).decode(), text[:-8]):
        assert sealing.opened(here, wrong) is None
    key_file = here / "secrets" / sealing.KEY_NAME
    assert key_file.stat().st_mode & 0o077 == 0, "the key is its owner's alone"
    assert sealing.public_key(here) == sealing.public_key(here)
