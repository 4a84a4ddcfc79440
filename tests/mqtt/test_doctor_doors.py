"""The doctor on brokers that are open, plain on a public address, or whose certificate will not do for trackers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from assets.core.clock import system_clock
from assets.core.tls import certificate
from assets.safekeeping.doctor import Finding, Site, addresses, certificates, programs, running
from assets.settings import Settings
from assets.telemetry.broker import ports
from tests.mqtt.conftest import until
from tests.mqtt.test_doors import _listens, _opened
from tests.support.certificates import given_files


def _levels(findings: Iterator[Finding]) -> list[tuple[str, str]]:
    return [(finding.level.value, str(finding.text)) for finding in findings]


@pytest.fixture
def open_broker(tmp_path: Path) -> Iterator[int]:
    """A broker of somebody else that lets everybody in; its port."""
    port = ports._free_port("127.0.0.1", ())
    (tmp_path / "open.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = subprocess.Popen(
        ["mosquitto", "-c", str(tmp_path / "open.conf")], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        until(lambda: _listens(port), "the open broker")
        yield port
    finally:
        process.terminate()
        process.wait(10)


def test_broker_that_lets_everybody_in_is_to_be_mended(open_broker: int, tmp_path: Path) -> None:
    site = Site(Settings(data_dir=tmp_path, mqtt_url=f"mqtt://user:secret@127.0.0.1:{open_broker}"), system_clock())
    ((level, words),) = _levels(running.broker_is_closed(site))
    assert level == "mend"
    assert str(open_broker) in words


def test_our_own_broker_is_closed_and_listens_where_it_should(tmp_path: Path) -> None:
    doors = _opened(tmp_path)
    try:
        app = doors.site.app
        site = Site(app.settings, app.clock(), app)
        assert _levels(running.broker_is_closed(site)) == [("well", "it lets nobody in without name and secret")]
        assert _levels(running.broker_runs(site)) == [("well", "it lets ingest in")]
        for other in ({"mqtt_tls_listen": "127.0.0.1:1"}, {"mqtt_tls_listen": ""}):
            elsewhere = Site(replace(app.settings, **other), app.clock(), app)  # type: ignore[arg-type]  # texts
            assert _levels(running.broker_runs(elsewhere))[0][0] == "mend"
        assert _levels(certificates.broker_tls(site))[0][0] == "well"
    finally:
        doors.close()


def test_broker_that_does_not_answer_is_told_by_others(tmp_path: Path) -> None:
    site = Site(Settings(data_dir=tmp_path, mqtt_url="mqtt://user:secret@127.0.0.1:1"), system_clock())
    assert _levels(running.broker_is_closed(site)) == []


@pytest.mark.parametrize(
    ("settings", "level"),
    [
        ({"mqtt_listen": "91.212.89.1:1883"}, "mend"),
        ({"mqtt_url": "mqtt://u:s@91.212.89.1:1883"}, "mend"),
        ({"mqtt_listen": "0.0.0.0:1883"}, "look"),
        ({"mqtt_url": "mqtt://u:s@broker.example.uz"}, "look"),
        ({"mqtt_listen": "91.212.89.1:1883", "mqtt_plain": "no", "mqtt_tls_listen": "91.212.89.1:8883"}, "well"),
        ({"mqtt_url": "mqtts://u:s@91.212.89.1"}, "well"),
        ({"mqtt_listen": "127.0.0.1:1883", "mqtt_tls_listen": "0.0.0.0:8883"}, "well"),
    ],
)
def test_plain_text_on_a_public_address_is_to_be_mended(settings: dict[str, str], level: str) -> None:
    site = Site(Settings(**settings), system_clock())  # type: ignore[arg-type]  # texts
    assert {found for found, _ in _levels(addresses.listening(site))} == {level}


def test_certificate_that_trackers_will_refuse_is_told(tmp_path: Path) -> None:
    now = system_clock()
    base = Settings(data_dir=tmp_path, mqtt_tls_listen="0.0.0.0:8883", tls_names=("assets.local",))
    assert _levels(certificates.broker_tls(Site(replace(base, mqtt_tls_listen=""), now))) == []
    assert _levels(certificates.broker_tls(Site(base, now)))[0][0] == "look"
    tmp_path.joinpath("secrets").mkdir()
    certificate.ready(base, now)
    assert _levels(certificates.broker_tls(Site(base, now)))[0][0] == "well"
    elsewhere = replace(base, mqtt_public="trackers.example.uz:8883")
    level, words = _levels(certificates.broker_tls(Site(elsewhere, now)))[0]
    assert (level, "trackers.example.uz" in words) == ("mend", True)
    for days, expected in ((400, "well"), (20, "look"), (3, "mend"), (-1, "mend")):
        cert, key = given_files(tmp_path / str(days), "a.uz", now - timedelta(days=9), now + timedelta(days=days))
        chosen = replace(base, mqtt_tls_cert=cert, mqtt_tls_key=key)
        assert _levels(certificates.broker_tls(Site(chosen, now)))[0][0] == expected, days


@pytest.mark.parametrize(
    ("version", "debian", "level"),
    [
        ((2, 0, 11), "2.0.11-1.2+deb12u2", "well"), ((2, 0, 11), "2.0.11-1.2+deb12u1", "look"),
        ((2, 0, 11), "", "look"),
        ((2, 0, 10), "", "mend"), ((2, 0, 16), "", "mend"), ((2, 0, 18), "", "look"), ((2, 0, 22), "", "well"),
    ],
)  # fmt: skip
def test_old_broker_is_told_by_its_version(version: tuple[int, ...], debian: str, level: str) -> None:
    assert programs.judged_mosquitto(version, debian).level.value == level
