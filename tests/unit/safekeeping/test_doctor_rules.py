"""The doctor's judgements that need no installation: versions, growth, late jobs, and what it says to a broker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from assets.core.leases import JobRun
from assets.safekeeping.doctor.findings import Level
from assets.safekeeping.doctor.machine import daily_growth, is_weak
from assets.safekeeping.doctor.mqtt_probe import connect_packet
from assets.safekeeping.doctor.programs import judged_mosquitto
from assets.safekeeping.doctor.running import job_problem
from assets.safekeeping.log import Made

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("version", "debian", "level"),
    [
        ((2, 0, 11), "2.0.11-1.2+deb12u2", Level.WELL),
        ((2, 0, 11), "2.0.11-1.2+deb12u3", Level.WELL),
        ((2, 0, 11), "2.0.11-1.2", Level.LOOK),
        ((2, 0, 11), "2.0.11-1.2+deb12u1", Level.LOOK),
        ((2, 0, 11), "", Level.LOOK),
        ((2, 0, 16), "", Level.MEND),
        ((2, 0, 22), "", Level.WELL),
        ((2, 1, 0), "2.1.0-1", Level.WELL),
        ((1, 6, 9), "1.6.9-1", Level.MEND),
        ((), "", Level.LOOK),
    ],
)
def test_mosquitto_is_judged_by_its_repairs(version: tuple[int, ...], debian: str, level: Level) -> None:
    assert judged_mosquitto(version, debian).level is level


def made(days_ago: int, size: int) -> Made:
    at = NOW - timedelta(days=days_ago)
    return Made(
        file="/b", kind="nightly", made_at=at, size=size, sha256="", took_s=1, proven_at=at, reason="", journal_seq=1,
        revisions=("1", "1"),
    )  # fmt: skip


def test_growth_is_told_by_backups_a_week_apart() -> None:
    assert daily_growth([made(0, 9_000), made(1, 8_000), made(8, 1_000)]) == 1_000
    assert daily_growth([made(0, 9_000), made(3, 1_000)]) == 0, "three days tell too little"
    assert daily_growth([made(0, 500), made(10, 1_000)]) == 0, "what shrank does not grow"
    assert daily_growth([]) == 0


@pytest.mark.parametrize(
    ("secret", "weak"), [(b"x" * 40, True), (b"0123456789abcdef", True), (bytes(range(32)), False)]
)
def test_secret_is_weak_when_short_or_of_few_characters(secret: bytes, weak: bool) -> None:
    assert is_weak(secret, 32) is weak


def run_of(hours_ago: float, *, failed: bool = False, outcome: str = "") -> JobRun:
    return JobRun(job="due_list", slot=NOW - timedelta(hours=hours_ago), failed=failed, outcome=outcome)


def test_job_is_late_after_one_missed_slot_and_a_quarter_of_an_hour() -> None:
    day = timedelta(days=1)
    assert job_problem(run_of(48), day, NOW) is None
    assert job_problem(run_of(48.5), day, NOW) is not None
    assert job_problem(None, day, NOW) is not None


def test_failed_job_tells_why_and_how_to_try_again() -> None:
    problem = job_problem(run_of(1, failed=True, outcome="OSError: no room\nmore"), timedelta(days=1), NOW)
    assert str(problem) == "it failed: OSError: no room. `assets job run due_list` tries it again"


def test_connect_packet_is_that_of_mqtt_3_1_1() -> None:
    packet = connect_packet("doctor-1", "ingest.internal", "s" * 200)
    assert packet[0] == 0x10
    assert packet[1:3] == bytes([len(packet) - 3 & 0x7F | 0x80, (len(packet) - 3) >> 7]), "the length takes two bytes"
    assert packet[3:11] == b"\x00\x04MQTT\x04\xc2", "version 4; user, password and clean session"
    assert connect_packet("d", "", "") == b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x0a\x00\x01d"
