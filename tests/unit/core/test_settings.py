"""Settings: read once, refused with the key's name, secrets hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.bootstrap import session_key
from assets.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ASSETS_TIMEZONE", "Mars/Olympus"),
        ("ASSETS_BASE_URL", "ftp://x"),
        ("ASSETS_MQTT_LISTEN", "nohost"),
        ("ASSETS_MQTT_LISTEN", "127.0.0.1:99999"),
        ("ASSETS_DATABASE_URL", "mysql://x"),
        ("ASSETS_TRUSTED_PROXIES", "-1"),
    ],
)
def test_unusable_setting_is_named(key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=key):
        Settings.from_environment({key: value})


def test_secrets_are_hidden_when_settings_are_shown() -> None:
    chosen = Settings.from_environment(
        {"ASSETS_DATABASE_URL": "postgresql+psycopg://u:hidden1@h/d", "ASSETS_MQTT_URL": "mqtts://u:hidden2@h:8883"}
    )
    shown = " ".join(value for _, value, _ in chosen.described())
    assert "hidden" not in shown
    assert "postgresql+psycopg://u:***@h/d" in shown


@pytest.mark.parametrize(
    ("base", "label", "expected"),
    [
        ("http://127.0.0.1:8000", "", None),
        ("http://localhost:8000", "", None),
        ("https://imt.example.uz", "", "https://imt.example.uz"),
        ("http://127.0.0.1:8000", "https://q.example.uz/", "https://q.example.uz"),
    ],
)
def test_labels_carry_an_address_only_where_a_phone_could_reach_it(base: str, label: str, expected: str | None) -> None:
    assert Settings(base_url=base, label_base_url=label).effective_label_base == expected


def test_telemetry_lies_in_a_file_of_its_own() -> None:
    chosen = Settings(data_dir=Path("/data"))
    assert chosen.main_url == "sqlite:////data/assets.db"
    assert chosen.telemetry_url == "sqlite:////data/telemetry.db"


@pytest.mark.parametrize("content", [b"", b"short", b"\0" * 32, b"secretsecretsecretsecretsecretsecret"])
def test_weak_session_key_stops_the_start(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "session.key").write_bytes(content)
    with pytest.raises(SettingsError, match="Remove it"):
        session_key(tmp_path)


def test_session_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    key = session_key(tmp_path)
    assert session_key(tmp_path) == key
    assert (tmp_path / "secrets" / "session.key").stat().st_mode & 0o077 == 0
