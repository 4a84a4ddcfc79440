"""The doctor on HTTPS: certificates that end, do not fit the address, or cannot be read."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assets.core.tls import authority, certificate
from assets.safekeeping.doctor.addresses import listening
from assets.safekeeping.doctor.certificates import https
from assets.safekeeping.doctor.findings import Finding, Site
from assets.settings import Settings
from tests.support.certificates import given_files

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def office(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path, tls="yes", tls_names=("idora.local",), base_url="https://idora.local:8000")
    certificate.ready(settings, NOW)
    return settings


def found(settings: Settings, now: datetime = NOW) -> dict[str, tuple[str, str]]:
    def shown(finding: Finding) -> tuple[str, str]:
        return finding.level.value, str(finding.text)

    return {finding.name: shown(finding) for finding in https(Site(settings, now))}


def given(tmp_path: Path, ends: datetime, base_url: str = "https://assets.example.uz") -> Settings:
    cert, key = given_files(tmp_path / "given", "assets.example.uz", NOW - timedelta(days=1), ends)
    return Settings(data_dir=tmp_path, tls_cert=cert, tls_key=key, base_url=base_url)


def test_without_tls_of_our_own_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert found(Settings(data_dir=tmp_path)) == {}


def test_good_certificate_is_told_with_the_fingerprint_to_compare(office: Settings) -> None:
    levels = found(office)
    assert {name: level for name, (level, _) in levels.items()} == {"certificate": "well", "authority": "well"}
    own = authority.load(office.data_dir)
    assert own is not None
    assert own.fingerprint in levels["authority"][1]


def test_before_the_first_start_there_is_only_something_to_look_at(tmp_path: Path) -> None:
    assert {level for level, _ in found(Settings(data_dir=tmp_path, tls="yes")).values()} == {"look"}


def test_address_that_the_authority_cannot_vouch_for_is_to_be_mended(office: Settings) -> None:
    level, text = found(dataclasses.replace(office, base_url="https://assets.example.uz"))["certificate"]
    assert level == "mend"
    assert "assets.example.uz" in text
    assert "assets tls new-authority" in text


def test_name_that_the_certificate_lacks_is_told(office: Settings) -> None:
    level, text = found(dataclasses.replace(office, tls_names=("idora.local", "10.0.0.8")))["certificate"]
    assert level == "look"
    assert "10.0.0.8" in text


def test_authority_that_ends_is_told_two_years_before(office: Settings) -> None:
    assert found(office, NOW + authority.LASTS - timedelta(days=700))["authority"][0] == "look"
    assert found(office, NOW + authority.LASTS + timedelta(days=1))["authority"][0] == "mend"


def test_damaged_authority_is_to_be_mended(office: Settings) -> None:
    authority.path_of(office.data_dir).write_bytes(b"half")
    level, text = found(office)["certificate"]
    assert level == "mend"
    assert "backup" in text


@pytest.mark.parametrize(("days", "level"), [(90, "well"), (29, "look"), (6, "mend")])
def test_given_certificate_that_ends_is_told_in_time(days: int, level: str, tmp_path: Path) -> None:
    assert found(given(tmp_path, NOW + timedelta(days=days)))["certificate"][0] == level


def test_given_certificate_that_ended_or_is_for_another_address_is_to_be_mended(tmp_path: Path) -> None:
    ended = found(given(tmp_path, NOW - timedelta(hours=1)))["certificate"]
    assert ended[0] == "mend"
    assert "ended on 2026-11-22" in ended[1]
    other = found(given(tmp_path, NOW + timedelta(days=90), "https://other.example.uz"))["certificate"]
    assert other[0] == "mend"
    assert "is not for other.example.uz" in other[1]


def test_listening_to_everybody_is_plain_text_only_without_tls(office: Settings) -> None:
    def levels(settings: Settings) -> set[str]:
        return {finding.level.value for finding in listening(Site(settings, NOW))}

    everywhere = dataclasses.replace(office, listen="0.0.0.0:8000")
    assert levels(everywhere) == {"well"}
    assert levels(dataclasses.replace(everywhere, tls="no")) == {"look"}
