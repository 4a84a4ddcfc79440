"""The settings: one frozen value read from the environment, each key with its meaning."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class SettingsError(ValueError):
    """A setting that cannot be used; the text names the key and says what would do."""


def _key(name: str, text: str, *, secret: bool = False) -> dict[str, object]:
    return {"key": name, "text": text, "secret": secret}


@dataclass(frozen=True)
class Settings:
    """All settings of one process. Build with `from_environment`; tests build it directly."""

    data_dir: Path = field(
        default=Path("var"),
        metadata=_key("ASSETS_DATA_DIR", "databases, uploads, broker files and secrets; made with mode 0700"),
    )
    database_url: str = field(
        default="",
        metadata=_key(
            "ASSETS_DATABASE_URL",
            "empty: SQLite files in the data directory; or postgresql+psycopg://…",
            secret=True,
        ),
    )
    base_url: str = field(
        default="http://127.0.0.1:8000",
        metadata=_key("ASSETS_BASE_URL", "address that links in mail and labels are made from"),
    )
    label_base_url: str = field(
        default="",
        metadata=_key(
            "ASSETS_LABEL_BASE_URL",
            "address in QR labels; empty or a loopback address: labels hold the bare code",
        ),
    )
    former_label_base_urls: tuple[str, ...] = field(
        default=(),
        metadata=_key(
            "ASSETS_FORMER_LABEL_BASE_URLS",
            "addresses on labels printed earlier, separated by spaces; the scanner takes them too",
        ),
    )
    mqtt_url: str = field(
        default="",
        metadata=_key(
            "ASSETS_MQTT_URL", "empty: a mosquitto of our own; or mqtts://user:secret@host:8883", secret=True
        ),
    )
    mqtt_ca: str = field(default="", metadata=_key("ASSETS_MQTT_CA", "authority file for a mqtts:// broker"))
    mqtt_listen: str = field(
        default="127.0.0.1:1883",
        metadata=_key("ASSETS_MQTT_LISTEN", "where our own mosquitto takes trackers; port 0: a free one"),
    )
    mqtt_public: str = field(
        default="",
        metadata=_key("ASSETS_MQTT_PUBLIC", "host:port that trackers are told; empty: the listen address"),
    )
    metrics_listen: str = field(
        default="", metadata=_key("ASSETS_METRICS_LISTEN", "empty: none; or host:port for Prometheus text")
    )
    timezone: str = field(
        default="Asia/Tashkent", metadata=_key("ASSETS_TIMEZONE", "zone in which days and months are counted")
    )
    smtp_url: str = field(
        default="",
        metadata=_key(
            "ASSETS_SMTP_URL",
            "smtp://user:secret@host:25 or smtps://…; empty: mail becomes .eml files",
            secret=True,
        ),
    )
    mail_from: str = field(
        default="assets@localhost", metadata=_key("ASSETS_MAIL_FROM", "sender of the product's mail")
    )
    trusted_proxies: int = field(
        default=0,
        metadata=_key(
            "ASSETS_TRUSTED_PROXIES", "how many reverse proxies stand in front; 0: X-Forwarded-For is ignored"
        ),
    )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def main_url(self) -> str:
        """SQLAlchemy address of the main database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'assets.db'}"

    @property
    def telemetry_url(self) -> str:
        """SQLAlchemy address of the telemetry database: its own SQLite file, or the same PostgreSQL."""
        if self.database_url.startswith("postgresql"):
            return self.database_url
        main = Path(self.main_url.removeprefix("sqlite:///"))
        return f"sqlite:///{main.with_name('telemetry.db')}"

    @property
    def effective_label_base(self) -> str | None:
        """The address that labels carry, or None where they hold the bare code."""
        base = (self.label_base_url or self.base_url).rstrip("/")
        host = urlsplit(base).hostname or ""
        loopback = host in {"", "localhost", "::1"} or host.startswith("127.")
        return None if loopback else base

    @property
    def own_label_bases(self) -> tuple[str, ...]:
        """Every address whose labels the scanner takes as ours."""
        bases = [self.label_base_url, self.base_url, *self.former_label_base_urls]
        return tuple(dict.fromkeys(b.rstrip("/") for b in bases if b))

    def described(self) -> list[tuple[str, str, str]]:
        """(key, effective value with secrets hidden, meaning) for each setting."""
        rows = []
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            shown = " ".join(value) if isinstance(value, tuple) else str(value)
            if item.metadata["secret"] and shown:
                shown = _without_password(shown)
            rows.append((str(item.metadata["key"]), shown, str(item.metadata["text"])))
        return rows

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read every key; raise `SettingsError` for a value that cannot be used."""
        environment = os.environ if environment is None else environment
        values: dict[str, object] = {}
        for item in dataclasses.fields(cls):
            text = environment.get(str(item.metadata["key"]), "").strip()
            if text:
                values[item.name] = _converted(item.name, str(item.metadata["key"]), text)
        settings = cls(**values)  # type: ignore[arg-type]  # each value was converted for its field just above
        settings.check()
        return settings

    def check(self) -> None:
        """Raise `SettingsError` when a value cannot be used."""
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise SettingsError(f"ASSETS_TIMEZONE: no time zone is called {self.timezone!r}") from error
        if self.database_url and not self.database_url.startswith(("sqlite:///", "postgresql")):
            raise SettingsError("ASSETS_DATABASE_URL: use sqlite:///… or postgresql+psycopg://…")
        for key, url in (("ASSETS_BASE_URL", self.base_url), ("ASSETS_LABEL_BASE_URL", self.label_base_url)):
            if url and urlsplit(url).scheme not in {"http", "https"}:
                raise SettingsError(f"{key}: {url!r} is not an http:// or https:// address")
        listen_address("ASSETS_MQTT_LISTEN", self.mqtt_listen)
        if self.metrics_listen:
            listen_address("ASSETS_METRICS_LISTEN", self.metrics_listen)


def listen_address(key: str, text: str) -> tuple[str, int]:
    """`host:port` as a pair; raise `SettingsError` naming `key` otherwise."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise SettingsError(f"{key}: {text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _converted(name: str, key: str, text: str) -> object:
    if name == "data_dir":
        return Path(text).absolute()
    if name == "former_label_base_urls":
        return tuple(text.split())
    if name == "trusted_proxies":
        if not text.isdigit():
            raise SettingsError(f"{key}: {text!r} is not a whole number")
        return int(text)
    return text


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return url.replace(f":{parts.password}@", ":***@", 1)
