"""Settings: read once, refused with the key's name, secrets hidden."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.bootstrap import session_key
from assets.settings import FILE_NAME, Settings, SettingsError, keyed_fields


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
    chosen = Settings.from_environment(
        {"ASSETS_DATABASE_URL": "postgresql+psycopg://h/d?user=u&password=hidden3&sslpassword=hidden4&x=1"}
    )
    shown = " ".join(value for _, value, _ in chosen.described())
    assert "hidden" not in shown
    assert "postgresql+psycopg://h/d?user=u&password=***&sslpassword=***&x=1" in shown


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


def written(folder: Path, text: str) -> Path:
    path = folder / FILE_NAME
    path.write_text(text)
    return path


def read(folder: Path, **environment: str) -> Settings:
    return Settings.from_environment({"ASSETS_DATA_DIR": str(folder), **environment})


def test_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    path = written(tmp_path, "# ours\n\nASSETS_TIMEZONE = Asia/Samarkand\nASSETS_BASE_URL=https://file.example\n")
    chosen = read(tmp_path, ASSETS_BASE_URL="https://environment.example")
    assert (chosen.base_url, chosen.timezone) == ("https://environment.example", "Asia/Samarkand")
    assert chosen.mqtt_listen == "127.0.0.1:1883"
    assert chosen.source("ASSETS_BASE_URL") == "environment"
    assert chosen.source("ASSETS_TIMEZONE") == str(path)
    assert chosen.source("ASSETS_MQTT_LISTEN") == "default"


def test_empty_value_in_the_environment_sets_the_files_aside(tmp_path: Path) -> None:
    written(tmp_path, "ASSETS_SMTP_URL=smtp://mail.example\n")
    assert read(tmp_path).smtp_url == "smtp://mail.example"
    assert read(tmp_path, ASSETS_SMTP_URL="").smtp_url == ""


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("ASSETS_TIMEZONE=Asia/Tashkent\nASSETS_TIMEZON=Asia/Tashkent\n", 2, "no setting ASSETS_TIMEZON"),
        ("# a\n\nASSETS_TIMEZONE\n", 3, "KEY=value"),
        ("ASSETS_TIMEZONE=UTC\nASSETS_TIMEZONE=UTC\n", 2, "twice"),
        ("ASSETS_DATA_DIR=/elsewhere\n", 1, "environment"),
    ],
)
def test_line_that_cannot_be_used_is_named(text: str, line: int, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        read(tmp_path)
    assert f"{path}, line {line}:" in str(caught.value)
    assert said in str(caught.value)


def test_file_that_is_no_text_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"ASSETS_TIMEZONE=\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"settings\.env cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize("text", ["", "en,ru", "uz"])
def test_languages_are_those_named_in_their_order(text: str) -> None:
    expected = tuple(text.replace(",", " ").split()) or ("en", "ru", "uz")
    assert Settings.from_environment({"ASSETS_LANGUAGES": text}).languages == expected


@pytest.mark.parametrize("text", ["en fr", "ru ru", ","])
def test_language_without_words_or_named_twice_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="ASSETS_LANGUAGES"):
        Settings.from_environment({"ASSETS_LANGUAGES": text})


@given(st.sampled_from([str(item.metadata["key"]) for item in keyed_fields()]), st.text(max_size=40))
def test_any_text_is_a_setting_or_a_refusal_in_words(key: str, text: str) -> None:
    with contextlib.suppress(SettingsError):
        Settings.of({key: text})
